//! The jobs of a service: taken, kept, run, shown, cancelled, deleted; durable from the first answer.
//!
//! A job is in the store before its client hears of it, and a runner, never a request, owns it. What is
//! told of a job is what is committed. On start, unfinished jobs go on by themselves under their ids.
//! Nothing here names HTTP, and nothing here waits in SQLite or in a file system on an event loop.

mod history;
mod verifying;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use super::counts::JobCounts;
pub use super::events::{EventStream, JobEvent, JobEventKind, SubscribeError};
use super::hall::Hall;
use super::live::{Limits, Live, Promise, Registry};
use super::past::lacks;
pub use super::query::{Deletion, JobPage, JobQuery, ResultPage, ResultQuery, RowPage, Sort, SortBy, StatusFilter};
use super::runner::{Missing, open_beneath};
use crate::Engine;
use crate::error::{StartError, StoreError, SubmitError};
use crate::job::filters::Filters;
use crate::job::spec::{Job, JobId, JobSpec};
use crate::source::Root;
use crate::store::figures::StoreFigures;
use crate::store::retention::Retention;
use crate::store::tokens::TokenDesk;
use crate::store::{Before, RequestKey, Store, StoredJob};

/// How long a request to cancel waits to see the job's end.
const CANCEL_WAIT: Duration = Duration::from_millis(150);

/// How long a request for another order waits for a job that has just ended.
const ORDERS_WAIT: Duration = Duration::from_secs(10);

/// Why there is no page of results.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The order asked for is there once the job has ended.
    #[error("results are sorted, and found by digest, once the job has ended")]
    NotFinished,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
    hall: Arc<Hall>,
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
        let hall = Arc::new(Hall {
            engine,
            store,
            roots: config.roots,
            registry: Registry::new(limits),
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
            hall.registry.admit(Live::new(job, rows));
        }
        hall.start_upkeep();
        hall.to_sweep.notify_one();
        hall.to_index.notify_one();
        hall.dispatch();
        Ok(Self { hall })
    }

    /// The directories that jobs may read below.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.hall.roots
    }

    /// The tokens kept in the same store.
    #[must_use]
    pub fn tokens(&self) -> TokenDesk {
        TokenDesk::new(self.hall.store.clone())
    }

    /// Takes a job. When this answers, the job is in the store.
    ///
    /// # Errors
    /// When the job cannot be one, there is no room for it, or the store fails.
    pub async fn submit(&self, spec: JobSpec, owner: Option<String>) -> Result<Job, SubmitError> {
        self.submit_once(spec, owner, None).await
    }

    /// The same under a key of the client's: a request that comes again under its key gives the job of the first,
    /// as far as it has come.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and when the key came with another request before.
    pub async fn submit_once(
        &self,
        spec: JobSpec,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        self.submit_with(spec, None, owner, key).await
    }

    /// With the manifest that a verify job holds its files against.
    async fn submit_with(
        &self,
        spec: JobSpec,
        manifest: Option<Vec<u8>>,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        let request = key.map(|key| RequestKey { key, asked: fingerprint(&spec, manifest.as_deref()) });
        if let Some(request) = &request
            && let Some(job) = self.came_before(owner.clone(), request.clone()).await?
        {
            return Ok(job);
        }
        if self.hall.roots.is_empty() {
            return Err(SubmitError::NoRoots);
        }
        Filters::new(&spec.include, &spec.exclude)?;
        let root = self.hall.roots.iter().find(|root| root.name() == spec.root);
        let root = root.ok_or(SubmitError::NotFound("no root has this name"))?;
        let promise = self.hall.registry.promise(owner.as_deref())?;
        open_beneath(root, spec.path.clone()).await?;
        if let Some(earlier) = spec.reuse_unchanged_from {
            self.check_earlier(earlier, &spec).await?;
        }
        let job = Job::queued(spec, owner);
        let taken = Taken { job: job.clone(), manifest, request, promise };
        match self.hall.owned(take(self.hall.clone(), taken)).await? {
            Before::New => Ok(job),
            Before::Came(id) => self.job(id).await?.ok_or(SubmitError::NotFound("the job of this key is deleted")),
            Before::Conflicts => Err(SubmitError::KeyConflict),
        }
    }

    async fn came_before(&self, owner: Option<String>, request: RequestKey) -> Result<Option<Job>, SubmitError> {
        match self.hall.store.came_before(owner, request).await? {
            Before::New => Ok(None),
            Before::Came(id) => Ok(self.job(id).await?),
            Before::Conflicts => Err(SubmitError::KeyConflict),
        }
    }

    /// Whether a job can be built on this one.
    async fn check_earlier(&self, id: JobId, spec: &JobSpec) -> Result<(), SubmitError> {
        let earlier = self.job(id).await?.ok_or(SubmitError::NotFound("the job to build on is not there"))?;
        if !earlier.state.is_final() {
            return Err(SubmitError::EarlierNotFinished);
        }
        if (&earlier.spec.root, &earlier.spec.path) != (&spec.root, &spec.path) {
            return Err(SubmitError::EarlierIsOfAnotherTree);
        }
        lacks(&earlier.spec.algorithms, &spec.algorithms)
            .map_or(Ok(()), |algorithm| Err(SubmitError::EarlierLacks(algorithm)))
    }

    /// One job, as far as it has come.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        if let Some(live) = self.hall.registry.get(id) {
            return Ok(Some(live.job()));
        }
        Ok(self.hall.store.job(id).await?.map(|stored| stored.job))
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        let mut page = self.hall.store.list(query).await?;
        for job in page.items.iter_mut().filter(|job| !job.state.is_final()) {
            let live = self.hall.registry.get(job.id).map(|live| live.job());
            if let Some(live) = live.filter(|live| live.state == job.state) {
                *job = live;
            }
        }
        Ok(page)
    }

    /// A page of a job's results; nothing if there is no such job.
    ///
    /// # Errors
    /// When the job has not ended and another order than the walk's, or a digest, is asked for; when the store fails.
    pub async fn results(&self, id: JobId, query: ResultQuery) -> Result<Option<ResultPage>, ResultsError> {
        if query.needs_orders() && !self.has_orders(id).await? {
            return Ok(None);
        }
        Ok(self.hall.store.results(id, query).await?)
    }

    /// Waits a moment for the orders of a job that has just ended. Whether there is such a job.
    async fn has_orders(&self, id: JobId) -> Result<bool, ResultsError> {
        let Some(job) = self.job(id).await? else { return Ok(false) };
        if !job.state.is_final() {
            return Err(ResultsError::NotFinished);
        }
        let mut indexed = self.hall.indexed.subscribe();
        let wait = async {
            while !self.hall.store.is_indexed(id).await? {
                if indexed.changed().await.is_err() {
                    return Err(StoreError::Closed);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(ORDERS_WAIT, wait).await {
            Ok(waited) => Ok(waited.map(|()| true)?),
            Err(_) => Err(ResultsError::NotFinished),
        }
    }

    /// What the store takes on the disk, and what was committed since the start.
    #[must_use]
    pub fn store_figures(&self) -> StoreFigures {
        self.hall.store.figures()
    }

    /// Ready when the disk did not keep what was written. Nothing is written from then on: the process is to
    /// end, and the next start reads the truth.
    pub async fn broken(&self) {
        self.hall.store.broken().await;
    }

    /// The next results that match, after a row or from the first: for going through all of them in constant
    /// memory. `position` and `limit` of the query are not looked at. No items: the end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn results_from(
        &self,
        id: JobId,
        query: ResultQuery,
        after_row: Option<u64>,
        limit: usize,
    ) -> Result<RowPage, StoreError> {
        self.hall.store.rows_after(id, query, after_row, limit).await
    }

    /// Ends a job before its time; one that has ended stays as it is. Gives the job, ended unless that takes
    /// longer than a moment; nothing if there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn cancel(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let Some(live) = self.hall.registry.get(id) else { return self.job(id).await };
        live.cancel.cancel();
        if let Some(waiting) = self.hall.registry.withdraw(id) {
            self.hall.end_withdrawn(waiting);
        }
        let mut view = live.watch();
        let _ = tokio::time::timeout(CANCEL_WAIT, view.wait_for(super::live::View::is_final)).await;
        Ok(Some(live.job()))
    }

    /// Deletes a job that has ended, with its results.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, id: JobId) -> Result<Deletion, StoreError> {
        if self.hall.registry.get(id).is_some() {
            return Ok(Deletion::StillRunning);
        }
        let (store, to_sweep) = (self.hall.store.clone(), self.hall.to_sweep.clone());
        let delete = async move {
            let deleted = store.delete(id).await?;
            to_sweep.notify_one();
            Ok(deleted)
        };
        match self.hall.owned(delete).await? {
            true => Ok(Deletion::Deleted),
            // Not ended after all: it came in between the two looks.
            false if self.hall.registry.get(id).is_some() => Ok(Deletion::StillRunning),
            false => Ok(Deletion::NotFound),
        }
    }

    /// The events of a job, from the one after `last_event_id` on; nothing if there is no such job.
    ///
    /// # Errors
    /// When as many streams as may be are open, or the store fails.
    pub async fn subscribe(
        &self,
        id: JobId,
        last_event_id: Option<u64>,
    ) -> Result<Option<EventStream>, SubscribeError> {
        let permit = self.hall.streams.clone().try_acquire_owned().map_err(|_| SubscribeError::TooMany)?;
        let store = self.hall.store.clone();
        if let Some(live) = self.hall.registry.get(id) {
            return Ok(Some(EventStream::of_live(store, &live, last_event_id, permit)));
        }
        let ended = store.job(id).await?;
        Ok(ended.map(|ended| EventStream::of_ended(store, ended, last_event_id, permit)))
    }

    /// Jobs that have not ended.
    #[must_use]
    pub fn active(&self) -> usize {
        self.hall.registry.len()
    }

    /// Jobs that wait and run, and those that have ended since the start.
    #[must_use]
    pub fn counts(&self) -> JobCounts {
        self.hall.registry.counts()
    }

    /// Stops every runner; comes before the engine's drain. Jobs that have not ended stay so in the store and
    /// go on at the next start. Event streams end.
    pub async fn drain(&self) {
        self.hall.registry.close();
        self.hall.stop.cancel();
        self.hall.registry.idle().await;
        self.hall.registry.clear();
        if let Err(error) = self.hall.store.checkpoint().await {
            tracing::warn!(%error, "the log of the job store stays beside it");
        }
    }
}

/// Puts a new job into the store, then into the queue.
async fn take(hall: Arc<Hall>, taken: Taken) -> Result<Before, StoreError> {
    let Taken { job, manifest, request, promise } = taken;
    let before = hall.store.insert(job.clone(), manifest, request).await?;
    if before == Before::New {
        hall.registry.admit(Live::new(job, 0));
    }
    drop(promise);
    hall.dispatch();
    Ok(before)
}

/// A job on its way into the store.
struct Taken {
    job: Job,
    manifest: Option<Vec<u8>>,
    request: Option<RequestKey>,
    promise: Promise,
}

/// What is asked for, in short.
fn fingerprint(spec: &JobSpec, manifest: Option<&[u8]>) -> [u8; 32] {
    let json = serde_json::to_vec(spec).expect("a spec has strings for keys");
    let mut hasher = blake3::Hasher::new();
    hasher.update(&json);
    hasher.update(manifest.unwrap_or_default());
    *hasher.finalize().as_bytes()
}

impl From<Missing> for SubmitError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NotFound(why) => Self::NotFound(why),
            Missing::RootUnavailable => Self::RootUnavailable,
        }
    }
}

#[cfg(test)]
mod tests;
