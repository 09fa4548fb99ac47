//! `GET /jobs/{id}/events`: the events of a job until its end. The id of an event is the number of committed rows; that of
//! `end` goes on with `-end`. A browser reconnects after every end of a stream, and only 204 tells it to stop: it gets
//! that once it has seen the end of the job.

use std::num::ParseIntError;
use std::str::FromStr;

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
        ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]{1,18}(-end)?$", description = "The last event seen. Later events are sent again."),
    ),
    responses(
        (status = 200, description = "The stream; it ends with the job.", body = schemas::ServerSentEvent, content_type = "text/event-stream"),
        (status = 204, description = "The last event seen is the end of the job: there is nothing to reconnect for."),
    ),
    extensions(("x-codes" = json!(["invalid_request", "not_found", "store_corrupt", "too_many_streams", "draining"]))),
)]
pub(in crate::routes) async fn events(
    _: NoQuery,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    request: HttpRequest,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let seen = last_event_id::<Seen>(&request)?;
    if job.state.is_final() && seen.is_some_and(|seen| seen.is_end) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let share = service.stream_for(&caller)?;
    let events = service.jobs.subscribe(job.id, seen.map(|seen| seen.rows)).await?.ok_or(NO_SUCH_JOB)?;
    Ok(send(&service, share, format!("{RETRY}\n"), events))
}

/// What the id of the last event ends with.
const END: &str = "-end";

/// The last event that a client has seen. The end of a job that goes on is one after so many rows, like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    rows: u64,
    is_end: bool,
}

impl FromStr for Seen {
    type Err = ParseIntError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        let (rows, is_end) = id.strip_suffix(END).map_or((id, false), |rows| (rows, true));
        Ok(Self { rows: rows.parse()?, is_end })
    }
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
        JobEventKind::End(job) => write_event(&format_args!("{}{END}", event.id), "end", job),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_actors::job::JobState;

    #[test]
    fn an_id_is_a_number_of_rows_also_that_of_an_end() {
        for (id, rows, is_end) in [("7", 7, false), ("071-end", 71, true)] {
            assert_eq!(id.parse(), Ok(Seen { rows, is_end }));
        }
        for id in ["", "-end", "7-END", "x", "7-end-end"] {
            assert!(id.parse::<Seen>().is_err(), "{id}");
        }
    }

    #[test]
    fn an_event_is_three_fields_and_a_blank_line() {
        let event = JobEvent { id: 7, kind: JobEventKind::State(JobState::Running) };
        assert_eq!(text_of(&event), "id: 7\nevent: state\ndata: {\"state\":\"running\"}\n\n");
    }
}
