//! The threads that talk to SQLite: one writer and a few readers, each with a connection of its own.
//!
//! Sent to by [`Store`](super::Store) alone. Their mailboxes have no bound, so every message carries a
//! permit of the Store's. A panic in the work costs that work and its connection, not the thread: the
//! next message finds a new connection, and SQLite has rolled back what was not committed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{Actor, Handler, Message, SyncContext};
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::error::Fault;
use super::open::{Access, connect};
use super::state_dir::{ServerLock, StateDir};
use crate::error::StoreError;
use hivesum_core::sys::sched;

/// Work for a connection.
pub(crate) type Work<T> = Box<dyn FnOnce(&mut Connection) -> Result<T, Fault> + Send>;

/// Asks a clerk to do something with its connection.
pub(crate) struct Ask<T> {
    pub(crate) work: Work<T>,
    /// A place in the clerk's mailbox, given back when the work is done, or dropped with the message.
    pub(crate) permit: OwnedSemaphorePermit,
}

impl<T: Send + 'static> Message for Ask<T> {
    type Result = Result<T, StoreError>;
}

/// One thread with one connection.
pub(crate) struct StoreWorker {
    pub(crate) place: Arc<StateDir>,
    /// Kept until the last thread that may write is gone.
    pub(crate) _lock: Arc<ServerLock>,
    pub(crate) access: Access,
    /// Cancelled when the disk did not keep what was written.
    pub(crate) broken: CancellationToken,
    pub(crate) connection: Option<Connection>,
}

impl Actor for StoreWorker {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        match self.access {
            Access::ReadOnly => sched::name_current_thread(c"hivesum-reader"),
            Access::Write => {
                sched::name_current_thread(c"hivesum-writer");
                if let Err(error) = sched::ask_for_long_turns() {
                    tracing::debug!(%error, "the store's writer takes short turns");
                }
            }
        }
    }
}

impl<T: Send + 'static> Handler<Ask<T>> for StoreWorker {
    type Result = Result<T, StoreError>;

    fn handle(&mut self, ask: Ask<T>, _: &mut Self::Context) -> Self::Result {
        let answer = match self.access {
            Access::Write if self.broken.is_cancelled() => Err(StoreError::SyncFailed),
            Access::Write | Access::ReadOnly => {
                self.work(ask.work).map_err(|fault| fault.explain(self.place.database()))
            }
        };
        if let Err(StoreError::SyncFailed) = answer {
            self.broken.cancel();
        }
        drop(ask.permit);
        answer
    }
}

impl StoreWorker {
    fn work<T>(&mut self, work: Work<T>) -> Result<T, Fault> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.place, self.access)?,
        };
        let done = catch_unwind(AssertUnwindSafe(|| (work(&mut connection), connection)));
        let (answer, connection) = done.map_err(|_| StoreError::Failed("the store panicked".into()))?;
        self.connection = Some(connection);
        answer
    }
}
