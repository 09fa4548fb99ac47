//! `GET /jobs/{id}/duplicates`: files with the same content, sorted by reclaimable bytes. Nothing is ever deleted.

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

/// The most names that one group lists; its count includes all names.
const NAMES_SHOWN: usize = 1000;

/// The most names of a set of groups that is cached.
const KEPT_NAMES: usize = 200_000;

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicatesPage)]
struct DuplicatesPage {
    /// The algorithm that files are compared by.
    #[schema(value_type = String, example = "blake3")]
    algorithm: Algorithm,
    groups: Vec<DuplicateGroup>,
    /// The number of all groups.
    total: u64,
    position: u64,
    /// The sum over all groups.
    reclaimable_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicateGroup)]
struct DuplicateGroup {
    digest: String,
    size: u64,
    /// The number of copies; hard links to one file count as one.
    count: u64,
    reclaimable_bytes: u64,
    /// The number of all names; `paths` lists the first thousand.
    names: u64,
    #[serde(serialize_with = "readable")]
    #[schema(value_type = Vec<String>)]
    paths: Vec<Vec<u8>>,
    /// The exact bytes of each path, if one of them is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paths_b64: Option<Vec<String>>,
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/duplicates", tag = "jobs", operation_id = "job_duplicates",
    summary = "Find duplicate files",
    description = "Groups of files with the same content in a job that has ended, sorted by reclaimable bytes. Hard links \
        to one file count as one copy. Nothing is ever deleted.",
    params(
        schemas::JobPath,
        ("min_size" = inline(Option<schemas::Whole>), Query, description = "Only files of at least this many bytes; 1 by default."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The index of the first group, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most groups per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of groups with two or more copies.", body = DuplicatesPage)),
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
        return Err(ApiError::JobNotFinished("the job has not ended: duplicates are known at its end"));
    }
    let algorithm = key_algorithm(&job.spec.algorithms)?;
    let groups = groups(&service, job.id, algorithm, min_size).await?;
    let skip = usize::try_from(position).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    for group in groups.iter().skip(skip).take(limit) {
        let places = group.places.iter().copied().take(NAMES_SHOWN).collect();
        page.push(show(group, algorithm, service.jobs.results_at(job.id, places).await?));
    }
    let reclaimable_bytes = groups.iter().map(|group| group.reclaimable_bytes).sum();
    Ok(Json(DuplicatesPage { algorithm, groups: page, total: groups.len() as u64, position, reclaimable_bytes }))
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
