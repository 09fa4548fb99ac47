//! Digests that a client expects: `Content-Digest` and `Repr-Digest` (RFC 9530, a dictionary of byte sequences
//! as RFC 9651 writes it), or `?expect=ALGORITHM:HEX`.

use actix_web::http::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_core::digest::{Algorithm, Digest};

use crate::error::ApiError;

/// The registered keys that are secure enough to be checked; BLAKE3 has none.
const KEYS: [(&str, Algorithm); 2] = [("sha-256", Algorithm::Sha256), ("sha-512", Algorithm::Sha512)];

/// The key of an algorithm in digest fields, where it has one.
pub(super) fn field_key(algorithm: Algorithm) -> Option<&'static str> {
    KEYS.iter().find(|(_, known)| *known == algorithm).map(|(key, _)| *key)
}

/// The digests of both fields. Keys that are not known are passed over, as RFC 9530 has it.
pub(super) fn in_fields(fields: &HeaderMap) -> Result<Vec<Digest>, ApiError> {
    let mut expected = Vec::new();
    for name in ["content-digest", "repr-digest"] {
        for field in fields.get_all(name) {
            let text = field.to_str().map_err(|_| invalid("it is not ASCII"))?;
            members(text, &mut expected)?;
        }
    }
    Ok(expected)
}

/// The digest of `sha256:HEX`.
pub(super) fn in_words(text: &str) -> Result<Digest, ApiError> {
    let malformed = || ApiError::invalid("the query parameter \"expect\" must be ALGORITHM:HEX, as in sha256:9f86...");
    let (name, digits) = text.split_once(':').ok_or_else(malformed)?;
    let algorithm: Algorithm = name.parse()?;
    Digest::from_hex(algorithm, digits).map_err(|_| malformed())
}

fn members(text: &str, expected: &mut Vec<Digest>) -> Result<(), ApiError> {
    for member in text.split(',').map(str::trim) {
        let (key, value) = member.split_once('=').ok_or_else(|| invalid("a member has no value"))?;
        let value = value.strip_prefix(':').ok_or_else(|| invalid("a value is not between colons"))?;
        let (value, parameters) = value.split_once(':').ok_or_else(|| invalid("a value is not between colons"))?;
        if !parameters.is_empty() && !parameters.starts_with(';') {
            return Err(invalid("something follows a value"));
        }
        let bytes = STANDARD.decode(value).map_err(|_| invalid("a value is not base64"))?;
        let Some((_, algorithm)) = KEYS.iter().find(|(known, _)| *known == key) else { continue };
        expected.push(Digest::new(*algorithm, &bytes).map_err(|_| invalid("a digest has the wrong length"))?);
    }
    Ok(())
}

fn invalid(why: &'static str) -> ApiError {
    ApiError::DigestFieldInvalid(format!("a digest field cannot be read: {why}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Digest>, ApiError> {
        let mut expected = Vec::new();
        members(text, &mut expected).map(|()| expected)
    }

    #[test]
    fn the_fields_example_of_the_rfc_is_read() {
        // RFC 9530, appendix B.1: {"hello": "world"} and a line feed.
        let text = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        let expected = read(text).unwrap();
        assert_eq!(expected.len(), 1);
        assert_eq!(expected[0].algorithm(), Algorithm::Sha512);
    }

    #[test]
    fn unknown_keys_are_passed_over_and_parameters_do_not_count() {
        let expected = read("md5=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:;x=1").unwrap();
        assert_eq!(expected.len(), 1);
        assert!(expected[0].to_string().starts_with("5f8f04f6"));
    }

    #[test]
    fn what_is_no_dictionary_of_digests_is_refused() {
        for text in [
            "",
            "sha-256",
            "sha-256=",
            "sha-256=AAAA",
            "sha-256=:AAAA:",
            "sha-256=:not base64:",
            "sha-256=:AAAA",
            "sha-256=:AAAA:x",
        ] {
            assert!(matches!(read(text), Err(ApiError::DigestFieldInvalid(_))), "{text:?} was taken");
        }
    }
}
