//! How many directories the plans of one walk may keep open.
//!
//! Each plan keeps the descriptors of its directories until its results are delivered. If the process may have few
//! descriptors, the walk waits until plans are done, which never need a descriptor that the walk holds.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// The plans of one walk may use this fraction of all descriptors: one in eight. Other jobs, files and connections need
/// the others.
const FRACTION: u64 = 8;

/// How often a waiting walk checks whether the receiver is gone.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Counts the open directories of one walk.
#[derive(Debug)]
pub(crate) struct OpenDirectories {
    open: Mutex<usize>,
    closed: Condvar,
    limit: usize,
}

/// The open directories of one plan; dropped with it.
#[derive(Debug)]
pub struct Share {
    counter: Arc<OpenDirectories>,
    directories: usize,
}

impl OpenDirectories {
    pub(crate) fn new() -> Arc<Self> {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::up_to(usize::try_from(descriptors / FRACTION).unwrap_or(usize::MAX).max(1))
    }

    fn up_to(limit: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::new(0), closed: Condvar::new(), limit })
    }

    /// The share of a plan that has no directories yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { counter: self.clone(), directories: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) >= self.limit
    }

    /// Waits until one more directory may be opened, or the receiver is gone.
    pub(crate) fn wait_for_room(&self, is_gone: impl Fn() -> bool) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open >= self.limit && !is_gone() {
            open = self.closed.wait_timeout(open, POLL_INTERVAL).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Share {
    /// Counts one more directory.
    pub(crate) fn grow(&mut self) {
        self.directories += 1;
        *self.counter.open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *self.counter.open.lock().unwrap_or_else(PoisonError::into_inner) -= self.directories;
        self.counter.closed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_walk_waits_for_a_plan_to_be_done() {
        let counter = OpenDirectories::up_to(2);
        let mut plan = counter.share();
        plan.grow();
        assert!(!counter.is_full());
        plan.grow();
        assert!(counter.is_full());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| counter.wait_for_room(|| false));
            drop(plan);
            waiting.join().unwrap();
        });
        assert!(!counter.is_full());
    }

    #[test]
    fn nobody_waits_once_the_receiver_is_gone() {
        let counter = OpenDirectories::up_to(1);
        let mut plan = counter.share();
        plan.grow();
        counter.wait_for_room(|| true);
    }
}
