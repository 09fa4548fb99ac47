//! What the service's handle, its schedulers and its runners share.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_rt::ArbiterHandle;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::queue::JobQueue;
use super::roots::Roots;
use crate::Engine;
use crate::error::StoreError;
use crate::fleet::port::FarRoots;
use crate::scrub::ScrubService;
use crate::store::Store;
use crate::store::collections::CollectionService;
use crate::store::retention::Retention;

/// Files of collections that are located at a time.
pub const MAX_LOCATING: usize = 2;

/// Shared by the handle ([`Jobs`](super::service::Jobs)), the scheduler and the runners.
#[derive(Debug)]
pub(super) struct JobsShared {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) scrubs: ScrubService,
    pub(super) collections: CollectionService,
    pub(super) roots: Roots,
    /// Roots on other machines, if the service coordinates a fleet.
    pub(super) fleet: OnceLock<Arc<dyn FarRoots>>,
    /// Whether unfinished jobs have been taken up again.
    pub(super) recovered: AtomicBool,
    pub(super) queue: Arc<JobQueue>,
    pub(super) streams: Arc<Semaphore>,
    /// Permits of files that are located.
    pub(super) locating: Arc<Semaphore>,
    /// The arbiter of the runners; requests are served on other arbiters.
    pub(super) home: ArbiterHandle,
    /// Cancelled when the service shuts down.
    pub(super) stop: CancellationToken,
    /// Notified when rows or jobs are to be removed.
    pub(super) to_sweep: Arc<Notify>,
    pub(super) retention: Retention,
    /// The schedules of collections.
    pub(super) schedule: Arc<ScheduleWatch>,
    /// Notified when an ended job needs its sort index.
    pub(super) to_index: Arc<Notify>,
    /// Number of jobs that got their sort index.
    pub(super) indexed: Arc<watch::Sender<u64>>,
}

/// The schedules of a service, as others see them.
#[derive(Debug)]
pub(super) struct ScheduleWatch {
    /// Notified when schedules may have changed.
    pub(super) changed: Notify,
    last_round: Mutex<Instant>,
}

impl Default for ScheduleWatch {
    fn default() -> Self {
        Self { changed: Notify::new(), last_round: Mutex::new(Instant::now()) }
    }
}

impl ScheduleWatch {
    /// All schedules were looked at just now.
    pub(super) fn round_ended(&self) {
        *self.last_round.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago that was, or the service was started.
    pub(super) fn since_round(&self) -> Duration {
        self.last_round.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

impl Drop for JobsShared {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl JobsShared {
    /// Completes the work even if the caller stops waiting.
    pub(super) async fn owned<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (done_in, done) = oneshot::channel();
        let run = async move {
            let _ = done_in.send(work.await);
        };
        if !self.home.spawn(run) {
            return Err(StoreError::Closed);
        }
        done.await.map_err(|_| StoreError::Closed)?
    }
}
