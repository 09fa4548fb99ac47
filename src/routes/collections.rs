//! `/collections` and `/collections/{id}`: the directories that hivesum keeps watch over, each as a whole; and forgetting
//! one.
//!
//! Nothing here reads or changes a file of a collection: runs do, which `hivesum scrub`, a request or the schedule starts.

mod accept;
mod change;
mod events;
mod files;
mod locate;
mod manifest;
mod planned;
mod report;
mod runs;
mod settings;
mod shown;
mod shown_files;
mod shown_runs;
mod which;

pub(super) use accept::{__path_accept, __path_acknowledge, accept, acknowledge};
pub(super) use change::{__path_change, __path_make, change, make};
pub(super) use events::{__path_events, events};
pub(super) use files::{__path_alerts, __path_files, alerts, files};
pub(super) use locate::{__path_locate, locate};
pub(super) use manifest::{__path_manifest, manifest};
pub(super) use report::{__path_report, report};
pub(super) use runs::{
    __path_cancel, __path_run, __path_runs, __path_scrub, __path_survey, cancel, run, runs, scrub, survey,
};

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Data, Json, ReqData};
use actix_web::{HttpResponse, Responder};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::shown::{CollectionJson, shown, tag_of};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::NoQuery;
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// All collections.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionPage)]
struct CollectionPage {
    /// Oldest first, at most 1,000.
    #[schema(value_type = Vec<schemas::Collection>)]
    items: Vec<CollectionJson>,
}

#[utoipa::path(
    get, path = "/api/v1/collections", tag = "collections", operation_id = "list_collections",
    summary = "List the collections",
    description = "A collection is a directory that hivesum keeps watch over. It belongs to no token, so the scope \
        `read:all` is needed, or `admin` together with `read`. The first request after a start or after a change counts \
        the files, and takes longer.",
    responses((status = 200, description = "All collections.", body = CollectionPage)),
    extensions(("x-codes" = json!(["store_corrupt", "queue_full", "draining"]))),
)]
pub(super) async fn list(
    _: NoQuery,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    caller.may_see_all()?;
    let all = service.jobs.collections().all_counted().await?;
    let collections: Vec<_> = all.iter().map(|counted| counted.collection()).collect();
    let places = service.jobs.places_of(&collections).await;
    let (deliveries, now) = (service.jobs.collections().deliveries().await?, Timestamp::now());
    let json = |(counted, place): (&Arc<_>, _)| CollectionJson::of(&service, counted, place, (&deliveries, now));
    let items = all.iter().zip(places).map(json).collect();
    Ok(Json(CollectionPage { items }))
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}", tag = "collections", operation_id = "show_collection",
    summary = "Get a collection",
    params(schemas::CollectionPath),
    responses((status = 200, description = "The collection with its files counted.", body = schemas::Collection, headers(
        ("ETag" = String, description = "Stands for the settings: what `If-Match` of a change has to name."),
    ))),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(super) async fn show(
    _: NoQuery,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut answer = HttpResponse::Ok();
    answer.insert_header(header::ETag(tag_of(&collection)));
    Ok(answer.json(shown(&service, &collection.id).await?))
}

#[utoipa::path(
    delete, path = "/api/v1/collections/{id}", tag = "collections", operation_id = "forget_collection",
    summary = "Forget a collection",
    description = "Forgets what is known of its files, and all of its events. The files are not touched.",
    params(schemas::CollectionPath),
    responses((status = 204, description = "The collection is forgotten.")),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining", "storage_full"]))),
)]
pub(super) async fn forget(
    _: NoQuery,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let collections = service.jobs.collections();
    // To its end, also if the client goes away.
    let forgetting = actix_web::rt::spawn(async move { collections.forget(collection.id).await });
    match forgetting.await.map_err(ApiError::internal)?? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(NO_SUCH_COLLECTION),
    }
}
