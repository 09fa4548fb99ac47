//! `POST /collections/{id}/locate`: where a file of a collection is damaged, and what another copy beneath a root has
//! of that.
//!
//! Both are read as a whole, so the answer takes as long as that; reading ends when the client goes away or the service
//! stops. Nothing is written: what is told is a plan.

use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::jobs::{LocateError, LocateRequest, LocatedFile, WhichCopy};
use hivesum_core::result::{ErrorCode, Status};
use serde::{Deserialize, Serialize, Serializer};

use crate::auth::Caller;
use crate::connection::ClientEnd;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::name::path_of;
use crate::request::{Query, read_json};
use crate::service::Service;
use crate::service::collection::KnownCollection;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocateBody {
    path: Option<String>,
    path_b64: Option<String>,
    replica: Option<ReplicaBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplicaBody {
    root: String,
    path: Option<String>,
    path_b64: Option<String>,
}

impl LocateBody {
    fn read(self) -> Result<LocateRequest, ApiError> {
        let replica = match self.replica {
            Some(replica) => Some((replica.root, path_of(replica.path, replica.path_b64)?)),
            None => None,
        };
        Ok(LocateRequest { path: path_of(self.path, self.path_b64)?, replica })
    }
}

struct LocatedJson(LocatedFile);

impl Serialize for LocatedJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.told().serialize(serializer)
    }
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/locate", tag = "collections", operation_id = "locate_damage",
    summary = "Find where a file is damaged",
    description = "Reads a file from its device and compares it with what it should be, or with another copy; tells the \
        ranges that differ, and which of them to copy from there. Nothing is written. Both files are read as a whole before \
        there is an answer, each at most at `max_bytes_per_second` of the collection beside its runs: 100 GB at 200 MB/s \
        take 8 minutes, in which no byte is sent, so set the timeouts of clients and proxies accordingly. Reading ends when \
        the client closes the connection, or its half of it. At most 2 files are located at a time (503 `queue_full`). As it \
        tells what is known of the file, `read:all` or `admin` is needed beside `hash`.",
    params(schemas::CollectionPath),
    request_body = schemas::LocateRequest,
    responses((status = 200, description = "What was found, as `hivesum locate --json` tells it.", body = schemas::Located)),
    extensions(("x-codes" = json!([
        "path_invalid", "no_roots", "not_found", "body_too_slow", "file_changed", "root_changed", "too_large",
        "unsupported_media_type", "store_corrupt", "queue_full", "draining", "root_unavailable",
    ]))),
)]
pub(in crate::routes) async fn locate(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    caller.may_see_all()?;
    service.admit_work()?;
    Query::of(&request)?.finish()?;
    let body: LocateBody = read_json(&request, payload, service.json_rules()).await?;
    let client = request.conn_data::<ClientEnd>().cloned().unwrap_or_default();
    tokio::select! {
        biased;
        located = service.jobs.locate(&collection, body.read()?) => Ok(Json(LocatedJson(located?))),
        () = service.stopping.cancelled() => Err(ApiError::Draining),
        () = client.reached() => Err(ApiError::invalid("the client has closed its half of the connection")),
    }
}

impl From<LocateError> for ApiError {
    fn from(error: LocateError) -> Self {
        match error {
            LocateError::Refused(refused) => refused.into(),
            LocateError::NothingKnown => Self::invalid(error.to_string()).at("replica"),
            LocateError::Unread { which, status: Status::Error { code, .. } } => of_unread(which, code),
            LocateError::Unread { status: Status::Hashed(_) | Status::Skipped(_), .. } | LocateError::Aborted => {
                Self::internal(error)
            }
        }
    }
}

/// The answer when there is nothing to compare.
fn of_unread(which: WhichCopy, code: ErrorCode) -> ApiError {
    match (which, code) {
        (WhichCopy::File, ErrorCode::NotFound) => ApiError::NotFound("the file is gone"),
        (WhichCopy::Replica, ErrorCode::NotFound) => ApiError::NotFound("the replica is gone"),
        (WhichCopy::File, ErrorCode::Permission) => ApiError::NotFound("the service may not open the file"),
        (WhichCopy::Replica, ErrorCode::Permission) => ApiError::NotFound("the service may not open the replica"),
        (WhichCopy::File, ErrorCode::FileChanged | ErrorCode::FileBusy) => {
            ApiError::FileChanged("somebody writes to the file while it is read")
        }
        (WhichCopy::Replica, ErrorCode::FileChanged | ErrorCode::FileBusy) => {
            ApiError::FileChanged("somebody writes to the replica while it is read")
        }
        (_, ErrorCode::TooLarge) => ApiError::TooLarge { what: "a file that says that it is empty", limit: 8 << 20 },
        (_, ErrorCode::IoError | ErrorCode::Timeout) => ApiError::RootUnavailable,
        (_, ErrorCode::Internal | ErrorCode::CrashLoop) => ApiError::internal(code.in_words()),
    }
}
