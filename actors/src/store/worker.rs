//! The threads that talk to SQLite: one writer and a few readers, each with its own connection.
//!
//! Only [`Store`](super::Store) sends to them. actix mailboxes do not bound what waits in them, so every
//! message carries a permit of a semaphore. A panic loses that work and its connection, not the thread: the
//! next message opens a new connection, and SQLite has rolled back what was not committed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::error::{DbError, has_room};
use super::journal::{Journal, NoteKind};
use super::open::{Access, Reader, connect, prepare};
use super::state_dir::{ServerLock, StateDir};
use crate::error::StoreError;
use hivesum_core::sys::sched;

/// Messages that may wait at the writer, and at the readers. Later ones wait for a permit.
pub(super) const MAILBOX: usize = 64;

/// Threads of one kind behind one mailbox, and the permits to put a message into it.
#[derive(Debug, Clone)]
pub(super) struct Workers {
    addr: Addr<StoreWorker>,
    pub(super) permits: Arc<Semaphore>,
}

/// What all workers share.
#[derive(Debug, Clone)]
pub(super) struct WorkerShared {
    pub(super) state_dir: Arc<StateDir>,
    /// Held until the last thread that may write has ended.
    pub(super) lock: Arc<ServerLock>,
    /// Cancelled when the disk did not keep what was written.
    pub(super) broken: CancellationToken,
}

impl Workers {
    pub(super) fn start(threads: usize, access: Access, shared: &WorkerShared) -> Self {
        let shared = shared.clone();
        let addr =
            SyncArbiter::start(threads, move || StoreWorker { shared: shared.clone(), access, connection: None });
        Self { addr, permits: Arc::new(Semaphore::new(MAILBOX)) }
    }

    /// Sends work once there is a permit, and awaits its result. A caller that goes away before the work has
    /// begun withdraws it.
    pub(super) async fn execute<T, W>(&self, work: W, note: NoteKind) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        self.addr.send(Execute { work: Box::new(work), note, permit }).await.map_err(|_| StoreError::Closed)?
    }
}

/// Work for a connection.
type Work<T> = Box<dyn FnOnce(&mut Connection) -> Result<T, DbError> + Send>;

/// Asks a worker to do something with its connection.
struct Execute<T> {
    work: Work<T>,
    /// How the journal notes what it commits.
    note: NoteKind,
    /// Released when the work is done or the message is dropped.
    permit: OwnedSemaphorePermit,
}

impl<T: Send + 'static> Message for Execute<T> {
    type Result = Result<T, StoreError>;
}

/// One thread with one connection.
struct StoreWorker {
    shared: WorkerShared,
    access: Access,
    connection: Option<WorkerConnection>,
}

/// A connection; that of a writer with the journal that is kept of it.
enum WorkerConnection {
    Write { connection: Connection, journal: Journal },
    Read(Reader),
}

impl Actor for StoreWorker {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        match self.access {
            Access::ReadOnly => sched::name_current_thread(c"hivesum-reader"),
            Access::Write => {
                sched::name_current_thread(c"hivesum-writer");
                if let Err(error) = sched::ask_for_long_turns() {
                    tracing::debug!(%error, "the store's writer keeps the default time slice");
                }
            }
        }
    }
}

impl<T: Send + 'static> Handler<Execute<T>> for StoreWorker {
    type Result = Result<T, StoreError>;

    fn handle(&mut self, execute: Execute<T>, _: &mut Self::Context) -> Self::Result {
        let answer = match self.access {
            Access::Write if self.shared.broken.is_cancelled() => Err(StoreError::SyncFailed),
            Access::Write | Access::ReadOnly => {
                self.run(execute.work, execute.note).map_err(|error| error.report(self.shared.state_dir.database()))
            }
        };
        if let Err(StoreError::SyncFailed) = answer {
            self.shared.broken.cancel();
        }
        drop(execute.permit);
        answer
    }
}

impl StoreWorker {
    /// What the work has committed is in the journal when this returns.
    fn run<T>(&mut self, work: Work<T>, note: NoteKind) -> Result<T, DbError> {
        let mut opened = match self.connection.take() {
            Some(opened) => opened,
            None => WorkerConnection::open(&self.shared, self.access)?,
        };
        let done = catch_unwind(AssertUnwindSafe(|| (opened.run(work, note), opened)));
        let (answer, opened) = done.map_err(|_| StoreError::Failed("the store panicked".into()))?;
        self.connection = opened.if_lasting();
        answer
    }
}

impl WorkerConnection {
    fn open(shared: &WorkerShared, access: Access) -> Result<Self, DbError> {
        let state_dir = &shared.state_dir;
        match access {
            Access::ReadOnly => Reader::open(state_dir).map(Self::Read),
            Access::Write => {
                state_dir.preparation().finish(|| match has_room(state_dir.database()) {
                    true => prepare(state_dir, &shared.lock),
                    false => Err(StoreError::Full),
                })?;
                let journal = Journal::open(state_dir)?;
                Ok(Self::Write { connection: connect(state_dir, Access::Write)?, journal })
            }
        }
    }

    fn run<T>(&mut self, work: Work<T>, note: NoteKind) -> Result<T, DbError> {
        match self {
            Self::Read(reader) => reader.read(work),
            Self::Write { connection, journal } => {
                let answer = work(connection);
                let noted = journal.keep_up(connection, note);
                answer.and_then(|answer| noted.map(|()| answer))
            }
        }
    }

    /// Nothing where the next work needs a new connection: that one may be an ordinary one.
    fn if_lasting(self) -> Option<Self> {
        match self {
            Self::Read(Reader::WithoutLocks { .. }) => None,
            Self::Read(Reader::Ordinary(_)) | Self::Write { .. } => Some(self),
        }
    }
}
