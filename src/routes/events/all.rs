//! `GET /events`: what happens to all jobs that the caller may see. `progress`, `state` and `item_error` have one member
//! more, `job`, the id of the job they are of.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::{JobId, JobState};
use hivesum_actors::jobs::{JobEventKind, ServiceEvent, ServiceEvents};
use serde::Serialize;

use super::stream::{RETRY, Source, last_event_id, send, write_event};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::NoQuery;
use crate::service::Service;

#[utoipa::path(
    get, path = "/api/v1/events", tag = "jobs", operation_id = "follow_all_jobs",
    summary = "What happens to all jobs, as server-sent events",
    description = "The events of every job, those to come among them: `progress`, `state` and `item_error` name theirs in a \
        member `job`; `snapshot` and `end` are the job itself. A job is first told of by its `state`, and its `end` follows \
        its last `state` once it is kept. A comment comes at least every 15 s. Of the token's own jobs, unless it is an admin's.",
    params(
        ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]+(,[0-9a-f-]{36}:[0-9]+)*$", description =
            "The last event seen: ends and errors since are told again, those of earlier starts of the service among them."),
    ),
    responses((status = 200, description = "The stream; it goes on until the service stops.", body = schemas::ServerSentEvent, content_type = "text/event-stream")),
    extensions(("x-codes" = json!(["store_corrupt", "too_many_streams", "draining"]))),
)]
pub(in crate::routes) async fn all_events(
    _: NoQuery,
    request: HttpRequest,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let share = service.stream_for(&caller)?;
    let events = service.jobs.subscribe_to_all(caller.sees_jobs_of(), last_event_id(&request)?).await?;
    // An id without an event: who leaves before the first one comes back to here.
    let preamble = format!("{RETRY}id: {}\n\n", events.standing());
    Ok(send(&service, share, preamble, events))
}

impl Source for ServiceEvents {
    async fn next(&mut self) -> Option<String> {
        ServiceEvents::next(self).await.map(|event| text_of(&event))
    }
}

/// Something that is of one job among many.
#[derive(Serialize)]
struct WithJob<T> {
    job: JobId,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct StateJson {
    state: JobState,
}

fn text_of(event: &ServiceEvent) -> String {
    let (id, job) = (&event.standing, event.job);
    match &event.kind {
        JobEventKind::Progress(told) => write_event(id, "progress", &WithJob { job, told }),
        JobEventKind::State(state) => write_event(id, "state", &WithJob { job, told: StateJson { state: *state } }),
        JobEventKind::ItemError(told) => write_event(id, "item_error", &WithJob { job, told }),
        JobEventKind::Snapshot(job) => write_event(id, "snapshot", job),
        JobEventKind::End(job) => write_event(id, "end", job),
    }
}
