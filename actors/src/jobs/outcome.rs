//! How a run ended, and what that means for its job.

use std::time::Duration;

use super::active::ActiveJob;
use crate::job::{JobError, JobState, WaitsFor};
use crate::scan::ScanOutcome;
use crate::store::{Ending, RowCounts};
use hivesum_core::result::Summary;
use jiff::Timestamp;

/// How a run ended.
#[derive(Debug)]
pub(super) enum Finish {
    /// The job has ended, and its end is stored.
    Kept(Ending),
    /// The job has ended; its end is not stored yet.
    Ended(Ending),
    /// The service shuts down; the job is resumed at the next start.
    Left,
    /// The job cannot run yet. Nothing of it has changed.
    Waits(WaitsFor),
    /// The tree no longer matches the stored results: another scan is needed.
    Diverged,
}

/// The final state of a job, and the error if it failed.
#[derive(Debug)]
pub(super) struct JobOutcome {
    state: JobState,
    error: Option<JobError>,
}

pub(super) fn job_error(code: &str, detail: &str) -> JobError {
    JobError { code: code.to_owned(), detail: detail.to_owned() }
}

impl JobOutcome {
    /// The outcome of a job whose scan ended like this.
    pub(super) fn of(outcome: ScanOutcome, live: &ActiveJob) -> Self {
        match outcome {
            ScanOutcome::Completed => Self { state: JobState::Completed, error: None },
            ScanOutcome::Cancelled if live.cancel.is_cancelled() => Self::cancelled(),
            ScanOutcome::DeadlineExceeded => Self::failed(job_error("deadline", "the job was not done in time")),
            ScanOutcome::Cancelled | ScanOutcome::WalkFailed | ScanOutcome::Diverged => {
                Self::failed(job_error("internal", "the scan broke off"))
            }
        }
    }

    pub(super) fn cancelled() -> Self {
        Self { state: JobState::Cancelled, error: None }
    }

    pub(super) fn failed(error: JobError) -> Self {
        Self { state: JobState::Failed, error: Some(error) }
    }

    pub(super) fn ending(self, counts: RowCounts, elapsed: Duration, files_total: Option<u64>) -> Ending {
        let complete = self.state == JobState::Completed;
        let settled = counts.files_done + counts.files_failed;
        Ending {
            state: self.state,
            finished_at: Timestamp::now(),
            files_total: if complete { Some(settled) } else { files_total },
            bytes_total: complete.then_some(counts.bytes_done),
            summary: Summary {
                files: counts.rows,
                hashed: counts.files_done,
                errors: counts.files_failed,
                skipped: counts.files_skipped,
                bytes: counts.bytes_done,
                elapsed_ms: elapsed.as_millis() as u64,
                complete,
                verdict: None,
                verdicts: None,
                algorithm: None,
                untraced: 0,
                root_warning: None,
            },
            error: self.error,
        }
    }
}
