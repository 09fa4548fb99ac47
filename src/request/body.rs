//! A request body with a size limit and deadlines; the framework has no deadlines for bodies.
//!
//! Only the time spent waiting for the client counts, so slow hashers never make a client time out.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::{BodyPace, Limits};
use crate::error::ApiError;

/// How large a body may be, and how fast it must arrive.
#[derive(Debug, Clone)]
pub(crate) struct BodyRules {
    pub(crate) max_bytes: u64,
    pub(crate) pace: BodyPace,
    /// Cancelled when the service does not wait for it any longer.
    pub(crate) cut_off: CancellationToken,
}

/// A body that is being received.
pub(crate) struct PacedBody {
    payload: Payload,
    rules: BodyRules,
    received: u64,
    waited: Duration,
    /// The bandwidth that its bytes use, and the client that they count for.
    bandwidth: Option<(Arc<Bandwidth>, ClientKey)>,
}

impl PacedBody {
    /// Checks the head only: a refused encoding or length is refused before the body is read.
    pub(crate) fn open(request: &HttpRequest, payload: Payload, rules: BodyRules) -> Result<Self, ApiError> {
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(ApiError::UnsupportedMediaType(
                "content encodings are not supported: send the bytes as they are",
            ));
        }
        let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let declared = declared.and_then(|length| length.parse::<u64>().ok());
        if declared.is_some_and(|bytes| bytes > rules.max_bytes) {
            return Err(too_large(&rules));
        }
        Ok(Self { payload, rules, received: 0, waited: Duration::ZERO, bandwidth: None })
    }

    /// Counts the bytes for the client. Time spent waiting for bandwidth does not count towards the client's deadlines.
    pub(crate) fn within(self, bandwidth: Arc<Bandwidth>, client: ClientKey) -> Self {
        Self { bandwidth: Some((bandwidth, client)), ..self }
    }

    /// The next bytes; none at the end of the body.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let began = Instant::now();
        let time_left = self.time_left();
        let chunk = tokio::select! {
            biased;
            chunk = timeout(time_left, self.payload.next()) => chunk.map_err(|_| ApiError::BodyTooSlow)?,
            () = self.rules.cut_off.cancelled() => return Err(ApiError::Draining),
        };
        self.waited += began.elapsed();
        let Some(chunk) = chunk.transpose()? else { return Ok(None) };
        self.received += chunk.len() as u64;
        if self.received > self.rules.max_bytes {
            return Err(too_large(&self.rules));
        }
        if let Some((bandwidth, client)) = &self.bandwidth {
            bandwidth.spend(*client, chunk.len()).await;
        }
        Ok(Some(chunk))
    }

    /// How long the next chunk may take: what the minimum rate allows, less the time waited so far.
    fn time_left(&self) -> Duration {
        let pace = self.rules.pace;
        pace.allowed_for(self.received).saturating_sub(self.waited).min(pace.stall)
    }

    /// The whole body in memory, for bodies with a small limit.
    pub(crate) async fn collect(mut self) -> Result<Vec<u8>, ApiError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

/// The whole body of a request that sends a checksum file, as it is in the file. What is not one is refused: a form of
/// several parts, and lines that were joined.
pub(crate) async fn read_manifest_text(request: &HttpRequest, body: PacedBody) -> Result<Vec<u8>, ApiError> {
    let content_type = request.content_type();
    if content_type.eq_ignore_ascii_case("multipart/form-data") {
        return Err(ApiError::UnsupportedMediaType(
            "send the checksum file itself as the body, not in a form: with curl, --data-binary @FILE instead of -F",
        ));
    }
    let text = body.collect().await?;
    // `curl --data-binary` sends this type too, but leaves the bytes as they are.
    let is_form = content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form && !text.is_empty() && !text.contains(&b'\n') {
        return Err(ApiError::UnsupportedMediaType(
            "the body is application/x-www-form-urlencoded and has no line break: curl -d removes line breaks; use \
             --data-binary or -T, or name another Content-Type, such as text/plain",
        ));
    }
    Ok(text)
}

fn too_large(rules: &BodyRules) -> ApiError {
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
    read_json_text(request, payload, rules).await
}

/// A change as a JSON merge patch (RFC 7396).
pub(crate) async fn read_merge_patch<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    rules: BodyRules,
) -> Result<T, ApiError> {
    if !request.content_type().eq_ignore_ascii_case("application/merge-patch+json") {
        return Err(ApiError::UnsupportedMediaType("send the change as application/merge-patch+json"));
    }
    read_json_text(request, payload, rules).await
}

async fn read_json_text<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    rules: BodyRules,
) -> Result<T, ApiError> {
    let body = PacedBody::open(request, payload, rules)?.collect().await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::invalid(error.to_string()))
}

/// The smallest burst, whatever the rate: the chunks of a body are not larger.
const LEAST_BURST_KIB: u32 = 1024;

/// The bandwidth limits for request bodies.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    of_client: Option<RequestLimiter>,
    of_all: Option<RequestLimiter>,
}

impl Bandwidth {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limiter = |bytes: NonZeroU64| {
            let kib =
                u32::try_from(bytes.get().div_ceil(1024)).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
            RequestLimiter::new(kib, kib.max(NonZeroU32::new(LEAST_BURST_KIB).expect("it is not zero")))
        };
        Self {
            of_client: limits.max_client_bytes_per_second.map(limiter),
            of_all: limits.max_upload_bytes_per_second.map(limiter),
        }
    }

    /// Waits until the limits allow this many more bytes.
    pub(crate) async fn spend(&self, client: ClientKey, bytes: usize) {
        for (limiter, client) in [(&self.of_client, client), (&self.of_all, ClientKey::Shared)] {
            let Some(limiter) = limiter else { continue };
            while let Some(wait) = wait_for(limiter, client, bytes) {
                tokio::time::sleep(wait).await;
            }
        }
    }
}

fn wait_for(limiter: &RequestLimiter, client: ClientKey, bytes: usize) -> Option<Duration> {
    let kib = NonZeroU32::new(u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX))?;
    match limiter.check_many(client, kib) {
        Decision::Allowed { .. } => None,
        Decision::Refused { wait } => Some(wait),
    }
}
