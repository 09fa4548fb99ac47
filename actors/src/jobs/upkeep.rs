//! Background work: deletes old jobs, removes abandoned rows, builds sort indexes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::retry::LONGEST_WAIT;
use super::shared::JobsShared;
use crate::error::StoreError;
use crate::store::Store;
use crate::store::retention::Retention;

/// How often to look for old jobs if nothing else triggers it.
const RETIRE_EVERY: Duration = Duration::from_secs(3600);

impl JobsShared {
    /// Starts the background work, which ends with the service.
    pub(super) fn start_upkeep(&self) {
        self.home.spawn(retire_and_sweep(self.store.clone(), self.retention, self.to_sweep.clone(), self.stop.clone()));
        self.home.spawn(index(self.store.clone(), self.to_index.clone(), self.indexed.clone(), self.stop.clone()));
    }
}

/// Deletes jobs beyond the retention and removes the rows of abandoned runs, whenever there may be
/// some, and from time to time.
async fn retire_and_sweep(store: Store, retention: Retention, to_sweep: Arc<Notify>, stop: CancellationToken) {
    let clock = store.age_clock().await;
    let clock = clock.inspect_err(|error| tracing::warn!(%error, "no job is deleted by its age until the next start"));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = to_sweep.notified() => {}
            () = tokio::time::sleep(RETIRE_EVERY) => {}
        }
        // In small steps, so that other writes come in between.
        while is_more(store.retire(retention, clock.as_ref().ok()).await, &stop).await {}
        while is_more(store.sweep().await, &stop).await {}
    }
}

/// Whether a further step is to be taken after this one, which says whether there may be more to do. Waits where the
/// store is full or others use it; after any other failure the rest stays until the next notification or start.
async fn is_more(step: Result<bool, StoreError>, stop: &CancellationToken) -> bool {
    let more = match step {
        Ok(more) => more,
        Err(error) if error.passes() => {
            wait(stop).await;
            true
        }
        Err(_) => false,
    };
    more && !stop.is_cancelled()
}

/// Waits before the next attempt, unless the service shuts down.
async fn wait(stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LONGEST_WAIT) => {}
    }
}

/// Builds the sort indexes of ended jobs.
async fn index(store: Store, to_index: Arc<Notify>, indexed: Arc<watch::Sender<u64>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = to_index.notified() => {}
            () = tokio::time::sleep(RETIRE_EVERY) => {}
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = index_all(&store, &indexed, &stop) => {}
        }
    }
}

/// Builds the sort indexes that are missing. A job of which that fails, as one of its results is damaged, is passed over
/// until the next time: those that ended after it have theirs all the same.
async fn index_all(store: &Store, indexed: &watch::Sender<u64>, stop: &CancellationToken) {
    let mut after = 0;
    loop {
        let next = store.next_without_index(after).await;
        let (built, number) = match next {
            Ok(None) => return,
            Ok(Some(stored)) => {
                let number = stored.ended.unwrap_or(after + 1);
                (store.index(stored).await, Some(number))
            }
            Err(error) => (Err(error), None),
        };
        match built {
            Ok(()) => indexed.send_modify(|count| *count += 1),
            Err(error) if error.passes() => wait(stop).await,
            Err(error) => {
                tracing::warn!(%error, "the orders of an ended job could not be built; later again");
                let Some(number) = number else { return };
                after = number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobState;
    use crate::store::testing::{Bench, connect_to_damage};

    #[actix::test]
    async fn a_job_with_a_damaged_result_does_not_keep_later_ones_from_their_sort_index() {
        let mut bench = Bench::new();
        let ids = [(); 3].map(|()| bench.job_with_rows(&["a", "b"]));
        ids.into_iter().for_each(|id| bench.end(id, JobState::Completed));
        let Bench { connection, dir } = bench;
        drop(connection);
        let damage = connect_to_damage(dir.path());
        damage
            .execute("UPDATE results SET name = x'7a' WHERE position = 0 AND run = (SELECT min(run) FROM results)", [])
            .unwrap();
        drop(damage);
        let store = Store::open(dir.path()).await.unwrap();
        let indexed = watch::Sender::new(0);
        index_all(&store, &indexed, &CancellationToken::new()).await;
        assert_eq!(*indexed.borrow(), 2);
        let mut found = Vec::new();
        for id in ids {
            found.push(store.is_indexed(id).await.unwrap());
        }
        assert_eq!(found, [false, true, true]);
    }
}
