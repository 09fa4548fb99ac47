//! `GET /jobs/{id}/events`: the events of a job until its end. The id of an event is the number of committed rows.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::jobs::{EventStream, JobEvent, JobEventKind};
use serde_json::json;

use super::stream::{RETRY, Source, last_event_id, send, write_event};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::NoQuery;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/events", tag = "jobs", operation_id = "follow_job",
    summary = "Follow a job with server-sent events",
    description = "The events `progress`, `state`, `item_error`, `snapshot` and, last, `end`. A comment is sent at least every 15 s.",
    params(
        schemas::JobPath,
        ("Last-Event-ID" = inline(Option<schemas::Whole>), Header, description = "The last event seen. Later events are sent again."),
    ),
    responses((status = 200, description = "The stream; it ends with the job.", body = schemas::ServerSentEvent, content_type = "text/event-stream")),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "too_many_streams", "draining"]))),
)]
pub(in crate::routes) async fn events(
    _: NoQuery,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    request: HttpRequest,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let share = service.stream_for(&caller)?;
    let events = service.jobs.subscribe(job.id, last_event_id(&request)?).await?.ok_or(NO_SUCH_JOB)?;
    Ok(send(&service, share, format!("{RETRY}\n"), events))
}

impl Source for EventStream {
    async fn next(&mut self) -> Option<String> {
        EventStream::next(self).await.map(|event| text_of(&event))
    }
}

fn text_of(event: &JobEvent) -> String {
    match &event.kind {
        JobEventKind::Progress(progress) => write_event(&event.id, "progress", progress),
        JobEventKind::State(state) => write_event(&event.id, "state", &json!({ "state": state })),
        JobEventKind::ItemError(item) => write_event(&event.id, "item_error", item),
        JobEventKind::Snapshot(job) => write_event(&event.id, "snapshot", job),
        JobEventKind::End(job) => write_event(&event.id, "end", job),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_actors::job::JobState;

    #[test]
    fn an_event_is_three_fields_and_a_blank_line() {
        let event = JobEvent { id: 7, kind: JobEventKind::State(JobState::Running) };
        assert_eq!(text_of(&event), "id: 7\nevent: state\ndata: {\"state\":\"running\"}\n\n");
    }
}
