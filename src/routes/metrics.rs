//! `GET /metrics`: the metrics in the text format of Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use hivesum_actors::store::collections::{CollectionService, Counted};
use tokio::time::timeout;

use crate::metrics::{CollectionFigures, SinkFigures, Snapshot};
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
        collections: figures_of(&service).await,
        fleet: service.jobs.fleet(),
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
async fn figures_of(service: &Service) -> CollectionFigures {
    let (counted, is_readable) = counted_within(&service.jobs.collections()).await;
    let heartbeat_failures = service.heartbeat.as_ref().map(|heartbeat| heartbeat.failures());
    let schedules_looked_at = service.jobs.schedules_looked_at();
    CollectionFigures { counted, is_readable, sinks: sinks(service).await, heartbeat_failures, schedules_looked_at }
}

/// How the sinks of the configuration do. None of them is told while the store cannot be read, which is told elsewhere.
async fn sinks(service: &Service) -> BTreeMap<String, SinkFigures> {
    let Ok(deliveries) = service.jobs.collections().deliveries().await else { return BTreeMap::new() };
    let mut all: BTreeMap<_, SinkFigures> =
        service.sinks.iter().map(|sink| (sink.name.clone(), SinkFigures::default())).collect();
    for (_, delivery) in deliveries {
        if let Some(figures) = all.get_mut(&delivery.sink) {
            figures.failures += delivery.failures;
            figures.is_failing |= delivery.failing_since.is_some();
        }
    }
    all
}

/// The collections, and whether they could be read, which is not known while they are being counted.
async fn counted_within(collections: &CollectionService) -> (Vec<Arc<Counted>>, Option<bool>) {
    let last = |is_readable| (collections.last_counted(), is_readable);
    if collections.is_counting() {
        return last(None);
    }
    let of = collections.clone();
    let counting = actix_web::rt::spawn(async move { of.all_counted().await });
    match timeout(COUNT_WAIT, counting).await {
        Ok(Ok(Ok(counted))) => (counted, Some(true)),
        // The store has logged why.
        Ok(Ok(Err(_)) | Err(_)) => last(Some(false)),
        Err(_) => last(None),
    }
}
