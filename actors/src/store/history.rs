//! The jobs of a state directory for a command, beside a running server or without one. Every call blocks.
//!
//! Deleting and compacting take the server's lock, so they never run beside a server. Reading does not need it; opening
//! takes it for a moment, if no server holds it, to check the database. A state directory that cannot be written is
//! read as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::completeness::check_absent;
use super::error::DbError;
use super::open::{Database, prepare};
use super::state_dir::{ServerLock, StateDir};
use super::sweep::{SWEEP_ROWS, sweep};
use super::{exports, job_facts, job_row, jobs, root_rows, sealed, sort_index};
use crate::error::{CompareError, StoreError};
use crate::job::{Deletion, DuplicateQuery, Job, JobId, JobPage, JobQuery, ResultQuery};
use hivesum_core::compare::{Comparison, Fact, Group};
use hivesum_core::digest::Algorithm;
use hivesum_core::result::{FileIdentity, Item};

/// The jobs of a state directory.
#[derive(Debug)]
pub struct History {
    database: Database,
}

/// The database of a state directory for a command that reads, checked unless a server has done so; nothing if there is
/// none.
///
/// # Errors
/// When it is damaged or newer, or cannot be read.
pub(super) fn existing_database(state_dir: &Path) -> Result<Option<Database>, StoreError> {
    let Some(state_dir) = StateDir::existing(state_dir)? else { return Ok(None) };
    if !state_dir.has_database()? {
        return check_absent(&state_dir).map(|()| None).map_err(|error| error.report(state_dir.database()));
    }
    if state_dir.may_be_written() {
        match state_dir.lock() {
            Ok(lock) => match prepare(&state_dir, &lock) {
                // What is stored can be read.
                Err(StoreError::Full) => {}
                prepared => prepared?,
            },
            // The server that holds the lock has prepared the database.
            Err(StoreError::Locked) => {}
            Err(error) => return Err(error),
        }
    }
    Database::open(state_dir).map(Some)
}

impl History {
    /// Opens the database; nothing if there is none.
    ///
    /// # Errors
    /// When it is damaged or newer, or cannot be read.
    pub fn open(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        Ok(existing_database(state_dir)?.map(|database| Self { database }))
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&mut self, query: &JobQuery) -> Result<JobPage, StoreError> {
        self.database.run(|connection| jobs::list(connection, query))
    }

    /// One job, with what is committed of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.database.run(|connection| Ok(job_row::get(connection, id)?.map(|stored| stored.job)))
    }

    /// The path of a root, as the last service that had it was given it; nothing if none had a root of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn root_path(&mut self, name: &str) -> Result<Option<PathBuf>, StoreError> {
        self.database.run(|connection| Ok(root_rows::find(connection, name)?.map(|root| root.path)))
    }

    /// Passes all results of a job that match to `take`, in walk order and in pieces. All are read in one transaction,
    /// so what is deleted meanwhile is there to its end. Returns the job as it was; nothing if it does not exist.
    ///
    /// # Errors
    /// When the store cannot be read, and those of `take`.
    pub fn export<E: From<StoreError>>(
        &mut self,
        id: JobId,
        query: &ResultQuery,
        mut take: impl FnMut(&Job, Vec<Item>) -> Result<(), E>,
    ) -> Result<Option<Job>, E> {
        let mut failed = None;
        let exported = self.database.run(|connection| {
            let view = connection.transaction()?;
            let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
            exports::each_piece(&view, &stored, query, &mut |items| {
                let taken = take(&stored.job, items);
                failed = taken.err();
                Ok::<_, DbError>(failed.is_none())
            })?;
            Ok(Some(stored.job))
        })?;
        failed.map_or(Ok(exported), Err)
    }

    /// Whether results of this job can be found by their digests without reading all of them; also if it is gone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_indexed(&mut self, id: JobId) -> Result<bool, StoreError> {
        self.database.run(|connection| sort_index::has(connection, id))
    }

    /// The results at these positions, in this order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn results_at(&mut self, id: JobId, positions: &[u64]) -> Result<Vec<Item>, StoreError> {
        self.database.run(|connection| job_facts::items_at(connection, id, positions))
    }

    /// Passes what a job knows about each of its files to `take`, in walk order. Returns whether the job exists.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn each_fact(&mut self, id: JobId, take: impl FnMut(Fact)) -> Result<bool, StoreError> {
        self.database.run(|connection| job_facts::each_fact(connection, id, take))
    }

    /// Compares the results of two ended jobs; nothing if one of them does not exist.
    ///
    /// # Errors
    /// When they have no algorithm in common, too much differs, or the store cannot be read.
    pub fn compare(&mut self, old: JobId, new: JobId) -> Result<Option<Comparison>, CompareError> {
        self.database.run(|connection| job_facts::compare_jobs(connection, old, new))?.transpose()
    }

    /// Groups a job's files with equal content, compared by this algorithm; nothing if there is no such job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn duplicates(&mut self, id: JobId, by: Algorithm, min_size: u64) -> Result<Option<Vec<Group>>, StoreError> {
        self.database.run(|connection| job_facts::duplicates(connection, id, &DuplicateQuery::all(by, min_size)))
    }

    /// The state directory and the files in it. A walk leaves them out if they lie in its tree.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn own_files(&self) -> Result<Vec<FileIdentity>, StoreError> {
        self.database.state_dir().identities()
    }

    /// Checks every row of every table, and that none is missing or repeated. Returns the number of rows by table.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for damage, and when the store cannot be read.
    pub fn check(&mut self) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        self.database.run(|connection| Ok(sealed::check_all(connection)?.rows))
    }

    /// Deletes an ended job with its results.
    ///
    /// # Errors
    /// [`StoreError::Locked`] beside a running server, and when the store cannot be written.
    pub fn delete(&mut self, id: JobId) -> Result<Deletion, StoreError> {
        let _lock: ServerLock = self.database.state_dir().lock()?;
        self.database.run(|connection| {
            if !jobs::delete(connection, id)? {
                let is_there = job_row::get(connection, id)?.is_some();
                return Ok(if is_there { Deletion::StillRunning } else { Deletion::NotFound });
            }
            while sweep(connection, SWEEP_ROWS)? {}
            Ok(Deletion::Deleted)
        })
    }

    /// Returns the space of deleted jobs to the file system. Returns the database's size in bytes before and after.
    ///
    /// # Errors
    /// [`StoreError::Locked`] beside a running server, and when there is no space for a second copy.
    pub fn compact(&mut self) -> Result<(u64, u64), StoreError> {
        let _lock: ServerLock = self.database.state_dir().lock()?;
        let before = self.database.state_dir().database_bytes();
        self.database.run(|connection| {
            while sweep(connection, SWEEP_ROWS)? {}
            connection.execute_batch("VACUUM")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        })?;
        Ok((before, self.database.state_dir().database_bytes()))
    }
}
