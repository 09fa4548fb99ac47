//! `/jobs` and `/jobs/{id}`: submitting, listing, reading and deleting jobs.
//!
//! A job is stored before its client receives 202. From then on a runner owns the job, not the request.

use std::num::{NonZeroU32, NonZeroU64};

use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use hivesum_actors::job::{Deletion, Job, JobId, JobKind, JobQuery, JobSpec, JobState};
use hivesum_actors::scan::Priority;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::file::RelPath;
use hivesum_core::result::JobVerdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::headers::idempotency_key;
use crate::request::name::path_of;
use crate::request::number::positive;
use crate::request::{NoQuery, Query, read_json};
use crate::service::job::{KnownJob, accepted};
use crate::service::{NO_SUCH_JOB, Service};

/// The body of `POST /jobs`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = JobRequest, example = json!({ "root": "photos", "path": "2026/summer", "algorithms": ["sha256"] }))]
#[serde(deny_unknown_fields)]
struct JobRequest {
    #[serde(default)]
    #[schema(value_type = schemas::SubmittedKind, inline)]
    kind: JobKind,
    /// The name of a root.
    root: String,
    /// A directory or a file below the root, without globs or escapes.
    #[schema(value_type = Option<schemas::PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<schemas::PathInBase64>, inline)]
    path_b64: Option<String>,
    /// Names from `/algorithms`; blake3 by default.
    #[schema(value_type = Option<schemas::AlgorithmNames>, inline)]
    algorithms: Option<Vec<String>>,
    /// Only files that match one of these globs, or are below a directory that does, as in a .gitignore.
    #[serde(default)]
    #[schema(value_type = Vec<schemas::Glob>, inline)]
    include: Vec<String>,
    /// Globs of files and directories to leave out. One that can match nothing, such as ../x, is refused.
    #[serde(default)]
    #[schema(value_type = Vec<schemas::Glob>, inline)]
    exclude: Vec<String>,
    #[serde(default)]
    cross_filesystems: bool,
    #[serde(default)]
    #[schema(value_type = schemas::Priority)]
    priority: Priority,
    #[serde(default, deserialize_with = "positive")]
    #[schema(value_type = Option<schemas::Positive>, inline)]
    max_bytes_per_second: Option<NonZeroU64>,
    #[serde(default, deserialize_with = "positive")]
    #[schema(value_type = Option<schemas::Seconds>, inline)]
    deadline_seconds: Option<NonZeroU32>,
    /// Read the files from their devices and not from the page cache, where damage on a device stays unseen, and say in
    /// `read_from` of each result whether that was so. Not with `reuse_unchanged_from`.
    #[serde(default)]
    from_device: bool,
    /// An ended job of the same root and path, whose digests are reused for files that have not changed.
    #[schema(value_type = Option<String>, format = "uuid")]
    reuse_unchanged_from: Option<JobId>,
}

impl JobRequest {
    fn into_spec(self) -> Result<JobSpec, ApiError> {
        if self.from_device && self.reuse_unchanged_from.is_some() {
            return Err(ApiError::invalid(
                "`from_device` reads every file, and `reuse_unchanged_from` does not: give one",
            ));
        }
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
            from_device: self.from_device,
            reuse_unchanged_from: self.reuse_unchanged_from,
            mode: None,
            algorithm: None,
            manifest_name: None,
            against: None,
            names: None,
        })
    }
}

fn algorithms_of(names: Option<Vec<String>>) -> Result<Algorithms, ApiError> {
    let Some(names) = names else { return Ok(Algorithms::default()) };
    let algorithms = names.iter().map(|name| name.parse::<Algorithm>()).collect::<Result<Vec<_>, _>>()?;
    Ok(Algorithms::new(algorithms)?)
}

#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", operation_id = "submit_job",
    summary = "Hash a directory or a file of a root",
    description = "The job is stored before it is acknowledged, and continues if its client disconnects.",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description =
        "A request that is repeated under the same key within 24 hours returns the job of the first.")),
    request_body = JobRequest,
    responses((status = 202, description = "The job is accepted.", body = schemas::Job, headers(("Location" = String, description = "The path of the job.")))),
    extensions(("x-codes" = json!([
        "path_invalid", "algorithm_unknown", "no_roots", "not_found", "body_too_slow", "too_large",
        "idempotency_conflict", "job_not_finished", "algorithm_not_in_job", "root_changed", "root_ambiguous", "unsupported", "unsupported_media_type", "store_corrupt", "queue_full", "draining", "root_unavailable", "storage_full",
    ]))),
)]
pub(super) async fn submit(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    service.admit_job(&caller, key.as_deref())?;
    Query::of(&request)?.finish()?;
    let body: JobRequest = read_json(&request, payload, service.json_rules()).await?;
    let spec = body.into_spec()?;
    if spec.kind == JobKind::Verify {
        return Err(ApiError::invalid("a verify job needs a manifest: POST the manifest to /api/v1/verify"));
    }
    if let Some(earlier) = spec.reuse_unchanged_from {
        service.job(&caller, &earlier.to_string()).await?;
    }
    let job = service.jobs.submit_once(spec, caller.owner_name(), key).await?;
    Ok(accepted(&service, &job))
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobPage)]
struct JobPage {
    #[schema(value_type = Vec<schemas::Job>)]
    items: Vec<Job>,
    /// Null on the last page.
    #[schema(required, value_type = Option<String>)]
    next_cursor: Option<JobId>,
}

#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    summary = "List jobs, newest first",
    params(
        ("state" = Option<schemas::JobState>, Query, description = "Only jobs in this state."),
        ("verdict" = Option<schemas::JobVerdict>, Query, description = "Only jobs with this verdict. Jobs that only hash have none."),
        ("kind" = Option<schemas::JobKind>, Query, description = "Only jobs of this kind."),
        ("root" = Option<String>, Query, description = "Only jobs below the root of this name, even if the service has it no more.", example = "files"),
        ("path" = inline(Option<schemas::PathBeneath>), Query, description = "Only jobs on exactly this directory or file, below whatever root; empty for the roots themselves. Decoded once, to bytes.", example = "2026/summer"),
        ("cursor" = Option<String>, Query, format = "uuid", description = "The `next_cursor` of the previous page."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most jobs per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of the token's own jobs, or of all jobs if the token has the scope `read:all` or `admin`.", body = JobPage)),
    extensions(("x-codes" = json!(["path_invalid", "store_corrupt", "draining"]))),
)]
pub(super) async fn list(
    request: HttpRequest,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let state = query.named("state", JobState::from_name, &JobState::ALL.map(JobState::name))?;
    let verdict = query.named("verdict", JobVerdict::from_name, &JobVerdict::ALL.map(JobVerdict::name))?;
    let kind = query.named("kind", JobKind::from_name, &JobKind::ALL.map(JobKind::name))?;
    let root = query.text("root")?;
    let path = query.bytes("path").map(RelPath::new).transpose()?;
    let cursor = query.parsed::<JobId>("cursor")?;
    let limit = query.limit()?;
    query.finish()?;
    let owner = caller.sees_jobs_of();
    let page = service.jobs.list(JobQuery { state, verdict, kind, root, path, owner, cursor, limit }).await?;
    Ok(Json(JobPage { items: page.items, next_cursor: page.next_cursor }))
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "show_job",
    summary = "Get a job",
    params(schemas::JobPath),
    responses((status = 200, description = "The job in its current state.", body = schemas::Job)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "draining"]))),
)]
pub(super) async fn show(_: NoQuery, KnownJob(job): KnownJob) -> impl Responder {
    Json(job)
}

#[utoipa::path(
    delete, path = "/api/v1/jobs/{id}", tag = "jobs", operation_id = "delete_job",
    summary = "Delete a job and its results",
    params(schemas::JobPath),
    responses((status = 204, description = "The job is deleted.")),
    extensions(("x-codes" = json!(["not_found", "job_not_finished", "store_corrupt", "queue_full", "draining", "storage_full"]))),
)]
pub(super) async fn delete(
    _: NoQuery,
    KnownJob(job): KnownJob,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    match service.jobs.delete(job.id).await? {
        Deletion::Deleted => Ok(HttpResponse::NoContent().finish()),
        Deletion::StillRunning => Err(ApiError::JobNotFinished("the job has not ended: cancel it first")),
        Deletion::NotFound => Err(NO_SUCH_JOB),
    }
}
