//! `GET /jobs/{id}/compare?with=`: what changed from the older of two jobs to the newer one.

use std::sync::Arc;

use actix_web::web::{Data, Json, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::job::{Job, JobId};
use hivesum_core::compare::{Change, Comparison, Counts, Difference};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/compare", tag = "jobs", operation_id = "compare_jobs",
    summary = "Compare two jobs",
    description = "Both jobs must have ended. The older job is compared with the newer one, in whichever order they are \
        named. A digest that changed while size, mtime and ctime did not is `suspected_rot`. \
        An added file with the content of an unchanged one is a copy of it, `copied_from`. A changed file with the \
        recorded content of another one names it, `content_from`: two that name each other were swapped.",
    params(
        schemas::JobPath,
        ("with" = String, Query, format = "uuid", description = "The other job's id.", example = "0197a2b4-6d3c-7000-8000-000000000002"),
        ("verdict" = Option<schemas::Change>, Query, description = "Only files with this change."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The index of the first item, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most items per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of the differences.", body = ComparisonPage)),
    extensions(("x-codes" = json!([
        "not_found", "job_not_finished", "algorithm_not_in_job", "too_large", "store_corrupt", "draining",
    ]))),
)]
pub(super) async fn compare(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let with = query.text("with")?.ok_or_else(|| ApiError::invalid("say which job to compare with: ?with=JOB"))?;
    let change = query.named("verdict", Change::from_name, &Change::ALL.map(Change::name))?;
    let position = query.position()?;
    let limit = query.limit()?;
    query.finish()?;
    let jobs = [job, service.job(&caller, &with).await?];
    if !jobs.iter().all(|job| job.state.is_final()) {
        return Err(ApiError::JobNotFinished("both jobs must have ended before they can be compared"));
    }
    let [old, new] = in_time_order(jobs);
    let comparison = comparison(&service, old, new).await?;
    let wanted = || comparison.items.iter().filter(|item| change.is_none_or(|change| item.change == change));
    let skip = usize::try_from(position).unwrap_or(usize::MAX);
    let items = wanted().skip(skip).take(limit).cloned().collect();
    let (total, untraced) = (wanted().count() as u64, comparison.untraced);
    Ok(Json(ComparisonPage { old, new, counts: comparison.counts, items, total, position, untraced }))
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
