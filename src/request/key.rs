//! `Idempotency-Key`: a client's own name for a request, so that sending it twice does it once.

use actix_web::HttpRequest;

use crate::error::ApiError;

/// The longest key that a request may come under.
const MAX_KEY_BYTES: usize = 255;

/// The request's key, if it has one.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(field) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = field.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
    let key = key.ok_or_else(|| ApiError::invalid("Idempotency-Key must be 1 to 255 visible ASCII characters"))?;
    Ok(Some(key.to_owned()))
}
