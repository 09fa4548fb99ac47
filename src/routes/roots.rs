//! `GET /roots` and `GET /roots/{root}/entries`: the directories that jobs may read, by their public names only.

use std::collections::HashMap;

use actix_web::web::{Data, Json, Path, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::fleet::{FarRoot, FarRootNode};
use hivesum_actors::job::{Job, JobId, MAX_PAGE, Place};
use hivesum_actors::listing::{Entry, EntryKind};
use hivesum_core::file::{FilesystemKind, RelPath, Root};
use hivesum_core::result::{JobVerdict, RootWarning, append_path, serialize_name, serialize_time};
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use utoipa::ToSchema;

use crate::auth::Caller;
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
    filesystem: FilesystemName,
    /// Of a root of the fleet: the nodes that offer it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    nodes: Vec<RootNode>,
    /// What is odd about its directory, which may explain missing files: `root_changed` if it is another one than the
    /// service remembers, `root_empty` if it is empty and there are results of files in it. `hivesum roots accept`
    /// accepts it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::RootWarning>, nullable = false)]
    warning: Option<RootWarning>,
    /// The newest job on exactly this root, if there was one that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::LastRun>, nullable = false)]
    last_run: Option<LastRun>,
}

/// A node that offers a root.
#[derive(Debug, Serialize, ToSchema)]
struct RootNode {
    /// Its name.
    name: String,
    /// Whether it has announced itself lately.
    present: bool,
}

/// The kind of a file system: of a root of the fleet, as its node says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum FilesystemName {
    Own(FilesystemKind),
    OfNode(String),
}

impl RootJson {
    fn of_fleet(root: FarRoot, last: &HashMap<Place, Job>) -> Self {
        let node = |node: FarRootNode| RootNode { name: node.name, present: node.is_there };
        Self {
            last_run: last.get(&place(&root.name)).map(LastRun::of),
            name: root.name,
            filesystem: FilesystemName::OfNode(root.filesystem),
            nodes: root.nodes.into_iter().map(node).collect(),
            warning: None,
        }
    }
}

/// A whole root.
fn place(root: &str) -> Place {
    Place { root: root.to_owned(), path: RelPath::default() }
}

#[utoipa::path(
    get, path = "/api/v1/roots", tag = "roots", operation_id = "list_roots",
    summary = "List the roots",
    responses((status = 200, description = "The directories that jobs may read, by their public names. Absolute paths never leave the server.", body = Vec<RootJson>)),
    extensions(("x-codes" = json!(["store_corrupt"]))),
)]
pub(super) async fn list(
    _: NoQuery,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let warnings = service.jobs.root_warnings().await?;
    let far = service.jobs.far_roots();
    let names = service.jobs.roots().iter().map(Root::name).chain(far.iter().map(|root| &*root.name));
    let last = last_runs(&service, &caller, names.map(place).collect()).await?;
    let own = service.jobs.roots().iter().zip(warnings).map(|(root, warning)| RootJson {
        name: root.name().to_owned(),
        filesystem: FilesystemName::Own(root.filesystem()),
        nodes: Vec::new(),
        warning,
        last_run: last.get(&place(root.name())).map(LastRun::of),
    });
    Ok(Json(own.chain(far.into_iter().map(|root| RootJson::of_fleet(root, &last))).collect::<Vec<_>>()))
}

/// The newest job on each of these places that the caller may see.
async fn last_runs(service: &Service, caller: &Caller, places: Vec<Place>) -> Result<HashMap<Place, Job>, ApiError> {
    let mut last = HashMap::new();
    for places in places.chunks(MAX_PAGE) {
        last.extend(service.jobs.last_runs(places.to_vec(), caller.sees_jobs_of()).await?);
    }
    Ok(last)
}

/// The newest job on a directory.
#[derive(Debug, Serialize)]
struct LastRun {
    job: JobId,
    kind: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<JobVerdict>,
    errors: u64,
    files: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<RelPath>,
}

impl LastRun {
    fn of(job: &Job) -> Self {
        Self {
            job: job.id,
            kind: job.kind.name(),
            state: job.state.name(),
            verdict: job.summary.and_then(|summary| summary.verdict),
            errors: job.progress.files_failed,
            files: job.progress.files_done,
            bytes: job.progress.bytes_done,
            finished_at: job.finished_at,
            directory: None,
        }
    }

    /// The same, of a job that may be on a directory above this one.
    fn for_directory(job: &Job, path: &RelPath) -> Self {
        Self { directory: (job.spec.path != *path).then(|| job.spec.path.clone()), ..Self::of(job) }
    }
}

/// The path of an entry of a directory; none if it would be longer than a request may name.
fn below(directory: &RelPath, name: &[u8]) -> Option<RelPath> {
    let mut path = Vec::new();
    append_path(&mut path, directory.as_bytes(), name);
    RelPath::new(path).ok()
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
    /// The newest job on exactly the listed directory, if there was one that the caller may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::LastRun>, nullable = false)]
    last_run: Option<LastRun>,
    /// The newest job on the listed directory that says how its files should be, or else on one above it, if there is
    /// one: it has read all of them and, if it is a verify job, its verdict is `ok`. `against=last` of `POST /verify`
    /// compares with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::LastRun>, nullable = false)]
    baseline: Option<LastRun>,
}

/// One entry of a directory.
#[derive(Debug)]
struct EntryJson(Entry, Option<LastRun>);

impl Serialize for EntryJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "name", "name_b64", &self.0.name)?;
        map.serialize_entry("kind", self.0.kind.name())?;
        map.serialize_entry("size", &self.0.size)?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", self.0.modified_at)?;
        if let Some(last_run) = &self.1 {
            map.serialize_entry("last_run", last_run)?;
        }
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
    extensions(("x-codes" = json!(["path_invalid", "not_found", "root_ambiguous", "root_changed", "root_unavailable", "store_corrupt"]))),
)]
pub(super) async fn entries(
    request: HttpRequest,
    name: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let mut query = Query::of(&request)?;
    let path = RelPath::new(query.bytes("path").unwrap_or_default())?;
    let cursor = query.text("cursor")?.map(|cursor| decode_cursor(&cursor)).transpose()?;
    let limit = query.limit()?;
    query.finish()?;
    let (root, page) = service.jobs.entries(&name, path.clone(), cursor, limit).await?;
    let place = |entry: &Entry| Some(Place { root: root.clone(), path: below(&path, &entry.name)? });
    let directories = page.items.iter().filter(|entry| entry.kind == EntryKind::Directory);
    let own = Place { root: root.clone(), path: path.clone() };
    let places = directories.filter_map(place).chain([own.clone()]).collect();
    let last = last_runs(&service, &caller, places).await?;
    let baseline = match last.get(&own) {
        Some(last) if last.is_baseline() => Some(LastRun::of(last)),
        Some(_) | None => {
            let found = service.jobs.baseline_or_above(&own, caller.sees_jobs_of()).await?;
            found.map(|job| LastRun::for_directory(&job, &own.path))
        }
    };
    let shown = |entry: Entry| {
        let last_run = place(&entry).and_then(|place| last.get(&place)).map(LastRun::of);
        EntryJson(entry, last_run)
    };
    Ok(Json(EntryPage {
        items: page.items.into_iter().map(shown).collect(),
        next_cursor: page.next_cursor.map(|name| encode_cursor(&name)),
        last_run: last.get(&own).map(LastRun::of),
        baseline,
    }))
}
