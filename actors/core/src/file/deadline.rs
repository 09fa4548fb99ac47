//! One read of a file: what may go wrong, and how long bytes that arrive slowly may keep the hasher waiting.
//!
//! The Supervisor detects a read that never returns. A file that delivers a byte now and then would keep its thread
//! busy for ever, so its reader checks this deadline before every further read. Time that the thread runs on a core or
//! waits for one does not count: a busy machine is slow with every file.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::guard_is_out;
use crate::sys::sched;

/// How long a file or directory may keep its reader waiting, unless another timeout is set.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How many signals in a row may interrupt a read before it is an error.
const MAX_INTERRUPTIONS: usize = 1000;

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadFailure {
    /// The file is shorter than before, or its pages are lost.
    MissingBytes,
    /// They are not in memory, and the read was not to wait for the device.
    NotInMemory,
    /// A read call failed.
    System(Errno),
}

impl ReadFailure {
    /// The error of a file that is otherwise unchanged: where its bytes are missing, the device or its server failed.
    pub(crate) const fn errno(self) -> Errno {
        match self {
            Self::MissingBytes => Errno::IO,
            Self::NotInMemory => Errno::AGAIN,
            Self::System(errno) => errno,
        }
    }
}

/// `pread`, retried after a signal.
pub(super) fn read_at(file: BorrowedFd<'_>, buffer: &mut [u8], offset: u64) -> Result<usize, ReadFailure> {
    let mut interruptions = MAX_INTERRUPTIONS;
    loop {
        match rustix::io::pread(file, &mut *buffer, offset) {
            Ok(got) => return Ok(got),
            Err(Errno::INTR) if interruptions > 0 => interruptions -= 1,
            Err(errno) => return Err(ReadFailure::System(errno)),
        }
    }
}

/// The deadline of one file or piece. It reads no clock before the first check.
#[derive(Debug)]
pub(crate) struct ReadDeadline {
    limit: Duration,
    first_check: Option<Instant>,
    /// When half of the limit had passed, and how long the thread had run or waited for a core by then. That is read
    /// from `/proc`, so only slow files pay for it.
    half_way: Option<(Instant, Duration)>,
}

impl ReadDeadline {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit, first_check: None, half_way: None }
    }

    /// To be called before every read but the first.
    pub(crate) fn check(&mut self) -> Result<(), ReadFailure> {
        match self.is_over() && !guard_is_out!(FileDeadline) {
            true => Err(ReadFailure::System(Errno::TIMEDOUT)),
            false => Ok(()),
        }
    }

    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let began = *self.first_check.get_or_insert(now);
        let half = self.limit / 2;
        if now.duration_since(began) < half {
            return false;
        }
        let wanted_a_core = sched::time_wanting_a_core();
        let (since, before) = *self.half_way.get_or_insert((now, wanted_a_core));
        now.duration_since(since).saturating_sub(wanted_a_core.saturating_sub(before)) >= half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spent_waiting_counts_and_time_on_a_core_does_not() {
        let limit = Duration::from_millis(100);
        let mut busy = ReadDeadline::new(limit);
        let since = Instant::now();
        while since.elapsed() < 3 * limit {
            busy.check().unwrap();
        }
        let mut waiting = ReadDeadline::new(limit);
        let (_never, nothing) = std::sync::mpsc::channel::<()>();
        let since = Instant::now();
        while waiting.check().is_ok() {
            assert!(nothing.recv_timeout(limit / 4).is_err());
        }
        assert!(since.elapsed() >= limit, "given up after {:?}", since.elapsed());
    }
}
