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

use super::error::DbError;
use super::journal::{Journal, NoteKind};
use super::open::{Access, connect};
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
    pub(super) _lock: Arc<ServerLock>,
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

/// A connection, and the journal that a writer keeps of it.
struct WorkerConnection {
    connection: Connection,
    journal: Option<Journal>,
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
            None => WorkerConnection::open(&self.shared.state_dir, self.access)?,
        };
        let done = catch_unwind(AssertUnwindSafe(|| (work(&mut opened.connection), opened)));
        let (answer, mut opened) = done.map_err(|_| StoreError::Failed("the store panicked".into()))?;
        let noted = opened.journal.as_mut().map_or(Ok(()), |journal| journal.keep_up(&opened.connection, note));
        self.connection = Some(opened);
        answer.and_then(|answer| noted.map(|()| answer))
    }
}

impl WorkerConnection {
    fn open(state_dir: &StateDir, access: Access) -> Result<Self, DbError> {
        let journal = match access {
            Access::Write => Some(Journal::open(state_dir)?),
            Access::ReadOnly => None,
        };
        Ok(Self { connection: connect(state_dir, access)?, journal })
    }
}
