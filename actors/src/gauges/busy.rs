//! How long hashers have been busy, all together: the busy hashers integrated over time.
//!
//! A sample of the busy hashers tells of one moment; the difference of this sum between two moments, by the time
//! between them, is the mean. It is exact: each change of the number closes the stretch before it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The sum so far, and since when how many hashers have been busy.
#[derive(Debug)]
pub(super) struct BusyTime(Mutex<Stretch>);

#[derive(Debug, Clone, Copy)]
struct Stretch {
    sum: Duration,
    busy: u32,
    since: Instant,
}

impl Default for BusyTime {
    fn default() -> Self {
        Self(Mutex::new(Stretch { sum: Duration::ZERO, busy: 0, since: Instant::now() }))
    }
}

impl BusyTime {
    /// From this moment on so many hashers are busy.
    pub(super) fn set(&self, busy: usize, now: Instant) {
        let mut stretch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *stretch = Stretch { sum: stretch.until(now), busy: u32::try_from(busy).unwrap_or(u32::MAX), since: now };
    }

    /// The time that hashers have been busy up to this moment: two busy for a second make two seconds.
    pub(super) fn sum(&self, now: Instant) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).until(now)
    }
}

impl Stretch {
    fn until(&self, now: Instant) -> Duration {
        self.sum.saturating_add(now.saturating_duration_since(self.since).saturating_mul(self.busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_counts_as_often_as_hashers_were_busy_in_it() {
        let time = BusyTime::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        for (milliseconds, busy) in [(100, 1), (400, 2), (600, 0), (900, 1)] {
            time.set(busy, at(milliseconds));
        }
        assert_eq!(time.sum(at(900)), Duration::from_millis(300 + 2 * 200));
        assert_eq!(time.sum(at(1000)), Duration::from_millis(300 + 2 * 200 + 100), "the last stretch is open");
        assert_eq!(time.sum(start), Duration::from_millis(700), "a clock that is late takes nothing away");
    }
}
