//! An unfinished job and its current view: what the store has committed, with the live rate and totals
//! on top. Its runner updates the view; requests for the job and its events watch it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::job::{Job, JobId, JobState};
use crate::scan::Priority;
use crate::store::{Ending, NumberedItem, RowCounts, RunState};
use hivesum_core::result::Progress;

/// How many error notices a reader of events may lag behind before the rest is read from the store. They are kept as
/// long as anyone listens, so a stuck reader costs a job no more than these.
pub(crate) const NOTICES_AHEAD: usize = 64;

/// Errors in one notice.
const NOTICE_ERRORS: usize = 64;

/// The memory of the errors in one notice. A single error may exceed it by the length of a path.
pub(crate) const NOTICE_BYTES: usize = 64 << 10;

/// How many errors, from the first on, belong into one notice of at most this many.
pub(crate) fn fit_in_a_notice(errors: &[NumberedItem], most: usize) -> usize {
    let mut bytes = 0;
    let fit = errors.iter().take(most).take_while(|(_, item)| {
        let fits = bytes < NOTICE_BYTES;
        bytes += size_of::<NumberedItem>() + item.path.len() + item.digests.len();
        fits
    });
    fit.count()
}

/// Errors that were committed together, or some of them, shared by all readers of events.
pub(crate) type Notice = Arc<Vec<NumberedItem>>;

/// The current view of a job.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) job: Job,
    /// Number of committed results.
    pub(crate) rows: u64,
    /// Bytes of the hashed files among them.
    pub(crate) bytes: u64,
    /// Running time before this process resumed the job.
    pub(crate) elapsed_before: Duration,
}

/// A job that has not ended.
#[derive(Debug)]
pub(crate) struct ActiveJob {
    pub(crate) id: JobId,
    pub(crate) cancel: CancellationToken,
    view: watch::Sender<View>,
    errors: broadcast::Sender<Notice>,
}

impl ActiveJob {
    /// A job that has this many results in the store.
    pub(crate) fn new(job: Job, rows: u64) -> Arc<Self> {
        let (id, cancel) = (job.id, CancellationToken::new());
        let (view, _) = watch::channel(View::of(job, rows));
        let (errors, _) = broadcast::channel(NOTICES_AHEAD);
        Arc::new(Self { id, cancel, view, errors })
    }

    pub(crate) fn job(&self) -> Job {
        self.view.borrow().job.clone()
    }

    /// Whether the job belongs to this owner; always true if no owner is given.
    pub(crate) fn is_of(&self, owner: Option<&str>) -> bool {
        owner.is_none() || self.has_owner(owner)
    }

    /// Whether the job has exactly this owner, or none if none is given.
    pub(crate) fn has_owner(&self, owner: Option<&str>) -> bool {
        self.view.borrow().job.owner.as_deref() == owner
    }

    pub(crate) fn state(&self) -> JobState {
        self.view.borrow().job.state
    }

    /// Its priority among other jobs.
    pub(crate) fn priority(&self) -> Priority {
        self.view.borrow().job.spec.priority
    }

    /// The counts of committed results.
    pub(crate) fn counts(&self) -> RowCounts {
        let view = self.view.borrow();
        let Progress { files_done, files_failed, files_skipped, .. } = view.job.progress;
        RowCounts { rows: view.rows, files_done, files_failed, files_skipped, bytes_done: view.bytes }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    pub(crate) fn watch_errors(&self) -> broadcast::Receiver<Notice> {
        self.errors.subscribe()
    }

    /// Changes the view and wakes its watchers.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut View)) {
        self.view.send_modify(change);
    }

    /// Records committed rows. Requests see them at once, watchers with the next [`tell`](Self::tell).
    /// Errors are sent before the counts that include them.
    pub(crate) fn committed(&self, counts: RowCounts, errors: Vec<NumberedItem>) {
        let mut errors = errors.into_iter();
        while !errors.as_slice().is_empty() {
            let count = fit_in_a_notice(errors.as_slice(), NOTICE_ERRORS);
            let _ = self.errors.send(Arc::new(errors.by_ref().take(count).collect()));
        }
        self.view.send_if_modified(|view| {
            view.take_counts(counts);
            false
        });
    }

    /// The job starts or resumes with what the store has of it.
    pub(crate) fn begin(&self, run_state: RunState, started_at: jiff::Timestamp) {
        self.tell(|view| {
            view.job.state = JobState::Running;
            view.job.waits_for = None;
            view.job.started_at = Some(started_at);
            view.job.progress.bytes_done = run_state.counts.bytes_done;
            view.elapsed_before = run_state.elapsed;
            view.take_counts(run_state.counts);
        });
    }

    /// Running time before this process resumed the job.
    pub(crate) fn elapsed_before(&self) -> Duration {
        self.view.borrow().elapsed_before
    }

    /// Publishes the final view.
    pub(crate) fn end(&self, ending: Ending) {
        self.tell(|view| {
            let job = &mut view.job;
            job.waits_for = None;
            (job.state, job.finished_at) = (ending.state, Some(ending.finished_at));
            (job.summary, job.error) = (Some(ending.summary), ending.error);
            (job.progress.files_total, job.progress.bytes_total) = (ending.files_total, ending.bytes_total);
            (job.progress.bytes_per_second, job.progress.eta_seconds) = (0, None);
            job.progress.bytes_done = view.bytes;
        });
    }
}

impl View {
    /// Whether the job has ended.
    pub(crate) fn is_final(&self) -> bool {
        self.job.state.is_final()
    }

    /// The view of a job that has this many results in the store.
    pub(crate) fn of(job: Job, rows: u64) -> Self {
        let bytes = job.progress.bytes_done;
        Self { job, rows, bytes, elapsed_before: Duration::ZERO }
    }

    pub(crate) fn take_counts(&mut self, counts: RowCounts) {
        (self.rows, self.bytes) = (counts.rows, counts.bytes_done);
        let progress = &mut self.job.progress;
        progress.files_done = counts.files_done;
        progress.files_failed = counts.files_failed;
        progress.files_skipped = counts.files_skipped;
        // Bytes of partly hashed files may have been reported already.
        progress.bytes_done = progress.bytes_done.max(counts.bytes_done);
    }
}
