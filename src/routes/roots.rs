//! `GET /roots` and `GET /roots/{root}/entries`: the directories that jobs may read, by their public names only.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::listing::{Entry, entries as list_entries};
use hivesum_core::file::{FilesystemKind, RelPath};
use hivesum_core::result::{RootWarning, serialize_name, serialize_time};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::name::{decode_cursor, encode_cursor};
use crate::request::{NoQuery, Query};
use crate::service::Service;

/// A root.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Root)]
struct RootJson {
    name: String,
    #[schema(value_type = schemas::Filesystem)]
    filesystem: FilesystemKind,
    /// What is odd about its directory, which may explain missing files: `root_changed` if it is another one than the
    /// service remembers, `root_empty` if it is empty and there are results of files in it. `hivesum roots accept`
    /// accepts it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::RootWarning>, nullable = false)]
    warning: Option<RootWarning>,
}

#[utoipa::path(
    get, path = "/api/v1/roots", tag = "roots", operation_id = "list_roots",
    summary = "List the roots",
    responses((status = 200, description = "The directories that jobs may read, by their public names. Absolute paths never leave the server.", body = Vec<RootJson>)),
    extensions(("x-codes" = json!(["store_corrupt"]))),
)]
pub(super) async fn list(_: NoQuery, service: Data<Service>) -> Result<impl Responder, ApiError> {
    let warnings = service.jobs.root_warnings().await?;
    let json = service.jobs.roots().iter().zip(warnings).map(|(root, warning)| RootJson {
        name: root.name().to_owned(),
        filesystem: root.filesystem(),
        warning,
    });
    Ok(Json(json.collect::<Vec<_>>()))
}

/// A page of a directory, names in byte order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntryPage)]
struct EntryPage {
    #[schema(value_type = Vec<schemas::Entry>)]
    items: Vec<EntryJson>,
    /// Null on the last page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// One entry of a directory.
#[derive(Debug)]
struct EntryJson(Entry);

impl Serialize for EntryJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "name", "name_b64", &self.0.name)?;
        map.serialize_entry("kind", self.0.kind.name())?;
        map.serialize_entry("size", &self.0.size)?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", self.0.modified_at)?;
        map.end()
    }
}

#[utoipa::path(
    get, path = "/api/v1/roots/{root}/entries", tag = "roots", operation_id = "list_entries",
    summary = "List a directory of a root",
    params(
        ("root" = String, Path, description = "The root's name.", example = "photos"),
        ("path" = inline(Option<schemas::PathBeneath>), Query, description = "A directory, relative to the root. Decoded once, to bytes.", example = "2026/summer"),
        ("cursor" = inline(Option<schemas::Cursor>), Query, description = "The `next_cursor` of the previous page."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most entries per page; 100 by default."),
    ),
    responses((status = 200, description = "A page of entries, names in byte order.", body = EntryPage)),
    extensions(("x-codes" = json!(["path_invalid", "not_found", "root_changed", "root_unavailable", "store_corrupt"]))),
)]
pub(super) async fn entries(
    request: HttpRequest,
    name: Path<String>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let path = RelPath::new(query.bytes("path").unwrap_or_default())?;
    let cursor = query.text("cursor")?.map(|cursor| decode_cursor(&cursor)).transpose()?;
    let limit = query.limit()?;
    query.finish()?;
    let root = service.jobs.roots().iter().find(|root| root.name() == name.as_str());
    let root = root.ok_or(ApiError::NotFound("no root has this name"))?;
    service.jobs.settle_root(root).await?;
    let page = list_entries(root, path, cursor, limit).await?;
    Ok(Json(EntryPage {
        items: page.items.into_iter().map(EntryJson).collect(),
        next_cursor: page.next_cursor.map(|name| encode_cursor(&name)),
    }))
}
