//! How many directories the plans of one walk may hold open.
//!
//! Each plan under way keeps the descriptors of its directories until its results have left. Where few are
//! to be had, the walk waits until plans are done instead of running out: they need none of what it holds.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// The part of all descriptors that one walk's plans may hold: jobs share them with files and connections.
const PART: u64 = 8;

/// How often a walk that waits looks whether anybody still listens.
const GLANCE: Duration = Duration::from_millis(100);

/// The count of one walk.
#[derive(Debug)]
pub(crate) struct OpenDirectories {
    open: Mutex<usize>,
    fewer: Condvar,
    limit: usize,
}

/// The directories of one plan; dropped with it.
#[derive(Debug)]
pub struct Share {
    openings: Arc<OpenDirectories>,
    directories: usize,
}

impl OpenDirectories {
    pub(crate) fn new() -> Arc<Self> {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::up_to(usize::try_from(descriptors / PART).unwrap_or(usize::MAX).max(1))
    }

    fn up_to(limit: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::new(0), fewer: Condvar::new(), limit })
    }

    /// A plan without directories.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { openings: self.clone(), directories: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) >= self.limit
    }

    /// Until there is room for one more, or nobody listens.
    pub(crate) fn wait_for_room(&self, is_gone: impl Fn() -> bool) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while *open >= self.limit && !is_gone() {
            open = self.fewer.wait_timeout(open, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Share {
    /// One more directory.
    pub(crate) fn grow(&mut self) {
        self.directories += 1;
        *self.openings.open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *self.openings.open.lock().unwrap_or_else(PoisonError::into_inner) -= self.directories;
        self.openings.fewer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_walk_waits_for_a_plan_to_be_done() {
        let openings = OpenDirectories::up_to(2);
        let mut plan = openings.share();
        plan.grow();
        assert!(!openings.is_full());
        plan.grow();
        assert!(openings.is_full());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| openings.wait_for_room(|| false));
            drop(plan);
            waiting.join().unwrap();
        });
        assert!(!openings.is_full());
    }

    #[test]
    fn nobody_waits_where_nobody_listens() {
        let openings = OpenDirectories::up_to(1);
        let mut plan = openings.share();
        plan.grow();
        openings.wait_for_room(|| true);
    }
}
