//! `GET /collections/{id}/files` and `/alerts`: the files of a collection in walk order, all that match or those that
//! deviate.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::store::collections::{FilePage, FileQuery, StoredCollection};
use hivesum_core::fixity::{Condition, FileState};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown_files::{EventJson, FileJson};
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::name::{decode_cursor, encode_cursor};
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// A page of files, in walk order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionFilePage)]
struct FilePageJson {
    #[schema(value_type = Vec<schemas::CollectionFile>)]
    items: Vec<FileJson>,
    /// Null on the last page.
    #[schema(required)]
    next_cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/files", tag = "collections", operation_id = "collection_files",
    summary = "List the files of a collection",
    params(
        schemas::CollectionPath,
        ("condition" = inline(Option<schemas::ConditionNames>), Query, style = Form, explode = false, description = "Only files in one of these conditions, separated by commas or repeated."),
        ("path_prefix" = Option<String>, Query, description = "Only paths that begin with this. Decoded once, to bytes.", example = "2026/"),
        ("q" = Option<String>, Query, description = "Only paths that contain this. Decoded once, to bytes."),
        ("cursor" = inline(Option<schemas::Cursor>), Query, description = "The `next_cursor` of the previous page."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most files per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of files, in walk order.", body = FilePageJson)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn files(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::repeating(&request, &["condition"])?;
    let wanted = FileQuery {
        conditions: query.named_list("condition", Condition::from_name, &Condition::ALL.map(Condition::name))?,
        is_acknowledged: None,
        path_prefix: query.bytes("path_prefix"),
        q: query.bytes("q"),
        after: after(&mut query)?,
        limit: query.limit()?,
    };
    query.finish()?;
    let (files, next_cursor) = page(&service, &collection, wanted).await?;
    let items = files.into_iter().map(|state| shown(&collection, state)).collect();
    Ok(Json(FilePageJson { items, next_cursor }))
}

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/alerts", tag = "collections", operation_id = "collection_alerts",
    summary = "List the files of a collection that are not what they should be",
    description = "In a fixed collection these are all files that changed, in a living one those that are damaged. Each has \
        the event that has made it so. Those that somebody has acknowledged are no open alerts.",
    params(
        schemas::CollectionPath,
        ("acknowledged" = Option<bool>, Query, description = "Only files that somebody has acknowledged, or only those that nobody has. All by default."),
        ("cursor" = inline(Option<schemas::Cursor>), Query, description = "The `next_cursor` of the previous page."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most files per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of files, in walk order.", body = FilePageJson)),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn alerts(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let (after, limit, is_acknowledged) = (after(&mut query)?, query.limit()?, query.parsed("acknowledged")?);
    query.finish()?;
    let kind = collection.settings.kind;
    let conditions = Condition::ALL.into_iter().filter(|condition| condition.is_alert(kind)).collect();
    let wanted = FileQuery { conditions, is_acknowledged, after, limit, ..FileQuery::default() };
    let (files, next_cursor) = page(&service, &collection, wanted).await?;
    let events = service.jobs.collections().last_events(collection.id.clone(), files.clone()).await?;
    let algorithms = collection.settings.algorithms;
    let items = files.into_iter().zip(events).map(|(state, event)| {
        let last_event = Some(event.map(|stored| EventJson { stored, algorithms }));
        FileJson { last_event, ..shown(&collection, state) }
    });
    Ok(Json(FilePageJson { items: items.collect(), next_cursor }))
}

fn after(query: &mut Query) -> Result<Option<Vec<u8>>, ApiError> {
    query.text("cursor")?.map(|cursor| decode_cursor(&cursor)).transpose()
}

/// The files that match, and the cursor of the next page.
async fn page(
    service: &Service,
    collection: &StoredCollection,
    query: FileQuery,
) -> Result<(Vec<FileState>, Option<String>), ApiError> {
    let page = service.jobs.collections().files(collection.id.clone(), query).await?;
    let FilePage { files, has_more } = page.ok_or(NO_SUCH_COLLECTION)?;
    let next_cursor = files.last().filter(|_| has_more).map(|last| encode_cursor(&last.path));
    Ok((files, next_cursor))
}

fn shown(collection: &StoredCollection, state: FileState) -> FileJson {
    let is_alert = state.condition.is_alert(collection.settings.kind);
    FileJson { state, is_alert, algorithms: collection.settings.algorithms, last_event: None }
}
