//! Subscriptions to the events of one job, or of all jobs.

use std::sync::Arc;

use super::events::{EventStream, StreamPermit, SubscribeError};
use super::events_of_all::{EventCursor, ServiceEvents, Sources};
use super::service::Jobs;
use crate::job::JobId;

impl Jobs {
    /// The events of a job after `last_event_id`. `None` if there is no such job.
    ///
    /// # Errors
    /// When too many streams are open, or the store fails.
    pub async fn subscribe(
        &self,
        id: JobId,
        last_event_id: Option<u64>,
    ) -> Result<Option<EventStream>, SubscribeError> {
        let permit = self.permit()?;
        let store = self.shared.store.clone();
        if let Some(live) = self.shared.queue.get(id) {
            return Ok(Some(EventStream::of_live(store, &live, last_event_id, permit)));
        }
        let ended = store.job(id).await?;
        if ended.as_ref().is_some_and(|stored| !stored.job.state.is_final()) {
            self.check_writable()?;
        }
        Ok(ended.map(|ended| EventStream::of_ended(store, ended, last_event_id, permit)))
    }

    /// The events of all jobs, or of one owner's, after a cursor, or from now on.
    ///
    /// # Errors
    /// When too many streams are open, or the store fails.
    pub async fn subscribe_to_all(
        &self,
        owner: Option<String>,
        from: Option<EventCursor>,
    ) -> Result<ServiceEvents, SubscribeError> {
        let permit = self.permit()?;
        let (store, queue) = (self.shared.store.clone(), self.shared.queue.clone());
        Ok(ServiceEvents::open(Sources { store, queue, owner, permit }, from).await?)
    }

    fn permit(&self) -> Result<StreamPermit, SubscribeError> {
        let permit = self.shared.streams.clone().try_acquire_owned().map_err(|_| SubscribeError::TooMany)?;
        Ok(Arc::new(permit))
    }
}
