//! What the store remembers of the roots: the directory that each name stands for, and the directory that each
//! unfinished job has begun on.
//!
//! The first directory under a name is remembered as it is met. Another one is remembered only when somebody accepts it
//! ([`RememberedRoots::accept`], beside a running service or without one), so that a disk that is not mounted stays
//! noticed however often the service restarts.

use std::path::{Path, PathBuf};

use super::change::Change;
use super::open::Database;
pub(crate) use super::root_rows::{RememberedRoot, RootMemory};
use super::state_dir::StateDir;
use super::{Store, recovery, root_rows};
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::file::{Root, RootError, RootIdentity};

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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The roots of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct RememberedRoots {
    database: Database,
}

impl RememberedRoots {
    /// Opens the database of a service, which may be running.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(StateDir::open(state_dir)?)? })
    }

    /// Accepts the directory that is now at the path of a root. A running service serves it from its next look at the
    /// root on, and a later one without a warning. Returns the path.
    ///
    /// # Errors
    /// When the name is unknown or the directory cannot be opened.
    pub fn accept(&mut self, name: &str) -> Result<PathBuf, AcceptError> {
        let Some(remembered) = self.database.run(|connection| root_rows::find(connection, name))? else {
            let known = self.database.run(|connection| root_rows::names(connection))?;
            return Err(AcceptError::Unknown { name: name.to_owned(), known });
        };
        let place = Root::open(Some(name), &remembered.path)?.place();
        let accepted = RememberedRoot { identity: place.identity(), accepted_empty: place.is_empty(), ..remembered };
        self.database.run(|connection| {
            let change = Change::begin(connection)?;
            root_rows::write(&change, name, &accepted)?;
            change.commit()
        })?;
        Ok(accepted.path)
    }
}

impl Store {
    /// Remembers a root that is new, and returns what was known of it.
    pub(crate) async fn meet_root(&self, name: &str, now: RememberedRoot) -> Result<RootMemory, StoreError> {
        let name = name.to_owned();
        self.write(move |connection| root_rows::meet(connection, &name, &now)).await
    }

    /// A root as it is remembered.
    pub(crate) async fn root(&self, name: &str) -> Result<Option<RememberedRoot>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| root_rows::find(connection, &name)).await
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
