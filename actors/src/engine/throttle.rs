//! Byte budgets per second, of one scan or of all: a quantum is charged before it is read, by what it reads at most,
//! and by what it has read when it is answered.
//!
//! The budget keeps the debt, not the scan: what a scan has read in its last quantum is waited for by the next one.
//! So that many short scans keep the rate as one long scan does, nothing but [`SLACK`] is free at a beginning.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time that counts as paid for after a pause: timers are late by a millisecond or two, and the rate is kept all the
/// same. Of 800 MB a second it is one quantum of 8 MiB.
const SLACK: Duration = Duration::from_millis(10);

/// A scan that waits looks again after this time, as another one may have read less than it was charged for.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A rate that scans keep together. Clones share one budget.
#[derive(Debug, Clone)]
pub struct ByteBudget {
    bytes_per_second: NonZeroU64,
    /// When all charged bytes have had their time.
    paid_at: Arc<Mutex<Option<Instant>>>,
}

impl ByteBudget {
    /// So many bytes per second, and nothing saved up.
    #[must_use]
    pub fn new(bytes_per_second: NonZeroU64) -> Self {
        Self { bytes_per_second, paid_at: Arc::default() }
    }

    /// When all charged bytes are paid for; `None` if they are at this time.
    fn paid_after(&self, now: Instant) -> Option<Instant> {
        self.paid_at.lock().unwrap_or_else(PoisonError::into_inner).filter(|paid_at| *paid_at > now)
    }

    fn charge(&self, bytes: u64, now: Instant) {
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let from = paid_at.map_or(earliest, |paid_at| paid_at.max(earliest));
        *paid_at = Some(from.checked_add(self.time_of(bytes)).unwrap_or(from));
    }

    fn give_back(&self, bytes: u64) {
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        *paid_at = paid_at.and_then(|paid_at| paid_at.checked_sub(self.time_of(bytes)));
    }

    fn time_of(&self, bytes: u64) -> Duration {
        let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

/// The account of one scan at a budget. What it has reserved and not read goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Throttle {
    budget: ByteBudget,
    reserved_bytes: u64,
    paused_until: Option<Instant>,
}

impl Throttle {
    pub(crate) fn of(budget: ByteBudget) -> Self {
        Self { budget, reserved_bytes: 0, paused_until: None }
    }

    /// Whether everything that was read or reserved at the budget is paid for at this time.
    pub(crate) fn may_read(&mut self, now: Instant) -> bool {
        self.paused_until = self.budget.paid_after(now).map(|paid_at| paid_at.min(now + LOOK_AGAIN));
        self.paused_until.is_none()
    }

    /// Charges a quantum that is about to be read.
    pub(crate) fn reserve(&mut self, bytes: u64, now: Instant) {
        self.reserved_bytes = self.reserved_bytes.saturating_add(bytes);
        self.budget.charge(bytes, now);
    }

    /// Replaces what was reserved for a quantum by what it has read.
    pub(crate) fn settle(&mut self, reserved_bytes: u64, read_bytes: u64, now: Instant) {
        self.reserved_bytes = self.reserved_bytes.saturating_sub(reserved_bytes);
        match read_bytes.checked_sub(reserved_bytes) {
            Some(more) => self.budget.charge(more, now),
            None => self.budget.give_back(reserved_bytes - read_bytes),
        }
    }

    /// Charges what was read, and blocks until it is paid for or the read is cancelled.
    pub(crate) fn pay(&mut self, bytes: u64, is_cancelled: impl Fn() -> bool) {
        let now = Instant::now();
        self.budget.charge(bytes, now);
        while !is_cancelled() && !self.may_read(Instant::now()) {
            let until = self.paused_until().unwrap_or(now);
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    /// When to look again; `None` if reading need not wait.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.budget.give_back(self.reserved_bytes);
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

    const MIB: u64 = 1 << 20;

    fn budget(bytes_per_second: u64) -> ByteBudget {
        ByteBudget::new(NonZeroU64::new(bytes_per_second).unwrap())
    }

    /// Reads a quantum as soon as the budget allows it, on a clock of its own; returns the time after it.
    fn read(throttle: &mut Throttle, quantum: u64, mut now: Instant) -> Instant {
        while !throttle.may_read(now) {
            now = throttle.paused_until().unwrap();
        }
        throttle.reserve(quantum, now);
        throttle.settle(quantum, quantum, now);
        now
    }

    #[test]
    fn many_short_scans_together_keep_the_rate() {
        let budget = budget(8 * MIB);
        let start = Instant::now();
        let mut now = start;
        for _ in 0..8 {
            let mut throttle = Throttle::of(budget.clone());
            for _ in 0..8 {
                now = read(&mut throttle, MIB, now);
            }
        }
        // 64 MiB at 8 MiB a second, of which the last quantum need not be waited for, nor the slack.
        let least = Duration::from_millis(8000 - 125) - SLACK;
        assert!((least..Duration::from_secs(8)).contains(&(now - start)), "{:?}", now - start);
    }

    #[test]
    fn one_scan_at_its_beginning_reads_one_quantum_and_the_slack() {
        let start = Instant::now();
        let mut throttle = Throttle::of(budget(8 * MIB));
        assert!(throttle.may_read(start));
        throttle.reserve(MIB, start);
        assert!(!throttle.may_read(start), "what is not read yet counts");
        assert!(!throttle.may_read(start + Duration::from_millis(110)));
        assert!(throttle.may_read(start + Duration::from_millis(125)));
    }

    #[test]
    fn a_pause_saves_up_nothing() {
        let start = Instant::now();
        let mut throttle = Throttle::of(budget(MIB));
        read(&mut throttle, MIB, start);
        let later = start + Duration::from_secs(3600);
        assert_eq!(read(&mut throttle, MIB, later), later);
        assert!(read(&mut throttle, MIB, later) >= later + Duration::from_millis(990));
    }

    #[test]
    fn what_was_reserved_and_not_read_is_given_back() {
        let (budget, start) = (budget(1000), Instant::now());
        let (mut one, mut other) = (Throttle::of(budget.clone()), Throttle::of(budget));
        one.reserve(MIB, start);
        assert!(!other.may_read(start));
        assert!(other.paused_until().unwrap() <= start + LOOK_AGAIN);
        one.settle(MIB, 100, start);
        assert!(other.may_read(start + Duration::from_millis(100)));
        one.reserve(MIB, start + Duration::from_millis(100));
        assert!(!other.may_read(start + Duration::from_millis(200)));
        drop(one);
        assert!(other.may_read(start + Duration::from_millis(200)), "a scan that was cancelled leaves no debt");
    }

    #[test]
    fn what_was_read_beyond_the_reservation_is_paid_for() {
        let (mut throttle, start) = (Throttle::of(budget(MIB)), Instant::now());
        throttle.reserve(MIB, start);
        throttle.settle(MIB, 3 * MIB, start);
        assert!(!throttle.may_read(start + Duration::from_millis(2900)));
        assert!(throttle.may_read(start + Duration::from_secs(3)));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let start = Instant::now();
        for rate in [1, u64::MAX] {
            let mut throttle = Throttle::of(budget(rate));
            throttle.reserve(u64::MAX, start);
            throttle.reserve(u64::MAX, start);
            throttle.settle(u64::MAX, 0, start);
            throttle.may_read(start);
        }
    }
}
