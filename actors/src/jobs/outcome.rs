//! How the run of a job is over, and what that means for the job.

use std::time::Duration;

use super::active::ActiveJob;
use crate::job::{JobError, JobState};
use crate::scan::ScanOutcome;
use crate::store::{Ending, Tally};
use hivesum_core::result::Summary;
use jiff::Timestamp;

/// How a run is over.
#[derive(Debug)]
pub(super) enum Finish {
    /// The job has ended, and the store knows.
    Kept(Ending),
    /// The job has ended; the store is still to be told.
    Ended(Ending),
    /// The service is going down; the job goes on at the next start.
    Left,
    /// The tree is not what the store has results of: another pass is needed.
    Diverged,
}

/// How a job ended and why.
#[derive(Debug)]
pub(super) struct JobOutcome {
    state: JobState,
    error: Option<JobError>,
}

pub(super) fn job_error(code: &str, detail: &str) -> JobError {
    JobError { code: code.to_owned(), detail: detail.to_owned() }
}

impl JobOutcome {
    /// What the end of a scan means for its job.
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

    pub(super) fn ending(self, tally: Tally, elapsed: Duration, files_total: Option<u64>) -> Ending {
        let complete = self.state == JobState::Completed;
        let settled = tally.files_done + tally.files_failed;
        Ending {
            state: self.state,
            finished_at: Timestamp::now(),
            files_total: if complete { Some(settled) } else { files_total },
            bytes_total: complete.then_some(tally.bytes_done),
            summary: Summary {
                files: tally.rows,
                hashed: tally.files_done,
                errors: tally.files_failed,
                skipped: tally.files_skipped,
                bytes: tally.bytes_done,
                elapsed_ms: elapsed.as_millis() as u64,
                complete,
                verdicts: None,
                algorithm: None,
            },
            error: self.error,
        }
    }
}
