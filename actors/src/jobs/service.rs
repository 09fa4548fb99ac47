//! The jobs of a service: accepted, stored, run, reported, cancelled, deleted; durable from the first answer.
//!
//! A job is stored before its client gets an answer, and a runner owns it, never a request. The
//! progress that is reported is committed. At the start, unfinished jobs are resumed under their ids.
//! This module knows no HTTP and never waits for SQLite or a file system on an event loop.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::queue::{JobQueue, Limits};
use super::roots::Roots;
use super::shared::{JobsShared, MAX_LOCATING};
use crate::Engine;
use crate::error::{StartError, StoreError};
use crate::job::{Deletion, Job, JobCounts, JobId, JobPage, JobQuery, JobVerdictCounts, Place};
use crate::scrub::ScrubService;
use crate::store::collections::CollectionService;
use crate::store::figures::StoreFigures;
use crate::store::retention::Retention;
use crate::store::sessions::SessionService;
use crate::store::tokens::TokenService;
use crate::store::{START_WAIT, Store, Turn};
use hivesum_core::file::Root;

/// How long a cancel request waits for the end of the job.
const CANCEL_WAIT: Duration = Duration::from_millis(150);

/// The configuration of the jobs of a service.
#[derive(Debug, Clone)]
pub struct JobsConfig {
    /// The directory of the store; created if it is missing.
    pub state_dir: PathBuf,
    /// The directories that jobs may read below.
    pub roots: Vec<Root>,
    /// Jobs that may run at the same time.
    pub max_running: usize,
    /// Jobs that may wait.
    pub max_queued: usize,
    /// Waiting jobs of one owner. Jobs without an owner count as those of one owner.
    pub max_queued_of_one: usize,
    /// Event streams that may be open at the same time.
    pub max_streams: usize,
    /// Which ended jobs are kept.
    pub retention: Retention,
}

impl JobsConfig {
    /// These roots, with the default bounds.
    #[must_use]
    pub fn new(state_dir: impl Into<PathBuf>, roots: Vec<Root>) -> Self {
        Self {
            state_dir: state_dir.into(),
            roots,
            max_running: 4,
            max_queued: 1000,
            max_queued_of_one: 1000,
            max_streams: 256,
            retention: Retention::default(),
        }
    }
}

/// The handle. Clones share one service.
#[derive(Debug, Clone)]
pub struct Jobs {
    pub(super) shared: Arc<JobsShared>,
}

impl Jobs {
    /// Locks the state directory, opens its database and resumes unfinished jobs. On a full disk it only reads until there
    /// is room. Runners use the current arbiter.
    ///
    /// # Errors
    /// When another server holds the lock, or the database is damaged or newer.
    ///
    /// # Panics
    /// Outside of an actix System.
    pub async fn open(engine: Engine, config: JobsConfig) -> Result<Self, StartError> {
        let store = Store::open(&config.state_dir).await?;
        let (slots, notes) = store.open_slots(engine.hashers()).await?;
        let mut turn = Turn::within(START_WAIT);
        let unfinished = match turn.take_async(|| store.unfinished(notes.clone())).await {
            Err(StoreError::Full) => None,
            unfinished => Some(unfinished?),
        };
        let roots = Roots::meet(config.roots, &store, &mut turn).await?;
        if let Some(slots) = slots {
            engine.note_in(slots);
        }
        let JobsConfig { max_running, max_queued, max_queued_of_one, .. } = config;
        let collections = CollectionService::begin(store.clone()).await;
        let scrubs = ScrubService::new(engine.clone(), collections.clone());
        let shared = Arc::new(JobsShared {
            engine,
            collections,
            store,
            scrubs,
            roots,
            fleet: OnceLock::new(),
            recovered: AtomicBool::default(),
            queue: JobQueue::new(Limits { max_running, max_queued, max_queued_of_one }),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            locating: Arc::new(Semaphore::new(MAX_LOCATING)),
            home: actix_rt::Arbiter::current(),
            stop: CancellationToken::new(),
            to_sweep: Arc::new(Notify::new()),
            retention: config.retention,
            schedule: Arc::default(),
            to_index: Arc::new(Notify::new()),
            indexed: Arc::new(watch::channel(0).0),
        });
        match unfinished {
            Some(unfinished) => shared.take_up(unfinished),
            None => shared.take_up_later(notes),
        }
        shared.start_upkeep();
        shared.to_sweep.notify_one();
        shared.to_index.notify_one();
        shared.start_scheduler();
        shared.start_schedule();
        Ok(Self { shared })
    }

    /// The directories that jobs may read below.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        self.shared.roots.all()
    }

    /// The tokens kept in the same store.
    #[must_use]
    pub fn tokens(&self) -> TokenService {
        TokenService::new(self.shared.store.clone())
    }

    /// The collections kept in the same store.
    #[must_use]
    pub fn collections(&self) -> CollectionService {
        self.shared.collections.clone()
    }

    /// The scrubs of collections, which run beside the jobs at low priority.
    #[must_use]
    pub fn scrubs(&self) -> ScrubService {
        self.shared.scrubs.clone()
    }

    /// The sessions kept in the same store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sessions(&self) -> Result<SessionService, StoreError> {
        SessionService::open(self.shared.store.clone()).await
    }

    /// One job with its current progress. `None` if there is no such job.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        if let Some(live) = self.shared.queue.get(id) {
            return Ok(Some(live.job()));
        }
        Ok(self.shared.store.job(id).await?.map(|stored| stored.job))
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        let mut page = self.shared.store.list(query).await?;
        self.bring_up_to_date(page.items.iter_mut());
        Ok(page)
    }

    /// The newest job on exactly each of these places, of one owner or of all; nothing where there is none. At most
    /// [`MAX_PAGE`](crate::job::MAX_PAGE) places.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn last_runs(
        &self,
        places: Vec<Place>,
        owner: Option<String>,
    ) -> Result<HashMap<Place, Job>, StoreError> {
        let mut found = self.shared.store.last_runs(places, owner).await?;
        self.bring_up_to_date(found.values_mut());
        Ok(found)
    }

    /// Gives unfinished jobs their current progress.
    fn bring_up_to_date<'a>(&self, jobs: impl Iterator<Item = &'a mut Job>) {
        for job in jobs.filter(|job| !job.state.is_final()) {
            let live = self.shared.queue.get(job.id).map(|live| live.job());
            if let Some(live) = live.filter(|live| live.state == job.state) {
                *job = live;
            }
        }
    }

    /// The size of the store on disk, and what was committed since the start.
    #[must_use]
    pub fn store_figures(&self) -> StoreFigures {
        self.shared.store.figures()
    }

    /// Completes if the disk failed to keep what was written. Nothing is written after that: the process must
    /// exit, and the next start reads what was really written.
    pub async fn broken(&self) {
        self.shared.store.broken().await;
    }

    /// Cancels a job; an ended job stays as it is. Returns the job, which has ended unless that takes
    /// longer than a moment. `None` if there is no such job.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn cancel(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let Some(live) = self.shared.queue.get(id) else { return self.not_running(id).await };
        live.cancel.cancel();
        if let Some(waiting) = self.shared.queue.withdraw(id) {
            self.shared.end_withdrawn(waiting);
        }
        let mut view = live.watch();
        let _ = tokio::time::timeout(CANCEL_WAIT, view.wait_for(super::active::View::is_final)).await;
        Ok(Some(live.job()))
    }

    /// A job that no runner has. One that has not ended cannot be cancelled before it is taken up again.
    async fn not_running(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let job = self.job(id).await?;
        if job.as_ref().is_some_and(|job| !job.state.is_final()) {
            self.check_writable()?;
        }
        Ok(job)
    }

    /// Deletes a job that has ended, with its results.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, id: JobId) -> Result<Deletion, StoreError> {
        self.check_writable()?;
        if self.shared.queue.get(id).is_some() {
            return Ok(Deletion::StillRunning);
        }
        let (store, to_sweep) = (self.shared.store.clone(), self.shared.to_sweep.clone());
        let delete = async move {
            let deleted = store.delete(id).await?;
            to_sweep.notify_one();
            Ok(deleted)
        };
        match self.shared.owned(delete).await? {
            true => Ok(Deletion::Deleted),
            // It was admitted between the two checks.
            false if self.shared.queue.get(id).is_some() => Ok(Deletion::StillRunning),
            false => Ok(Deletion::NotFound),
        }
    }

    /// Number of unfinished jobs.
    #[must_use]
    pub fn active(&self) -> usize {
        self.shared.queue.len()
    }

    /// Number of jobs in each state; ended ones since the start.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.shared.queue.counts()
    }

    /// Number of jobs that ended with each verdict since the start.
    #[must_use]
    pub fn verdict_counts(&self) -> JobVerdictCounts {
        self.shared.queue.verdict_counts()
    }

    /// Stops every runner and every scrub; call it before the engine drains. Unfinished jobs stay unfinished in the store
    /// and are resumed at the next start. Event streams end.
    pub async fn drain(&self) {
        self.shared.queue.close();
        self.shared.stop.cancel();
        tokio::join!(self.shared.queue.idle(), self.shared.scrubs.drain());
        self.shared.queue.clear();
        if let Err(error) = self.shared.store.checkpoint().await {
            tracing::warn!(%error, "the log of the job store stays beside it");
        }
    }
}

#[cfg(test)]
mod tests;
