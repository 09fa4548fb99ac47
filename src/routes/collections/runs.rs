//! `POST /collections/{id}/scrub` and `/survey`: a run is started, or it is told what it would read; and the run that a
//! request has started, by its id.
//!
//! A run goes on without its client. It reads at once, whatever the windows, and not faster than the collection allows.
//! The latest runs are kept by the store (see `shown_runs`); what they have found is in the events for ever.

use actix_web::http::header;
use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use hivesum_actors::scrub::{RunKind, ScrubRefused};
use hivesum_actors::store::collections::StoredCollection;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::planned::ForecastJson;
use super::shown_runs::{RunJson, all};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::name::{decode_cursor, encode_cursor};
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
async fn named(request: &HttpRequest, service: &Service, collection: &StoredCollection) -> Result<RunJson, ApiError> {
    let run = request.match_info().get("run").unwrap_or_default();
    let run = Uuid::try_parse(run).map_err(|_| NO_SUCH_RUN)?;
    let mut all = all(service, &collection.id).await?.into_iter();
    all.find(|one| one.id == run).ok_or(NO_SUCH_RUN)
}

/// A page of runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunPage)]
struct RunPageJson {
    /// The latest first.
    #[schema(value_type = Vec<schemas::Run>)]
    items: Vec<RunJson>,
    /// Null on the last page.
    #[schema(required)]
    next_cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/runs", tag = "collections", operation_id = "list_runs",
    summary = "List the runs of a collection",
    description = "The latest 30 that have begun are kept, also over a restart, and also those of `hivesum scrub` without a \
        service; and those that wait or could not begin, until a restart.",
    params(
        schemas::CollectionPath,
        ("cursor" = inline(Option<schemas::Cursor>), Query, description = "The `next_cursor` of the previous page."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most runs per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of runs, the latest first.", body = RunPageJson)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn runs(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let (after, limit) = (query.text("cursor")?.map(|cursor| decode_cursor(&cursor)).transpose()?, query.limit()?);
    query.finish()?;
    let is_later = |run: &RunJson| after.as_ref().is_none_or(|after| run.id.as_bytes()[..] < after[..]);
    let mut items: Vec<_> = all(&service, &collection.id).await?.into_iter().filter(is_later).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| encode_cursor(last.id.as_bytes()));
    Ok(Json(RunPageJson { items, next_cursor }))
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/runs/{run}", tag = "collections", operation_id = "show_run",
    summary = "Get a run of a collection",
    params(schemas::CollectionPath, RunPath),
    responses((status = 200, description = "The run as it stands, or how it ended.", body = schemas::Run)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn run(
    _: NoQuery,
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    Ok(Json(named(&request, &service, &collection).await?))
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
    let run = named(&request, &service, &collection).await?;
    // One that the service does not remember has ended.
    let _ = service.jobs.scrubs().cancel(run.id);
    Ok(Json(run))
}
