//! When a node takes work: not while it is drained by the coordinator, nor outside its windows. What it has begun it ends.

use std::time::Duration;

use hivesum_core::fixity::{Opening, Windows};
use jiff::Timestamp;
use tokio::sync::watch;

/// Looks at the clock are not further apart: it may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Whether a node takes work, and why not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hours {
    /// The coordinator has said so.
    pub(super) drained: bool,
    /// No window is open.
    pub(super) closed: bool,
}

impl Hours {
    /// Those of a node that starts at this time.
    pub(super) fn at(windows: &Windows, now: Timestamp) -> Self {
        Self { drained: false, closed: !hours_at(windows, now).0 }
    }

    pub(super) const fn takes_work(self) -> bool {
        !self.drained && !self.closed
    }
}

/// Opens and closes the node by its windows, as long as it is polled.
pub(super) async fn keep_hours(hours: &watch::Sender<Hours>, windows: &Windows) {
    loop {
        let (is_open, wait) = hours_at(windows, Timestamp::now());
        set(hours, |hours| hours.closed = !is_open);
        tokio::time::sleep(wait).await;
    }
}

/// Whether a window is open at this time, and how long that is so, at most [`LOOK_EVERY`].
fn hours_at(windows: &Windows, now: Timestamp) -> (bool, Duration) {
    let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
    match windows.at_or_after(now) {
        Some(Opening { from, to }) if from <= now => (true, until(to).min(LOOK_EVERY)),
        Some(Opening { from, .. }) => (false, until(from).min(LOOK_EVERY)),
        None => (false, LOOK_EVERY),
    }
}

/// Changes the hours; whoever waits hears of it only if that changes anything.
pub(super) fn set(hours: &watch::Sender<Hours>, change: impl FnOnce(&mut Hours)) {
    hours.send_if_modified(|hours| {
        let before = *hours;
        change(hours);
        if before.takes_work() != hours.takes_work() {
            tracing::info!(takes_work = hours.takes_work(), drained = hours.drained, "the hours of the node change");
        }
        before != *hours
    });
}

#[cfg(test)]
mod tests {
    use hivesum_core::fixity::WindowText;

    use super::*;

    #[test]
    fn a_node_is_open_within_its_windows_and_always_without_any() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let night = WindowText { cron: "* 22-23 * * *".to_owned(), time_zone: "Europe/Berlin".to_owned() };
        let windows = Windows::new(&[night]).unwrap();
        let seconds = |at: Timestamp| {
            let (is_open, wait) = hours_at(&windows, at);
            (is_open, wait.as_secs())
        };
        assert_eq!(seconds(at("2026-11-30T20:59:10Z")), (false, 50));
        assert_eq!(seconds(at("2026-11-30T21:00:00Z")), (true, 60), "it looks at the clock again");
        assert_eq!(seconds(at("2026-11-30T22:59:30Z")), (true, 30));
        assert_eq!(seconds(at("2026-11-30T23:00:00Z")), (false, 60));
        assert!(!Hours::at(&windows, at("2026-11-30T12:00:00Z")).takes_work(), "from the start");
        assert!(hours_at(&Windows::default(), at("2026-11-30T12:00:00Z")).0);
    }

    #[test]
    fn whoever_drains_and_a_window_both_have_to_let_it_work() {
        let hours = watch::Sender::new(Hours::default());
        set(&hours, |hours| hours.closed = true);
        set(&hours, |hours| hours.drained = true);
        set(&hours, |hours| hours.closed = false);
        assert!(!hours.borrow().takes_work());
        set(&hours, |hours| hours.drained = false);
        assert!(hours.borrow().takes_work());
    }
}
