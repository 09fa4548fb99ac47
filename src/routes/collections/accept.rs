//! `POST /collections/{id}/accept` and `/acknowledge`: somebody says that files are right as they were shown, or that they
//! are known.
//!
//! A file is accepted or acknowledged only if it is still as it was shown; what is not is told file by file. Repeating a request that was
//! not answered changes nothing.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::store::collections::Accepted;
use hivesum_core::digest::{Algorithms, Digest};
use hivesum_core::fixity::{AcceptRefused, Acknowledgement, Condition, Seen};
use hivesum_core::result::serialize_name;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::name::path_of;
use crate::request::{Query, read_json};
use crate::service::Service;
use crate::service::collection::KnownCollection;

/// The most files in one request, and in one change of the store.
const MAX_FILES: usize = 1000;

/// The body of `POST /collections/{id}/accept`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AcceptRequest)]
#[serde(deny_unknown_fields)]
struct AcceptRequest {
    /// The files to accept.
    #[schema(min_items = 1, max_items = 1000)]
    files: Vec<ShownFile>,
}

/// A file as it was shown: in `/files` or `/alerts` it has these members.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ShownFile)]
#[serde(deny_unknown_fields)]
struct ShownFile {
    /// Relative to the collection's directory.
    #[schema(value_type = Option<schemas::PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<schemas::PathInBase64>, inline)]
    path_b64: Option<String>,
    #[schema(value_type = schemas::Condition)]
    condition: Condition,
    /// Null if the file had never been read.
    #[schema(value_type = Option<schemas::Digests>)]
    digests: Option<BTreeMap<String, String>>,
}

impl ShownFile {
    fn read(self, algorithms: &Algorithms) -> Result<(Vec<u8>, Seen), ApiError> {
        let digests = self.digests.map(|digests| joined(&digests, algorithms)).transpose()?;
        let path = path_of(self.path, self.path_b64)?.as_bytes().to_vec();
        Ok((path, Seen { condition: self.condition, digests }))
    }
}

/// The digests of these algorithms, end to end.
fn joined(digests: &BTreeMap<String, String>, algorithms: &Algorithms) -> Result<Vec<u8>, ApiError> {
    if digests.len() != algorithms.len() {
        return Err(ApiError::invalid(format!("`digests` has one digest of each of {algorithms}, as it was shown")));
    }
    let mut joined = Vec::with_capacity(algorithms.digest_bytes());
    for algorithm in algorithms {
        let hex = digests.get(algorithm.name());
        let hex = hex.ok_or_else(|| ApiError::invalid(format!("`digests` lacks the {algorithm} digest")))?;
        let digest = Digest::from_hex(algorithm, hex);
        let digest = digest.map_err(|error| ApiError::invalid(format!("the {algorithm} digest: {error}")))?;
        joined.extend_from_slice(digest.as_bytes());
    }
    Ok(joined)
}

/// The body of `POST /collections/{id}/acknowledge`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AcknowledgeRequest)]
#[serde(deny_unknown_fields)]
struct AcknowledgeRequest {
    /// The files that somebody knows of.
    #[schema(min_items = 1, max_items = 1000)]
    files: Vec<ShownFile>,
    /// What they know, in one line of at most 500 bytes without control characters.
    #[schema(min_length = 1, max_length = 500, pattern = "^[^\\p{Cc}]*$")]
    note: Option<String>,
}

/// What came of each file, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptAnswer)]
struct AcceptAnswer {
    #[schema(value_type = Vec<schemas::AcceptOutcome>)]
    items: Vec<OutcomeJson>,
}

#[derive(Debug)]
struct OutcomeJson {
    path: Vec<u8>,
    accepted: Accepted,
    done: &'static str,
}

impl Serialize for OutcomeJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (outcome, refused): (_, Option<AcceptRefused>) = match self.accepted {
            Accepted::Done => (self.done, None),
            Accepted::Refused(refused) => ("refused", Some(refused)),
            Accepted::Unknown => ("unknown", None),
        };
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &self.path)?;
        map.serialize_entry("outcome", outcome)?;
        if let Some(refused) = refused {
            map.serialize_entry("reason", &refused)?;
            map.serialize_entry("detail", &refused.to_string())?;
        }
        map.end()
    }
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/accept", tag = "collections", operation_id = "accept_files",
    summary = "Accept files as they were shown",
    description = "From then on that is what they should be; a missing file is forgotten. A file that is not as it was \
        shown any more is refused, and so is one without a content that could be accepted. The scope `admin` is needed.",
    params(schemas::CollectionPath),
    request_body = AcceptRequest,
    responses((status = 200, description = "What came of each file.", body = AcceptAnswer)),
    extensions(("x-codes" = json!([
        "path_invalid", "not_found", "body_too_slow", "too_large", "unsupported_media_type", "store_corrupt", "queue_full",
        "draining", "storage_full",
    ]))),
)]
pub(in crate::routes) async fn accept(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let body: AcceptRequest = read_body(&request, payload, (&caller, &service)).await?;
    let shown = read(body.files, &collection.settings.algorithms)?;
    let accepted = service.jobs.collections().accept(collection.id, shown.clone()).await?;
    Ok(Json(answer(shown, accepted, "accepted")))
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/acknowledge", tag = "collections", operation_id = "acknowledge_files",
    summary = "Acknowledge files as they were shown",
    description = "Somebody knows that they are not what they should be. They stay so, but are no open alerts any more, \
        until something else happens to them. Who it was is the name of the token. A file that is not as it was shown any \
        more is refused. The scope `admin` is needed.",
    params(schemas::CollectionPath),
    request_body = AcknowledgeRequest,
    responses((status = 200, description = "What came of each file.", body = AcceptAnswer)),
    extensions(("x-codes" = json!([
        "path_invalid", "not_found", "body_too_slow", "too_large", "unsupported_media_type", "store_corrupt", "queue_full",
        "draining", "storage_full",
    ]))),
)]
pub(in crate::routes) async fn acknowledge(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    let body: AcknowledgeRequest = read_body(&request, payload, (&caller, &service)).await?;
    let by = match (&caller.token, &caller.credentials) {
        (Some(token), _) => &token.name,
        (None, Some(_)) => "whoever opened the sign-in link",
        (None, None) => "somebody, without a token",
    };
    let said = Acknowledgement::new(Timestamp::now(), by, body.note);
    let said = said.map_err(|error| ApiError::invalid(format!("`note`: {error}")))?;
    let shown = read(body.files, &collection.settings.algorithms)?;
    let outcomes = service.jobs.collections().acknowledge(collection.id, shown.clone(), said).await?;
    Ok(Json(answer(shown, outcomes, "acknowledged")))
}

/// The body of a request by somebody who may say something of files.
async fn read_body<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    (caller, service): (&Caller, &Service),
) -> Result<T, ApiError> {
    caller.may_administer()?;
    service.admit_work()?;
    Query::of(request)?.finish()?;
    read_json(request, payload, service.json_rules()).await
}

/// The files of a request, with what was shown of each.
fn read(files: Vec<ShownFile>, algorithms: &Algorithms) -> Result<Vec<(Vec<u8>, Seen)>, ApiError> {
    if !(1..=MAX_FILES).contains(&files.len()) {
        return Err(ApiError::invalid(format!("`files` has between 1 and {MAX_FILES} files")));
    }
    files.into_iter().map(|file| file.read(algorithms)).collect()
}

fn answer(shown: Vec<(Vec<u8>, Seen)>, outcomes: Vec<Accepted>, done: &'static str) -> AcceptAnswer {
    let items = shown.into_iter().zip(outcomes).map(|((path, _), accepted)| OutcomeJson { path, accepted, done });
    AcceptAnswer { items: items.collect() }
}
