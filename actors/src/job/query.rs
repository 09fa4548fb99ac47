//! What a service asks of its jobs and their results, and the pages it gets: plain data.

use hivesum_core::digest::Digest;
use hivesum_core::result::{Item, Status, Verdict};
use serde::Serialize;

use super::spec::{Job, JobId, JobState};

/// Jobs or results that one page holds at most.
pub const MAX_PAGE: usize = 1000;

/// Which jobs are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this token; none means everybody's.
    pub owner: Option<String>,
    /// Only those older than this one.
    pub cursor: Option<JobId>,
    /// At most this many, and never more than [`MAX_PAGE`].
    pub limit: usize,
}

/// Some jobs, newest first.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins; nothing on the last one.
    pub next_cursor: Option<JobId>,
}

/// Results that came to the same.
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
    /// The filter that this status passes.
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
    /// By what.
    pub by: SortBy,
    /// From the last to the first.
    pub descending: bool,
}

/// What results can be sorted by; what is equal stays in walk order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// As the walk met them.
    #[default]
    Path,
    /// Bytes.
    Size,
    /// Last modification.
    ModifiedAt,
}

/// A word that names no order.
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

/// Which results of a job are wanted, in walk order unless another one is asked for.
#[derive(Debug, Clone, Default)]
pub struct ResultQuery {
    /// Only those that came to this.
    pub status: Option<StatusFilter>,
    /// Only those that an audit said this of.
    pub verdict: Option<Verdict>,
    /// Only those whose path begins with these bytes.
    pub path_prefix: Option<Vec<u8>>,
    /// Only those whose path contains these bytes.
    pub q: Option<Vec<u8>>,
    /// Only those with this digest; of ended jobs alone.
    pub digest: Option<Digest>,
    /// In this order; but for the walk's, of ended jobs alone.
    pub sort: Option<Sort>,
    /// How many of those that match come before the page.
    pub position: u64,
    /// At most this many, and never more than [`MAX_PAGE`].
    pub limit: usize,
}

impl ResultQuery {
    /// Whether it wants what is built when the job has ended.
    pub(crate) fn needs_orders(&self) -> bool {
        self.digest.is_some() || self.sort.is_some_and(|sort| sort != Sort::default())
    }
}

/// Some results in their order.
#[derive(Debug, Clone, Default)]
pub struct ResultPage {
    /// The results.
    pub items: Vec<Item>,
    /// How many match so far.
    pub total: u64,
    /// How many of those that match come before the first item.
    pub position: u64,
}

/// Some results on the way through all of them.
#[derive(Debug, Clone, Default)]
pub struct RowPage {
    /// The results; none once the end is reached.
    pub items: Vec<Item>,
    /// The row of the last item, to go on after; nothing once the end is reached.
    pub last_row: Option<u64>,
}

/// What came of a wish to delete a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, with its results.
    Deleted,
    /// It has not ended: cancel it first.
    StillRunning,
    /// There is no such job.
    NotFound,
}

/// Jobs by their state: those that have ended are counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct JobCounts {
    /// They wait for a place.
    pub queued: u64,
    /// They run.
    pub running: u64,
    /// They came to their end.
    pub completed: u64,
    /// They ended before it.
    pub failed: u64,
    /// Somebody ended them.
    pub cancelled: u64,
}

impl JobCounts {
    /// One more in this state.
    pub(crate) fn count(&mut self, state: JobState) {
        *match state {
            JobState::Queued => &mut self.queued,
            JobState::Running => &mut self.running,
            JobState::Completed => &mut self.completed,
            JobState::Failed => &mut self.failed,
            JobState::Cancelled => &mut self.cancelled,
        } += 1;
    }

    /// In every state.
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
