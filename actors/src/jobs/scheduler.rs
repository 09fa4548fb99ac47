//! The scheduler: one task that starts waiting jobs whenever one may run.
//!
//! It waits on the queue, which wakes it when a job is admitted and when a permit is given back. It ends with the
//! service and does not keep it alive.

use std::sync::{Arc, Weak};

use super::active::ActiveJob;
use super::runner;
use super::shared::JobsShared;

impl JobsShared {
    /// Starts the scheduler on the service's own arbiter.
    pub(super) fn start_scheduler(self: &Arc<Self>) {
        self.home.spawn(schedule(Arc::downgrade(self)));
    }

    /// Ends a job that was cancelled while it waited.
    pub(super) fn end_withdrawn(self: &Arc<Self>, job: Arc<ActiveJob>) {
        self.home.spawn(runner::run(self.clone(), job, None));
    }
}

async fn schedule(service: Weak<JobsShared>) {
    let Some((queue, stop)) = service.upgrade().map(|shared| (shared.queue.clone(), shared.stop.clone())) else {
        return;
    };
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = queue.changed_for_scheduler() => {}
        }
        let Some(shared) = service.upgrade() else { return };
        while let Some((job, permit)) = queue.next() {
            if !shared.home.spawn(runner::run(shared.clone(), job, Some(permit))) {
                return;
            }
        }
    }
}
