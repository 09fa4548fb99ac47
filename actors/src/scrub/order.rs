//! What a run of a service is asked for: the request, who starts it and for which collection, and why it is not started.
//!
//! Plain values. That one collection has one run at a time is kept by `service`.

use jiff::{SignedDuration, Timestamp};

use super::request::ScrubRequest;
use hivesum_core::fixity::{RunKind, Starter};

/// Runs that have not ended, without those of schedules.
pub const MAX_UNFINISHED: usize = 16;

/// Why no run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScrubRefused {
    /// The service stops.
    #[error("the service is shutting down")]
    Draining,
    /// Too many runs wait already.
    #[error("{MAX_UNFINISHED} scrubs run or wait already: start it again later")]
    TooMany,
    /// Another run of the collection has not ended.
    #[error("another run of this collection has not ended: wait for its end, or cancel it")]
    Busy,
}

/// What a run of a service does, and for how long at most.
#[derive(Debug, Clone)]
pub struct ScrubOrder {
    /// What it does. Its limits have no time.
    pub request: ScrubRequest,
    /// So long after it has begun to run, no further files are begun.
    pub max_time: Option<SignedDuration>,
    /// Who starts it.
    pub starter: Starter,
}

impl ScrubOrder {
    pub(super) fn run_of(&self) -> RunOf {
        RunOf {
            collection: self.request.collection.clone(),
            kind: self.request.kind_of_run,
            starter: self.starter,
            started_at: Timestamp::now(),
        }
    }
}

/// What a run was started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOf {
    /// The id of its collection, if whoever started it named one.
    pub collection: Option<String>,
    /// What it reads.
    pub kind: RunKind,
    /// Who has started it.
    pub starter: Starter,
    /// When it was started.
    pub started_at: Timestamp,
}

impl RunOf {
    /// Whether the schedule of its collection has started it.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.starter == Starter::Schedule
    }
}
