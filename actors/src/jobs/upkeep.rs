//! What is done behind the jobs' backs: old jobs are deleted, abandoned rows removed, sort indexes built.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::shared::JobsShared;
use crate::store::Store;
use crate::store::retention::Retention;

/// How often old jobs are looked for while nothing happens.
const RETIRE_EVERY: Duration = Duration::from_secs(3600);

impl JobsShared {
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
