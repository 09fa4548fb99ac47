//! How a caller that blocks reaches the collections: through a database of its own, or through the threads of a running
//! service.
//!
//! A command owns its database, and the server's lock for what it changes. Beside requests and jobs of a service the
//! only writer is the service's, so work is sent there, and reads take turns with other long ones. In both forms a piece
//! of work runs alone among those that write, from its beginning to its end.

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::super::Store;
use super::super::error::DbError;
use super::super::open::Database;
use super::super::state_dir::ServerLock;
use crate::error::StoreError;
use hivesum_core::result::FileIdentity;

/// The two forms.
#[derive(Debug)]
pub(super) enum Access {
    /// Of a command.
    Own { database: Database, _lock: Option<ServerLock> },
    /// Of a thread of a service that is no event loop. The runtime waits for the answers, and who sends messages is told
    /// of each write.
    OfService { store: Store, runtime: Handle, written: watch::Sender<()> },
}

impl Access {
    /// Runs work that only reads.
    pub(super) fn read<T, W>(&mut self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        match self {
            Self::Own { database, .. } => database.run(work),
            Self::OfService { store, runtime, .. } => runtime.block_on(async {
                let _turn = store.long_read().await?;
                store.read(work).await
            }),
        }
    }

    /// Runs work that writes. What it has committed is durable when this returns; after an error it may be committed, too.
    pub(super) fn write<T, W>(&mut self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        match self {
            Self::Own { database, .. } => database.run(work),
            Self::OfService { store, runtime, written } => {
                let answer = runtime.block_on(store.write(work));
                written.send_replace(());
                answer
            }
        }
    }

    /// The store's own files.
    pub(super) fn own_files(&self) -> Result<Vec<FileIdentity>, StoreError> {
        match self {
            Self::Own { database, .. } => database.state_dir().identities(),
            Self::OfService { store, .. } => store.own_files(),
        }
    }
}
