//! `GET /jobs/{id}/compare?with=`: what changed from the older of two jobs to the newer one: a page as JSON, or all of it
//! as lines, see `export`.
//!
//! Comparisons that are not too large are cached. Pages and lines have the same filters.

mod export;

use std::ops::Range;
use std::sync::Arc;

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::{Job, JobId};
use hivesum_core::compare::{Change, Comparison, Counts, Difference};
use serde::Serialize;
use utoipa::ToSchema;

use self::export::{Export, Wanted, is_zero};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::LineForm;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

/// The most differences of a comparison that is cached.
const KEPT_DIFFERENCES: usize = 100_000;

/// A page of a comparison.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparisonPage)]
struct ComparisonPage {
    /// The older job.
    #[schema(value_type = String, format = "uuid")]
    old: JobId,
    /// The newer job.
    #[schema(value_type = String, format = "uuid")]
    new: JobId,
    #[schema(value_type = schemas::ChangeCounts)]
    counts: Counts,
    /// The differences, in walk order.
    #[schema(value_type = Vec<schemas::Difference>)]
    items: Vec<Difference>,
    /// The number of all items.
    total: u64,
    position: u64,
    /// Added and changed files that may be copies: more contents than are told apart have their digest. Left out if there
    /// are none.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    untraced: u64,
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/compare", tag = "jobs", operation_id = "compare_jobs",
    summary = "Compare two jobs",
    description = "Both jobs must have ended. The older job is compared with the newer one, in whichever order they are \
        named. A digest that changed while size, mtime and ctime did not is `suspected_rot`. \
        An added file with the content of an unchanged one is a copy of it, `copied_from`. A changed file with the \
        recorded content of another one names it, `content_from`: two that name each other were swapped. \
        With `Accept: application/x-ndjson` or `text/csv`, or with `format`, all differences are sent: as NDJSON with one \
        item a line and last `{\"summary\": {old, new, counts, items}}`; as CSV `verdict,path,from,evidence,old_size,\
        new_size,old_modified_at,new_modified_at,old_digest,new_digest`, with exact bytes of names, and a last row of \
        `summary` and how many rows there were.",
    params(
        schemas::JobPath,
        ("with" = String, Query, format = "uuid", description = "The other job's id.", example = "0197a2b4-6d3c-7000-8000-000000000002"),
        ("verdict" = Option<schemas::Change>, Query, description = "Only files with this change."),
        ("q" = Option<String>, Query, description = "Only files whose path, or the path that they have their content from, contains this. Decoded once, to bytes."),
        ("format" = Option<String>, Query, pattern = "^(ndjson|csv)$", description = "All differences in this form, whatever `Accept` says, as a file."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The index of the first item, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most items per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of the differences, or all of them.",
        headers(("Content-Disposition" = String, description = "Of all differences: the name to save the file under.")),
        content(
            (ComparisonPage = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        ))),
    extensions(("x-codes" = json!([
        "not_found", "job_not_finished", "algorithm_not_in_job", "too_large", "store_corrupt", "queue_full", "draining",
    ]))),
)]
pub(super) async fn compare(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let with = query.text("with")?.ok_or_else(|| ApiError::invalid("say which job to compare with: ?with=JOB"))?;
    let change = query.named("verdict", Change::from_name, &Change::ALL.map(Change::name))?;
    let wanted = Wanted::new(change, &query.bytes("q").unwrap_or_default());
    let form = query.named("format", LineForm::from_name, &["ndjson", "csv"])?;
    let position = query.position()?;
    let limit = query.limit()?;
    query.finish()?;
    let jobs = [job, service.job(&caller, &with).await?];
    if !jobs.iter().all(|job| job.state.is_final()) {
        return Err(ApiError::JobNotFinished("both jobs must have ended before they can be compared"));
    }
    let [old, new] = in_time_order(jobs);
    let form = form.or_else(|| LineForm::preferred(&request));
    let permit = form.map(|form| service.export_for(&caller).map(|permit| (form, permit))).transpose()?;
    let comparison = comparison(&service, old, new).await?;
    if let Some((form, permit)) = permit {
        return Ok(Export { jobs: [old, new], comparison, wanted, form, _permit: permit }.answer());
    }
    let counts = (comparison.counts, comparison.untraced);
    let pick = move || pick(&comparison, &wanted, position..position.saturating_add(limit as u64));
    let (items, total) = tokio::task::spawn_blocking(pick).await.map_err(ApiError::internal)?;
    let page = ComparisonPage { old, new, counts: counts.0, items, total, position, untraced: counts.1 };
    Ok(HttpResponse::Ok().json(page))
}

/// The wanted differences at these positions, and how many there are at all. Looks at a million paths.
fn pick(comparison: &Comparison, wanted: &Wanted, positions: Range<u64>) -> (Vec<Difference>, u64) {
    let (mut items, mut total) = (Vec::new(), 0);
    for item in comparison.items.iter().filter(|item| wanted.wants(item)) {
        if positions.contains(&total) {
            items.push(item.clone());
        }
        total += 1;
    }
    (items, total)
}

/// The job that was submitted first is the older one.
fn in_time_order(mut jobs: [Job; 2]) -> [JobId; 2] {
    jobs.sort_by_key(|job| (job.created_at, job.id));
    jobs.map(|job| job.id)
}

async fn comparison(service: &Service, old: JobId, new: JobId) -> Result<Arc<Comparison>, ApiError> {
    let compare = async { service.jobs.compare(old, new).await?.ok_or(NO_SUCH_JOB) };
    let is_small = |comparison: &Comparison| comparison.items.len() <= KEPT_DIFFERENCES;
    service.comparisons.get_or_compute((old, new), compare, is_small).await
}
