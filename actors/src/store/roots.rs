//! What the store remembers of the roots: the directory that each name stands for, and the directory that each
//! unfinished job has begun on.
//!
//! The first directory under a name is remembered as it is met. Another one is remembered only when somebody accepts it
//! (the service when it is asked to, or [`RememberedRoots::accept`] where none runs), so that a disk that is not mounted
//! stays noticed however often the service restarts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::change::Change;
use super::error::DbError;
use super::open::{Database, prepare};
pub(crate) use super::root_rows::{RememberedRoot, RootMemory};
use super::state_dir::{ServerLock, StateDir};
use super::{Store, recovery, root_rows};
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::file::{Root, RootError, RootIdentity, RootPlace};
use rusqlite::Connection;

/// Why a directory is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No service with this state has had a root of this name.
    #[error("no root has the name {name:?}; the roots of this state directory are: {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Those that are known.
        known: Vec<String>,
    },
    /// The directory cannot be opened.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The directory's file system does not answer.
    #[error("the directory does not answer")]
    Unavailable,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The roots of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct RememberedRoots {
    database: Database,
    _lock: ServerLock,
}

impl RememberedRoots {
    /// Takes the server's lock, then opens the database. No server starts until this is dropped.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process holds the lock, and when the database is damaged.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        let lock = state_dir.lock()?;
        prepare(&state_dir, &lock)?;
        Ok(Self { database: Database::open(state_dir)?, _lock: lock })
    }

    /// Accepts the directory that is now at the path of a root: a later service serves it without a warning. Returns
    /// the path.
    ///
    /// # Errors
    /// When the name is unknown or the directory cannot be opened.
    pub fn accept(&mut self, name: &str) -> Result<PathBuf, AcceptError> {
        let found = self.database.run(|connection| find(connection, name))?;
        let remembered = found.map_err(|known| AcceptError::Unknown { name: name.to_owned(), known })?;
        let place = Root::open(Some(name), &remembered.path)?.place();
        self.database.run(|connection| accept(connection, name, remembered, &place)).map_err(AcceptError::from)
    }
}

/// A root as it is remembered, or else the names of those that are.
fn find(connection: &Connection, name: &str) -> Result<Result<RememberedRoot, Vec<String>>, DbError> {
    match root_rows::find(connection, name)? {
        Some(remembered) => Ok(Ok(remembered)),
        None => Ok(Err(root_rows::names(connection)?)),
    }
}

/// Remembers this directory as the root's. Returns its path.
fn accept(
    connection: &mut Connection,
    name: &str,
    remembered: RememberedRoot,
    place: &RootPlace,
) -> Result<PathBuf, DbError> {
    let accepted = RememberedRoot { identity: place.identity(), accepted_empty: place.is_empty(), ..remembered };
    let change = Change::begin(connection)?;
    root_rows::write(&change, name, &accepted)?;
    change.commit()?;
    Ok(accepted.path)
}

impl Store {
    /// Remembers a root that is new, and returns what was known of it.
    pub(crate) async fn meet_root(&self, name: &str, now: RememberedRoot) -> Result<RootMemory, StoreError> {
        let name = name.to_owned();
        self.write(move |connection| root_rows::meet(connection, &name, &now)).await
    }

    /// What is known of a root, where nothing can be remembered.
    pub(crate) async fn root_memory(&self, name: &str) -> Result<RootMemory, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| root_rows::memory_of(connection, &name)).await
    }

    /// A root as it is remembered.
    pub(crate) async fn root(&self, name: &str) -> Result<Option<RememberedRoot>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| root_rows::find(connection, &name)).await
    }

    /// A root as it is remembered; an error that names those that are if it is not.
    pub(crate) async fn known_root(&self, name: &str) -> Result<RememberedRoot, AcceptError> {
        let name = name.to_owned();
        let asked = name.clone();
        let found = self.read(move |connection| find(connection, &asked)).await?;
        found.map_err(|known| AcceptError::Unknown { name, known })
    }

    /// Remembers this directory as the root's. Returns its path.
    pub(crate) async fn accept_root(
        &self,
        name: &str,
        remembered: RememberedRoot,
        place: Arc<RootPlace>,
    ) -> Result<PathBuf, StoreError> {
        let name = name.to_owned();
        self.write(move |connection| accept(connection, &name, remembered, &place)).await
    }

    /// The directory that an unfinished job has begun on.
    pub(crate) async fn root_of_job(&self, id: JobId) -> Result<Option<RootIdentity>, StoreError> {
        self.read(move |connection| root_rows::of_job(connection, id)).await
    }

    /// Gives a job that has begun on another directory a new start.
    pub(crate) async fn start_afresh(&self, id: JobId) -> Result<(), StoreError> {
        self.write(move |connection| recovery::start_afresh(connection, id)).await
    }
}
