//! `GET /stats`: the engine's current figures.

use std::num::NonZeroU32;

use actix_web::Responder;
use actix_web::web::{Data, Json};
use hivesum_actors::engine::EngineStats;
use hivesum_actors::job::JobCounts;
use hivesum_actors::store::figures::StoreFigures;
use serde::Serialize;

use crate::config::{Limits, RateLimit};
use crate::openapi::schemas;
use crate::request::NoQuery;
use crate::service::Service;

/// The engine's figures, the jobs, the store, the uptime, the version and the limits.
#[derive(Debug, Serialize)]
struct StatsJson {
    #[serde(flatten)]
    engine: EngineStats,
    jobs: JobCounts,
    store: StoreJson,
    /// Disk space of the job store, including its log.
    database_bytes: u64,
    uptime_seconds: u64,
    version: &'static str,
    limits: LimitsJson,
}

/// The job store.
#[derive(Debug, Serialize)]
struct StoreJson {
    database_bytes: u64,
    log_bytes: u64,
    commits: u64,
    rows_committed: u64,
}

impl StoreJson {
    fn of(figures: &StoreFigures) -> Self {
        let StoreFigures { database_bytes, log_bytes, commits, rows_committed, .. } = *figures;
        Self { database_bytes, log_bytes, commits, rows_committed }
    }
}

/// The limits for clients; none means unlimited.
#[derive(Debug, Serialize)]
struct LimitsJson {
    requests_per_second: Option<NonZeroU32>,
    max_upload_bytes: u64,
    max_uploads: usize,
    max_uploads_per_client: Option<usize>,
    max_manifests: usize,
    max_manifests_per_client: usize,
    max_file_bytes: u64,
    max_running_jobs: usize,
    max_queued_jobs: usize,
    max_queued_jobs_per_client: Option<usize>,
    max_connections: usize,
    max_streams: usize,
    max_streams_per_client: Option<usize>,
}

impl LimitsJson {
    fn of(limits: &Limits) -> Self {
        Self {
            requests_per_second: match limits.rate {
                RateLimit::Off => None,
                RateLimit::PerClient { per_second, .. } => Some(per_second),
            },
            max_upload_bytes: limits.max_upload_bytes,
            max_uploads: limits.max_uploads,
            max_uploads_per_client: limits.max_uploads_per_client,
            max_manifests: limits.max_manifests,
            max_manifests_per_client: limits.max_manifests_per_client,
            max_file_bytes: limits.max_file_bytes,
            max_running_jobs: limits.max_running_jobs,
            max_queued_jobs: limits.max_queued_jobs,
            max_queued_jobs_per_client: limits.max_queued_jobs_per_client,
            max_connections: limits.max_connections,
            max_streams: limits.max_streams,
            max_streams_per_client: limits.max_streams_per_client,
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/stats", tag = "operations", operation_id = "stats",
    summary = "The engine's current figures",
    responses((status = 200, description = "The figures; counts are since the start of the service.", body = schemas::Stats)),
)]
pub(super) async fn stats(_: NoQuery, service: Data<Service>) -> impl Responder {
    let store = StoreJson::of(&service.jobs.store_figures());
    Json(StatsJson {
        engine: service.engine.stats(),
        jobs: service.jobs.counts(),
        database_bytes: store.database_bytes + store.log_bytes,
        store,
        uptime_seconds: service.started.elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION"),
        limits: LimitsJson::of(&service.limits),
    })
}
