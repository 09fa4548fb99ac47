//! `GET /nodes`: the machines of the fleet that the service coordinates.

use actix_web::Responder;
use actix_web::web::{Data, Json, ReqData};
use hivesum_actors::fleet::NodeView;
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
    /// When it last announced itself.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// How far its clock is ahead of the coordinator's, in milliseconds; with a minus how far behind.
    clock_ahead_ms: i64,
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
    let (nodes, now) = (service.jobs.nodes(), Timestamp::now());
    let coordinates = nodes.is_some();
    let items = nodes.unwrap_or_default().into_iter().map(|node| NodeJson::of(node, now)).collect();
    Ok(Json(NodePage { coordinates, items }))
}
