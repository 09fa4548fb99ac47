//! Delivering: takes messages from the outbox, sends them, and says what became of them.
//!
//! A message that is sent when the process is killed is sent again with the same id, because what became of it is
//! recorded afterwards. When the service stops, the answer to the message that is being sent is waited for, so that it
//! does not come again; the stop has a bound. One sink that does not answer holds up no other.

use std::sync::Arc;
use std::time::Duration;

use hivesum_actors::error::StoreError;
use hivesum_actors::store::collections::{
    AfterFailure, CollectionService, Collections, Message, SendFailure, SinkPace,
};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::message::Letter;
use super::sink::Sink;

/// How long a sink is not looked after if nothing is queued meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The outbox, of a service or of a command.
pub trait Outbox {
    /// Claims the message that is due for a sink.
    fn claim(&mut self, sink: &str, pace: SinkPace) -> impl Future<Output = Result<Option<Message>, StoreError>>;
    /// A message was taken.
    fn delivered(&mut self, id: &str) -> impl Future<Output = Result<(), StoreError>>;
    /// A message was not taken.
    fn failed(
        &mut self,
        id: &str,
        failure: SendFailure,
    ) -> impl Future<Output = Result<Option<AfterFailure>, StoreError>>;
}

impl Outbox for CollectionService {
    async fn claim(&mut self, sink: &str, pace: SinkPace) -> Result<Option<Message>, StoreError> {
        self.claim_message(sink.to_owned(), pace, Timestamp::now()).await
    }

    async fn delivered(&mut self, id: &str) -> Result<(), StoreError> {
        self.message_delivered(id.to_owned(), Timestamp::now()).await
    }

    async fn failed(&mut self, id: &str, failure: SendFailure) -> Result<Option<AfterFailure>, StoreError> {
        self.message_failed(id.to_owned(), failure, Timestamp::now()).await
    }
}

/// A command blocks, and does nothing else meanwhile.
impl Outbox for Collections {
    async fn claim(&mut self, sink: &str, pace: SinkPace) -> Result<Option<Message>, StoreError> {
        self.claim_message(sink, pace, Timestamp::now())
    }

    async fn delivered(&mut self, id: &str) -> Result<(), StoreError> {
        self.message_delivered(id, Timestamp::now())
    }

    async fn failed(&mut self, id: &str, failure: SendFailure) -> Result<Option<AfterFailure>, StoreError> {
        self.message_failed(id, failure, Timestamp::now())
    }
}

/// How the telling of one sink ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TellEnd {
    /// Nothing is due, or the service stops.
    AllTold,
    /// It did not take a message, for this reason. What is left is tried later.
    NotTaken(String),
}

/// Sends a sink what is due, until it does not take a message, or until `stop`: no further message is sent then.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn tell_due(outbox: &mut impl Outbox, sink: &Sink, stop: &CancellationToken) -> Result<TellEnd, StoreError> {
    while !stop.is_cancelled()
        && let Some(message) = outbox.claim(&sink.name, sink.pace()).await?
    {
        match sink.send(&Letter::of(&message)).await {
            Ok(answer) => {
                outbox.delivered(&message.id).await?;
                tracing::info!(sink = sink.name, message = message.id, answer, "a message was taken");
            }
            Err(failure) => {
                let error = failure.error.clone();
                let after = outbox.failed(&message.id, failure).await?;
                if after.is_some_and(|after| after.is_failing) {
                    tracing::error!(sink = sink.name, error, "the sink is failing: nobody is told of alerts by it");
                } else {
                    tracing::warn!(sink = sink.name, message = message.id, error, "a message was not taken");
                }
                return Ok(TellEnd::NotTaken(error));
            }
        }
    }
    Ok(TellEnd::AllTold)
}

/// Looks after one sink until the service stops, and until the message that is being sent then was answered.
pub(crate) async fn serve_sink(collections: CollectionService, sink: Arc<Sink>, stop: CancellationToken) {
    let mut queued = collections.queued();
    let mut outbox = collections.clone();
    loop {
        queued.mark_unchanged();
        let telling = async {
            if let Err(error) = tell_due(&mut outbox, &sink, &stop).await {
                tracing::warn!(sink = sink.name, %error, "the outbox cannot be used");
                return LOOK_EVERY;
            }
            let now = Timestamp::now();
            match collections.next_message_at(sink.name.clone(), sink.pace(), now).await {
                Ok(Some(at)) => Duration::try_from(at.duration_since(now)).unwrap_or_default().min(LOOK_EVERY),
                Ok(None) | Err(_) => LOOK_EVERY,
            }
        };
        let wait = telling.await;
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = queued.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}
