//! The jobs of a service: taken, kept, run, shown, cancelled, deleted; durable from the first answer.
//!
//! A job is in the store before its client hears of it, and a runner, never a request, owns it. What is
//! told of a job is what is committed. On start, unfinished jobs go on by themselves under their ids.
//! Nothing here names HTTP, and nothing here waits in SQLite or in a file system on an event loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::active::ActiveJob;
use super::queue::{JobQueue, Limits};
use super::shared::JobsShared;
use crate::Engine;
use crate::error::{StartError, StoreError};
use crate::job::{Deletion, Job, JobCounts, JobId, JobPage, JobQuery};
use crate::store::figures::StoreFigures;
use crate::store::retention::Retention;
use crate::store::tokens::TokenService;
use crate::store::{Store, StoredJob};
use hivesum_core::file::Root;

/// How long a request to cancel waits to see the job's end.
const CANCEL_WAIT: Duration = Duration::from_millis(150);

/// What the jobs of a service are opened with.
#[derive(Debug, Clone)]
pub struct JobsConfig {
    /// Where the store is; made where it is missing.
    pub state_dir: PathBuf,
    /// The directories that jobs may read below.
    pub roots: Vec<Root>,
    /// Jobs that run at a time.
    pub max_running: usize,
    /// Jobs that may wait beside them.
    pub max_queued: usize,
    /// Of those that wait, jobs of one owner; jobs of nobody count as one's.
    pub max_queued_of_one: usize,
    /// Event streams that may be open.
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
    /// Takes the state directory's lock, opens its database and goes on with unfinished jobs. Runners live on
    /// the current arbiter.
    ///
    /// # Errors
    /// When another server holds the lock, or the database is damaged or newer.
    ///
    /// # Panics
    /// Outside of an actix System.
    pub async fn open(engine: Engine, config: JobsConfig) -> Result<Self, StartError> {
        let store = Store::open(&config.state_dir).await?;
        let (slots, unfinished) = store.recover(engine.hashers()).await?;
        if let Some(slots) = slots {
            engine.note_in(slots);
        }
        let JobsConfig { max_running, max_queued, max_queued_of_one, .. } = config;
        let limits = Limits { max_running, max_queued, max_queued_of_one };
        let shared = Arc::new(JobsShared {
            engine,
            store,
            roots: config.roots,
            queue: JobQueue::new(limits),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            home: actix_rt::Arbiter::current(),
            stop: CancellationToken::new(),
            to_sweep: Arc::new(Notify::new()),
            retention: config.retention,
            to_index: Arc::new(Notify::new()),
            indexed: Arc::new(watch::channel(0).0),
        });
        for StoredJob { job, rows, .. } in unfinished {
            tracing::info!(job = %job.id, rows, "an unfinished job goes on");
            shared.queue.admit(ActiveJob::new(job, rows));
        }
        shared.start_upkeep();
        shared.to_sweep.notify_one();
        shared.to_index.notify_one();
        shared.start_scheduler();
        Ok(Self { shared })
    }

    /// The directories that jobs may read below.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.shared.roots
    }

    /// The tokens kept in the same store.
    #[must_use]
    pub fn tokens(&self) -> TokenService {
        TokenService::new(self.shared.store.clone())
    }

    /// One job, as far as it has come.
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
        for job in page.items.iter_mut().filter(|job| !job.state.is_final()) {
            let live = self.shared.queue.get(job.id).map(|live| live.job());
            if let Some(live) = live.filter(|live| live.state == job.state) {
                *job = live;
            }
        }
        Ok(page)
    }

    /// What the store takes on the disk, and what was committed since the start.
    #[must_use]
    pub fn store_figures(&self) -> StoreFigures {
        self.shared.store.figures()
    }

    /// Ready when the disk did not keep what was written. Nothing is written from then on: the process is to
    /// end, and the next start reads the truth.
    pub async fn broken(&self) {
        self.shared.store.broken().await;
    }

    /// Ends a job before its time; one that has ended stays as it is. Gives the job, ended unless that takes
    /// longer than a moment; nothing if there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn cancel(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let Some(live) = self.shared.queue.get(id) else { return self.job(id).await };
        live.cancel.cancel();
        if let Some(waiting) = self.shared.queue.withdraw(id) {
            self.shared.end_withdrawn(waiting);
        }
        let mut view = live.watch();
        let _ = tokio::time::timeout(CANCEL_WAIT, view.wait_for(super::active::View::is_final)).await;
        Ok(Some(live.job()))
    }

    /// Deletes a job that has ended, with its results.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, id: JobId) -> Result<Deletion, StoreError> {
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
            // Not ended after all: it came in between the two looks.
            false if self.shared.queue.get(id).is_some() => Ok(Deletion::StillRunning),
            false => Ok(Deletion::NotFound),
        }
    }

    /// Jobs that have not ended.
    #[must_use]
    pub fn active(&self) -> usize {
        self.shared.queue.len()
    }

    /// Jobs that wait and run, and those that have ended since the start.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.shared.queue.counts()
    }

    /// Stops every runner; comes before the engine's drain. Jobs that have not ended stay so in the store and
    /// go on at the next start. Event streams end.
    pub async fn drain(&self) {
        self.shared.queue.close();
        self.shared.stop.cancel();
        self.shared.queue.idle().await;
        self.shared.queue.clear();
        if let Err(error) = self.shared.store.checkpoint().await {
            tracing::warn!(%error, "the log of the job store stays beside it");
        }
    }
}

#[cfg(test)]
mod tests;
