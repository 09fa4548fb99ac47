//! Retries: a job whose disk is full waits until there is room again, and one whose store others use for its turn.
//!
//! Every other failure of the store ends the job at once.

use std::time::Duration;

use super::active::ActiveJob;
use super::shared::JobsShared;
use crate::error::StoreError;

/// How long to wait before the first retry.
const FIRST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 250 });

/// The longest wait between retries.
pub(super) const LONGEST_WAIT: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 5_000 });

impl StoreError {
    /// Whether what failed can succeed later, by itself.
    pub(super) const fn passes(&self) -> bool {
        matches!(self, Self::Full | Self::Busy)
    }
}

/// Tries until it succeeds, fails for another reason than a full disk or a busy store, the job is cancelled or the
/// service shuts down. Then it fails with the last reason.
pub(super) async fn with_room<T, F>(
    shared: &JobsShared,
    live: &ActiveJob,
    attempt: impl Fn() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut failed = StoreError::Closed;
    for (tries, wait) in waits(FIRST_WAIT, LONGEST_WAIT).enumerate() {
        failed = match attempt().await {
            Err(error) if error.passes() => error,
            done => return done,
        };
        if tries == 0 {
            tracing::warn!(job = %live.id, error = %failed, "results cannot be stored now: the job waits");
        }
        tokio::select! {
            biased;
            () = live.cancel.cancelled() => break,
            () = shared.stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    Err(failed)
}

/// Waits between retries, without end: twice as long each time, up to the longest.
pub(super) fn waits(first: Duration, longest: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), move |wait| Some((2 * *wait).min(longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_as_long_up_to_the_longest() {
        let waits = waits(Duration::from_secs(1), Duration::from_secs(5)).take(5);
        assert_eq!(waits.map(|wait| wait.as_secs()).collect::<Vec<_>>(), [1, 2, 4, 5, 5]);
    }
}
