//! `GET /metrics`: the figures in Prometheus' text format.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::service::Service;

pub(super) async fn figures(service: Data<Service>) -> HttpResponse {
    let text = service.metrics.render(&service.engine.stats(), service.jobs.active());
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}
