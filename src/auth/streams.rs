//! Answers that go on, such as event streams and manifests: each ends soon after the credentials of its request do.
//!
//! One task for the whole service looks at the credentials of all open streams twice a second, each of them once. It
//! costs a `stat` of a file for credentials that have not changed, whichever process would change them. A stream whose
//! credentials cannot be checked ends too. The gate wraps every streamed answer, so no route has to think of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use hivesum_actors::error::StoreError;
use hivesum_actors::store::tokens::SecretHash;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How often the credentials are looked at: streams end within 2 s, even on a busy machine.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a request is identified by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Credentials {
    /// A bearer token.
    Token(SecretHash),
    /// A session's cookie.
    Session(SecretHash),
}

/// The open streams by their credentials. There are no more of them than connections.
#[derive(Debug, Default)]
pub(super) struct OpenStreams {
    by_credentials: Mutex<HashMap<Credentials, Streams>>,
}

/// The streams of the same credentials.
#[derive(Debug, Default)]
struct Streams {
    open: usize,
    ended: CancellationToken,
}

impl OpenStreams {
    fn lock(&self) -> MutexGuard<'_, HashMap<Credentials, Streams>> {
        self.by_credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body that ends with these credentials.
    pub(super) fn end_with(self: &Arc<Self>, credentials: Credentials, end: End, body: BoxBody) -> EndsWithCredentials {
        EndsWithCredentials { body, end, stream: self.add(credentials) }
    }

    /// Ends streams whose credentials have ended, as long as it is polled.
    pub(super) async fn watch(&self, is_valid: impl AsyncFn(Credentials) -> Result<bool, StoreError>) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.look(&is_valid).await;
        }
    }

    /// Looks once at the credentials of all open streams.
    async fn look(&self, is_valid: &impl AsyncFn(Credentials) -> Result<bool, StoreError>) {
        for credentials in self.credentials() {
            match is_valid(credentials).await {
                Ok(true) => {}
                Ok(false) => self.end(credentials),
                Err(error) => {
                    tracing::warn!(%error, "streams end: their token or session cannot be checked");
                    self.end(credentials);
                }
            }
        }
    }

    fn add(self: &Arc<Self>, credentials: Credentials) -> OpenStream {
        let mut all = self.lock();
        let streams = all.entry(credentials).or_default();
        streams.open += 1;
        let token = streams.ended.clone();
        let ended = Box::pin(token.clone().cancelled_owned());
        OpenStream { all: self.clone(), credentials, token, ended }
    }

    /// The credentials of streams that have not been ended.
    fn credentials(&self) -> Vec<Credentials> {
        self.lock().iter().filter(|(_, streams)| !streams.ended.is_cancelled()).map(|(one, _)| *one).collect()
    }

    fn end(&self, credentials: Credentials) {
        if let Some(streams) = self.lock().get(&credentials) {
            streams.ended.cancel();
        }
    }
}

/// One open stream.
struct OpenStream {
    all: Arc<OpenStreams>,
    credentials: Credentials,
    token: CancellationToken,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Entry::Occupied(mut streams) = self.all.lock().entry(self.credentials) {
            streams.get_mut().open -= 1;
            if streams.get().open == 0 {
                streams.remove();
            }
        }
    }
}

/// How a streamed body ends when its credentials do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As if it were complete, for streams that have no regular end.
    Close,
    /// Without its last chunk, so that what was sent does not look whole.
    BreakOff,
}

/// A streamed body that ends once its credentials have ended.
pub(crate) struct EndsWithCredentials {
    body: BoxBody,
    end: End,
    stream: OpenStream,
}

impl EndsWithCredentials {
    /// Is cancelled when the credentials end, for the connection: a body is not asked while the client does not read.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.stream.token.clone()
    }
}

/// The token or the session of a stream has ended.
#[derive(Debug, thiserror::Error)]
#[error("the token or the session of this stream has ended")]
struct CredentialsEnded;

impl MessageBody for EndsWithCredentials {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.stream.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(match self.end {
                End::Close => None,
                End::BreakOff => Some(Err(CredentialsEnded.into())),
            });
        }
        self.body.as_pin_mut().poll_next(context)
    }
}

#[cfg(test)]
mod tests;
