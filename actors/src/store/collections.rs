//! Collections as they are stored: directories, what is known of each of their files, and events for ever.
//!
//! Decides how they are kept; what a look at a file means is decided by `hivesum_core::fixity`. [`Collections`] is for
//! callers that block: a command, which holds the server's lock for what it changes, or a thread of a running service,
//! which writes through the service's own writer. The requests of a service use [`CollectionService`]. Others rely on
//! this:
//! - The states of a batch of files and their events become durable together or not at all.
//! - A state is replaced only if it is still the one that was decided from, so nothing that a person has accepted is
//!   undone.
//! - Absence is believed only after [`Collections::verify`]: a run begins with it.

mod access;
mod baseline;
mod conditions;
mod counted;
mod events;
mod file_pages;
mod files;
mod json;
mod kept_counts;
mod meant;
mod messages;
mod outbox;
mod passes;
mod pieces;
mod reads;
mod rows;
mod runs;
mod saying;
mod service;
mod stored;
mod telling;
#[cfg(test)]
mod tests;
mod verified;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hivesum_core::fixity::{Condition, FileState};
use hivesum_core::result::FileIdentity;
use jiff::Timestamp;
use rusqlite::Connection;

use self::access::Access;
pub use self::counted::{AGES_DAYS, Ages, Amount, Counted};
pub use self::file_pages::{FilePage, FileQuery};
pub use self::meant::{Acknowledged, HappenedSince, Meant, MeantFiles, MeantFrom};
pub use self::messages::{AfterFailure, Delivery, Message, SendFailure, SinkPace};
pub use self::outbox::{LISTED_ALERTS, MAX_NOTIFY};
pub use self::reads::KnownFile;
pub use self::runs::{MAX_RUNS, RunCounts, RunEnded, RunError, RunOutcome, RunRecord};
pub use self::service::CollectionService;
pub use self::stored::{
    Accepted, CollectionSettings, Count, Made, NamedRequest, NewCollection, PassEnd, RunBegin, RunEnd, Step,
    StoredCollection, StoredEvent, Updated,
};
use super::error::DbError;
use super::history::existing_database;
use super::open::{Database, prepare};
use super::sealed::{COLLECTION_FILES, COLLECTIONS};
use super::state_dir::StateDir;
use crate::error::StoreError;

/// How many collections there may be.
pub const MAX_COLLECTIONS: usize = 1000;

/// The most rows that one call reads or writes.
pub const MAX_ROWS: usize = 10_000;

/// The collections of a state directory, for a command or a thread of a service. Every call blocks.
#[derive(Debug)]
pub struct Collections {
    access: Access,
}

impl Collections {
    /// Opens the database to read; nothing if there is none.
    ///
    /// # Errors
    /// When it is damaged or newer, or cannot be read.
    pub fn open(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let own = |database| Self { access: Access::Own { database, _lock: None } };
        Ok(existing_database(state_dir)?.map(own))
    }

    /// Takes the server's lock, then creates or opens the database. No server starts until this is dropped.
    ///
    /// # Errors
    /// Those of a server's start, and [`StoreError::Locked`] while another process holds the lock.
    pub fn open_locked(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        let lock = state_dir.lock()?;
        prepare(&state_dir, &lock)?;
        let mut database = Database::open(state_dir)?;
        match database.run(runs::interrupt) {
            // There is no room to say it: the next one does.
            Ok(()) | Err(StoreError::Full) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { access: Access::Own { database, _lock: Some(lock) } })
    }

    /// The state directory and the files in it. A walk leaves them out if they lie in its tree.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn own_files(&self) -> Result<Vec<FileIdentity>, StoreError> {
        self.access.own_files()
    }

    /// Checks that no row of a file or a collection is lost: what is not found afterwards is not there. Reads the tables,
    /// 5 microseconds a row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if one is.
    pub fn verify(&mut self) -> Result<(), StoreError> {
        self.access.read(|connection| {
            COLLECTIONS.verify(connection)?;
            COLLECTION_FILES.verify(connection)
        })
    }

    /// All collections, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn list(&mut self) -> Result<Vec<StoredCollection>, StoreError> {
        self.access.read(|connection| rows::list(connection))
    }

    /// The collection with this id.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn by_id(&mut self, id: &str) -> Result<Option<StoredCollection>, StoreError> {
        let id = id.to_owned();
        self.access.read(move |connection| rows::by_id(connection, &id))
    }

    /// Keeps a new collection of a directory. `None` if there are [`MAX_COLLECTIONS`] already.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn insert(
        &mut self,
        directory: &Path,
        settings: CollectionSettings,
    ) -> Result<Option<StoredCollection>, StoreError> {
        let directory = directory.to_owned();
        self.access.write(move |connection| rows::insert(connection, &directory, &settings, Timestamp::now()))
    }

    /// Forgets a collection with all that is known of its files and all events. Returns whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written. A part may be gone then; the rest is removed by the next call.
    pub fn forget(&mut self, of: &StoredCollection) -> Result<bool, StoreError> {
        let id = of.id.clone();
        let was_there = self.access.write(move |connection| rows::delete(connection, &id))?;
        while self.access.write(|connection| rows::sweep(connection, MAX_ROWS))? {}
        Ok(was_there)
    }

    /// Up to `limit` files in walk order, after a path; at most [`MAX_ROWS`].
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn files(
        &mut self,
        of: &StoredCollection,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<FileState>, StoreError> {
        let (number, after) = (of.number, after.map(<[u8]>::to_vec));
        self.access.read(move |connection| files::page(connection, number, after.as_deref(), limit))
    }

    /// Passes all files to `take`, in walk order, up to [`MAX_ROWS`] at a time.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged; and the first error of `take`.
    pub fn each_page<E: From<StoreError>>(
        &mut self,
        of: &StoredCollection,
        mut take: impl FnMut(Vec<FileState>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.files(of, after.as_deref(), MAX_ROWS)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.path.clone());
            take(page)?;
        }
    }

    /// Passes every file to `take`, in walk order.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn each_file(&mut self, of: &StoredCollection, mut take: impl FnMut(FileState)) -> Result<(), StoreError> {
        self.each_page(of, |page| {
            page.into_iter().for_each(&mut take);
            Ok(())
        })
    }

    /// Files and bytes by condition. Conditions without files are left out.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn counts(&mut self, of: &StoredCollection) -> Result<BTreeMap<Condition, Count>, StoreError> {
        let number = of.number;
        self.access.read(move |connection| conditions::counts(connection, number))
    }

    /// The same without those that are as they should be, which is cheaper.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn deviating(&mut self, of: &StoredCollection) -> Result<BTreeMap<Condition, Count>, StoreError> {
        let number = of.number;
        self.access.read(move |connection| conditions::deviating(connection, number))
    }

    /// The collection with its files counted. `None` if it is gone.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn counted(&mut self, of: &StoredCollection) -> Result<Option<Counted>, StoreError> {
        let id = of.id.clone();
        self.access.read(move |connection| counted::count(connection, &id, Timestamp::now()))
    }

    /// Makes a batch of steps durable, at most [`MAX_ROWS`]. Returns the paths whose states are not those that were
    /// decided from: nothing was changed there, and they are to be looked at again. `None` if the collection is gone. A
    /// batch may be repeated, if it is not known whether it was recorded: what was is not recorded twice.
    ///
    /// # Errors
    /// When the store cannot be written: all steps were taken, or none.
    pub fn record(&mut self, of: &StoredCollection, steps: &Arc<[Step]>) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let steps = steps.clone();
        self.write_kept(of, move |connection, number| files::record(connection, number, &steps))
    }

    /// Up to `limit` events after this number, in order; at most [`MAX_ROWS`].
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn events(&mut self, of: &StoredCollection, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let number = of.number;
        self.access.read(move |connection| events::page(connection, number, after, limit))
    }

    /// The number of the last event; 0 if there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_event(&mut self, of: &StoredCollection) -> Result<u64, StoreError> {
        let number = of.number;
        self.access.read(move |connection| Ok(events::last(connection, number)? as u64))
    }

    /// The number of the last event before the first one after this time.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn last_event_until(&mut self, of: &StoredCollection, time: Timestamp) -> Result<u64, StoreError> {
        let number = of.number;
        self.access.read(move |connection| Ok(events::last_until(connection, number, time)? as u64))
    }

    /// Changes a collection that was not forgotten: its number may be that of another one since.
    fn write_kept<T, W>(&mut self, of: &StoredCollection, work: W) -> Result<Option<T>, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection, i64) -> Result<T, DbError> + Send + 'static,
    {
        let id = of.id.clone();
        self.access.write(move |connection| {
            let kept = rows::by_id(connection, &id)?;
            kept.map(|kept| work(connection, kept.number)).transpose()
        })
    }
}
