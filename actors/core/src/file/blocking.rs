//! Asking a file system that may never answer: network and FUSE mounts, and whatever is mounted below a walk.
//!
//! The question runs on a thread of its own and is left alone with it when neither an answer nor a step
//! comes in time. Nobody can take a thread back from a dead mount, so the number of those left is bounded:
//! beyond it nothing is asked any more, and the walk goes on with what does answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::guard_is_out;

/// Threads of this process that were left with a question.
const MAX_LEFT: usize = 64;

/// How often whoever waits looks whether an answer is still wanted.
const GLANCE: Duration = Duration::from_millis(200);

static LEFT: AtomicUsize = AtomicUsize::new(0);

/// There is no answer, and none is waited for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoAnswer;

/// Shared by whoever asks and the thread that does.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    steps: AtomicU64,
    is_left: AtomicBool,
}

impl Steps {
    /// Something came. False when nobody waits for the rest.
    pub(crate) fn step(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed);
        !self.is_left.load(Ordering::Relaxed)
    }
}

/// Puts the question; `is_gone` says when nobody wants the answer any more.
pub(crate) fn ask<T: Send + 'static>(
    timeout: Duration,
    is_gone: impl Fn() -> bool,
    question: impl FnOnce(&Steps) -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    if LEFT.load(Ordering::Relaxed) >= MAX_LEFT {
        return Err(NoAnswer);
    }
    let steps_of = Arc::new(Steps::default());
    let (answer_in, answer) = sync_channel(1);
    let of_thread = steps_of.clone();
    let run = move || {
        let _ = answer_in.send(question(&of_thread));
        if of_thread.is_left.load(Ordering::SeqCst) {
            LEFT.fetch_sub(1, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new().name("hivesum-walk".to_owned()).spawn(run).map_err(|_| NoAnswer)?;
    let (mut seen, mut waited) = (0, Duration::ZERO);
    loop {
        let glance = GLANCE.min(timeout);
        match answer.recv_timeout(glance) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => return Err(NoAnswer),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let steps = steps_of.steps.load(Ordering::Relaxed);
        waited = if steps == seen { waited + glance } else { Duration::ZERO };
        seen = steps;
        if is_gone() || (waited >= timeout && !guard_is_out!(WalkPatience)) {
            LEFT.fetch_add(1, Ordering::Relaxed);
            steps_of.is_left.store(true, Ordering::SeqCst);
            return Err(NoAnswer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn a_question_that_is_answered_step_by_step_is_waited_for_however_long_it_takes() {
        let (go_on, wait) = mpsc::channel::<()>();
        let slow = move |steps_of: &Steps| {
            let mut steps = 0;
            while wait.recv_timeout(SHORT / 4).is_err() && steps < 40 {
                assert!(steps_of.step(), "left after {steps} steps");
                steps += 1;
            }
            steps
        };
        assert_eq!(ask(10 * SHORT, || false, slow), Ok(40));
        drop(go_on);
    }

    #[test]
    fn so_many_threads_may_be_left_and_no_more_until_they_come_back() {
        let mut keys = Vec::new();
        let stuck = || {
            let (key, lock) = mpsc::channel::<()>();
            let question = move |_: &Steps| {
                let _ = lock.recv();
            };
            (key, question)
        };
        while LEFT.load(Ordering::Relaxed) < MAX_LEFT {
            let (key, question) = stuck();
            keys.push(key);
            assert_eq!(ask(Duration::from_millis(1), || false, question), Err(NoAnswer));
        }
        assert_eq!(ask(Duration::MAX, || false, |_| ()), Err(NoAnswer), "not even asked");
        drop(keys);
        while LEFT.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(ask(Duration::MAX, || false, |_| 7), Ok(7));
    }

    #[test]
    fn nobody_waits_once_the_answer_is_not_wanted() {
        let (_key, lock) = mpsc::channel::<()>();
        let question = move |_: &Steps| {
            let _ = lock.recv();
        };
        assert_eq!(ask(Duration::MAX, || true, question), Err(NoAnswer));
    }
}
