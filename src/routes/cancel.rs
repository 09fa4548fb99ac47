//! `POST /jobs/{id}/cancel`: reading stops within one quantum; a second time changes nothing.

use actix_web::web::{Data, Json, Path, ReqData};
use actix_web::{HttpRequest, Responder};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::request::Query;
use crate::service::{NO_SUCH_JOB, Service};

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
