//! The schedule of collections: one task that starts the surveys and scrubs that are due, and what is told of it.
//!
//! What is due at a moment is decided by `hivesum_core::fixity`, from the store's times alone, so nothing is lost by a
//! restart. The task wakes when something is due, when a run has ended or settings have changed, and once a minute in any
//! case, since the clock of the system may jump. It starts at most
//! [`MAX_SCHEDULED`](crate::scrub::MAX_SCHEDULED) runs at a time, those first that wait longest. A collection whose run
//! failed is tried again after a minute, and after each further failure in a row later, up to an hour. Collections outside
//! of the roots are read by nobody but commands.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hivesum_core::fixity::{Next, Windows};
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::collections::innermost;
use super::lateness::Lateness;
use super::retry::waits;
use super::service::Jobs;
use super::shared::JobsShared;
use crate::error::StoreError;
use crate::scrub::{Limits, RunKind, ScrubOrder, ScrubPhase, ScrubRefused, ScrubRequest, Starter};
use crate::store::collections::StoredCollection;

/// The longest sleep of the task.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The shortest one: what is due and cannot be started yet is looked at again then.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// After a failure, a run of the collection is started again after this time: a disk may be mounted late. Each further wait
/// is twice as long.
const FIRST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Up to this.
const RETRY_AFTER_AT_MOST: Duration = Duration::from_secs(3600);

/// What a schedule does with a collection, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleState {
    /// Nothing is decided, or the collection lies beneath no root.
    Off,
    /// Somebody has paused it.
    Paused,
    /// No window is open until this time, if one opens at all.
    Closed {
        /// When the next one opens.
        opens: Option<Timestamp>,
    },
    /// Nothing is due until then.
    Waiting {
        /// When something is.
        until: Timestamp,
    },
    /// A run is due: it reads, or is about to.
    Due(RunKind),
}

/// What the schedule does with a collection at this time.
#[must_use]
pub(super) fn state_of(collection: &StoredCollection, is_beneath: bool, now: Timestamp) -> ScheduleState {
    let schedule = &collection.settings.schedule;
    let Ok(windows) = Windows::new(&schedule.windows) else { return ScheduleState::Closed { opens: None } };
    match schedule.next(&windows, &collection.past(), now) {
        _ if !is_beneath => ScheduleState::Off,
        Next::Off => ScheduleState::Off,
        Next::Paused => ScheduleState::Paused,
        Next::Closed { opens } => ScheduleState::Closed { opens },
        Next::Wait { until } => ScheduleState::Waiting { until },
        Next::Survey { .. } => ScheduleState::Due(RunKind::Survey),
        Next::Scrub { .. } => ScheduleState::Due(RunKind::Scrub),
    }
}

/// What the task remembers of a collection: whatever is lost by a restart costs one attempt.
#[derive(Debug, Default)]
struct Remembered {
    /// The run that it started last.
    run: Option<Uuid>,
    /// How many runs in a row have failed.
    failures: usize,
    /// Nothing is started before.
    not_before: Option<Instant>,
    /// Whether it is looked at as often as it should be.
    lateness: Lateness,
}

impl Remembered {
    /// The run that was started last has ended at this time.
    fn run_ended(&mut self, has_failed: bool, now: Instant) {
        self.run = None;
        self.failures = if has_failed { self.failures.saturating_add(1) } else { 0 };
        let wait = self
            .failures
            .checked_sub(1)
            .map(|before| waits(FIRST_RETRY_AFTER, RETRY_AFTER_AT_MOST).nth(before).unwrap_or(RETRY_AFTER_AT_MOST));
        self.not_before = wait.map(|wait| now + wait);
    }

    fn has_to_wait(&self, now: Instant) -> bool {
        self.not_before.is_some_and(|not_before| now < not_before)
    }
}

#[derive(Debug, Default)]
struct Scheduler {
    /// By the id of the collection; there are as many as collections.
    remembered: HashMap<String, Remembered>,
}

impl JobsShared {
    /// Starts the task on the service's own arbiter. It ends with the service and does not keep it alive.
    pub(super) fn start_schedule(self: &Arc<Self>) {
        self.home.spawn(keep(Arc::downgrade(self)));
    }
}

impl Jobs {
    /// What the schedule does with a collection at this time.
    #[must_use]
    pub fn schedule_state(&self, collection: &StoredCollection, now: Timestamp) -> ScheduleState {
        state_of(collection, innermost(self.roots(), collection).is_some(), now)
    }

    /// Looks at all schedules anew: settings have changed.
    pub fn reschedule(&self) {
        self.shared.schedule.changed.notify_one();
    }
}

async fn keep(service: Weak<JobsShared>) {
    let Some(shared) = service.upgrade() else { return };
    let (stop, schedule) = (shared.stop.clone(), shared.schedule.clone());
    let mut runs = shared.scrubs.changes();
    drop(shared);
    let mut scheduler = Scheduler::default();
    loop {
        let Some(shared) = service.upgrade() else { return };
        let sleep = match scheduler.round(&shared).await {
            Ok(sleep) => {
                schedule.round_ended();
                sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
            }
            Err(error) => {
                tracing::warn!(%error, "the schedules of collections stand still: they cannot be read");
                LONGEST_SLEEP
            }
        };
        drop(shared);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = schedule.changed.notified() => {}
            changed = runs.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

impl Scheduler {
    /// Starts what is due. Returns how long nothing else is.
    async fn round(&mut self, shared: &JobsShared) -> Result<Duration, StoreError> {
        let mut all = shared.collections.list().await?;
        self.remembered.retain(|id, _| all.iter().any(|one| one.id == *id));
        // Those first that wait longest.
        all.sort_by_key(|one| one.last_survey.max(one.last_run));
        let mut sleep = LONGEST_SLEEP;
        for collection in &all {
            let is_beneath = innermost(shared.roots.all(), collection).is_some();
            if is_beneath {
                self.of(&collection.id).lateness.tell(shared, collection).await?;
            }
            let until = self.look_at(shared, (collection, is_beneath)).await?;
            sleep = sleep.min(until);
        }
        Ok(sleep)
    }

    /// Starts a run of this collection if one is due. Returns for how long none is.
    async fn look_at(
        &mut self,
        shared: &JobsShared,
        (collection, is_beneath): (&StoredCollection, bool),
    ) -> Result<Duration, StoreError> {
        let schedule = &collection.settings.schedule;
        let Ok(windows) = Windows::new(&schedule.windows) else { return Ok(LONGEST_SLEEP) };
        let now = Timestamp::now();
        let (kind, until) = match schedule.next(&windows, &collection.past(), now) {
            Next::Off | Next::Paused | Next::Closed { opens: None } => return Ok(LONGEST_SLEEP),
            Next::Wait { until } | Next::Closed { opens: Some(until) } => return Ok(time_until(until, now)),
            Next::Survey { until } => (RunKind::Survey, until),
            Next::Scrub { until } => (RunKind::Scrub, until),
        };
        if !is_beneath || !shared.scrubs.has_room_for_schedules() || self.has_to_wait(shared, &collection.id) {
            return Ok(LONGEST_SLEEP);
        }
        let mut limits = Limits::default();
        if kind == RunKind::Scrub {
            let Some(counted) = shared.collections.counted(&collection.id).await? else { return Ok(LONGEST_SLEEP) };
            limits.aim = schedule.aim();
            limits.share = Some(schedule.share(&windows, &counted.aged(), (now, until)));
        }
        let order = ScrubOrder {
            request: request_of(collection, kind, limits),
            max_time: Some(until.duration_since(now)),
            starter: Starter::Schedule,
        };
        let key = Uuid::now_v7();
        match shared.scrubs.start(key, order) {
            Ok(()) => {
                self.of(&collection.id).run = Some(key);
                tracing::info!(collection = %collection.id, kind = kind.name(), "a scheduled run is started");
            }
            Err(ScrubRefused::Busy | ScrubRefused::TooMany | ScrubRefused::Draining) => {}
        }
        Ok(LONGEST_SLEEP)
    }

    fn of(&mut self, id: &str) -> &mut Remembered {
        self.remembered.entry(id.to_owned()).or_default()
    }

    /// Whether the last run of the collection has not ended, or has failed a short time ago.
    fn has_to_wait(&mut self, shared: &JobsShared, id: &str) -> bool {
        let remembered = self.of(id);
        if let Some(key) = remembered.run {
            let phase = |phase: &ScrubPhase| match phase {
                ScrubPhase::Waiting | ScrubPhase::Running => None,
                ScrubPhase::Ended(_) => Some(false),
                ScrubPhase::Failed(_) => Some(true),
            };
            let Some(has_failed) = shared.scrubs.show(key, |told| phase(&told.phase)).unwrap_or(Some(false)) else {
                return true;
            };
            remembered.run_ended(has_failed, Instant::now());
        }
        remembered.has_to_wait(Instant::now())
    }
}

/// What a run of a collection is asked for.
pub(super) fn request_of(collection: &StoredCollection, kind: RunKind, limits: Limits) -> ScrubRequest {
    ScrubRequest {
        kind_of_run: kind,
        collection: Some(collection.id.clone()),
        max_bytes_per_second: collection.settings.schedule.max_bytes_per_second,
        limits,
        ..ScrubRequest::new(&collection.directory)
    }
}

fn time_until(time: Timestamp, now: Timestamp) -> Duration {
    time.duration_since(now).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_each_failure_in_a_row_the_wait_is_longer_up_to_an_hour_and_a_success_ends_it() {
        let (mut remembered, mut now) = (Remembered::default(), Instant::now());
        assert!(!remembered.has_to_wait(now));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            let (wait, moment) = (Duration::from_secs(60 * minutes), Duration::from_nanos(1));
            remembered.run_ended(true, now);
            assert!(remembered.has_to_wait(now + wait - moment) && !remembered.has_to_wait(now + wait), "{minutes}");
            now += wait;
        }
        remembered.run_ended(false, now);
        assert!(!remembered.has_to_wait(now));
        remembered.run_ended(true, now);
        assert!(!remembered.has_to_wait(now + FIRST_RETRY_AFTER), "it begins anew");
    }
}
