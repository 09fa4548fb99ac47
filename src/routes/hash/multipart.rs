//! Several files in one body, with one result per part, in order.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse};

use super::upload_request::UploadRequest;
use crate::error::ApiError;
use crate::request::PacedBody;
use crate::request::multipart::Parts;
use crate::routes::hash::Hashed;
use crate::service::Service;

pub(super) async fn hash_parts(
    request: &HttpRequest,
    body: PacedBody,
    options: &UploadRequest,
    service: &Service,
) -> Result<HttpResponse, ApiError> {
    if !options.expected.is_empty() {
        return Err(ApiError::invalid(
            "expected digests are checked for raw bodies only: send each file in a request of its own",
        ));
    }
    // Started before the body is read, so that a full queue is reported at once. The first part uses it.
    let mut first_upload = Some(service.engine.upload(options.algorithms)?);
    let mut parts = Parts::of(request, body)?;
    let mut hashed = Vec::new();
    while let Some(name) = parts.next_part().await? {
        if hashed.len() == service.limits.max_parts {
            return Err(ApiError::TooLarge { what: "the number of parts", limit: service.limits.max_parts as u64 });
        }
        let began = Instant::now();
        let mut upload = match first_upload.take() {
            Some(upload) => upload,
            None => service.engine.upload(options.algorithms)?,
        };
        while let Some(chunk) = parts.next_chunk().await? {
            upload.absorb(chunk).await?;
        }
        hashed.push(Hashed { name: Some(name), upload: upload.finish().await?, began });
    }
    if hashed.is_empty() {
        return Err(ApiError::invalid("the body has no parts"));
    }
    Ok(HttpResponse::Ok().json(hashed))
}
