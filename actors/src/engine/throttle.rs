//! Byte budgets per second, of one scan or of all, by governor: read bytes are paid for before more is read.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

/// governor counts in 32 bits: a cell is 4 KiB, which reaches 16 TiB a second.
const CELL_BYTES: u64 = 4096;

/// A budget that scans share. Clones share one budget.
#[derive(Debug, Clone)]
pub(crate) struct ByteBudget {
    limiter: Arc<DefaultDirectRateLimiter>,
    burst: NonZeroU32,
}

impl ByteBudget {
    pub(crate) fn new(bytes_per_second: NonZeroU64) -> Self {
        let cells = (bytes_per_second.get() / CELL_BYTES).clamp(1, u64::from(u32::MAX));
        let burst = NonZeroU32::new(cells as u32).unwrap_or(NonZeroU32::MIN);
        let limiter = Arc::new(RateLimiter::direct(Quota::per_second(burst).allow_burst(burst)));
        Self { limiter, burst }
    }
}

/// The debt of one scan to a budget.
#[derive(Debug)]
pub(crate) struct Throttle {
    budget: ByteBudget,
    clock: DefaultClock,
    debt_bytes: u64,
    paused_until: Option<Instant>,
}

impl Throttle {
    pub(crate) fn of(budget: ByteBudget) -> Self {
        Self { budget, clock: DefaultClock::default(), debt_bytes: 0, paused_until: None }
    }

    /// Records bytes that were read.
    pub(crate) fn charge(&mut self, bytes: u64) {
        self.debt_bytes += bytes;
    }

    /// Whether all read bytes are paid for.
    pub(crate) fn may_read(&mut self) -> bool {
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        self.paused_until = None;
        let burst = u64::from(self.budget.burst.get());
        while let Some(cells) = NonZeroU32::new((self.debt_bytes / CELL_BYTES).min(burst) as u32) {
            match self.budget.limiter.check_n(cells) {
                Ok(Ok(())) => self.debt_bytes -= u64::from(cells.get()) * CELL_BYTES,
                Ok(Err(not_until)) => {
                    let wait = not_until.wait_time_from(self.clock.now());
                    self.paused_until = Some(Instant::now() + wait);
                    return false;
                }
                Err(_) => return true, // cannot be: `cells` is at most the burst
            }
        }
        true
    }

    /// When reading may continue; `None` if it need not wait.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }
}

/// Sleeps until that time; forever if there is none.
pub(crate) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_paid_for_before_more_is_read() {
        let mut throttle = Throttle::of(ByteBudget::new(NonZeroU64::new(1 << 20).unwrap()));
        assert!(throttle.may_read());
        throttle.charge(1 << 20);
        assert!(throttle.may_read(), "the first second is free");
        throttle.charge(1 << 30);
        assert!(!throttle.may_read());
        assert!(throttle.paused_until().is_some());
    }

    #[test]
    fn scans_that_share_a_budget_wait_for_what_the_others_have_read() {
        let budget = ByteBudget::new(NonZeroU64::new(1 << 20).unwrap());
        let (mut one, mut other) = (Throttle::of(budget.clone()), Throttle::of(budget));
        one.charge(1 << 20);
        assert!(one.may_read());
        // For a quarter of an hour, however long this test is held up.
        other.charge(1 << 30);
        assert!(!other.may_read());
    }
}
