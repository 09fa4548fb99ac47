//! The store: jobs, their results and tokens in one SQLite database that only this room opens.
//!
//! Decides how things are kept, not what is done with them. What others rely on:
//! - What a write here answered "done" to survives `kill -9` and a power cut (WAL, `synchronous=FULL`).
//! - One server at a time (`hivesum.lock`); other commands may use tokens in the same database beside it.
//! - A damaged, foreign or newer database is refused and left as it is; none is ever made in its place.
//! - SQLite runs on threads of its own, one writer and two readers; no event loop ever waits in it.
//!
//! The schema is in `schema/`, made to be read with `sqlite3 hivesum.db .schema`; the view `files` is for
//! people. Results belong to a run, a job to its latest run: deleting a job gives up a run in one short
//! transaction, and `sweep` removes the rows piece by piece. Every row carries a seal, see `seal`.

mod batcher;
mod checkpoints;
mod commit;
mod end_order;
mod error;
pub mod figures;
pub mod history;
mod idempotency;
mod job_facts;
mod job_row;
mod jobs;
mod open;
mod pages;
mod prior_rows;
mod queries;
mod recovery;
pub mod retention;
mod row;
mod row_checksum;
mod sort_index;
mod sorted_pages;
mod state_dir;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
pub mod tokens;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use actix::{Addr, SyncArbiter};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::figures::{Commits, StoreFigures};
use self::open::Access;
pub(crate) use self::recovery::Beginning;
use self::retention::Retention;
use crate::error::StoreError;
use crate::job::{Job, JobId};
pub(crate) use crate::store::batcher::{Batcher, Group, NumberedItem, RunState, Tally};
pub(crate) use crate::store::end_order::NextEnded;
use crate::store::error::Fault;
pub(crate) use crate::store::idempotency::{Before, RequestKey};
pub(crate) use crate::store::job_row::StoredJob;
pub(crate) use crate::store::jobs::Ending;
pub(crate) use crate::store::prior_rows::KnownQuery;
use crate::store::state_dir::{ServerLock, StateDir};
use crate::store::worker::{Ask, StoreWorker};
use hivesum_core::result::FileIdentity;
use hivesum_core::sys::slots::Slots;

/// Threads that read.
const READERS: usize = 2;

/// Messages that may wait at the writer, and at the readers. Who comes later waits for a place.
const MAILBOX: usize = 64;

/// Reads that pass many rows: at most this many at a time, so that a reader is left for the quick ones.
const LONG_READS: usize = READERS - 1;

/// The handle. Clones share the threads, which end with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    writer: Clerks,
    readers: Clerks,
    long_reads: Arc<Semaphore>,
    place: Arc<StateDir>,
    broken: CancellationToken,
    commits: Arc<Commits>,
}

/// Clerks behind one mailbox, and the places in it.
#[derive(Debug, Clone)]
struct Clerks {
    addr: Addr<StoreWorker>,
    places: Arc<Semaphore>,
}

impl Store {
    /// Takes the server's lock, makes or checks the database, and starts the threads.
    ///
    /// # Errors
    /// [`StoreError::Locked`] beside another server; [`StoreError::Corrupt`] or [`StoreError::Newer`] for a
    /// database that is not to be touched.
    ///
    /// # Panics
    /// Outside of an actix System.
    pub(crate) async fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.to_owned();
        let prepared = tokio::task::spawn_blocking(move || {
            let place = StateDir::open(&path)?;
            let lock = place.lock()?;
            open::prepare(&place, &lock)?;
            Ok((Arc::new(place), Arc::new(lock)))
        });
        let (place, lock) = prepared.await.map_err(|error| StoreError::Failed(Box::new(error)))??;
        let broken = CancellationToken::new();
        let writer = Clerks::start(1, Access::Write, (&place, &lock, &broken));
        let readers = Clerks::start(READERS, Access::ReadOnly, (&place, &lock, &broken));
        let (long_reads, commits) = (Arc::new(Semaphore::new(LONG_READS)), Arc::default());
        Ok(Self { writer, readers, long_reads, place, broken, commits })
    }

    /// Files that no walk may open: closing one would drop SQLite's locks on it.
    pub(crate) fn own_files(&self) -> Vec<FileIdentity> {
        self.place.identities()
    }

    pub(crate) async fn insert(
        &self,
        job: Job,
        manifest: Option<Vec<u8>>,
        request: Option<RequestKey>,
    ) -> Result<Before, StoreError> {
        self.write(move |connection| jobs::insert(connection, &job, manifest.as_deref(), request.as_ref())).await
    }

    pub(crate) async fn begin(&self, id: JobId, at: Timestamp) -> Result<Beginning, StoreError> {
        self.write(move |connection| recovery::begin(connection, id, at)).await
    }

    pub(crate) async fn start_over(&self, id: JobId) -> Result<(), StoreError> {
        self.write(move |connection| recovery::start_over(connection, id)).await
    }

    /// Deletes ended jobs that are not to be kept. Whether there may be more.
    pub(crate) async fn retire(&self, retention: Retention) -> Result<bool, StoreError> {
        self.write(move |connection| retention::retire(connection, retention, Timestamp::now())).await
    }

    /// Builds the orders of the oldest ended job that has none. Which one that was; nothing if there is none.
    pub(crate) async fn index_next(&self) -> Result<Option<JobId>, StoreError> {
        let Some(stored) = self.read(|connection| sort_index::next_without(connection)).await? else { return Ok(None) };
        let (id, algorithms) = (stored.job.id, stored.job.spec.algorithms);
        let mut chunks = sort_index::sort(&self.place, stored.run, algorithms);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            self.write(move |connection| sort_index::write(connection, &chunk)).await?;
        }
        self.write(move |connection| sort_index::finish(connection, id)).await?;
        Ok(Some(id))
    }

    /// Moves the log into the database, so that whoever copies the one file has all of it. As far as readers let it.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.write(move |connection| Ok(connection.query_row(checkpoint, [], |_| Ok(()))?)).await
    }

    /// Ready when the disk did not keep what was written: nothing is written from then on.
    pub(crate) async fn broken(&self) {
        self.broken.cancelled().await;
    }

    /// What it takes on the disk, and what was committed since the start.
    pub(crate) fn figures(&self) -> StoreFigures {
        let [database, log] = self.place.database_and_log_bytes();
        self.commits.figures(database, log)
    }

    pub(crate) async fn commit(&self, group: Arc<Group>, ending: Option<Ending>) -> Result<(), StoreError> {
        let commits = self.commits.clone();
        let commit = move |connection: &mut Connection| {
            let began = Instant::now();
            let rows = commit::commit(connection, &group, ending.as_ref())?;
            commits.count(rows, began.elapsed());
            Ok(())
        };
        self.write(commit).await
    }

    pub(crate) async fn end(&self, id: JobId, ending: Ending) -> Result<(), StoreError> {
        self.write(move |connection| jobs::end(connection, id, &ending)).await
    }

    /// Makes the file that hashers note in what they read; gives it, and the unfinished jobs, oldest first.
    pub(crate) async fn recover(&self, hashers: usize) -> Result<(Option<Slots>, Vec<StoredJob>), StoreError> {
        let path = self.place.slots();
        let opened = tokio::task::spawn_blocking(move || Slots::open(&path, hashers)).await;
        let opened = opened.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let (slots, notes) = match opened {
            Ok((slots, notes)) => (Some(slots), notes),
            Err(error) => {
                tracing::warn!(%error, "files that kill the process will not be found out: no place for the notes");
                (None, Vec::new())
            }
        };
        let unfinished = self.write(move |connection| recovery::unfinished(connection, &notes)).await?;
        Ok((slots, unfinished))
    }

    pub(crate) async fn delete(&self, id: JobId) -> Result<bool, StoreError> {
        self.write(move |connection| jobs::delete(connection, id)).await
    }

    /// Removes some rows of runs that were given up. Whether there may be more to do.
    pub(crate) async fn sweep(&self) -> Result<bool, StoreError> {
        self.write(|connection| sweep::sweep(connection, sweep::SWEEP_ROWS)).await
    }

    /// SQLite answers a database at its page bound as it answers a full disk.
    #[cfg(test)]
    pub(crate) async fn bound_pages(&self, pages: u32) {
        let bound = format!("PRAGMA max_page_count = {pages}");
        let answer = self.write(move |connection| Ok(connection.query_row(&bound, [], |row| row.get::<_, i64>(0))?));
        answer.await.unwrap();
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.writer.ask(work).await
    }

    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.readers.ask(work).await
    }
}

impl Clerks {
    fn start(
        threads: usize,
        access: Access,
        (place, lock, broken): (&Arc<StateDir>, &Arc<ServerLock>, &CancellationToken),
    ) -> Self {
        let (place, lock, broken) = (place.clone(), lock.clone(), broken.clone());
        let addr = SyncArbiter::start(threads, move || StoreWorker {
            place: place.clone(),
            _lock: lock.clone(),
            access,
            broken: broken.clone(),
            connection: None,
        });
        Self { addr, places: Arc::new(Semaphore::new(MAILBOX)) }
    }

    /// Sends work as soon as there is a place for it. Whoever leaves meanwhile withdraws work that has not begun.
    async fn ask<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        let permit = self.places.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        self.addr.send(Ask { work: Box::new(work), permit }).await.map_err(|_| StoreError::Closed)?
    }
}

#[cfg(test)]
mod tests;
