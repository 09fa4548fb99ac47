//! `POST /hash`: bytes are hashed while they arrive and never stored.
//!
//! Everything that the head of a request shows is checked before a byte of the body is read: algorithms, digest fields,
//! length, encoding, and whether the queue is full.

use std::time::Instant;

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use hivesum_actors::engine::UploadDigests;
use hivesum_core::result::{DigestMap, serialize_name, split_digests};
use serde::ser::{Serialize, SerializeMap, Serializer};
use upload_request::UploadRequest;

use crate::auth::Caller;
use crate::digest_field;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::PacedBody;
use crate::service::Service;

mod multipart;
mod upload_request;

#[utoipa::path(
    post, path = "/api/v1/hash", tag = "hashing", operation_id = "hash_body",
    summary = "Hash the body",
    description = "The bytes are hashed as they arrive and never stored. `multipart/form-data` carries several files, \
        with one result per part, in order. Expected digests are checked for raw bodies only. Any other type is taken as \
        it is; note that `curl -d` removes line breaks, and `-T` and `--data-binary` do not.",
    params(
        ("algorithms" = inline(Option<schemas::AlgorithmNames>), Query, style = Form, explode = false, description = "Names from `/algorithms`, separated by commas; blake3 by default. A repeated parameter adds to the list.", example = json!(["blake3", "sha256"])),
        ("expect" = inline(Option<schemas::ExpectedDigest>), Query, description = "The digest that the bytes must have, as ALGORITHM:HEX."),
        ("Content-Digest" = inline(Option<schemas::DigestField>), Header, description = "RFC 9530; sha-256 and sha-512 are checked."),
        ("Repr-Digest" = inline(Option<schemas::DigestField>), Header, description = "RFC 9530; sha-256 and sha-512 are checked."),
    ),
    request_body(description = "The bytes themselves, not JSON.", content(
        (inline(schemas::Bytes) = "application/octet-stream"),
        (inline(schemas::Files) = "multipart/form-data"),
    )),
    responses((status = 200, description = "The digests.", body = schemas::HashedBody)),
    extensions(("x-codes" = json!([
        "algorithm_unknown", "digest_field_invalid", "body_too_slow", "too_large", "unsupported_media_type",
        "digest_mismatch", "queue_full", "draining",
    ]))),
)]
pub(super) async fn hash(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let began = Instant::now();
    service.admit_work()?;
    let options = UploadRequest::of(&request)?;
    let _share = service.upload_for(&caller)?;
    let mut body =
        PacedBody::open(&request, payload, service.upload_rules())?.within(service.bandwidth.clone(), caller.key);
    if request.content_type().eq_ignore_ascii_case("multipart/form-data") {
        return multipart::hash_parts(&request, body, &options, &service).await;
    }
    let mut upload = service.engine.upload(options.algorithms)?;
    while let Some(chunk) = body.next().await? {
        upload.absorb(chunk).await?;
    }
    let hashed = Hashed { name: None, upload: upload.finish().await?, began };
    options.check(&hashed.upload)?;
    Ok(HttpResponse::Ok().json(hashed))
}

/// The digests of one body or one part, as JSON.
pub(super) struct Hashed {
    /// The name of a part.
    pub(super) name: Option<Vec<u8>>,
    pub(super) upload: UploadDigests,
    pub(super) began: Instant,
}

impl Serialize for Hashed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UploadDigests { size, algorithms, digests } = &self.upload;
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &self.name {
            serialize_name(&mut map, "name", "name_b64", name)?;
        }
        map.serialize_entry("size", size)?;
        map.serialize_entry("digests", &DigestMap { bytes: digests, algorithms })?;
        if let Some(digest) = digest_field::value(split_digests(digests, algorithms)) {
            map.serialize_entry("repr_digest", &digest)?;
        }
        map.serialize_entry("elapsed_ms", &(self.began.elapsed().as_millis() as u64))?;
        map.end()
    }
}
