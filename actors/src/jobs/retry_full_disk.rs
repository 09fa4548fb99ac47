//! Waiting for room: a job whose store is full stands still until there is room again.
//!
//! Everything else that goes wrong in the store ends the job at once.

use std::time::Duration;

use super::active::ActiveJob;
use super::shared::JobsShared;
use crate::error::StoreError;

/// How long to wait before the first try again; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 250 });

/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Does it until it is done, fails for another reason than want of room, or the job is cancelled or the service
/// goes down.
pub(super) async fn with_room<T, F>(
    shared: &JobsShared,
    live: &ActiveJob,
    attempt: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut wait = FIRST_WAIT;
    loop {
        match attempt().await {
            Err(StoreError::Full) => {}
            done => return done,
        }
        if wait == FIRST_WAIT {
            tracing::warn!(job = %live.id, "no room left to store results: the job waits");
        }
        tokio::select! {
            biased;
            () = live.cancel.cancelled() => return Err(StoreError::Full),
            () = shared.stop.cancelled() => return Err(StoreError::Full),
            () = tokio::time::sleep(wait) => {}
        }
        wait = (2 * wait).min(LONGEST_WAIT);
    }
}
