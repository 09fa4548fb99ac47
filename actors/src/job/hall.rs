//! What the service's doors and its runners share, and the work that nobody's request owns.

use std::sync::Arc;
use std::time::Duration;

use actix_rt::ArbiterHandle;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::live::Live;
use super::registry::Registry;
use super::runner;
use crate::Engine;
use crate::error::StoreError;
use crate::file::Root;
use crate::store::Store;
use crate::store::retention::Retention;

/// Shared by the doors ([`Jobs`](super::service::Jobs)) and the runners.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) roots: Vec<Root>,
    pub(super) registry: Arc<Registry>,
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

/// How often old jobs are looked for while nothing happens.
const RETIRE_EVERY: Duration = Duration::from_secs(3600);

impl Drop for Hall {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Hall {
    /// Starts as many waiting jobs as may run.
    pub(super) fn dispatch(self: &Arc<Self>) {
        while let Some((live, place)) = self.registry.next() {
            let hall = self.clone();
            let run = async move {
                runner::run(hall.clone(), live, Some(place)).await;
                hall.dispatch();
            };
            if !self.home.spawn(run) {
                return;
            }
        }
    }

    /// Ends a job that was cancelled while it waited.
    pub(super) fn end_withdrawn(self: &Arc<Self>, live: Arc<Live>) {
        self.home.spawn(runner::run(self.clone(), live, None));
    }

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

    /// What is done behind the jobs' backs, until the service goes down.
    pub(super) fn start_upkeep(&self) {
        self.home.spawn(retire_and_sweep(self.store.clone(), self.retention, self.to_sweep.clone(), self.stop.clone()));
        self.home.spawn(index(self.store.clone(), self.to_index.clone(), self.indexed.clone(), self.stop.clone()));
    }
}

/// Deletes jobs that are not to be kept and removes the rows of runs that were given up, whenever there may be
/// some, and now and then.
async fn retire_and_sweep(store: Store, retention: Retention, to_sweep: Arc<Notify>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = to_sweep.notified() => {}
            () = tokio::time::sleep(RETIRE_EVERY) => {}
        }
        // A piece at a time, so that whoever waits for the writer comes in between. After a failure the rest
        // stays until there is more, or the next start.
        while !stop.is_cancelled() && store.retire(retention).await.unwrap_or(false) {}
        while !stop.is_cancelled() && store.sweep().await.unwrap_or(false) {}
    }
}

/// Builds the orders of ended jobs.
async fn index(store: Store, to_index: Arc<Notify>, indexed: Arc<watch::Sender<u64>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = to_index.notified() => {}
            () = tokio::time::sleep(RETIRE_EVERY) => {}
        }
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = store.index_next() => next,
            };
            match next {
                Ok(Some(_)) => indexed.send_modify(|count| *count += 1),
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the orders of an ended job could not be built; later again");
                    break;
                }
            }
        }
    }
}
