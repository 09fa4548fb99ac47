//! `/jobs` and `/jobs/{id}`: asking for a job, looking at jobs, deleting them.
//!
//! A job is in the store before its client hears 202, and belongs to its driver from then on.

use std::num::{NonZeroU32, NonZeroU64};

use actix_web::http::header;
use actix_web::web::{Data, Json, Path, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use hivesum_actors::job::service::{Deletion, JobQuery};
use hivesum_actors::job::spec::{Job, JobId, JobKind, JobSpec, JobState, Priority};
use hivesum_actors::{Algorithm, Algorithms};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::request::name::path_of;
use crate::request::{Query, read_json};
use crate::service::{NO_SUCH_JOB, Service};

/// The body of `POST /jobs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobAsked {
    #[serde(default)]
    kind: JobKind,
    root: String,
    path: Option<String>,
    path_b64: Option<String>,
    algorithms: Option<Vec<String>>,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    cross_filesystems: bool,
    #[serde(default)]
    priority: Priority,
    max_bytes_per_second: Option<NonZeroU64>,
    deadline_seconds: Option<NonZeroU32>,
}

impl JobAsked {
    fn into_spec(self) -> Result<JobSpec, ApiError> {
        Ok(JobSpec {
            kind: self.kind,
            path: path_of(self.path, self.path_b64)?,
            root: self.root,
            algorithms: algorithms_of(self.algorithms)?,
            include: self.include,
            exclude: self.exclude,
            cross_filesystems: self.cross_filesystems,
            priority: self.priority,
            max_bytes_per_second: self.max_bytes_per_second,
            deadline_seconds: self.deadline_seconds,
        })
    }
}

fn algorithms_of(names: Option<Vec<String>>) -> Result<Algorithms, ApiError> {
    let Some(names) = names else { return Ok(Algorithms::default()) };
    let algorithms = names.iter().map(|name| name.parse::<Algorithm>()).collect::<Result<Vec<_>, _>>()?;
    Ok(Algorithms::new(algorithms)?)
}

pub(super) async fn submit(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    Query::of(&request)?.finish()?;
    let asked: JobAsked = read_json(&request, payload, service.json_rules()).await?;
    let owner = caller.owner.as_deref().map(str::to_owned);
    let job = service.jobs.submit(asked.into_spec()?, owner).await?;
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(job))
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize)]
struct JobsShown {
    items: Vec<Job>,
    next_cursor: Option<JobId>,
}

pub(super) async fn list(
    request: HttpRequest,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let state = query.text("state")?.map(|name| state_of(&name)).transpose()?;
    let cursor = query.parsed::<JobId>("cursor")?;
    let limit = query.limit()?;
    query.finish()?;
    let page = service.jobs.list(JobQuery { state, owner: caller.sees_jobs_of(), cursor, limit }).await?;
    Ok(Json(JobsShown { items: page.items, next_cursor: page.next_cursor }))
}

fn state_of(name: &str) -> Result<JobState, ApiError> {
    let choices = || JobState::ALL.map(JobState::name).join(", ");
    JobState::from_name(name).ok_or_else(|| ApiError::invalid(format!("unknown state {name:?}: choose {}", choices())))
}

pub(super) async fn show(
    request: HttpRequest,
    id: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    Query::of(&request)?.finish()?;
    Ok(Json(service.job(&caller, &id).await?))
}

pub(super) async fn delete(
    request: HttpRequest,
    id: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request)?.finish()?;
    let job = service.job(&caller, &id).await?;
    match service.jobs.delete(job.id).await? {
        Deletion::Deleted => Ok(HttpResponse::NoContent().finish()),
        Deletion::StillRunning => Err(ApiError::JobNotFinished("the job is not finished: cancel it first")),
        Deletion::NotFound => Err(NO_SUCH_JOB),
    }
}
