//! How many jobs there are in each state.

use serde::Serialize;

use super::spec::JobState;

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
