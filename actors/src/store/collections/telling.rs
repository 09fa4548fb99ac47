//! Telling somebody: how a command, or a service, takes messages from the outbox and says what became of them.
//!
//! Whoever holds the server's lock is the only one that sends, so no message is sent by two at a time.

use jiff::Timestamp;

use super::Collections;
use super::messages::{AfterFailure, Delivery, Message, SendFailure, SinkPace};
use super::outbox;
use super::service::CollectionService;
use super::stored::StoredCollection;
use crate::error::StoreError;

impl Collections {
    /// Claims the message for a sink that has been due longest.
    ///
    /// # Errors
    /// When the store cannot be written, or is damaged.
    pub fn claim_message(&mut self, sink: &str, pace: SinkPace, now: Timestamp) -> Result<Option<Message>, StoreError> {
        let sink = sink.to_owned();
        self.access.write(move |connection| outbox::claim(connection, (&sink, pace), now))
    }

    /// A sink has taken the message with this id.
    ///
    /// # Errors
    /// When the store cannot be written: the message will be sent again with the same id.
    pub fn message_delivered(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.access.write(move |connection| outbox::delivered(connection, &id, now))
    }

    /// A sink has not taken the message with this id. `None` if there is no such message any more.
    ///
    /// # Errors
    /// When the store cannot be written: the message will be sent again with the same id.
    pub fn message_failed(
        &mut self,
        id: &str,
        failure: SendFailure,
        now: Timestamp,
    ) -> Result<Option<AfterFailure>, StoreError> {
        let id = id.to_owned();
        self.access.write(move |connection| outbox::failed(connection, &id, &failure, now))
    }

    /// How sinks have done for this collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn deliveries(&mut self, of: &StoredCollection) -> Result<Vec<Delivery>, StoreError> {
        let number = of.number;
        let all = self.access.read(|connection| outbox::deliveries(connection))?;
        Ok(all.into_iter().filter(|(collection, _)| *collection == number).map(|(_, delivery)| delivery).collect())
    }
}

impl CollectionService {
    /// [`Collections::claim_message`].
    ///
    /// # Errors
    /// When the store cannot be written, or is damaged.
    pub async fn claim_message(
        &self,
        sink: String,
        pace: SinkPace,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.store.write(move |connection| outbox::claim(connection, (&sink, pace), now)).await
    }

    /// When the next message for a sink is to be tried.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn next_message_at(
        &self,
        sink: String,
        pace: SinkPace,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.store.read(move |connection| outbox::next_due(connection, (&sink, pace), now)).await
    }

    /// [`Collections::message_delivered`].
    ///
    /// # Errors
    /// When the store cannot be written: the message will be sent again with the same id.
    pub async fn message_delivered(&self, id: String, now: Timestamp) -> Result<(), StoreError> {
        self.store.write(move |connection| outbox::delivered(connection, &id, now)).await
    }

    /// [`Collections::message_failed`].
    ///
    /// # Errors
    /// When the store cannot be written: the message will be sent again with the same id.
    pub async fn message_failed(
        &self,
        id: String,
        failure: SendFailure,
        now: Timestamp,
    ) -> Result<Option<AfterFailure>, StoreError> {
        self.store.write(move |connection| outbox::failed(connection, &id, &failure, now)).await
    }

    /// How sinks have done, with the id of the collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn deliveries(&self) -> Result<Vec<(String, Delivery)>, StoreError> {
        let look = |view: &mut rusqlite::Connection| {
            let all = super::rows::list(view)?;
            let id = |number| all.iter().find(|one| one.number == number).map(|one| one.id.clone());
            let deliveries = outbox::deliveries(view)?.into_iter();
            Ok(deliveries.filter_map(|(number, delivery)| Some((id(number)?, delivery))).collect())
        };
        self.store.read(look).await
    }
}
