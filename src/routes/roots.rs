//! `GET /roots` and `GET /roots/{root}/entries`: what jobs may read, by public names alone.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::job::item::serialize_name;
use hivesum_actors::listing::{Entry, entries as list_entries};
use hivesum_actors::source::{FilesystemKind, RelPath};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::ApiError;
use crate::request::Query;
use crate::request::name::{decode_cursor, encode_cursor};
use crate::service::Service;

/// A root.
#[derive(Debug, Serialize)]
struct RootShown {
    name: String,
    filesystem: FilesystemKind,
}

pub(super) async fn list(request: HttpRequest, service: Data<Service>) -> Result<impl Responder, ApiError> {
    Query::of(&request)?.finish()?;
    let roots = service.jobs.roots().iter();
    let shown = roots.map(|root| RootShown { name: root.name().to_owned(), filesystem: root.filesystem() });
    Ok(Json(shown.collect::<Vec<_>>()))
}

/// A page of a directory, names in byte order.
#[derive(Debug, Serialize)]
struct EntriesShown {
    items: Vec<EntryShown>,
    next_cursor: Option<String>,
}

/// One name of a directory.
#[derive(Debug)]
struct EntryShown(Entry);

impl Serialize for EntryShown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "name", "name_b64", &self.0.name)?;
        map.serialize_entry("kind", self.0.kind.name())?;
        map.serialize_entry("size", &self.0.size)?;
        map.serialize_entry("modified_at", &self.0.modified_at)?;
        map.end()
    }
}

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
    let page = list_entries(root, path, cursor, limit).await?;
    Ok(Json(EntriesShown {
        items: page.items.into_iter().map(EntryShown).collect(),
        next_cursor: page.next_cursor.map(|name| encode_cursor(&name)),
    }))
}
