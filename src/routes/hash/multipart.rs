//! Several files in one body, with one result per part, in order.

use std::time::Instant;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;

use super::upload_request::UploadRequest;
use crate::error::ApiError;
use crate::request::PacedBody;
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
    let mut parts = Multipart::new(request.headers(), body.into_stream());
    let mut hashed = Vec::new();
    while let Some(field) = parts.next().await {
        let mut field = field.map_err(from_multipart)?;
        if hashed.len() == service.limits.max_parts {
            return Err(ApiError::TooLarge { what: "the number of parts", limit: service.limits.max_parts as u64 });
        }
        let began = Instant::now();
        let mut upload = match first_upload.take() {
            Some(upload) => upload,
            None => service.engine.upload(options.algorithms)?,
        };
        while let Some(chunk) = field.next().await {
            upload.absorb(chunk.map_err(from_multipart)?).await?;
        }
        hashed.push(Hashed { name: Some(name_of(&field)), upload: upload.finish().await?, began });
    }
    if hashed.is_empty() {
        return Err(ApiError::invalid("the body has no parts"));
    }
    Ok(HttpResponse::Ok().json(hashed))
}

/// The name of the file, or else of the field.
fn name_of(field: &Field) -> Vec<u8> {
    let disposition = field.content_disposition();
    let extended = disposition.and_then(|disposition| disposition.get_filename_ext()).map(|name| name.value.clone());
    let plain = || disposition.and_then(|disposition| disposition.get_filename()).map(|name| name.as_bytes().to_vec());
    extended.or_else(plain).unwrap_or_else(|| field.name().unwrap_or_default().as_bytes().to_vec())
}

fn from_multipart(error: MultipartError) -> ApiError {
    match error {
        MultipartError::Payload(error) => error.into(),
        MultipartError::Incomplete => ApiError::invalid("the body is incomplete, or its last boundary is missing"),
        error => ApiError::invalid(format!("the multipart body cannot be read: {error}")),
    }
}
