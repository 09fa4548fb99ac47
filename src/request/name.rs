//! Names of bytes in requests: the readable form or, where that is not UTF-8, base64; and cursors made of names.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hivesum_actors::source::RelPath;

use crate::error::ApiError;

/// The path of a body that has `path` or `path_b64`; the root itself where it has neither.
pub(crate) fn path_of(text: Option<String>, exact: Option<String>) -> Result<RelPath, ApiError> {
    let bytes = match (text, exact) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("give either `path` or `path_b64`")),
        (Some(text), None) => text.into_bytes(),
        (None, Some(exact)) => STANDARD.decode(exact).map_err(|_| ApiError::invalid("`path_b64` is not base64"))?,
        (None, None) => Vec::new(),
    };
    Ok(RelPath::new(bytes)?)
}

/// A name as an opaque cursor that needs no escaping in a query.
pub(crate) fn encode_cursor(name: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name behind a cursor of ours.
pub(crate) fn decode_cursor(cursor: &str) -> Result<Vec<u8>, ApiError> {
    URL_SAFE_NO_PAD.decode(cursor).map_err(|_| ApiError::invalid("the query parameter \"cursor\" is not one of ours"))
}
