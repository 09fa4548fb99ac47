//! `GET /jobs/{id}/duplicates`: files with the same content, by default sorted by reclaimable bytes: a page as JSON, or
//! all of them as lines, see `export`. Nothing is ever deleted.

mod export;
mod group;

use std::sync::Arc;

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::{DuplicateQuery, JobId};
use hivesum_core::compare::{Group, key_algorithm};
use hivesum_core::digest::Algorithm;
use serde::Serialize;
use utoipa::ToSchema;

use self::export::Export;
use self::group::{DuplicateGroup, NAMES_SHOWN, Names, items_at, show};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::LineForm;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

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

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/duplicates", tag = "jobs", operation_id = "job_duplicates",
    summary = "Find duplicate files",
    description = "Groups of files with the same content in a job that has ended. Hard links to one file count as one \
        copy. Nothing is ever deleted. With `Accept: application/x-ndjson` or `text/csv`, or with `format`, all groups are \
        sent: as NDJSON with one group a line and last `{\"summary\": {algorithm, groups, names, reclaimable_bytes}}`; as CSV \
        `group,digest,size,file,path` with a row for each name, `group` and `file` counted from 0, and a last row of \
        `summary`, the algorithm, the reclaimable bytes, the number of groups and no path. Names in CSV are exact bytes.",
    params(
        schemas::JobPath,
        ("min_size" = inline(Option<schemas::Whole>), Query, description = "Only files of at least this many bytes; 1 by default."),
        ("q" = Option<String>, Query, description = "Only groups with a path that contains this; the whole group is listed. Decoded once, to bytes."),
        ("sort" = Option<String>, Query, pattern = "^-?(reclaimable_bytes|size|count)$", description = "The order: `reclaimable_bytes`, `size` or `count`; `-` in front reverses it. `-reclaimable_bytes` by default."),
        ("format" = Option<String>, Query, pattern = "^(ndjson|csv)$", description = "All groups in this form, whatever `Accept` says, as a file."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The index of the first group, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most groups per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of groups with two or more copies, or all of them.",
        headers(("Content-Disposition" = String, description = "Of all groups: the name to save the file under.")),
        content(
            (DuplicatesPage = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        ))),
    extensions(("x-codes" = json!([
        "not_found", "job_not_finished", "algorithm_not_in_job", "store_corrupt", "queue_full", "draining",
    ]))),
)]
pub(super) async fn duplicates(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let min_size: u64 = query.parsed("min_size")?.unwrap_or(1);
    let q = query.bytes("q").unwrap_or_default();
    let order = query.parsed("sort")?.unwrap_or_default();
    let form = query.named("format", LineForm::from_name, &["ndjson", "csv"])?;
    let position = query.position()?;
    let limit = query.limit()?;
    query.finish()?;
    if !job.state.is_final() {
        return Err(ApiError::JobNotFinished("the job has not ended: duplicates are known at its end"));
    }
    let algorithm = key_algorithm(&job.spec.algorithms)?;
    let form = form.or_else(|| LineForm::preferred(&request));
    let permit = form.map(|form| service.export_for(&caller).map(|permit| (form, permit))).transpose()?;
    let wanted = DuplicateQuery { q, order, ..DuplicateQuery::all(algorithm, min_size) };
    let groups = groups(&service, job.id, wanted).await?;
    if let Some((form, permit)) = permit {
        return Export { service, job: job.id, algorithm, groups, form, _permit: permit }.answer().await;
    }
    let skip = usize::try_from(position).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    for group in groups.iter().skip(skip).take(limit) {
        let places = group.places.iter().copied().take(NAMES_SHOWN).collect();
        let items = items_at(&service, job.id, places).await?;
        page.push(show(group, algorithm, Names { from: 0, items }));
    }
    let reclaimable_bytes = groups.iter().map(|group| group.reclaimable_bytes).sum();
    let total = groups.len() as u64;
    Ok(HttpResponse::Ok().json(DuplicatesPage { algorithm, groups: page, total, position, reclaimable_bytes }))
}

async fn groups(service: &Service, id: JobId, query: DuplicateQuery) -> Result<Arc<Vec<Group>>, ApiError> {
    let find = async { service.jobs.duplicates(id, query.clone()).await?.ok_or(NO_SUCH_JOB) };
    let is_small = |groups: &Vec<Group>| groups.iter().map(|group| group.places.len()).sum::<usize>() <= KEPT_NAMES;
    service.duplicates.get_or_compute((id, query.clone()), find, is_small).await
}
