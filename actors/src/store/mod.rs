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

mod checkpoints;
mod clerk;
mod commit;
mod facts;
mod failure;
pub mod figures;
pub mod history;
mod jobs;
mod known;
mod ledger;
mod open;
mod orders;
mod pages;
mod place;
mod recovery;
mod requests;
pub mod retention;
mod row;
mod seal;
mod sorted;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
pub mod tokens;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use actix::{Addr, SyncArbiter};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::clerk::{Ask, Clerk};
use self::failure::Fault;
use self::figures::{Commits, StoreFigures};
pub(crate) use self::jobs::{Ending, StoredJob};
pub(crate) use self::known::KnownQuery;
pub(crate) use self::ledger::{Footing, Group, Ledger, NumberedItem, Tally};
use self::open::Access;
pub(crate) use self::pages::ErrorsSince;
use self::place::{ServerLock, StateDir};
pub(crate) use self::recovery::Beginning;
pub(crate) use self::requests::{Before, RequestKey};
use self::retention::Retention;
use crate::compare::{self, Comparison};
use crate::digest::Algorithm;
use crate::error::{CompareError, StoreError};
use crate::job::item::Item;
use crate::job::query::{JobPage, JobQuery, ResultPage, ResultQuery, RowPage};
use crate::job::rows::Rows;
use crate::job::scan::FileIdentity;
use crate::job::spec::{Job, JobId};
use crate::sys::slots::Slots;

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
    addr: Addr<Clerk>,
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

    /// What a verify job holds its files against.
    pub(crate) async fn manifest(&self, id: JobId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| jobs::manifest(connection, id)).await
    }

    /// Whether a request has come before.
    pub(crate) async fn came_before(&self, owner: Option<String>, request: RequestKey) -> Result<Before, StoreError> {
        self.read(move |connection| requests::look(connection, owner.as_deref(), &request)).await
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
        let Some(stored) = self.read(|connection| orders::next_without(connection)).await? else { return Ok(None) };
        let (id, algorithms) = (stored.job.id, stored.job.spec.algorithms);
        let mut chunks = orders::sort(&self.place, stored.run, algorithms);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            self.write(move |connection| orders::write(connection, &chunk)).await?;
        }
        self.write(move |connection| orders::finish(connection, id)).await?;
        Ok(Some(id))
    }

    /// Whether an ended job has its orders.
    pub(crate) async fn is_indexed(&self, id: JobId) -> Result<bool, StoreError> {
        self.read(move |connection| orders::has(connection, id)).await
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

    /// Some results of a pass from a position on, and where to go on; nothing at the end.
    pub(crate) async fn known(&self, query: KnownQuery, from: i64) -> Result<Option<(Rows, i64)>, StoreError> {
        self.read(move |connection| known::rows(connection, &query, from)).await
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

    pub(crate) async fn job(&self, id: JobId) -> Result<Option<StoredJob>, StoreError> {
        self.read(move |connection| jobs::get(connection, id)).await
    }

    pub(crate) async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        self.read(move |connection| jobs::list(connection, &query)).await
    }

    pub(crate) async fn results(&self, id: JobId, query: ResultQuery) -> Result<Option<ResultPage>, StoreError> {
        let _place = self.place_for(&query).await?;
        self.read(move |connection| match query.needs_orders() {
            true => sorted::page(connection, id, &query),
            false => pages::page(connection, id, &query),
        })
        .await
    }

    pub(crate) async fn rows_after(
        &self,
        id: JobId,
        query: ResultQuery,
        after: Option<u64>,
        limit: usize,
    ) -> Result<RowPage, StoreError> {
        let _place = self.place_for(&query).await?;
        self.read(move |connection| pages::rows_after(connection, id, &query, after, limit)).await
    }

    pub(crate) async fn compare(&self, old: JobId, new: JobId) -> Result<Option<Comparison>, CompareError> {
        let _place = self.long_read().await?;
        self.read(move |connection| facts::compare_jobs(connection, old, new)).await?.transpose()
    }

    pub(crate) async fn duplicates(
        &self,
        id: JobId,
        by: Algorithm,
        min_size: u64,
    ) -> Result<Option<Vec<compare::Group>>, StoreError> {
        let _place = self.long_read().await?;
        self.read(move |connection| facts::duplicates(connection, id, by, min_size)).await
    }

    pub(crate) async fn items_at(&self, id: JobId, positions: Vec<u64>) -> Result<Vec<Item>, StoreError> {
        self.read(move |connection| facts::items_at(connection, id, &positions)).await
    }

    /// Waits for a place among the reads that pass many rows.
    async fn long_read(&self) -> Result<tokio::sync::SemaphorePermit<'_>, StoreError> {
        self.long_reads.acquire().await.map_err(|_| StoreError::Closed)
    }

    pub(crate) async fn errors_since(&self, id: JobId, from: u64, limit: usize) -> Result<ErrorsSince, StoreError> {
        self.read(move |connection| pages::errors_since(connection, id, from, limit)).await
    }

    /// SQLite answers a database at its page bound as it answers a full disk.
    #[cfg(test)]
    pub(crate) async fn bound_pages(&self, pages: u32) {
        let bound = format!("PRAGMA max_page_count = {pages}");
        let answer = self.write(move |connection| Ok(connection.query_row(&bound, [], |row| row.get::<_, i64>(0))?));
        answer.await.unwrap();
    }

    /// Waits for a place among the long reads, if this is one.
    async fn place_for(&self, query: &ResultQuery) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, StoreError> {
        let passes_many_rows =
            query.q.is_some() || query.status.is_some() || query.verdict.is_some() || query.needs_orders();
        match passes_many_rows {
            true => self.long_reads.acquire().await.map(Some).map_err(|_| StoreError::Closed),
            false => Ok(None),
        }
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
        let addr = SyncArbiter::start(threads, move || Clerk {
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
mod tests {
    use super::*;
    use crate::store::testing::job;
    use futures_util::FutureExt as _;
    use std::os::unix::fs::MetadataExt;
    use std::sync::mpsc;

    #[actix::test]
    async fn a_panic_costs_the_work_and_not_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for _ in 0..3 {
            let answer: Result<(), _> = store.write(|_| panic!("as the test wants it")).await;
            assert!(matches!(answer, Err(StoreError::Failed(_))));
        }
        let taken = job();
        store.insert(taken.clone(), None, None).await.unwrap();
        assert_eq!(store.job(taken.id).await.unwrap().unwrap().job, taken);
    }

    #[actix::test]
    async fn what_a_panic_left_uncommitted_is_rolled_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let taken = job();
        let id = taken.id;
        let answer: Result<(), _> = store
            .write(move |connection| {
                jobs::insert(connection, &taken, None, None)?;
                let change = connection.transaction()?;
                change.execute("DELETE FROM jobs", [])?;
                panic!("before the commit")
            })
            .await;
        assert!(answer.is_err());
        assert!(store.job(id).await.unwrap().is_some());
    }

    #[actix::test]
    async fn the_mailbox_holds_its_bound_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (release, released) = mpsc::channel::<()>();
        let held = store.write(move |_| Ok(released.recv().is_ok()));
        let asks: Vec<_> = (0..2 * MAILBOX).map(|_| store.write(|_| Ok(()))).collect();
        let mut all = Box::pin(async { tokio::join!(held, futures_util::future::join_all(asks)) });
        assert!(all.as_mut().now_or_never().is_none());
        assert_eq!(store.writer.places.available_permits(), 0);
        release.send(()).unwrap();
        let (held, answers) = all.await;
        assert!(held.unwrap());
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(store.writer.places.available_permits(), MAILBOX);
    }

    #[actix::test]
    async fn a_second_server_is_refused_while_the_first_lives() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(StoreError::Locked)));
        drop(store);
    }

    #[actix::test]
    async fn a_full_disk_is_told_and_reading_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let taken = job();
        store.insert(taken.clone(), None, None).await.unwrap();
        store.bound_pages(1).await;
        let big = |store: &Store| {
            let mut big = job();
            big.spec.exclude = vec!["x".repeat(100_000)];
            let store = store.clone();
            async move { store.insert(big, None, None).await }
        };
        assert!(matches!(big(&store).await, Err(StoreError::Full)));
        assert_eq!(store.job(taken.id).await.unwrap().unwrap().job, taken);
        store.bound_pages(1_000_000).await;
        big(&store).await.unwrap();
    }

    #[actix::test]
    async fn the_files_of_the_store_are_known_by_identity() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        store.insert(job(), None, None).await.unwrap();
        let own = store.own_files();
        for name in ["", "hivesum.db", "hivesum.db-wal", "hivesum.db-shm", "hivesum.lock"] {
            let meta = std::fs::symlink_metadata(dir.path().join(name)).unwrap();
            assert!(own.contains(&FileIdentity { device: meta.dev(), inode: meta.ino() }), "{name}");
        }
    }
}
