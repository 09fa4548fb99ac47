//! The scrubs of a running service: each on a thread of its own, beside jobs and uploads, which go first.
//!
//! Whoever starts a run gives it a key, by which it is followed and cancelled, and may start it again by the same key
//! without a second run. At most [`MAX_RUNNING`] runs read at a time, and one for each directory: another one of the same
//! directory is refused as busy. A run that panics has failed; the service goes on. When the service stops, runs are
//! cancelled and waited for: what they have committed stays. The runs of schedules have permits of their own, so that
//! nobody who starts a run waits for one of those.

use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_rt::ArbiterHandle;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use uuid::Uuid;

use super::error::ScrubError;
use super::order::{MAX_UNFINISHED, RunOf, ScrubOrder, ScrubRefused};
use super::record::RunNote;
use super::request::Deadline;
use super::run::{ScrubEnd, Scrubber};
use super::tracked::{ScrubPhase, ScrubTold, TrackedRun};
use crate::Engine;
use crate::error::{Refused, StoreError};
use crate::scan::Priority;
use crate::store::collections::CollectionService;

/// Runs that read at a time. Later ones wait.
pub const MAX_RUNNING: usize = 2;

/// Runs of schedules that read at a time, beside those. More are not started.
pub const MAX_SCHEDULED: usize = 8;

/// Ended runs that are remembered for those who ask how they ended.
pub const MAX_ENDED: usize = 64;

/// The handle. Clones share the runs.
#[derive(Debug, Clone)]
pub struct ScrubService {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    collections: CollectionService,
    /// Where runs are waited for, and where their threads wait for the store.
    home: ArbiterHandle,
    runtime: Handle,
    permits: Arc<Semaphore>,
    scheduled: Arc<Semaphore>,
    runs: Mutex<Runs>,
    /// How many runs have not ended.
    unfinished: watch::Sender<usize>,
    /// How many runs have come to their end since the start.
    completed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Runs {
    is_closed: bool,
    /// Oldest first.
    known: VecDeque<Arc<TrackedRun>>,
    /// The directories that are read.
    directories: HashSet<PathBuf>,
}

impl ScrubService {
    /// Runs end with [`drain`](Self::drain).
    ///
    /// # Panics
    /// Outside of an actix System.
    pub(crate) fn new(engine: Engine, collections: CollectionService) -> Self {
        let shared = Shared {
            engine,
            collections,
            home: actix_rt::Arbiter::current(),
            runtime: Handle::current(),
            permits: Arc::new(Semaphore::new(MAX_RUNNING)),
            scheduled: Arc::new(Semaphore::new(MAX_SCHEDULED)),
            runs: Mutex::default(),
            unfinished: watch::Sender::new(0),
            completed: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts a run, or finds the one that was started by this key.
    ///
    /// # Errors
    /// While the service stops, if too many runs wait, and if another run of the collection that the order names has not
    /// ended.
    pub fn start(&self, key: Uuid, order: ScrubOrder) -> Result<(), ScrubRefused> {
        let mut runs = self.shared.runs();
        if runs.find(key).is_some() {
            return Ok(());
        }
        if runs.is_closed {
            return Err(ScrubRefused::Draining);
        }
        let of = order.run_of();
        if runs.is_busy(&of, &order.request.directory) {
            return Err(ScrubRefused::Busy);
        }
        let most = if of.is_scheduled() { MAX_SCHEDULED } else { MAX_UNFINISHED };
        if runs.count_unfinished(of.is_scheduled()) >= most {
            return Err(ScrubRefused::TooMany);
        }
        let run = Arc::new(TrackedRun::new(key, of));
        runs.known.push_back(run.clone());
        self.shared.unfinished.send_modify(|count| *count += 1);
        drop(runs);
        let (shared, of_arbiter) = (self.shared.clone(), run.clone());
        if !self.shared.home.spawn(async move { shared.carry_out(of_arbiter, order).await }) {
            self.shared.end(&run, Err(Refused::Draining.into()));
        }
        Ok(())
    }

    /// The latest run that was started for a collection, if one is remembered, with its key.
    #[must_use]
    pub fn latest_of(&self, collection: &str) -> Option<(Uuid, RunOf)> {
        self.all_of(collection).pop()
    }

    /// The runs that were started for a collection and are remembered, oldest first, each with its key.
    #[must_use]
    pub fn all_of(&self, collection: &str) -> Vec<(Uuid, RunOf)> {
        let runs = self.shared.runs();
        let of_it = runs.known.iter().filter(|run| run.of.collection.as_deref() == Some(collection));
        of_it.map(|run| (run.key, run.of.clone())).collect()
    }

    /// Whether the schedule of a collection may start a run.
    #[must_use]
    pub fn has_room_for_schedules(&self) -> bool {
        let runs = self.shared.runs();
        !runs.is_closed && runs.count_unfinished(true) < MAX_SCHEDULED
    }

    /// What a run was started for. `None` if no run is known by this key.
    #[must_use]
    pub fn run_of(&self, key: Uuid) -> Option<RunOf> {
        self.shared.runs().find(key).map(|run| run.of.clone())
    }

    /// How many runs have not ended: changes whenever one begins or ends.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.shared.unfinished.subscribe()
    }

    /// Shows what a run has told. `None` if no run is known by this key.
    pub fn show<T>(&self, key: Uuid, show: impl FnOnce(&ScrubTold) -> T) -> Option<T> {
        let run = self.shared.runs().find(key)?;
        let told = run.told();
        Some(show(&told))
    }

    /// Cancels a run: it ends soon. One that has ended stays as it is. Returns whether it is known.
    #[must_use]
    pub fn cancel(&self, key: Uuid) -> bool {
        let run = self.shared.runs().find(key);
        run.inspect(|run| run.cancel.cancel()).is_some()
    }

    /// How many runs have come to their end since the start, whatever they have found.
    #[must_use]
    pub fn completed(&self) -> watch::Receiver<u64> {
        self.shared.completed.subscribe()
    }

    /// Cancels all runs and waits for them. No run starts any more.
    pub async fn drain(&self) {
        let known: Vec<_> = {
            let mut runs = self.shared.runs();
            runs.is_closed = true;
            runs.known.iter().cloned().collect()
        };
        known.iter().for_each(|run| run.cancel.cancel());
        let _ = self.shared.unfinished.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Shared {
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit, which travels with the run, then for the thread.
    async fn carry_out(self: Arc<Self>, run: Arc<TrackedRun>, order: ScrubOrder) {
        let permits = if run.of.is_scheduled() { &self.scheduled } else { &self.permits };
        let permit = tokio::select! {
            biased;
            () = run.cancel.cancelled() => None,
            permit = permits.clone().acquire_owned() => permit.ok(),
        };
        let Some(_permit) = permit else { return self.end(&run, Err(ScrubError::Cancelled)) };
        run.told().phase = ScrubPhase::Running;
        let (done_in, done) = oneshot::channel();
        let (shared, of_thread) = (self.clone(), run.clone());
        let work = move || {
            hivesum_core::sys::sched::name_current_thread(c"hivesum-scrub");
            crate::hasher::take_priority(shared.engine.shared.config.priority);
            let scrubbed = catch_unwind(AssertUnwindSafe(|| shared.scrub(&of_thread, order)));
            let _ = done_in.send(scrubbed.unwrap_or(Err(ScrubError::Aborted)));
        };
        let ended = match std::thread::Builder::new().spawn(work) {
            Ok(_) => done.await.unwrap_or(Err(ScrubError::Aborted)),
            Err(error) => Err(StoreError::Failed(Box::new(error)).into()),
        };
        self.end(&run, ended);
    }

    /// On a thread of its own.
    fn scrub(&self, run: &TrackedRun, order: ScrubOrder) -> Result<ScrubEnd, ScrubError> {
        fail::fail_point!("scrub_thread");
        let ScrubOrder { mut request, max_time, .. } = order;
        request.limits.until = max_time.and_then(|time| Deadline::after(time, std::time::Instant::now));
        // One that is gone is not read, and the run says so.
        let resolved = request.directory.canonicalize().unwrap_or_else(|_| request.directory.clone());
        let _claim = Claim::take(self, &resolved).ok_or(ScrubError::Busy)?;
        let mut collections = self.collections.blocking(self.runtime.clone());
        let (priority, cancel) = (Priority::Low, run.cancel.clone());
        let note = RunNote { id: run.key, starter: run.of.starter, started_at: run.of.started_at };
        let mut scrubber = Scrubber { engine: &self.engine, priority, cancel, collections: &mut collections, note };
        scrubber.run(&request, &mut &*run)
    }

    fn end(&self, run: &TrackedRun, ended: Result<ScrubEnd, ScrubError>) {
        if let Err(error) = &ended {
            tracing::info!(run = %run.key, %error, "a scrub ended before its end");
        }
        if ended.is_ok() {
            self.completed.send_modify(|count| *count += 1);
        }
        run.told().phase = ended.map_or_else(ScrubPhase::Failed, |end| ScrubPhase::Ended(Box::new(end)));
        self.runs().forget_old();
        self.unfinished.send_modify(|count| *count -= 1);
    }
}

impl Runs {
    fn unfinished(&self) -> impl Iterator<Item = &Arc<TrackedRun>> {
        self.known.iter().filter(|run| !run.told().has_ended())
    }

    /// How many runs of schedules have not ended, or of people.
    fn count_unfinished(&self, is_scheduled: bool) -> usize {
        self.unfinished().filter(|run| run.of.is_scheduled() == is_scheduled).count()
    }

    /// Whether a run of the same collection has not ended, or one reads its directory.
    fn is_busy(&self, of: &RunOf, directory: &Path) -> bool {
        let is_same = |run: &Arc<TrackedRun>| run.of.collection == of.collection;
        of.collection.is_some() && (self.directories.contains(directory) || self.unfinished().any(is_same))
    }

    fn find(&self, key: Uuid) -> Option<Arc<TrackedRun>> {
        self.known.iter().find(|run| run.key == key).cloned()
    }

    /// Forgets the oldest of the ended runs that are too many.
    fn forget_old(&mut self) {
        let ended = self.known.iter().filter(|run| run.told().has_ended()).count();
        let mut too_many = ended.saturating_sub(MAX_ENDED);
        self.known.retain(|run| {
            let is_forgotten = too_many > 0 && run.told().has_ended();
            too_many -= usize::from(is_forgotten);
            !is_forgotten
        });
    }
}

/// A directory that one run has for itself, until this is dropped.
struct Claim<'a> {
    shared: &'a Shared,
    directory: PathBuf,
}

impl<'a> Claim<'a> {
    fn take(shared: &'a Shared, directory: &Path) -> Option<Self> {
        let is_free = shared.runs().directories.insert(directory.to_owned());
        is_free.then(|| Self { shared, directory: directory.to_owned() })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.shared.runs().directories.remove(&self.directory);
    }
}

#[cfg(test)]
mod tests;
