//! `GET /jobs/{id}/events`: a job's progress as server-sent events, from where the client left off.
//!
//! Every event is committed before it is sent. The stream ends with the job, and with the service: a reader
//! that comes back with `Last-Event-ID` misses nothing.

use std::fmt::Write;
use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use hivesum_actors::job::service::{EventStream, JobEvent, JobEventKind};
use hivesum_actors::limits::Share;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::shown;
use crate::request::{KnownJob, NoQuery};
use crate::service::{NO_SUCH_JOB, Service};

/// A comment is sent after this long without an event, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The first bytes: how many milliseconds a browser waits before it comes back.
const PREAMBLE: &[u8] = b"retry: 2000\n\n";

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/events", tag = "jobs", operation_id = "follow_job",
    summary = "A job's progress as server-sent events",
    description = "Events `progress`, `state`, `item_error`, `snapshot` and, last, `end`; a comment at least every 15 s.",
    params(
        shown::JobPath,
        ("Last-Event-ID" = inline(Option<shown::Whole>), Header, description = "The last event seen: what came since is told again."),
    ),
    responses((status = 200, description = "The stream; it ends with the job.", body = shown::ServerSentEvent, content_type = "text/event-stream")),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "too_many_streams", "draining"]))),
)]
pub(super) async fn events(
    _: NoQuery,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    request: HttpRequest,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let share = service.stream_for(&caller)?;
    let events = service.jobs.subscribe(job.id, last_event_id(&request)?).await?.ok_or(NO_SUCH_JOB)?;
    let follower = Follower { events, stopping: service.stopping.clone(), begun: false, _share: share };
    let body =
        stream::unfold(follower, |mut follower| async { Some((Ok::<_, ApiError>(follower.next().await?), follower)) });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, ApiError> {
    let Some(field) = request.headers().get("last-event-id") else { return Ok(None) };
    let id = field.to_str().ok().and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| ApiError::invalid("Last-Event-ID is not an id of this stream"))
}

/// A client that follows a job.
struct Follower {
    events: EventStream,
    stopping: CancellationToken,
    begun: bool,
    _share: Share,
}

impl Follower {
    /// The next bytes to send; nothing once the job has ended or the service stops.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(Bytes::from_static(PREAMBLE));
        }
        tokio::select! {
            event = self.events.next() => event.map(|event| Bytes::from(text_of(&event))),
            () = self.stopping.cancelled() => None,
            () = tokio::time::sleep(KEEP_ALIVE) => Some(Bytes::from_static(b":\n\n")),
        }
    }
}

fn text_of(event: &JobEvent) -> String {
    match &event.kind {
        JobEventKind::Progress(progress) => write_event(event.id, "progress", progress),
        JobEventKind::State(state) => write_event(event.id, "state", &json!({ "state": state })),
        JobEventKind::ItemError(item) => write_event(event.id, "item_error", item),
        JobEventKind::Snapshot(job) => write_event(event.id, "snapshot", job),
        JobEventKind::End(job) => write_event(event.id, "end", job),
    }
}

/// JSON has no line break of its own, so one `data` line carries it.
fn write_event(id: u64, name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).expect("progress, states, items and jobs have strings for keys");
    let mut text = String::with_capacity(data.len() + 48);
    let _ = write!(text, "id: {id}\nevent: {name}\ndata: {data}\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_actors::job::spec::JobState;

    #[test]
    fn an_event_is_three_fields_and_a_blank_line() {
        let event = JobEvent { id: 7, kind: JobEventKind::State(JobState::Running) };
        assert_eq!(text_of(&event), "id: 7\nevent: state\ndata: {\"state\":\"running\"}\n\n");
    }
}
