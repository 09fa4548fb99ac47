//! `GET /jobs/{id}/duplicates`: files of one content, the most reclaimable bytes first. Nothing is ever deleted.

use std::sync::Arc;

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::job::JobId;
use hivesum_core::compare::{Group, key_algorithm};
use hivesum_core::digest::Algorithm;
use hivesum_core::result::Item;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

/// Names that one group shows; it counts all.
const NAMES_SHOWN: usize = 1000;

/// Names of a set of groups that is kept for the next page.
const KEPT_NAMES: usize = 200_000;

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicatesPage)]
struct DuplicatesPage {
    /// The one that tells that files are alike.
    #[schema(value_type = String, example = "blake3")]
    algorithm: Algorithm,
    groups: Vec<DuplicateGroup>,
    /// All groups.
    total: u64,
    position: u64,
    /// Of all groups.
    reclaimable_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicateGroup)]
struct DuplicateGroup {
    digest: String,
    size: u64,
    /// Copies; hard links to one file are one.
    count: u64,
    reclaimable_bytes: u64,
    /// All names, of which `paths` shows the first thousand.
    names: u64,
    #[serde(serialize_with = "readable")]
    #[schema(value_type = Vec<String>)]
    paths: Vec<Vec<u8>>,
    /// The exact bytes of each path, where one of them is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paths_b64: Option<Vec<String>>,
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/duplicates", tag = "jobs", operation_id = "job_duplicates",
    summary = "Files of one content",
    description = "Groups of a finished job, the most reclaimable bytes first. Hard links to one file are one copy. \
        Nothing is ever deleted.",
    params(
        schemas::JobPath,
        ("min_size" = inline(Option<schemas::Whole>), Query, description = "Only files of at least so many bytes; 1 unless given."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The group to begin with, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "Groups of the page; 100 unless given."),
    ),
    responses((status = 200, description = "Groups of two copies and more.", body = DuplicatesPage)),
    extensions(("x-codes" = json!([
        "not_found", "job_not_finished", "algorithm_not_in_job", "store_corrupt", "draining",
    ]))),
)]
pub(super) async fn duplicates(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let min_size: u64 = query.parsed("min_size")?.unwrap_or(1);
    let position = query.position()?;
    let limit = query.limit()?;
    query.finish()?;
    if !job.state.is_final() {
        return Err(ApiError::JobNotFinished("the job is not finished: what is alike is known at its end"));
    }
    let algorithm = key_algorithm(&job.spec.algorithms)?;
    let groups = groups(&service, job.id, algorithm, min_size).await?;
    let skip = usize::try_from(position).unwrap_or(usize::MAX);
    let mut shown = Vec::new();
    for group in groups.iter().skip(skip).take(limit) {
        let places = group.places.iter().copied().take(NAMES_SHOWN).collect();
        shown.push(show(group, algorithm, service.jobs.results_at(job.id, places).await?));
    }
    let reclaimable_bytes = groups.iter().map(|group| group.reclaimable_bytes).sum();
    Ok(Json(DuplicatesPage { algorithm, groups: shown, total: groups.len() as u64, position, reclaimable_bytes }))
}

async fn groups(
    service: &Service,
    id: JobId,
    algorithm: Algorithm,
    min_size: u64,
) -> Result<Arc<Vec<Group>>, ApiError> {
    let find = async { service.jobs.duplicates(id, algorithm, min_size).await?.ok_or(NO_SUCH_JOB) };
    let is_small = |groups: &Vec<Group>| groups.iter().map(|group| group.places.len()).sum::<usize>() <= KEPT_NAMES;
    service.duplicates.get_or_compute((id, min_size), find, is_small).await
}

fn show(group: &Group, algorithm: Algorithm, items: Vec<Item>) -> DuplicateGroup {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let of_first = items.first().and_then(|item| item.as_ref().digest(algorithm)).map(hex::encode);
    let paths: Vec<Vec<u8>> = items.into_iter().map(|item| item.path).collect();
    let exact = paths.iter().any(|path| std::str::from_utf8(path).is_err());
    DuplicateGroup {
        digest: of_first.unwrap_or_default(),
        size: group.size,
        count: group.count,
        reclaimable_bytes: group.reclaimable_bytes,
        names: group.places.len() as u64,
        paths_b64: exact.then(|| paths.iter().map(|path| STANDARD.encode(path)).collect()),
        paths,
    }
}

fn readable<S: Serializer>(paths: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| String::from_utf8_lossy(path)))
}
