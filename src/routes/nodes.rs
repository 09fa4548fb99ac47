//! `GET /nodes`: the machines of the fleet that the service coordinates; `POST /nodes/{node}/drain` and `/resume`.

use actix_web::web::{Data, Json, Path, ReqData};
use actix_web::{HttpResponse, Responder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::fleet::{NodeReading, NodeView};
use hivesum_actors::job::JobId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::request::NoQuery;
use crate::service::Service;

/// All nodes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodePage)]
struct NodePage {
    /// Whether the service coordinates a fleet.
    coordinates: bool,
    /// Whether the fleet's NATS server is there and can be used. Without it no node is heard, and no job on their roots
    /// goes on.
    connected: bool,
    /// By name, at most 4,096.
    items: Vec<NodeJson>,
}

/// A machine that hashes for the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Node)]
struct NodeJson {
    /// Its name.
    #[schema(example = "node1")]
    name: String,
    /// The version of its program.
    version: String,
    /// `present`: it has announced itself lately. `draining`: so it has, and takes no more work. `lost`: it is silent.
    #[schema(value_type = NodeState)]
    state: &'static str,
    /// The roots that it offers, by the names that jobs give.
    roots: Vec<String>,
    /// Its hasher threads.
    hashers: u32,
    /// Those that are at work.
    hashers_busy: u32,
    /// Files hashed since its start.
    files_hashed: u64,
    /// Bytes hashed since its start.
    bytes_hashed: u64,
    /// Bytes hashed per second between its last two announcements.
    bytes_per_second: u64,
    /// When it was last heard.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// How far its clock is ahead of the coordinator's, in milliseconds; with a minus how far behind.
    clock_ahead_ms: i64,
    /// What it read when it last announced itself, at most 16.
    reading: Vec<ReadingJson>,
}

/// What a node reads for a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeReading)]
struct ReadingJson {
    #[schema(value_type = String, format = "uuid")]
    job: JobId,
    /// The name of the root.
    #[schema(example = "photos@node1")]
    root: String,
    /// The directory of its next file beneath the root; where that has more than 512 bytes, one above it.
    #[schema(example = "2026/summer")]
    path: String,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    path_b64: Option<String>,
}

impl ReadingJson {
    fn of(NodeReading { job, root, directory }: NodeReading) -> Self {
        let exact = directory.as_bytes();
        let path = String::from_utf8_lossy(exact).into_owned();
        let path_b64 = (path.as_bytes() != exact).then(|| STANDARD.encode(exact));
        Self { job: JobId::from_bytes(job), root, path, path_b64 }
    }
}

/// The state of a node.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the values of a member, for the document")]
enum NodeState {
    Present,
    Draining,
    Lost,
}

impl NodeJson {
    fn of(node: NodeView, now: Timestamp) -> Self {
        let ago = SignedDuration::try_from(node.seen_before).unwrap_or(SignedDuration::ZERO);
        Self {
            state: match (node.is_there, node.draining) {
                (false, _) => "lost",
                (true, true) => "draining",
                (true, false) => "present",
            },
            name: node.name,
            version: node.version,
            roots: node.roots,
            hashers: node.hashers,
            hashers_busy: node.hashers_busy,
            files_hashed: node.files_hashed,
            bytes_hashed: node.bytes_hashed,
            bytes_per_second: node.bytes_per_second,
            seen_at: now.checked_sub(ago).unwrap_or(now),
            clock_ahead_ms: node.clock_ahead_ms,
            reading: node.reading.into_iter().map(ReadingJson::of).collect(),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/nodes", tag = "nodes", operation_id = "list_nodes",
    summary = "List the nodes of the fleet",
    description = "A node is another machine whose directories jobs may read. Nodes belong to no token, so the scope \
        `read:all` is needed, or `admin` together with `read`.",
    responses((status = 200, description = "All nodes that have announced themselves since the service started.", body = NodePage)),
    extensions(("x-codes" = json!([]))),
)]
pub(super) async fn list(
    _: NoQuery,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    caller.may_see_all()?;
    let (fleet, now) = (service.jobs.fleet(), Timestamp::now());
    let (coordinates, connected) = (fleet.is_some(), fleet.as_ref().is_some_and(|fleet| fleet.is_connected));
    let nodes = fleet.into_iter().flat_map(|fleet| fleet.nodes);
    let items = nodes.map(|node| NodeJson::of(node, now)).collect();
    Ok(Json(NodePage { coordinates, connected, items }))
}

#[utoipa::path(
    post, path = "/api/v1/nodes/{node}/drain", tag = "nodes", operation_id = "drain_node",
    summary = "Let a node take no more work",
    description = "It ends what it has begun, and stays `draining` until it is resumed or its program is started again. What \
        waits in the queue of its roots goes to other nodes of a pool, or waits. Draining a node again changes nothing.",
    params(("node" = String, Path, description = "Its name.", example = "node1")),
    responses((status = 204, description = "It takes no more work.")),
    extensions(("x-codes" = json!(["not_found", "node_lost", "unsupported"]))),
)]
pub(super) async fn drain(
    _: NoQuery,
    node: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    set_draining(&node, true, &caller, &service).await
}

#[utoipa::path(
    post, path = "/api/v1/nodes/{node}/resume", tag = "nodes", operation_id = "resume_node",
    summary = "Let a node take work again",
    description = "As before it was drained: outside its windows (`hivesum node --windows`) it stays `draining`.",
    params(("node" = String, Path, description = "Its name.", example = "node1")),
    responses((status = 204, description = "It takes work, as far as its windows are open.")),
    extensions(("x-codes" = json!(["not_found", "node_lost", "unsupported"]))),
)]
pub(super) async fn resume(
    _: NoQuery,
    node: Path<String>,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    set_draining(&node, false, &caller, &service).await
}

async fn set_draining(node: &str, on: bool, caller: &Caller, service: &Service) -> Result<HttpResponse, ApiError> {
    caller.may_administer()?;
    service.jobs.drain_node(node, on).await?;
    Ok(HttpResponse::NoContent().finish())
}
