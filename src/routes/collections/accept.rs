//! `POST /collections/{id}/accept` and `/acknowledge`: somebody says that files are right as they were shown, or that they
//! are known.
//!
//! A file is accepted or acknowledged only if it is still as it was shown; what is not is told file by file. Repeating
//! a request that was not answered changes nothing. Which files a request means is read in `which`.

use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::store::collections::{Accepted, Acknowledged};
use hivesum_core::fixity::{AcceptRefused, Acknowledgement, Condition};
use hivesum_core::result::serialize_name;
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use utoipa::ToSchema;

use super::which::{Chosen, Sayable, choose};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::members::Members;
use crate::request::{Query, read_json};
use crate::service::Service;
use crate::service::collection::KnownCollection;

/// What came of each file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptAnswer)]
struct AcceptAnswer {
    /// In the order of `files`, or in walk order.
    #[schema(value_type = Vec<schemas::AcceptOutcome>)]
    items: Vec<OutcomeJson>,
    /// How many of these are accepted or acknowledged.
    done: usize,
    /// There may be further files that match: repeat the request with this as its `cursor`, until it is null.
    #[schema(required)]
    next_cursor: Option<String>,
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
        shown any more is refused, and so is one without a content that could be accepted. Instead of `files` the request may \
        name those that match: `path`, `kind` or both, or `all`, with `upto`. They are accepted as they were up to that \
        event, at most 1,000 in one request. The scope `admin` is needed.",
    params(schemas::CollectionPath),
    request_body = schemas::AcceptRequest,
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
    let mut body = read_body(&request, payload, (&caller, &service)).await?;
    let sayable = Sayable { kinds: &Condition::ACCEPTABLE, acknowledged: Acknowledged::Too };
    let chosen = choose(&service, &collection, (&mut body, sayable)).await?;
    body.finish()?;
    let accepted = service.jobs.collections().accept(collection.id, chosen.asked()).await?;
    Ok(Json(answer(chosen, accepted, "accepted")))
}

#[utoipa::path(
    post, path = "/api/v1/collections/{id}/acknowledge", tag = "collections", operation_id = "acknowledge_files",
    summary = "Acknowledge files as they were shown",
    description = "Somebody knows that they are not what they should be. They stay so, but are no open alerts any more, \
        until something else happens to them. Who it was is the name of the token. A file that is not as it was shown any \
        more is refused. Files are named as for `/accept`; of those that match, only the ones that nobody has acknowledged \
        are meant. The scope `admin` is needed.",
    params(schemas::CollectionPath),
    request_body = schemas::AcknowledgeRequest,
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
    let mut body = read_body(&request, payload, (&caller, &service)).await?;
    let by = match (&caller.token, &caller.credentials) {
        (Some(token), _) => &token.name,
        (None, Some(_)) => "whoever opened the sign-in link",
        (None, None) => "somebody, without a token",
    };
    let said = Acknowledgement::new(Timestamp::now(), by, body.take::<Option<String>>("note")?.flatten());
    let said = said.map_err(|error| ApiError::invalid(format!("`note`: {error}")))?;
    let sayable = Sayable { kinds: &Condition::ALERTING, acknowledged: Acknowledged::Not };
    let chosen = choose(&service, &collection, (&mut body, sayable)).await?;
    body.finish()?;
    let outcomes = service.jobs.collections().acknowledge(collection.id, chosen.asked(), said).await?;
    Ok(Json(answer(chosen, outcomes, "acknowledged")))
}

/// The body of a request by somebody who may say something of files.
async fn read_body(
    request: &HttpRequest,
    payload: Payload,
    (caller, service): (&Caller, &Service),
) -> Result<Members, ApiError> {
    caller.may_administer()?;
    service.admit_work()?;
    Query::of(request)?.finish()?;
    read_json(request, payload, service.json_rules()).await
}

fn answer(chosen: Chosen, of_asked: Vec<Accepted>, done: &'static str) -> AcceptAnswer {
    let outcomes = chosen.outcomes(of_asked);
    let count = outcomes.iter().filter(|accepted| **accepted == Accepted::Done).count();
    let items = chosen.shown.into_iter().zip(outcomes);
    let items = items.map(|((path, _), accepted)| OutcomeJson { path, accepted, done }).collect();
    AcceptAnswer { items, done: count, next_cursor: chosen.next_cursor }
}
