//! Paths in requests, as text or, if they are not UTF-8, as base64; and cursors made of names.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hivesum_core::file::RelPath;

use crate::error::ApiError;

/// The path of a body with `path` or `path_b64`; the root itself if it has neither.
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

/// The name in a cursor from [`encode_cursor`].
pub(crate) fn decode_cursor(cursor: &str) -> Result<Vec<u8>, ApiError> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| ApiError::invalid("the query parameter \"cursor\" is not a cursor of this service"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_cursor_of_bytes_comes_back(name in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(decode_cursor(&encode_cursor(&name)).unwrap(), name);
        }

        #[test]
        fn a_path_is_the_same_in_either_form_or_refused_in_both(bytes in "[a-c./\\u{0}é]{0,12}") {
            let text = path_of(Some(bytes.clone()), None).ok();
            prop_assert_eq!(path_of(None, Some(STANDARD.encode(&bytes))).ok(), text.clone());
            prop_assert!(text.is_none_or(|path| path.as_bytes() == bytes.as_bytes()), "taken literally");
        }

        #[test]
        fn what_is_not_base64_is_refused_and_never_guessed(word in ".{0,20}") {
            if let Ok(path) = path_of(None, Some(word.clone())) {
                prop_assert_eq!(STANDARD.encode(path.as_bytes()), word);
            }
        }
    }
}
