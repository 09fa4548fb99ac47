//! `GET /healthz`: the process is alive. `GET /readyz`: the service accepts work, which it does not while it only reads
//! because it was started on a full disk. Neither needs a token, so that load
//! balancers can ask.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::error::ApiError;
use crate::service::Service;

#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "healthz",
    summary = "Whether the process is alive", security(()),
    responses((status = 200, description = "The process is alive.", body = String, content_type = "text/plain; charset=utf-8")),
)]
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "readyz",
    summary = "Whether the service accepts work", security(()),
    responses((status = 200, description = "The service accepts work.", body = String, content_type = "text/plain; charset=utf-8")),
    extensions(("x-codes" = json!(["queue_full", "draining", "storage_full"]))),
)]
pub(super) async fn ready(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    service.jobs.check_writable()?;
    match service.engine.stats().hashers.alive {
        0 => Err(ApiError::QueueFull),
        _ => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
    }
}
