//! The stream of one client: events, comments that keep the connection open, and its end.

use std::fmt::{Display, Write};
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use hivesum_actors::limits::Permit;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::service::Service;

/// A comment is sent after this long without an event, so that proxies keep the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The first field of a stream: how many milliseconds a browser waits before it reconnects.
pub(super) const RETRY: &str = "retry: 2000\n";

/// A source of events. Dropping a future of `next` loses no event.
pub(super) trait Source {
    /// The next event as text; none at the end.
    async fn next(&mut self) -> Option<String>;
}

/// Streams a preamble and the events of a source, until the source ends or the service stops. The stream holds the
/// permit.
pub(super) fn send(
    service: &Data<Service>,
    permit: Permit,
    preamble: String,
    source: impl Source + 'static,
) -> HttpResponse {
    let stopping = service.stopping.clone();
    let follower = Follower { source, stopping, preamble: Some(preamble), _permit: permit };
    let body = unfold(follower, |mut follower| async { Some((Ok::<_, ApiError>(follower.next().await?), follower)) });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body)
}

/// The last event that the client has seen, as its browser reports it.
pub(super) fn last_event_id<T: FromStr>(request: &HttpRequest) -> Result<Option<T>, ApiError> {
    let Some(field) = request.headers().get("last-event-id") else { return Ok(None) };
    let id = field.to_str().ok().and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| ApiError::invalid("Last-Event-ID is not an id of this stream"))
}

/// A client that follows events.
struct Follower<S> {
    source: S,
    stopping: CancellationToken,
    preamble: Option<String>,
    _permit: Permit,
}

impl<S: Source> Follower<S> {
    /// The next bytes to send; none once the source has ended or the service stops.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(preamble) = self.preamble.take() {
            return Some(Bytes::from(preamble));
        }
        tokio::select! {
            event = self.source.next() => event.map(Bytes::from),
            () = self.stopping.cancelled() => None,
            () = tokio::time::sleep(KEEP_ALIVE) => Some(Bytes::from_static(b":\n\n")),
        }
    }
}

/// Compact JSON has no line breaks, so it fits on one `data` line.
pub(super) fn write_event(id: &impl Display, name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).expect("progress, states, items and jobs have strings for keys");
    let mut text = String::with_capacity(data.len() + 48);
    let _ = write!(text, "id: {id}\nevent: {name}\ndata: {data}\n\n");
    text
}
