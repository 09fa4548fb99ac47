//! `POST /collections/{id}/scrub` and `/survey`: a run is started, or it is told what it would read; and the run that a
//! request has started, by its id.
//!
//! A run goes on without its client. It reads at once, whatever the windows, and not faster than the collection allows.
//! The service remembers the latest ended runs; what they have found is in the events for ever.

use actix_web::http::header;
use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use hivesum_actors::scrub::{RunKind, RunOf, ScrubRefused};
use hivesum_actors::store::collections::StoredCollection;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::planned::{ForecastJson, RunJson};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::{NoQuery, Query, read_json};
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// The body of both requests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRequest {
    #[serde(default)]
    dry_run: bool,
}

/// The path of one run.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the document is made from it")]
pub(super) struct RunPath {
    /// The run's id.
    #[param(format = "uuid", example = "0197a2b4-6d3c-7000-8000-000000000002")]
    run: String,
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/scrub", tag = "collections", operation_id = "scrub_collection",
    summary = "Read everything again",
    description = "Starts a run that reads every file from its device, what was verified longest ago first; with `dry_run` \
        it tells what would be read, and starts nothing, for which `read:all` or `admin` is needed.",
    params(schemas::CollectionPath),
    request_body(content = Option<schemas::RunRequest>),
    responses(
        (status = 200, description = "With `dry_run`: what would be read.", body = schemas::Forecast),
        (status = 202, description = "The run is started.", body = schemas::Run, headers(
            ("Location" = String, description = "The path of the run."),
        )),
    ),
    extensions(("x-codes" = json!([
        "not_found", "body_too_slow", "too_large", "collection_busy", "unsupported_media_type", "store_corrupt",
        "queue_full", "draining",
    ]))),
)]
pub(in crate::routes) async fn scrub(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    match read_request(&request, payload, &service).await?.dry_run {
        true => {
            caller.may_see_all()?;
            let counted = service.jobs.collections().counted(&collection.id).await?.ok_or(NO_SUCH_COLLECTION)?;
            Ok(HttpResponse::Ok().json(ForecastJson::of_all(&counted, Timestamp::now())))
        }
        false => start(&service, &collection, RunKind::Scrub),
    }
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/survey", tag = "collections", operation_id = "survey_collection",
    summary = "Look for what is new, changed or gone",
    description = "Starts a run that walks the tree and reads what is new or changed; with `dry_run` it starts nothing. What \
        is new or changed is not known before the walk, so it tells of no bytes then. `dry_run` needs `read:all` or `admin`.",
    params(schemas::CollectionPath),
    request_body(content = Option<schemas::RunRequest>),
    responses(
        (status = 200, description = "With `dry_run`: nothing that is known is read.", body = schemas::Forecast),
        (status = 202, description = "The run is started.", body = schemas::Run, headers(
            ("Location" = String, description = "The path of the run."),
        )),
    ),
    extensions(("x-codes" = json!([
        "not_found", "body_too_slow", "too_large", "collection_busy", "unsupported_media_type", "store_corrupt",
        "queue_full", "draining",
    ]))),
)]
pub(in crate::routes) async fn survey(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    match read_request(&request, payload, &service).await?.dry_run {
        true => {
            caller.may_see_all()?;
            Ok(HttpResponse::Ok().json(ForecastJson::of((0, 0), &collection, Timestamp::now())))
        }
        false => start(&service, &collection, RunKind::Survey),
    }
}

/// The body, which may be empty.
async fn read_request(request: &HttpRequest, payload: Payload, service: &Service) -> Result<RunRequest, ApiError> {
    service.admit_work()?;
    Query::of(request)?.finish()?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let is_empty = length.is_none_or(|length| length == "0") && !request.headers().contains_key("transfer-encoding");
    match is_empty {
        true => Ok(RunRequest::default()),
        false => Ok(read_json::<Option<_>>(request, payload, service.json_rules()).await?.unwrap_or_default()),
    }
}

fn start(service: &Service, collection: &StoredCollection, kind: RunKind) -> Result<HttpResponse, ApiError> {
    if !service.jobs.is_beneath_a_root(collection) {
        return Err(ApiError::NotFound("the collection lies beneath no root of this service: hivesum scrub reads it"));
    }
    let run = service.jobs.start_run(collection, kind).map_err(|refused| match refused {
        ScrubRefused::Busy => ApiError::CollectionBusy("another run of this collection has not ended"),
        ScrubRefused::TooMany => ApiError::QueueFull,
        ScrubRefused::Draining => ApiError::Draining,
    })?;
    let of = service.jobs.scrubs().run_of(run).ok_or(NO_SUCH_RUN)?;
    let location = service.base_path.before(&format!("/api/v1/collections/{}/runs/{run}", collection.id));
    let told = RunJson::of(service, run, &of).ok_or(NO_SUCH_RUN)?;
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(told))
}

const NO_SUCH_RUN: ApiError = ApiError::NotFound("there is no such run of this collection, or it is not remembered");

/// The run that the path names, if it is one of this collection.
fn named(request: &HttpRequest, service: &Service, collection: &StoredCollection) -> Result<(Uuid, RunOf), ApiError> {
    let run = request.match_info().get("run").unwrap_or_default();
    let run = Uuid::try_parse(run).map_err(|_| NO_SUCH_RUN)?;
    let of = service.jobs.scrubs().run_of(run).filter(|of| of.collection.as_ref() == Some(&collection.id));
    Ok((run, of.ok_or(NO_SUCH_RUN)?))
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/runs/{run}", tag = "collections", operation_id = "show_run",
    summary = "Get a run of a collection",
    description = "The latest 64 ended runs are remembered, and none over a restart.",
    params(schemas::CollectionPath, RunPath),
    responses((status = 200, description = "The run as it stands.", body = schemas::Run)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn run(
    _: NoQuery,
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let (run, of) = named(&request, &service, &collection)?;
    Ok(Json(RunJson::of(&service, run, &of).ok_or(NO_SUCH_RUN)?))
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/runs/{run}/cancel", tag = "collections", operation_id = "cancel_run",
    summary = "Cancel a run of a collection",
    description = "It ends soon. What it has found is kept, and the next run goes on. One that has ended stays as it is. The \
        scope `admin` is needed.",
    params(schemas::CollectionPath, RunPath),
    responses((status = 200, description = "The run as it stands.", body = schemas::Run)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn cancel(
    _: NoQuery,
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let (run, of) = named(&request, &service, &collection)?;
    // Whether it is known was asked just now.
    let _ = service.jobs.scrubs().cancel(run);
    Ok(Json(RunJson::of(&service, run, &of).ok_or(NO_SUCH_RUN)?))
}
