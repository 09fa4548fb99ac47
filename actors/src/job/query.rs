//! Queries for jobs and results, and the pages that answer them: plain data.

use hivesum_core::compare::GroupOrder;
use hivesum_core::digest::{Algorithm, Digest};
use hivesum_core::file::RelPath;
use hivesum_core::result::{Item, JobVerdict, Status, Verdict};
use serde::Serialize;

use super::spec::{Job, JobId, JobKind, JobState};

/// The most jobs or results on one page.
pub const MAX_PAGE: usize = 1000;

/// A query for jobs, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those with this verdict.
    pub verdict: Option<JobVerdict>,
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
    /// Only jobs below the root of this name.
    pub root: Option<String>,
    /// Only jobs on exactly this directory or file, below whatever root.
    pub path: Option<RelPath>,
    /// Only jobs of this owner; `None` means all jobs.
    pub owner: Option<String>,
    /// Only those older than this one.
    pub cursor: Option<JobId>,
    /// At most this many, and never more than [`MAX_PAGE`].
    pub limit: usize,
}

/// A page of jobs, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<JobId>,
}

/// What a job reads: a directory or a file beneath a root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The name of the root.
    pub root: String,
    /// The path beneath it; empty for the root itself.
    pub path: RelPath,
}

/// A filter by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFilter {
    /// With digests.
    Hashed,
    /// Errors.
    Error,
    /// Passed over.
    Skipped,
}

impl StatusFilter {
    /// Whether a result with this status is meant.
    #[must_use]
    pub const fn is_of(self, status: Status) -> bool {
        matches!(
            (self, status),
            (Self::Hashed, Status::Hashed(_))
                | (Self::Error, Status::Error { .. })
                | (Self::Skipped, Status::Skipped(_))
        )
    }

    /// The filter that matches this status.
    #[must_use]
    pub const fn of(status: Status) -> Self {
        match status {
            Status::Hashed(_) => Self::Hashed,
            Status::Error { .. } => Self::Error,
            Status::Skipped(_) => Self::Skipped,
        }
    }

    /// The filter of this name in the API, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "hashed" => Some(Self::Hashed),
            "error" => Some(Self::Error),
            "skipped" => Some(Self::Skipped),
            _ => None,
        }
    }
}

/// An order of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// The sort key.
    pub by: SortBy,
    /// In descending order.
    pub descending: bool,
}

/// The keys that results can be sorted by. Equal ones stay in walk order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// Path, in walk order.
    #[default]
    Path,
    /// Bytes.
    Size,
    /// Last modification.
    ModifiedAt,
}

/// A text that is not an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("choose path, size or modified_at, with a `-` in front to begin with the last")]
pub struct SortInvalid;

impl std::str::FromStr for Sort {
    type Err = SortInvalid;

    fn from_str(word: &str) -> Result<Self, SortInvalid> {
        let (descending, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
        let by = match name {
            "path" => SortBy::Path,
            "size" => SortBy::Size,
            "modified_at" => SortBy::ModifiedAt,
            _ => return Err(SortInvalid),
        };
        Ok(Self { by, descending })
    }
}

/// A query for results of a job, in walk order unless it asks for another one.
#[derive(Debug, Clone, Default)]
pub struct ResultQuery {
    /// Only results with this status.
    pub status: Option<StatusFilter>,
    /// Only results with one of these verdicts. Empty: whatever their verdict, also none.
    pub verdicts: Vec<Verdict>,
    /// Only those whose path begins with these bytes.
    pub path_prefix: Option<Vec<u8>>,
    /// Only those whose path contains these bytes.
    pub q: Option<Vec<u8>>,
    /// Only results with this digest; for ended jobs only.
    pub digest: Option<Digest>,
    /// In this order; other orders than the walk's for ended jobs only.
    pub sort: Option<Sort>,
    /// The number of matching results before the page.
    pub position: u64,
    /// At most this many, and never more than [`MAX_PAGE`].
    pub limit: usize,
}

impl ResultQuery {
    /// Whether the query needs the sort index.
    pub(crate) fn needs_sort_index(&self) -> bool {
        self.digest.is_some() || self.sort.is_some_and(|sort| sort != Sort::default())
    }
}

/// Some results in their order.
#[derive(Debug, Clone, Default)]
pub struct ResultPage {
    /// The results.
    pub items: Vec<Item>,
    /// The number of matching results so far.
    pub total: u64,
    /// The number of matching results before the first item.
    pub position: u64,
}

/// A query for the groups of files with the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateQuery {
    /// The algorithm that files are compared by.
    pub by: Algorithm,
    /// Only files of at least this many bytes.
    pub min_size: u64,
    /// Only groups with a path that contains these bytes. Empty: all.
    pub q: Vec<u8>,
    /// In this order.
    pub order: GroupOrder,
}

impl DuplicateQuery {
    /// All groups of files of at least this many bytes, sorted by reclaimable bytes.
    #[must_use]
    pub fn all(by: Algorithm, min_size: u64) -> Self {
        Self { by, min_size, q: Vec::new(), order: GroupOrder::default() }
    }
}

/// The outcome of a request to delete a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The job was deleted with its results.
    Deleted,
    /// The job has not ended: cancel it first.
    StillRunning,
    /// There is no such job.
    NotFound,
}

/// Number of jobs in each state; ended ones since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct JobCounts {
    /// Waiting.
    pub queued: u64,
    /// Running.
    pub running: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
}

impl JobCounts {
    /// Counts one more job in this state.
    pub(crate) fn count(&mut self, state: JobState) {
        *match state {
            JobState::Queued => &mut self.queued,
            JobState::Running => &mut self.running,
            JobState::Completed => &mut self.completed,
            JobState::Failed => &mut self.failed,
            JobState::Cancelled => &mut self.cancelled,
        } += 1;
    }

    /// The count for every state.
    #[must_use]
    pub fn by_state(&self) -> [(JobState, u64); 5] {
        let Self { queued, running, completed, failed, cancelled } = *self;
        [
            (JobState::Queued, queued),
            (JobState::Running, running),
            (JobState::Completed, completed),
            (JobState::Failed, failed),
            (JobState::Cancelled, cancelled),
        ]
    }
}
