//! Calls to file systems that may never answer: network and FUSE mounts, and anything mounted below a walk.
//!
//! The call runs on a thread of its own. If neither a result nor progress comes in time, the thread is abandoned. A
//! thread that waits for a dead mount cannot be ended, so the number of abandoned threads is bounded: beyond it such
//! calls fail at once, and the walk continues with the file systems that do answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::guard_is_out;

/// How many threads of this process may be abandoned.
const MAX_ABANDONED: usize = 64;

/// How often the waiting thread checks whether the result is still wanted.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// No result came in time, or the result is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abandoned;

/// Shared by the thread that makes the call and the one that waits for it.
#[derive(Debug, Default)]
pub(crate) struct ProgressCounter {
    steps: AtomicU64,
    is_abandoned: AtomicBool,
}

impl ProgressCounter {
    /// Counts one step of progress. False if the call was abandoned and may end.
    pub(crate) fn advance(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed);
        !self.is_abandoned.load(Ordering::Relaxed)
    }
}

/// Makes the call on another thread and waits for its result, as long as it makes progress within the timeout.
/// `is_gone` returns true once the result is no longer wanted.
pub(crate) fn call_with_timeout<T: Send + 'static>(
    timeout: Duration,
    is_gone: impl Fn() -> bool,
    call: impl FnOnce(&ProgressCounter) -> T + Send + 'static,
) -> Result<T, Abandoned> {
    call_counted(&ABANDONED, timeout, is_gone, call)
}

/// The same, with the number of threads that are abandoned by now.
fn call_counted<T: Send + 'static>(
    abandoned: &'static AtomicUsize,
    timeout: Duration,
    is_gone: impl Fn() -> bool,
    call: impl FnOnce(&ProgressCounter) -> T + Send + 'static,
) -> Result<T, Abandoned> {
    if abandoned.load(Ordering::Relaxed) >= MAX_ABANDONED {
        return Err(Abandoned);
    }
    let progress = Arc::new(ProgressCounter::default());
    let (sender, receiver) = sync_channel(1);
    let of_thread = progress.clone();
    let run = move || {
        let _ = sender.send(call(&of_thread));
        if of_thread.is_abandoned.load(Ordering::SeqCst) {
            abandoned.fetch_sub(1, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new().name("hivesum-walk".to_owned()).spawn(run).map_err(|_| Abandoned)?;
    let (mut seen, mut waited) = (0, Duration::ZERO);
    loop {
        let interval = POLL_INTERVAL.min(timeout);
        match receiver.recv_timeout(interval) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => return Err(Abandoned),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let steps = progress.steps.load(Ordering::Relaxed);
        waited = if steps == seen { waited + interval } else { Duration::ZERO };
        seen = steps;
        if is_gone() || (waited >= timeout && !guard_is_out!(WalkDeadline)) {
            abandoned.fetch_add(1, Ordering::Relaxed);
            progress.is_abandoned.store(true, Ordering::SeqCst);
            return Err(Abandoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const STEP: Duration = Duration::from_millis(50);

    #[test]
    fn a_call_that_makes_progress_is_waited_for_however_long_it_takes() {
        let (end, wait) = mpsc::channel::<()>();
        let slow = move |progress: &ProgressCounter| {
            let mut steps = 0;
            while wait.recv_timeout(STEP).is_err() && steps < 44 {
                assert!(progress.advance(), "abandoned after {steps} steps");
                steps += 1;
            }
            steps
        };
        // Two seconds without a step would be too many, and all steps together take longer.
        assert_eq!(call_with_timeout(40 * STEP, || false, slow), Ok(44));
        drop(end);
    }

    #[test]
    fn no_call_is_made_while_too_many_threads_are_abandoned() {
        // Not the one of the process: other tests make calls meanwhile.
        static HERE: AtomicUsize = AtomicUsize::new(0);
        let mut keys = Vec::new();
        let stuck = || {
            let (key, lock) = mpsc::channel::<()>();
            let call = move |_: &ProgressCounter| {
                let _ = lock.recv();
            };
            (key, call)
        };
        while HERE.load(Ordering::Relaxed) < MAX_ABANDONED {
            let (key, call) = stuck();
            keys.push(key);
            assert_eq!(call_counted(&HERE, Duration::from_millis(1), || false, call), Err(Abandoned));
        }
        assert_eq!(call_counted(&HERE, Duration::MAX, || false, |_| ()), Err(Abandoned), "not even called");
        drop(keys);
        while HERE.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(call_counted(&HERE, Duration::MAX, || false, |_| 7), Ok(7));
    }

    #[test]
    fn the_wait_ends_once_the_result_is_not_wanted() {
        let (_key, lock) = mpsc::channel::<()>();
        let call = move |_: &ProgressCounter| {
            let _ = lock.recv();
        };
        assert_eq!(call_with_timeout(Duration::MAX, || true, call), Err(Abandoned));
    }
}
