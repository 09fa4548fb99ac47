//! `POST /jobs/{id}/cancel`: reading stops within one quantum; a second request changes nothing.

use actix_web::Responder;
use actix_web::web::{Data, Json, ReqData};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::NoQuery;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    summary = "Stop a job",
    description = "Reading stops within one quantum. Cancelling a job again, or after its end, changes nothing. The job of \
        another token needs the scope `admin`.",
    params(schemas::JobPath),
    responses((status = 200, description = "The job.", body = schemas::Job)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining", "storage_full"]))),
)]
pub(super) async fn cancel(
    _: NoQuery,
    KnownJob(job): KnownJob,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    caller.may_change(&job)?;
    Ok(Json(service.jobs.cancel(job.id).await?.ok_or(NO_SUCH_JOB)?))
}
