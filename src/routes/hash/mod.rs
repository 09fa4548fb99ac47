//! `POST /hash`: bytes are digested while they arrive and never stored.
//!
//! Everything that can be refused by the head is, before a byte of the body is read: algorithms, digest fields,
//! length, encoding, and a full queue.

mod hashed;
mod multipart;
mod upload_request;

use std::time::Instant;

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::PacedBody;
use crate::service::Service;
use hashed::Hashed;
use upload_request::UploadRequest;

#[utoipa::path(
    post, path = "/api/v1/hash", tag = "hashing", operation_id = "hash_body",
    summary = "Digest the body",
    description = "The bytes are digested as they arrive and never stored. `multipart/form-data` carries many files: \
        one result a part, in order; expected digests are for raw bodies.",
    params(
        ("algorithms" = inline(Option<schemas::AlgorithmNames>), Query, style = Form, explode = false, description = "Names from `/algorithms`, separated by commas; blake3 unless given.", example = json!(["blake3", "sha256"])),
        ("expect" = inline(Option<schemas::ExpectedDigest>), Query, description = "ALGORITHM:HEX: the digest that the bytes must have.", ),
        ("Content-Digest" = inline(Option<schemas::DigestField>), Header, description = "RFC 9530, checked: sha-256 and sha-512."),
        ("Repr-Digest" = inline(Option<schemas::DigestField>), Header, description = "RFC 9530, checked: sha-256 and sha-512."),
    ),
    request_body(description = "Any bytes.", content(
        (Vec<u8> = "application/octet-stream"),
        (Object = "multipart/form-data"),
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
    let asked = UploadRequest::of(&request)?;
    let _share = service.upload_for(&caller)?;
    let body =
        PacedBody::open(&request, payload, service.upload_rules())?.within(service.bandwidth.clone(), caller.key);
    if request.content_type().eq_ignore_ascii_case("multipart/form-data") {
        return multipart::hash_parts(&request, body, &asked, &service).await;
    }
    let mut upload = service.engine.upload(asked.algorithms)?;
    let mut body = body;
    while let Some(chunk) = body.next().await? {
        upload.absorb(chunk).await?;
    }
    let hashed = Hashed { name: None, upload: upload.finish().await?, began };
    asked.check(&hashed.upload)?;
    Ok(HttpResponse::Ok().json(hashed))
}
