//! `POST /collections` and `PATCH /collections/{id}`: a collection is made of a directory beneath a root, and what was
//! decided of it is changed.
//!
//! A change is made from the settings with the ETag that the client has seen, or refused. Files of a collection are not
//! touched.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::store::collections::{MAX_COLLECTIONS, Made, NamedRequest, StoredCollection, Updated};
use hivesum_core::fixity::{DEFAULT_AIM_DAYS, DEFAULT_SURVEY_HOURS};

use super::settings::{take_changeable, take_fixed};
use super::shown::{shown, tag_of};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::headers::{idempotency_key, require_match};
use crate::request::members::Members;
use crate::request::name::path_of;
use crate::request::{Query, read_json, read_merge_patch};
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

#[utoipa::path(
    post, path = "/api/v1/collections", tag = "collections", operation_id = "make_collection",
    summary = "Keep watch over a directory",
    description = "Makes a collection of a directory beneath a root. Its first run takes the files as they are. Collections \
        may overlap, but one directory has one collection. The scope `admin` is needed.",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description =
        "A request that is repeated under the same key within 24 hours returns the collection of the first.")),
    request_body = schemas::CollectionRequest,
    responses((status = 201, description = "The collection is made.", body = schemas::Collection, headers(
        ("Location" = String, description = "The path of the collection."),
        ("ETag" = String, description = "Stands for the settings: what `If-Match` of a change has to name."),
    ))),
    extensions(("x-codes" = json!([
        "path_invalid", "algorithm_unknown", "no_roots", "not_found", "body_too_slow", "too_large", "idempotency_conflict",
        "collection_exists", "too_many_collections", "root_changed", "unsupported_media_type", "store_corrupt",
        "queue_full", "draining", "root_unavailable", "storage_full",
    ]))),
)]
pub(in crate::routes) async fn make(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    service.admit_work()?;
    Query::of(&request)?.finish()?;
    let mut members: Members = read_json(&request, payload, service.json_rules()).await?;
    let root: String = members.required("root")?;
    let path = path_of(members.take("path")?, members.take("path_b64")?).map_err(|error| error.at("path"))?;
    let mut settings = take_fixed(&mut members)?;
    settings.schedule.aim_days = Some(DEFAULT_AIM_DAYS);
    settings.schedule.survey_every_hours = Some(DEFAULT_SURVEY_HOURS);
    take_changeable(&mut members, &mut settings, &service.sinks)?;
    members.finish()?;
    let owner = caller.owner_name().unwrap_or_default();
    let fingerprint = format!("{}:{root}:{}", settings.tag(), hex::encode(path.as_bytes()));
    let named = key.map(|key| NamedRequest { owner: owner.clone(), key, fingerprint });
    let known_root = service.jobs.roots().iter().any(|known| known.name() == root);
    let made = service.jobs.make_collection((&root, path), settings, named).await;
    let collection = match made.map_err(|error| at_place(error.into(), known_root))? {
        Made::New(made) => {
            tracing::info!(collection = %made.id, by = owner, "a collection is made");
            made
        }
        Made::Before(made) => made,
        Made::KeyUsed => return Err(ApiError::IdempotencyConflict),
        Made::Exists(known) => return Err(ApiError::CollectionExists(known.id).at("path")),
        Made::TooMany => return Err(ApiError::TooManyCollections(MAX_COLLECTIONS)),
    };
    let location = service.base_path.before(&format!("/api/v1/collections/{}", collection.id));
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, location)).insert_header(header::ETag(tag_of(&collection)));
    Ok(answer.json(shown(&service, &collection.id).await?))
}

/// Says which member names what is not there.
fn at_place(error: ApiError, known_root: bool) -> ApiError {
    match error {
        error @ ApiError::NotFound(_) => error.at(if known_root { "path" } else { "root" }),
        error => error,
    }
}

/// What cannot be changed, and why.
const FIXED: [(&str, &str); 6] = [
    ("algorithms", "`algorithms` cannot be changed: all files would have to be taken as they are again"),
    ("include", "`include` cannot be changed: files that a glob leaves out would look like missing ones"),
    ("exclude", "`exclude` cannot be changed: files that a glob leaves out would look like missing ones"),
    ("root", "the directory cannot be changed: make another collection"),
    ("path", "the directory cannot be changed: make another collection"),
    ("path_b64", "the directory cannot be changed: make another collection"),
];

#[utoipa::path(
    patch, path = "/api/v1/collections/{id}", tag = "collections", operation_id = "change_collection",
    summary = "Change the settings of a collection",
    description = "A merge patch (RFC 7396): what is left out stays, and null takes a setting back. `paused` pauses and \
        resumes. The scope `admin` is needed.",
    params(
        schemas::CollectionPath,
        ("If-Match" = String, Header, description = "The ETag of the settings that the change is made from, or `*`."),
    ),
    request_body(content = schemas::CollectionChange, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The collection with its new settings.", body = schemas::Collection, headers(
        ("ETag" = String, description = "Stands for the new settings."),
    ))),
    extensions(("x-codes" = json!([
        "not_found", "body_too_slow", "too_large", "setting_fixed", "precondition_failed", "precondition_required",
        "unsupported_media_type", "store_corrupt", "queue_full", "draining", "storage_full",
    ]))),
)]
pub(in crate::routes) async fn change(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    Query::of(&request)?.finish()?;
    let mut members: Members = read_merge_patch(&request, payload, service.json_rules()).await?;
    require_match(&request, &tag_of(&collection))?;
    if let Some((member, why)) = FIXED.iter().find(|(member, _)| members.has(member)) {
        return Err(ApiError::SettingFixed(why).at(member));
    }
    let mut settings = collection.settings.clone();
    take_changeable(&mut members, &mut settings, &service.sinks)?;
    members.finish()?;
    let StoredCollection { id, settings: before, .. } = collection;
    match service.jobs.collections().update(id.clone(), before.tag(), settings).await? {
        Updated::Done(changed) => {
            tracing::info!(collection = %id, by = caller.owner_name(), "the settings of a collection are changed");
            service.jobs.reschedule();
            let mut answer = HttpResponse::Ok();
            answer.insert_header(header::ETag(tag_of(&changed)));
            Ok(answer.json(shown(&service, &id).await?))
        }
        Updated::Changed => Err(ApiError::PreconditionFailed),
        Updated::Unknown => Err(NO_SUCH_COLLECTION),
    }
}
