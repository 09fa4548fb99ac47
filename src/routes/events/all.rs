//! `GET /events`: the events of all jobs that the caller may see. `progress`, `state` and `item_error` have one more
//! member, `job`, with the id of their job. For those who may see all there are nodes that come and are lost, too.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::fleet::{NodeChange, NodeEvent, NodeEvents};
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
    summary = "Follow all jobs with server-sent events",
    description = "The events of every job, also of jobs that are submitted later: `progress`, `state` and `item_error` \
        name their job in a member `job`; `snapshot` and `end` are the job itself. The first event of a job is its `state`; \
        its `end` follows its last `state` once the end is stored. A comment is sent at least every 15 s. The stream \
        covers the token's own jobs, or all jobs if the token has the scope `read:all` or `admin`; then it also has \
        `node_joined` and `node_lost`, with the name of the `node`, as they happen: they have no id, and what happened \
        while nobody listened is in `GET /nodes` alone.",
    params(
        ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]{1,18}(,[0-9a-f-]{36}:[0-9]{1,18})*$", description =
            "The last event seen. Ends and errors since then are sent again, also those from before a restart of the service."),
    ),
    responses((status = 200, description = "The stream; it continues until the service stops, or the token or session ends.", body = schemas::ServerSentEvent, content_type = "text/event-stream")),
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
    // An id without an event: a client that disconnects before the first event resumes from here.
    let preamble = format!("{RETRY}id: {}\n\n", events.standing());
    let nodes = caller.may_see_all().ok().and_then(|()| service.jobs.node_events());
    Ok(send(&service, share, preamble, Everything { jobs: events, nodes }))
}

/// The events of jobs, and of nodes for those who may see them.
struct Everything {
    jobs: ServiceEvents,
    nodes: Option<NodeEvents>,
}

impl Source for Everything {
    async fn next(&mut self) -> Option<String> {
        let of_node = async {
            match &mut self.nodes {
                Some(nodes) => nodes.next().await,
                None => None,
            }
        };
        tokio::select! {
            event = self.jobs.next() => event.map(|event| text_of(&event)),
            Some(event) = of_node => Some(text_of_node(&event)),
        }
    }
}

/// An event without an id: a client goes on from the last event of a job.
fn text_of_node(NodeEvent { node, change }: &NodeEvent) -> String {
    let name = match change {
        NodeChange::Joined => "node_joined",
        NodeChange::Lost => "node_lost",
    };
    format!("event: {name}\ndata: {}\n\n", serde_json::json!({ "node": node }))
}

/// Data with the id of its job.
#[derive(Serialize)]
struct WithJob<T> {
    job: JobId,
    #[serde(flatten)]
    data: T,
}

#[derive(Serialize)]
struct StateJson {
    state: JobState,
}

fn text_of(event: &ServiceEvent) -> String {
    let (id, job) = (&event.standing, event.job);
    match &event.kind {
        JobEventKind::Progress(data) => write_event(id, "progress", &WithJob { job, data }),
        JobEventKind::State(state) => write_event(id, "state", &WithJob { job, data: StateJson { state: *state } }),
        JobEventKind::ItemError(data) => write_event(id, "item_error", &WithJob { job, data }),
        JobEventKind::Snapshot(job) => write_event(id, "snapshot", job),
        JobEventKind::End(job) => write_event(id, "end", job),
    }
}
