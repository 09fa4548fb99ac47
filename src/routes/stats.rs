//! `GET /stats`: the engine's figures of this instant.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::engine::EngineStats;
use serde::Serialize;

use crate::error::ApiError;
use crate::openapi::shown;
use crate::request::Query;
use crate::service::Service;

/// The engine's figures, and how long it has been up.
#[derive(Debug, Serialize)]
struct StatsShown {
    #[serde(flatten)]
    engine: EngineStats,
    uptime_seconds: u64,
}

#[utoipa::path(
    get, path = "/api/v1/stats", tag = "operations", operation_id = "stats",
    summary = "The engine's figures of this instant",
    responses((status = 200, description = "Since the start.", body = shown::Stats)),
)]
pub(super) async fn stats(request: HttpRequest, service: Data<Service>) -> Result<impl Responder, ApiError> {
    Query::of(&request)?.finish()?;
    Ok(Json(StatsShown { engine: service.engine.stats(), uptime_seconds: service.started.elapsed().as_secs() }))
}
