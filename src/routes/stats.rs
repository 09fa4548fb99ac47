//! `GET /stats`: the engine's figures of this instant.

use std::num::NonZeroU32;

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::engine::EngineStats;
use serde::Serialize;

use crate::config::{Limits, RateLimit};
use crate::error::ApiError;
use crate::openapi::shown;
use crate::request::Query;
use crate::service::Service;

/// The engine's figures, how long it has been up, which program it is and what it takes.
#[derive(Debug, Serialize)]
struct StatsShown {
    #[serde(flatten)]
    engine: EngineStats,
    /// What the job store takes on the disk.
    database_bytes: u64,
    uptime_seconds: u64,
    version: &'static str,
    limits: LimitsShown,
}

/// Of what a client meets, the bounds; none where there is no bound.
#[derive(Debug, Serialize)]
struct LimitsShown {
    requests_per_second: Option<NonZeroU32>,
    max_upload_bytes: u64,
    max_file_bytes: u64,
    max_running_jobs: usize,
    max_queued_jobs: usize,
    max_connections: usize,
    max_streams: usize,
}

impl LimitsShown {
    fn of(limits: &Limits) -> Self {
        Self {
            requests_per_second: match limits.rate {
                RateLimit::Off => None,
                RateLimit::PerClient { per_second, .. } => Some(per_second),
            },
            max_upload_bytes: limits.max_upload_bytes,
            max_file_bytes: limits.max_file_bytes,
            max_running_jobs: limits.max_running_jobs,
            max_queued_jobs: limits.max_queued_jobs,
            max_connections: limits.max_connections,
            max_streams: limits.max_streams,
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/stats", tag = "operations", operation_id = "stats",
    summary = "The engine's figures of this instant",
    responses((status = 200, description = "Since the start.", body = shown::Stats)),
)]
pub(super) async fn stats(request: HttpRequest, service: Data<Service>) -> Result<impl Responder, ApiError> {
    Query::of(&request)?.finish()?;
    Ok(Json(StatsShown {
        engine: service.engine.stats(),
        database_bytes: service.jobs.database_bytes(),
        uptime_seconds: service.started.elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION"),
        limits: LimitsShown::of(&service.limits),
    }))
}
