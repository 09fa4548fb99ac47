//! `POST /jobs/{id}/cancel`: reading stops within one quantum; a second time changes nothing.

use actix_web::web::{Data, Json, Path, ReqData};
use actix_web::{HttpRequest, Responder};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::shown;
use crate::request::Query;
use crate::service::{NO_SUCH_JOB, Service};

#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    summary = "Stop a job",
    description = "Reading stops within one quantum. A second time, and after the end, nothing changes.",
    params(("id" = String, Path, description = "The job's id.", example = "0197a2b4-6d3c-7000-8000-000000000001")),
    responses((status = 200, description = "The job.", body = shown::Job)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "draining", "storage_full"]))),
)]
pub(super) async fn cancel(
    request: HttpRequest,
    id: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    Query::of(&request)?.finish()?;
    let job = service.job(&caller, &id).await?;
    Ok(Json(service.jobs.cancel(job.id).await?.ok_or(NO_SUCH_JOB)?))
}
