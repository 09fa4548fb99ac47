//! JSON bodies: read under the body's rules, then parsed once; unknown members are the types' to refuse.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Payload;
use serde::de::DeserializeOwned;

use super::PacedBody;
use super::body::BodyRules;
use crate::error::ApiError;

/// The body as a `T`.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    rules: BodyRules,
) -> Result<T, ApiError> {
    let declared = request.headers().get(header::CONTENT_TYPE);
    if !declared.is_some_and(is_json) {
        return Err(ApiError::UnsupportedMediaType("send the body as application/json"));
    }
    let body = PacedBody::open(request, payload, rules)?.collect().await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::invalid(error.to_string()))
}

fn is_json(value: &HeaderValue) -> bool {
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
