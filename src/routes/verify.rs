//! `POST /verify`: takes a manifest and creates a job that verifies a directory against it.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::{JobKind, JobSpec, JobState, Place, VerifyMode};
use hivesum_actors::jobs::{ManifestSource, Strictness, VerifyRequest};
use hivesum_actors::scan::Priority;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::file::RelPath;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::headers::idempotency_key;
use crate::request::{PacedBody, Query, read_manifest_text};
use crate::service::Service;
use crate::service::job::accepted;

#[utoipa::path(
    post, path = "/api/v1/verify", tag = "jobs", operation_id = "verify",
    summary = "Verify a directory or a file of a root against a manifest",
    description = "The body is a manifest; its form is detected from its name and content. `audit` compares it with a walk \
        of `path`; `check` looks only at the entries of the manifest. Each result has a `verdict`, and the summary counts \
        them. Lines that are not entries are counted in `lines_not_read` of the job. Digests that do not name their \
        algorithm are compared with all that they may be of, until a file that matches tells which one it is: a few small \
        files are read before the job is accepted, at most 64 MiB, and what they rule out is not computed. A beginning \
        that all names share is taken off where that makes them names of files below `path`. If no name is one of a file \
        there, but some are relative to a directory above and lead into `path`, those are compared and the others are \
        left out. `spec.names` of the job says what was taken off. A file with exactly the content of the manifest is that manifest: it has no verdict and is not new. In a bag \
        (a directory with a `bagit.txt`), `manifest-ALG.txt` covers `data/` alone: other files have no verdict, and a symbolic link in `data/` is `unreadable`; \
        `hivesum bag check` checks the tag files. A `tagmanifest-ALG.txt` says nothing of `data/`.",
    params(
        ("root" = String, Query, description = "The root's name.", example = "files"),
        ("path" = inline(Option<schemas::PathBeneath>), Query, description = "Relative to the root; by default the root itself. Decoded once, to bytes."),
        ("algorithm" = inline(Option<schemas::AlgorithmName>), Query, description = "The algorithm of digests that do not name theirs. Digests of other algorithms are left out.", example = "sha256"),
        ("name" = Option<String>, Query, description = "The file name of the manifest, which may tell its form and its algorithm.", example = "SHA256SUMS"),
        ("strict" = Option<bool>, Query, description = "Refuse a manifest with a line that is not an entry (400)."),
        ("include" = inline(Option<Vec<schemas::Glob>>), Query, description = "Only files that match one of these globs, or are below a directory that does, as in a .gitignore. For the files and for the names in the manifest. May be repeated."),
        ("exclude" = inline(Option<Vec<schemas::Glob>>), Query, description = "Globs of files and directories to leave out. May be repeated."),
        ("manifest_path" = inline(Option<schemas::PathBeneath>), Query, description = "The path of a manifest that lies beneath the same root, such as `2026/SHA256SUMS`, in place of the body, which is empty then. If the manifest lies in `path`, it is left out of the comparison. Decoded once, to bytes."),
        ("against" = Option<String>, Query, description = "The id of a completed job on exactly this root and path, in place of a manifest, or `last`: the newest such job that has read the whole tree and, if it is a verify job, whose verdict is `ok`; if there is none, the newest on a directory above that has digests of files below `path` (404 if there is none either). `spec.against` of the job says which. Its results are what should be there, with their times, so that rot is told from an edit. The body is empty then."),
        ("repeat" = Option<String>, Query, description = "The id of a verify job on exactly this root and path: the same again, with its globs, its mode and the manifest that is stored with it. The body is empty then, and no other parameter is taken."),
        ("from_device" = Option<bool>, Query, description = "Read the files from their devices and not from the page cache, and say in `read_from` of each result whether that was so."),
        ("mode" = Option<schemas::VerifyMode>, Query, description = "`audit` by default."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description =
            "A request that is repeated under the same key within 24 hours returns the job of the first."),
    ),
    request_body(description = "The manifest, at most 64 MiB and 1,000,000 lines; these limits hold for `manifest_path` and `against` too. At most 6 of one client (429) and 8 of all clients (503) are received at a time; `max_manifests` and `max_manifests_per_client` of `/stats` tell this service's limits.", content(
        (inline(schemas::Bytes) = "application/octet-stream", example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc.txt\n"),
        (inline(schemas::ManifestText) = "text/plain"),
    )),
    responses((status = 202, description = "The job is accepted.", body = schemas::Job, headers(("Location" = String, description = "The path of the job.")))),
    extensions(("x-codes" = json!([
        "path_invalid", "algorithm_unknown", "manifest_invalid", "no_roots", "not_found", "job_not_finished", "body_too_slow",
        "too_large",
        "idempotency_conflict", "root_changed", "root_ambiguous", "unsupported", "unsupported_media_type", "store_corrupt", "queue_full", "draining",
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
    let mut query = Query::repeating(&request, &["include", "exclude"])?;
    let stored = stored_manifest(&mut query)?;
    let (spec, strictness) = match &stored {
        Some(Stored::Repeat(id)) => (repeated(&service, &caller, id, query).await?, Strictness::Lenient),
        Some(Stored::File(_) | Stored::Job(_) | Stored::LastJob) | None => request_of(query)?,
    };
    // Each manifest is held in memory as a whole, so only a few are received at a time.
    let _share = service.manifest_for(&caller)?;
    let body =
        PacedBody::open(&request, payload, service.manifest_rules())?.within(service.bandwidth.clone(), caller.key);
    let body = read_manifest_text(&request, body).await?;
    let manifest = match stored {
        None if body.is_empty() => return Err(without_manifest()),
        None => ManifestSource::Text(body),
        Some(_) if !body.is_empty() => {
            return Err(ApiError::invalid(
                "the request has a body: leave it empty with `manifest_path`, `against` or `repeat`",
            ));
        }
        Some(Stored::File(path)) => ManifestSource::File(path),
        Some(Stored::LastJob) => last_job(&service, &caller, &spec).await?,
        Some(Stored::Job(id)) => against(&service, &caller, &id, &spec).await?,
        Some(Stored::Repeat(id)) => ManifestSource::Repeated(service.job(&caller, &id).await?.id),
    };
    let request = VerifyRequest { spec, strictness, manifest };
    let job = service.jobs.verify(request, caller.owner_name(), key).await?;
    Ok(accepted(&service, &job))
}

fn without_manifest() -> ApiError {
    let why = "the manifest has no entry: send one as the body, or give manifest_path= or against=";
    ApiError::ManifestInvalid { line: None, why: why.to_owned() }
}

/// A manifest that is not in the body.
enum Stored {
    File(RelPath),
    Job(String),
    LastJob,
    /// That of this verify job.
    Repeat(String),
}

fn stored_manifest(query: &mut Query) -> Result<Option<Stored>, ApiError> {
    if let Some(id) = query.text("repeat")? {
        return Ok(Some(Stored::Repeat(id)));
    }
    match (query.bytes("manifest_path"), query.text("against")?) {
        (None, None) => Ok(None),
        (Some(path), None) => Ok(Some(Stored::File(RelPath::new(path)?))),
        (None, Some(id)) if id == "last" => Ok(Some(Stored::LastJob)),
        (None, Some(id)) => Ok(Some(Stored::Job(id))),
        (Some(_), Some(_)) => Err(ApiError::invalid("give `manifest_path` or `against`, not both")),
    }
}

/// The results of a job on the same tree as the manifest.
async fn against(service: &Service, caller: &Caller, id: &str, spec: &JobSpec) -> Result<ManifestSource, ApiError> {
    let job = service.job(caller, id).await?;
    if !job.state.is_final() {
        return Err(ApiError::JobNotFinished("the job in `against` has not ended"));
    }
    if job.state != JobState::Completed {
        return Err(ApiError::JobNotFinished(
            "the job in `against` ended before it had read everything: the rest would be called new",
        ));
    }
    if (&job.spec.root, &job.spec.path) != (&service.jobs.whole_root_name(&spec.root), &spec.path) {
        return Err(ApiError::invalid("the job in `against` has another root or path"));
    }
    Ok(ManifestSource::Job(Box::new(job)))
}

/// The results of the newest job that says how the tree should be.
async fn last_job(service: &Service, caller: &Caller, spec: &JobSpec) -> Result<ManifestSource, ApiError> {
    let place = Place { root: service.jobs.whole_root_name(&spec.root), path: spec.path.clone() };
    let job = service.jobs.baseline_or_above(&place, caller.sees_jobs_of()).await?;
    let why = "no job that this token may see has hashed this root and path, or a directory above it that had files here, to its end; a verify \
        job that found a difference does not count";
    Ok(ManifestSource::LastJob(Box::new(job.ok_or(ApiError::NotFound(why))?)))
}

fn place_of(query: &mut Query) -> Result<(String, RelPath), ApiError> {
    let root = query.text("root")?.ok_or_else(|| ApiError::invalid("say which root: ?root=NAME"))?;
    Ok((root, RelPath::new(query.bytes("path").unwrap_or_default())?))
}

/// The spec of a verify job that is done again.
async fn repeated(service: &Service, caller: &Caller, id: &str, mut query: Query) -> Result<JobSpec, ApiError> {
    let place = place_of(&mut query)?;
    query.finish()?;
    let spec = service.job(caller, id).await?.spec;
    match spec.kind {
        JobKind::Hash => {
            return Err(ApiError::invalid("the job in `repeat` only hashes: POST its spec to /api/v1/jobs"));
        }
        JobKind::Verify => {}
    }
    if (&spec.root, &spec.path) != (&service.jobs.whole_root_name(&place.0), &place.1) {
        return Err(ApiError::invalid("the job in `repeat` has another root or path"));
    }
    Ok(spec)
}

fn request_of(mut query: Query) -> Result<(JobSpec, Strictness), ApiError> {
    let (root, path) = place_of(&mut query)?;
    let algorithm = query.text("algorithm")?.filter(|name| !name.is_empty());
    let algorithm = algorithm.map(|name| name.parse::<Algorithm>()).transpose()?;
    let mode = query.named("mode", VerifyMode::from_name, &["audit", "check"])?.unwrap_or_default();
    let strictness = match query.parsed::<bool>("strict")?.unwrap_or_default() {
        true => Strictness::Strict,
        false => Strictness::Lenient,
    };
    let from_device = query.parsed::<bool>("from_device")?.unwrap_or_default();
    let manifest_name = query.text("name")?.filter(|name| !name.is_empty());
    let (include, exclude) = (query.texts("include")?, query.texts("exclude")?);
    query.finish()?;
    let spec = JobSpec {
        kind: JobKind::Verify,
        root,
        path,
        algorithms: Algorithms::default(),
        include,
        exclude,
        cross_filesystems: false,
        priority: Priority::Normal,
        max_bytes_per_second: None,
        deadline_seconds: None,
        from_device,
        reuse_unchanged_from: None,
        mode: Some(mode),
        algorithm,
        manifest_name,
        against: None,
        names: None,
    };
    Ok((spec, strictness))
}
