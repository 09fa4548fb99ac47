//! The scrubs of a running service: each on a thread of its own, beside jobs and uploads, which go first.
//!
//! Whoever starts a run gives it a key, by which it is followed and cancelled, and may start it again by the same key
//! without a second run. At most [`MAX_RUNNING`] runs read at a time, and one for each directory: another one of the same
//! directory is refused as busy. A run that panics has failed; the service goes on. When the service stops, runs are
//! cancelled and waited for: what they have committed stays.

use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_rt::ArbiterHandle;
use jiff::SignedDuration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use uuid::Uuid;

use super::error::ScrubError;
use super::request::{Deadline, ScrubRequest};
use super::run::{ScrubEnd, Scrubber};
use super::tracked::{ScrubPhase, ScrubTold, TrackedRun};
use crate::Engine;
use crate::error::{Refused, StoreError};
use crate::scan::Priority;
use crate::store::collections::CollectionService;

/// Runs that read at a time. Later ones wait.
pub const MAX_RUNNING: usize = 2;

/// Runs that have not ended.
pub const MAX_UNFINISHED: usize = 16;

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
    runs: Mutex<Runs>,
    /// How many runs have not ended.
    unfinished: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Runs {
    is_closed: bool,
    /// Oldest first.
    known: VecDeque<Arc<TrackedRun>>,
    /// The directories that are read.
    directories: HashSet<PathBuf>,
}

/// Why no run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScrubRefused {
    /// The service stops.
    #[error("the service is shutting down")]
    Draining,
    /// Too many runs wait already.
    #[error("{MAX_UNFINISHED} scrubs run or wait already: start it again later")]
    TooMany,
}

/// What a run of a service does, and for how long at most.
#[derive(Debug, Clone)]
pub struct ScrubOrder {
    /// What it does. Its limits have no time.
    pub request: ScrubRequest,
    /// So long after it has begun to run, no further files are begun.
    pub max_time: Option<SignedDuration>,
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
            runs: Mutex::default(),
            unfinished: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts a run, or finds the one that was started by this key.
    ///
    /// # Errors
    /// While the service stops, and if too many runs wait.
    pub fn start(&self, key: Uuid, order: ScrubOrder) -> Result<(), ScrubRefused> {
        let mut runs = self.shared.runs();
        if runs.find(key).is_some() {
            return Ok(());
        }
        if runs.is_closed {
            return Err(ScrubRefused::Draining);
        }
        if *self.shared.unfinished.borrow() >= MAX_UNFINISHED {
            return Err(ScrubRefused::TooMany);
        }
        let run = Arc::new(TrackedRun::new(key));
        runs.known.push_back(run.clone());
        self.shared.unfinished.send_modify(|count| *count += 1);
        drop(runs);
        let (shared, of_arbiter) = (self.shared.clone(), run.clone());
        if !self.shared.home.spawn(async move { shared.carry_out(of_arbiter, order).await }) {
            self.shared.end(&run, Err(Refused::Draining.into()));
        }
        Ok(())
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
        let permit = tokio::select! {
            biased;
            () = run.cancel.cancelled() => None,
            permit = self.permits.clone().acquire_owned() => permit.ok(),
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
        let ScrubOrder { mut request, max_time } = order;
        request.limits.until = max_time.and_then(|time| Deadline::after(time, std::time::Instant::now));
        let resolved = request.directory.canonicalize().map_err(ScrubError::Open)?;
        let _claim = Claim::take(self, &resolved).ok_or(ScrubError::Busy)?;
        let mut collections = self.collections.blocking(self.runtime.clone());
        collections.verify()?;
        let (priority, cancel) = (Priority::Low, run.cancel.clone());
        let mut scrubber = Scrubber { engine: &self.engine, priority, cancel, collections: &mut collections };
        scrubber.run(&request, &mut &*run)
    }

    fn end(&self, run: &TrackedRun, ended: Result<ScrubEnd, ScrubError>) {
        if let Err(error) = &ended {
            tracing::info!(run = %run.key, %error, "a scrub ended before its end");
        }
        run.told().phase = ended.map_or_else(ScrubPhase::Failed, |end| ScrubPhase::Ended(Box::new(end)));
        self.runs().forget_old();
        self.unfinished.send_modify(|count| *count -= 1);
    }
}

impl Runs {
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
