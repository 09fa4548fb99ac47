//! `GET /metrics`: the metrics in the text format of Prometheus.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::metrics::Snapshot;
use crate::service::Service;

#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    summary = "Metrics for Prometheus",
    responses((status = 200, description = "The text format, version 0.0.4.", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")),
)]
pub(super) async fn figures(service: Data<Service>) -> HttpResponse {
    let text = service.metrics.render(&Snapshot {
        engine: service.engine.stats(),
        durations: service.engine.durations(),
        jobs: service.jobs.counts(),
        verdicts: service.jobs.verdict_counts(),
        store: service.jobs.store_figures(),
        in_use: [
            ("hivesum_connections", service.connections.taken()),
            ("hivesum_uploads", service.uploads.taken()),
            ("hivesum_manifests", service.manifests.taken()),
            ("hivesum_event_streams", service.streams.taken()),
        ],
    });
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}
