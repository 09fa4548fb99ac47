//! Takes unfinished jobs up again: at the start, or, where the disk is full then, once there is room.
//!
//! Until that has happened the service only reads: a new job would be taken for an unfinished one, and an unfinished job
//! can neither be cancelled nor be deleted.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hivesum_core::sys::slots::Note;
use tokio_util::sync::CancellationToken;

use super::active::ActiveJob;
use super::retry::{LONGEST_WAIT, waits};
use super::service::Jobs;
use super::shared::JobsShared;
use crate::error::StoreError;
use crate::store::StoredJob;

/// How long to wait before the first retry.
const FIRST_WAIT: Duration = LONGEST_WAIT.checked_div(10).expect("ten is not zero");

impl Jobs {
    /// Whether anything can be stored.
    ///
    /// # Errors
    /// [`StoreError::Full`] while the service, started on a full disk, only reads.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        self.shared.check_writable()
    }
}

impl JobsShared {
    /// The same.
    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        if self.recovered.load(Ordering::Acquire) { Ok(()) } else { Err(StoreError::Full) }
    }

    /// Takes up these jobs, which are all that are unfinished.
    pub(super) fn take_up(&self, unfinished: Vec<StoredJob>) {
        for StoredJob { job, rows, .. } in unfinished {
            tracing::info!(job = %job.id, rows, "an unfinished job goes on");
            self.queue.admit(ActiveJob::new(job, rows));
        }
        self.recovered.store(true, Ordering::Release);
    }

    /// Takes up the unfinished jobs once there is room. It does not keep the service alive.
    pub(super) fn take_up_later(self: &Arc<Self>, notes: Vec<Note>) {
        self.home.spawn(take_up_later(Arc::downgrade(self), notes, self.stop.clone()));
    }
}

async fn take_up_later(service: Weak<JobsShared>, notes: Vec<Note>, stop: CancellationToken) {
    tracing::warn!("unfinished jobs wait until there is room on the disk");
    for wait in waits(FIRST_WAIT, LONGEST_WAIT) {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let Some(shared) = service.upgrade() else { return };
        match recover(&shared, notes.clone()).await {
            Ok(unfinished) => return shared.take_up(unfinished),
            Err(error) if error.passes() => {}
            Err(error) => {
                tracing::error!(%error, "nothing is written until the next start: unfinished jobs cannot go on");
                return;
            }
        }
    }
}

async fn recover(shared: &JobsShared, notes: Vec<Note>) -> Result<Vec<StoredJob>, StoreError> {
    shared.roots.remember(&shared.store).await?;
    shared.store.unfinished(notes).await
}
