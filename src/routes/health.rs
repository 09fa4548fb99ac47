//! `GET /healthz`: the process answers. `GET /readyz`: it takes work. Both bare, for load balancers.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::error::ApiError;
use crate::service::Service;

pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

pub(super) async fn ready(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    match service.engine.stats().hashers.alive {
        0 => Err(ApiError::QueueFull),
        _ => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
    }
}
