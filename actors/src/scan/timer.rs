//! Waits for a time that may not be set.

use tokio::time::Instant;

/// Sleeps until that time; forever if there is none.
pub(crate) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
