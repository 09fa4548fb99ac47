//! Waiting for a time that may not be set.

use tokio::time::Instant;

/// Sleeps until then; for ever without a time.
pub(crate) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
