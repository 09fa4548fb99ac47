//! `GET /collections/{id}/events`: what happened to the files of a collection, in order. Events are numbered from 1 on and
//! never change.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use hivesum_core::file::RelPath;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown_files::EventJson;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// Some events of a collection, in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionEventPage)]
struct EventPage {
    #[schema(value_type = Vec<schemas::CollectionEvent>)]
    items: Vec<EventJson>,
    /// What `after` has to be for the next page; null if there was no further event.
    #[schema(required)]
    next_after: Option<u64>,
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/events", tag = "collections", operation_id = "collection_events",
    summary = "List what happened to the files of a collection",
    params(
        schemas::CollectionPath,
        ("after" = inline(Option<schemas::Whole>), Query, description = "Only events after this number; 0 by default. `last_event` of the collection is that of the last one."),
        ("path" = inline(Option<schemas::PathBeneath>), Query, description = "Only events at exactly this path, and a move away from it. Decoded once, to bytes.", example = "2026/summer/a.jpg"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most events; 100 by default."),
    ),
    responses((status = 200, description = "Events in order.", body = EventPage)),
    extensions(("x-codes" = json!(["path_invalid", "not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn events(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let after: u64 = query.parsed("after")?.unwrap_or(0);
    let path = query.bytes("path").map(RelPath::new).transpose()?.map(|path| path.as_bytes().to_vec());
    let limit = query.limit()?;
    query.finish()?;
    let algorithms = collection.settings.algorithms;
    // One more, to know whether there is one.
    let found = service.jobs.collections().events(collection.id, path, (after, limit + 1)).await?;
    let mut found = found.ok_or(NO_SUCH_COLLECTION)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_after = found.last().filter(|_| has_more).map(|last| last.n);
    Ok(Json(EventPage {
        items: found.into_iter().map(|stored| EventJson { stored, algorithms }).collect(),
        next_after,
    }))
}
