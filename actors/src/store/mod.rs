//! The store: jobs, their results and tokens in one SQLite database that only this module opens.
//!
//! Decides how things are kept, not what is done with them. Others rely on this:
//! - A write that has returned survives `kill -9` and a power cut (WAL, `synchronous=FULL`).
//! - One writer at a time: the process that holds `hivesum.lock`. Beside a server, others read, and ask it to write.
//! - A damaged, foreign or newer database is refused and left as it is; no new one is ever made in its place.
//! - SQLite runs on its own threads, one writer and a few readers; no event loop ever waits for it.
//!
//! The schema is in `schema/`, written to be read with `sqlite3 hivesum.db .schema`; the view `files` is for
//! people. Results belong to a run, and a job to its latest run: deleting a job marks its run as abandoned in
//! one short transaction, and `sweep` removes the rows in pieces. Every row is sealed, see `sealed`.

mod batcher;
pub mod care;
mod change;
mod checkpoints;
pub mod collections;
mod commit;
mod commit_number;
mod completeness;
mod end_order;
mod error;
mod exports;
mod far_times;
pub mod figures;
pub mod history;
mod idempotency;
mod job_facts;
mod job_row;
mod jobs;
mod journal;
mod last_runs;
mod open;
mod pages;
mod path_index;
mod preparation;
mod prior_rows;
mod queries;
mod recovery;
mod resume;
pub mod retention;
mod rights;
mod root_rows;
pub mod roots;
mod row;
mod row_checksum;
mod sealed;
mod selection;
pub mod sessions;
mod sort_index;
mod sorted_pages;
mod state_dir;
mod stored_json;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
pub mod tokens;
mod turn;
mod untouched;
mod worker;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) use self::batcher::{Batcher, NumberedItem, RowCounts, RunState};
pub(crate) use self::end_order::NextEnded;
pub use self::exports::Export;
pub(crate) use self::idempotency::{IdempotencyKey, IdempotencyOutcome};
pub(crate) use self::job_row::StoredJob;
pub(crate) use self::jobs::Ending;
pub(crate) use self::prior_rows::PriorRowsQuery;
pub(crate) use self::recovery::ResumePoint;
pub(crate) use self::turn::{START_WAIT, Turn};

use self::batcher::CommitGroup;
use self::error::DbError;
use self::figures::{Commits, StoreFigures};
use self::journal::NoteKind;
use self::open::Access;
use self::retention::{AgeClock, Retention};
use self::state_dir::{SERVER_WAITS, StateDir};
use self::worker::{WorkerShared, Workers};
use crate::error::StoreError;
use crate::job::{Job, JobId};
use hivesum_core::result::FileIdentity;

/// Reads of whole jobs that may run at a time: some need memory for each file.
const LONG_READS: usize = 1;

/// The most searches that run side by side, on as many cores.
const MOST_SEARCHES: usize = 4;

/// A handle to the store. Clones share the threads, which end with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    writer: Workers,
    readers: Workers,
    long_reads: Arc<Semaphore>,
    searches: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    waiting_exports: Arc<Semaphore>,
    state_dir: Arc<StateDir>,
    broken: CancellationToken,
    commits: Arc<Commits>,
}

impl Store {
    /// Takes the server's lock, makes or checks the database, and starts the threads.
    ///
    /// # Errors
    /// [`StoreError::Locked`] beside another server; [`StoreError::HeldUp`] beside another process that writes for
    /// longer than a start waits; [`StoreError::Corrupt`] or [`StoreError::Newer`] for a
    /// database that must not be changed.
    ///
    /// # Panics
    /// Outside of an actix System.
    pub(crate) async fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.to_owned();
        let prepared = tokio::task::spawn_blocking(move || {
            let state_dir = StateDir::open(&path)?;
            let lock = state_dir.lock_within(SERVER_WAITS)?;
            match Turn::within(START_WAIT).take(|| open::prepare(&state_dir, &lock)) {
                Err(StoreError::Full) => start_to_read(&state_dir)?,
                prepared => prepared?,
            }
            Ok((Arc::new(state_dir), Arc::new(lock)))
        });
        let (state_dir, lock) = prepared.await.map_err(|error| StoreError::Failed(Box::new(error)))??;
        let broken = CancellationToken::new();
        let shared = WorkerShared { state_dir: state_dir.clone(), lock, broken: broken.clone() };
        let writer = Workers::start(1, Access::Write, &shared);
        let searches = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_SEARCHES);
        // One more for the quick reads.
        let readers = Workers::start(LONG_READS + searches + 1, Access::ReadOnly, &shared);
        let permits = |count| Arc::new(Semaphore::new(count));
        Ok(Self {
            writer,
            readers,
            long_reads: permits(LONG_READS),
            searches: permits(searches),
            exports: permits(exports::EXPORTS),
            waiting_exports: permits(exports::WAITING),
            state_dir,
            broken,
            commits: Arc::default(),
        })
    }

    /// The store's own files. No walk may open them: closing one would drop SQLite's locks on it.
    pub(crate) fn own_files(&self) -> Result<Vec<FileIdentity>, StoreError> {
        self.state_dir.identities()
    }

    /// Inserts a new job as queued, unless its request has been received before.
    pub(crate) async fn insert(
        &self,
        job: Job,
        manifest: Option<Vec<u8>>,
        request: Option<IdempotencyKey>,
    ) -> Result<IdempotencyOutcome, StoreError> {
        self.write(move |connection| jobs::insert(connection, &job, manifest.as_deref(), request.as_ref())).await
    }

    /// The clock by which ended jobs grow old.
    pub(crate) async fn age_clock(&self) -> Result<AgeClock, StoreError> {
        self.read(|connection| AgeClock::start(connection, Timestamp::now())).await
    }

    /// Deletes some ended jobs that exceed the retention, none by age without a clock. Returns whether there may be
    /// more.
    pub(crate) async fn retire(&self, retention: Retention, clock: Option<&AgeClock>) -> Result<bool, StoreError> {
        let too_old = retention.keep_for.zip(clock).and_then(|(kept, clock)| clock.too_old(kept, Timestamp::now()));
        self.write(move |connection| retention::retire(connection, retention.keep_jobs, too_old)).await
    }

    /// The first job after the ended job with this number that has no sort index.
    pub(crate) async fn next_without_index(&self, after: u64) -> Result<Option<StoredJob>, StoreError> {
        self.read(move |connection| sort_index::next_without(connection, after)).await
    }

    /// Builds the sort index of an ended job.
    pub(crate) async fn index(&self, stored: StoredJob) -> Result<(), StoreError> {
        let id = stored.job.id;
        let mut chunks = sort_index::sort(&self.state_dir, stored);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            self.write_step(move |connection| sort_index::write(connection, &chunk)).await?;
        }
        self.write(move |connection| sort_index::finish(connection, id)).await
    }

    /// Moves the write-ahead log into the database as far as readers allow, so that a copy of the one file is
    /// complete.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.write(move |connection| Ok(connection.query_row(checkpoint, [], |_| Ok(()))?)).await
    }

    /// Returns once the disk did not keep what was written: nothing is written from then on.
    pub(crate) async fn broken(&self) {
        self.broken.cancelled().await;
    }

    /// The database's size on the disk, and what was committed since the start.
    pub(crate) fn figures(&self) -> StoreFigures {
        let [database, log] = self.state_dir.database_and_log_bytes();
        self.commits.figures(database, log)
    }

    /// Commits a group of results, and with the last group the end of the job.
    pub(crate) async fn commit(&self, group: Arc<CommitGroup>, ending: Option<Ending>) -> Result<(), StoreError> {
        let (commits, is_step) = (self.commits.clone(), ending.is_none());
        let commit = move |connection: &mut Connection| {
            let began = Instant::now();
            let rows = commit::commit(connection, &group, ending.as_ref())?;
            commits.count(rows, began.elapsed());
            Ok(())
        };
        if is_step { self.write_step(commit).await } else { self.write(commit).await }
    }

    /// Records how a job ended, without a group of results.
    pub(crate) async fn end(&self, id: JobId, ending: Ending) -> Result<(), StoreError> {
        self.write(move |connection| jobs::end(connection, id, &ending)).await
    }

    /// Deletes a job that has ended. Returns whether there was one.
    pub(crate) async fn delete(&self, id: JobId) -> Result<bool, StoreError> {
        self.write(move |connection| jobs::delete(connection, id)).await
    }

    /// Removes some rows of abandoned runs. Returns whether there may be more.
    pub(crate) async fn sweep(&self) -> Result<bool, StoreError> {
        self.write_step(|connection| sweep::sweep(connection, sweep::SWEEP_ROWS)).await
    }

    /// Limits the database's size. At the limit SQLite answers as it does on a full disk.
    #[cfg(test)]
    pub(crate) async fn bound_pages(&self, pages: u32) {
        let bound = format!("PRAGMA max_page_count = {pages}");
        let answer = self.write(move |connection| Ok(connection.query_row(&bound, [], |row| row.get::<_, i64>(0))?));
        answer.await.unwrap();
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.writer.execute(work, NoteKind::Synced).await
    }

    /// Writes a step of work that goes on from the step before, if this one is lost.
    async fn write_step<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.writer.execute(work, NoteKind::Written).await
    }

    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.readers.execute(work, NoteKind::Written).await
    }
}

/// On a full disk, what is stored can be read, if there is a database of the current schema.
fn start_to_read(state_dir: &StateDir) -> Result<(), StoreError> {
    if !state_dir.has_database()? {
        return Err(StoreError::Full);
    }
    open::check_to_read(state_dir)?;
    state_dir.preparation().postpone();
    tracing::error!("the disk is full: what is stored can be read, and nothing is written until there is room");
    Ok(())
}

#[cfg(test)]
mod tests;
