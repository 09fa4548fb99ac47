//! `POST /verify`: takes a manifest and creates a job that verifies a directory against it.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::{JobKind, JobSpec, VerifyMode};
use hivesum_actors::scan::Priority;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::file::RelPath;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::headers::idempotency_key;
use crate::request::{PacedBody, Query};
use crate::service::Service;
use crate::service::job::accepted;

#[utoipa::path(
    post, path = "/api/v1/verify", tag = "jobs", operation_id = "verify",
    summary = "Verify a directory or a file of a root against a manifest",
    description = "The body is a manifest; its format is detected from its content. `audit` compares it with a walk of \
        `path`; `check` looks only at the entries of the manifest. Each result has a `verdict`, and the summary counts them.",
    params(
        ("root" = String, Query, description = "The root's name.", example = "files"),
        ("path" = inline(Option<schemas::PathBeneath>), Query, description = "Relative to the root; by default the root itself. Decoded once, to bytes."),
        ("algorithm" = inline(Option<schemas::AlgorithmName>), Query, description = "The algorithm of all digests; digests of another length or algorithm are refused.", example = "sha256"),
        ("mode" = Option<schemas::VerifyMode>, Query, description = "`audit` by default."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description =
            "A request that is repeated under the same key within 24 hours returns the job of the first."),
    ),
    request_body(content = String, content_type = "text/plain", description = "The manifest, at most 64 MiB and 1,000,000 lines."),
    responses((status = 202, description = "The job is accepted.", body = schemas::Job, headers(("Location" = String, description = "The path of the job.")))),
    extensions(("x-codes" = json!([
        "path_invalid", "algorithm_unknown", "manifest_invalid", "no_roots", "not_found", "body_too_slow", "too_large",
        "idempotency_conflict", "unsupported_media_type", "store_corrupt", "queue_full", "draining",
        "root_unavailable", "storage_full",
    ]))),
)]
pub(super) async fn verify(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    service.admit_job(&caller, key.as_deref())?;
    let spec = spec_of(&request)?;
    // Each manifest is held in memory as a whole, so only a few are received at a time.
    let _share = service.manifest_for(&caller)?;
    let body =
        PacedBody::open(&request, payload, service.manifest_rules())?.within(service.bandwidth.clone(), caller.key);
    let manifest = body.collect().await?;
    let job = service.jobs.verify(spec, manifest, caller.owner_name(), key).await?;
    Ok(accepted(&job))
}

fn spec_of(request: &HttpRequest) -> Result<JobSpec, ApiError> {
    let mut query = Query::of(request)?;
    let root = query.text("root")?.ok_or_else(|| ApiError::invalid("say which root: ?root=NAME"))?;
    let path = RelPath::new(query.bytes("path").unwrap_or_default())?;
    let algorithm = query.text("algorithm")?.filter(|name| !name.is_empty());
    let algorithm = algorithm.map(|name| name.parse::<Algorithm>()).transpose()?;
    let mode = query.named("mode", VerifyMode::from_name, &["audit", "check"])?.unwrap_or_default();
    query.finish()?;
    Ok(JobSpec {
        kind: JobKind::Verify,
        root,
        path,
        algorithms: Algorithms::default(),
        include: Vec::new(),
        exclude: Vec::new(),
        cross_filesystems: false,
        priority: Priority::Normal,
        max_bytes_per_second: None,
        deadline_seconds: None,
        reuse_unchanged_from: None,
        mode: Some(mode),
        algorithm,
    })
}
