//! What the service's handle, its scheduler and its runners share.

use std::sync::Arc;

use actix_rt::ArbiterHandle;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::queue::JobQueue;
use crate::Engine;
use crate::error::StoreError;
use crate::store::Store;
use crate::store::retention::Retention;
use hivesum_core::file::Root;

/// Shared by the handle ([`Jobs`](super::service::Jobs)), the scheduler and the runners.
#[derive(Debug)]
pub(super) struct JobsShared {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) roots: Vec<Root>,
    pub(super) queue: Arc<JobQueue>,
    pub(super) streams: Arc<Semaphore>,
    /// Where runners run: requests come and go on other arbiters.
    pub(super) home: ArbiterHandle,
    /// The service is going down.
    pub(super) stop: CancellationToken,
    /// There are rows to be removed, or jobs.
    pub(super) to_sweep: Arc<Notify>,
    pub(super) retention: Retention,
    /// A job has ended whose orders are to be built.
    pub(super) to_index: Arc<Notify>,
    /// Jobs whose orders were built.
    pub(super) indexed: Arc<watch::Sender<u64>>,
}

impl Drop for JobsShared {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl JobsShared {
    /// Does something to its end, whether or not whoever asked still waits.
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
