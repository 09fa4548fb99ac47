//! `GET /metrics`: the metrics in the text format of Prometheus.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use hivesum_actors::store::collections::CollectionService;
use tokio::time::timeout;

use crate::metrics::{CollectionFigures, Snapshot};
use crate::service::Service;

/// How long an answer waits for a count of collections; Prometheus waits 10 s by default. The count goes on.
const COUNT_WAIT: Duration = Duration::from_secs(2);

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
        collections: figures_of(&service.jobs.collections()).await,
        in_use: [
            ("hivesum_connections", service.connections.taken()),
            ("hivesum_uploads", service.uploads.taken()),
            ("hivesum_manifests", service.manifests.taken()),
            ("hivesum_event_streams", service.streams.taken()),
        ],
    });
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

/// The collections as they are, or else as they were counted last.
async fn figures_of(collections: &CollectionService) -> CollectionFigures {
    let last = |is_readable| CollectionFigures { counted: collections.last_counted(), is_readable };
    if collections.is_counting() {
        return last(None);
    }
    let of = collections.clone();
    let counting = actix_web::rt::spawn(async move { of.all_counted().await });
    match timeout(COUNT_WAIT, counting).await {
        Ok(Ok(Ok(counted))) => CollectionFigures { counted, is_readable: Some(true) },
        // The store has logged why.
        Ok(Ok(Err(_)) | Err(_)) => last(Some(false)),
        Err(_) => last(None),
    }
}
