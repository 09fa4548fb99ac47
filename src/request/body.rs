//! A request body with a size limit and deadlines: no wait of the framework's has any.
//!
//! Only the time spent waiting for the client counts, so a client is never blamed for hashers that are behind.

use std::sync::Arc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::{Stream, StreamExt, stream};
use hivesum_actors::limits::ClientKey;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::bandwidth::Bandwidth;
use crate::config::BodyPace;
use crate::error::ApiError;

/// How much of a body is taken, and how fast it must come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyRules {
    pub(crate) max_bytes: u64,
    pub(crate) pace: BodyPace,
}

/// A body on its way in.
pub(crate) struct PacedBody {
    payload: Payload,
    rules: BodyRules,
    received: u64,
    waited: Duration,
    /// What its bytes are counted against, and whose they are.
    bandwidth: Option<(Arc<Bandwidth>, ClientKey)>,
}

impl PacedBody {
    /// Looks at the head alone: an encoding or a length that is refused costs no byte of the body.
    pub(crate) fn open(request: &HttpRequest, payload: Payload, rules: BodyRules) -> Result<Self, ApiError> {
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(ApiError::UnsupportedMediaType("encoded bodies are not taken: send the bytes as they are"));
        }
        let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let declared = declared.and_then(|length| length.parse::<u64>().ok());
        if declared.is_some_and(|bytes| bytes > rules.max_bytes) {
            return Err(too_large(rules));
        }
        Ok(Self { payload, rules, received: 0, waited: Duration::ZERO, bandwidth: None })
    }

    /// Counts its bytes as the client's. The time waited for that is ours, and does not count against the client.
    pub(crate) fn within(self, bandwidth: Arc<Bandwidth>, client: ClientKey) -> Self {
        Self { bandwidth: Some((bandwidth, client)), ..self }
    }

    /// The next bytes; nothing at the end of the body.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let began = Instant::now();
        let Ok(chunk) = timeout(self.time_left(), self.payload.next()).await else {
            return Err(ApiError::BodyTooSlow);
        };
        self.waited += began.elapsed();
        let Some(chunk) = chunk.transpose()? else { return Ok(None) };
        self.received += chunk.len() as u64;
        if self.received > self.rules.max_bytes {
            return Err(too_large(self.rules));
        }
        if let Some((bandwidth, client)) = &self.bandwidth {
            bandwidth.spend(*client, chunk.len()).await;
        }
        Ok(Some(chunk))
    }

    /// How long the next chunk may take: what the least rate leaves after the time waited so far.
    fn time_left(&self) -> Duration {
        let BodyPace { grace, min_bytes_per_second, stall } = self.rules.pace;
        let earned_ms = self.received.saturating_mul(1000) / min_bytes_per_second.max(1);
        let allowed = grace.saturating_add(Duration::from_millis(earned_ms));
        allowed.saturating_sub(self.waited).min(stall)
    }

    /// The same for a parser that wants a stream; errors of ours come out of it by `ApiError::from`.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
        let chunks = stream::unfold(self, |mut body| async {
            let chunk = body.next().await.map_err(|error| PayloadError::Io(std::io::Error::other(error)));
            Some((chunk.transpose()?, body))
        });
        // actix-multipart asks again after the end.
        chunks.fuse()
    }

    /// All of it in one piece, for bodies with a small limit.
    pub(crate) async fn collect(mut self) -> Result<Vec<u8>, ApiError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

fn too_large(rules: BodyRules) -> ApiError {
    ApiError::TooLarge { what: "the body", limit: rules.max_bytes }
}

/// The body as JSON, parsed into a `T`; the type itself refuses unknown members.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    rules: BodyRules,
) -> Result<T, ApiError> {
    if !request.content_type().eq_ignore_ascii_case("application/json") {
        return Err(ApiError::UnsupportedMediaType("send the body as application/json"));
    }
    let body = PacedBody::open(request, payload, rules)?.collect().await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::invalid(error.to_string()))
}
