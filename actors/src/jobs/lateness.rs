//! What is told of the schedules themselves: that files were not looked at for longer than a schedule allows, and how
//! long ago the task that starts runs has looked at the schedules.
//!
//! The first is an event of the collection, told like an alert and once, until its files are looked at again in time: a
//! window that is never long enough is heard of. The second is a figure for whoever watches the service from outside,
//! since a task that stands still tells nothing.

use std::time::Duration;

use hivesum_core::fixity::Condition;
use jiff::Timestamp;
use tokio::time::Instant;

use super::service::Jobs;
use super::shared::JobsShared;
use crate::error::StoreError;
use crate::store::collections::StoredCollection;

/// How often a collection is looked at for this: it is counted for it.
const LOOK_EVERY: Duration = Duration::from_secs(600);

impl Jobs {
    /// How long ago all schedules of collections were looked at, or the service was started. It is done once a minute.
    #[must_use]
    pub fn schedules_looked_at(&self) -> Duration {
        self.shared.schedule.since_round()
    }
}

/// When a collection was looked at last.
#[derive(Debug, Default)]
pub(super) struct Lateness(Option<Instant>);

impl Lateness {
    /// Tells that the files of a collection beneath a root were not looked at in time, or that they are again.
    pub(super) async fn tell(&mut self, shared: &JobsShared, collection: &StoredCollection) -> Result<(), StoreError> {
        let (id, schedule, past) = (&collection.id, &collection.settings.schedule, collection.past());
        let is_late = |verified| schedule.is_late(&past, (collection.created_at, verified), Timestamp::now());
        // Where nothing is asked for, nothing is counted.
        if is_late(None).is_none() || self.0.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        self.0 = Some(Instant::now());
        let Some(counted) = shared.collections.counted(id).await? else { return Ok(()) };
        // What is not as it should be is an alert by itself.
        let verified = counted.by_condition.get(&Condition::Ok).and_then(|count| count.oldest_verified_at);
        let Some(is_late) = is_late(verified) else { return Ok(()) };
        if is_late != collection.is_late && shared.collections.late(id, is_late).await? {
            tracing::warn!(collection = %id, is_late, "whether files are looked at as often as the schedule asks for");
        }
        Ok(())
    }
}
