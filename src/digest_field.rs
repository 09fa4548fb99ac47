//! The fields of RFC 9530: `Content-Digest` and `Repr-Digest` carry digests, `Want-Content-Digest` and
//! `Want-Repr-Digest` say which digest a client prefers.
//!
//! All are dictionaries of RFC 9651, read and written by `sfv`. Several lines of one field are one dictionary, and of
//! several members under one key the last one counts.

use actix_web::http::header::HeaderMap;
use hivesum_core::digest::{Algorithm, Digest};
use sfv::{BareItem, DictSerializer, Dictionary, Item, KeyRef, ListEntry, Parser, key_ref};

/// The registered keys that are secure enough to be checked; BLAKE3 has none.
const KEYS: [(&KeyRef, Algorithm); 2] =
    [(key_ref("sha-256"), Algorithm::Sha256), (key_ref("sha-512"), Algorithm::Sha512)];

/// The weights of preferences. 0 means "not acceptable".
const WEIGHTS: std::ops::RangeInclusive<i64> = 1..=10;

/// Why a field of digests is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestFieldError {
    #[error("the digest field is not a dictionary: {0}")]
    Syntax(#[from] sfv::Error),
    #[error("the digest field is empty")]
    Empty,
    #[error("the digest field has a member {0:?} that is not a byte sequence")]
    NotBytes(String),
    #[error("the digest field has a {0} digest of the wrong length")]
    WrongLength(Algorithm),
}

/// The digests that a field carries; none if the request does not have the field. Unknown keys and all parameters are
/// ignored.
pub(crate) fn digests(fields: &HeaderMap, name: &str) -> Result<Vec<Digest>, DigestFieldError> {
    let Some(members) = dictionary(fields, name) else { return Ok(Vec::new()) };
    let members = members?;
    if members.is_empty() {
        return Err(DigestFieldError::Empty);
    }
    let mut digests = Vec::new();
    for (key, member) in &members {
        let ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), .. }) = member else {
            return Err(DigestFieldError::NotBytes(key.to_string()));
        };
        let Some(algorithm) = algorithm_of(key) else { continue };
        digests.push(Digest::new(algorithm, bytes).map_err(|_| DigestFieldError::WrongLength(algorithm))?);
    }
    Ok(digests)
}

/// The algorithm that a `Want-` field prefers: the largest weight, the first of equal ones. A field that cannot be read
/// is ignored.
pub(crate) fn preferred(fields: &HeaderMap, name: &str) -> Option<Algorithm> {
    let members = dictionary(fields, name)?.ok()?;
    let weighted = members.iter().filter_map(|(key, member)| {
        let ListEntry::Item(Item { bare_item: BareItem::Integer(weight), .. }) = member else { return None };
        let weight = Some(i64::from(*weight)).filter(|weight| WEIGHTS.contains(weight))?;
        Some((weight, algorithm_of(key)?))
    });
    weighted.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, algorithm)| algorithm)
}

/// The value of a `Repr-Digest` or `Content-Digest` field: the digests that have a registered key; nothing if none has.
pub(crate) fn value(digests: impl IntoIterator<Item = Digest>) -> Option<String> {
    let mut members = DictSerializer::new();
    for digest in digests {
        if let Some((key, _)) = KEYS.iter().find(|(_, known)| *known == digest.algorithm()) {
            members.bare_item(key, digest.as_bytes());
        }
    }
    members.finish()
}

fn dictionary(fields: &HeaderMap, name: &str) -> Option<Result<Dictionary, sfv::Error>> {
    let lines: Vec<&[u8]> = fields.get_all(name).map(|line| line.as_bytes()).collect();
    (!lines.is_empty()).then(|| Parser::new(&lines.join(&b", "[..])).parse())
}

fn algorithm_of(key: &KeyRef) -> Option<Algorithm> {
    KEYS.iter().find(|(known, _)| *known == key).map(|(_, algorithm)| *algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    /// The digest of RFC 9530, appendix B.1: {"hello": "world"} and a line feed.
    const OF_RFC: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

    const NAME: HeaderName = HeaderName::from_static("repr-digest");

    fn fields(lines: &[&str]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        lines.iter().for_each(|line| fields.append(NAME, HeaderValue::from_str(line).unwrap()));
        fields
    }

    fn read(lines: &[&str]) -> Result<Vec<String>, DigestFieldError> {
        let digests = digests(&fields(lines), NAME.as_str())?;
        Ok(digests.iter().map(|digest| format!("{}:{digest}", digest.algorithm())).collect())
    }

    fn wanted(line: &str) -> Option<Algorithm> {
        preferred(&fields(&[line]), NAME.as_str())
    }

    #[test]
    fn the_fields_example_of_the_rfc_is_read() {
        let text = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        let expected = read(&[text]).unwrap();
        assert_eq!(expected.len(), 1);
        assert!(expected[0].starts_with("sha512:5990cf6959ff"), "{expected:?}");
    }

    #[test]
    fn unknown_keys_and_parameters_are_ignored() {
        let expected = read(&["md5=:AAAA:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:;x=1"]).unwrap();
        assert_eq!(expected.len(), 1);
        assert!(expected[0].starts_with("sha256:5f8f04f6"));
    }

    #[test]
    fn a_parameter_may_hold_commas_quotes_and_what_looks_like_a_member() {
        let plain = read(&[OF_RFC]).unwrap();
        for parameters in [
            r#";p="a,b""#,
            r#";p="a\"b,c\\""#,
            r#";p="x,sha-256=:AAAA:""#,
            ";p=:AAAA:;q=1.5;r=?0;s",
            ";p=a/b:c, unixsum=:AAA=:",
        ] {
            assert_eq!(read(&[&format!("{OF_RFC}{parameters}")]).unwrap(), plain, "{parameters}");
        }
    }

    #[test]
    fn lines_are_one_dictionary_in_which_the_last_of_equal_keys_counts() {
        let other = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
        assert_eq!(read(&["unixsum=:AAA=:", OF_RFC]).unwrap(), read(&[OF_RFC]).unwrap());
        assert_eq!(read(&[other, OF_RFC]).unwrap(), read(&[OF_RFC]).unwrap());
    }

    #[test]
    fn what_is_not_a_dictionary_of_digests_is_refused() {
        for text in [
            "",
            "sha-256",
            "sha-256=",
            "sha-256=AAAA",
            "sha-256=:AAAA:",
            "sha-256=:not base64:",
            "sha-256=:AAAA",
            "sha-256=:AAAA:x",
            "sha-256=(:AAAA:)",
            "unixsum=1",
            "sha-256=:AAAA:,",
            r#"sha-256=:AAAA:;p="a"#,
        ] {
            assert!(read(&[text]).is_err(), "{text:?} was accepted");
        }
        assert!(read(&[]).unwrap().is_empty(), "a field that is not sent is no fault");
    }

    #[test]
    fn the_digest_with_the_largest_weight_is_preferred() {
        assert_eq!(wanted("sha-256=1, sha-512=3"), Some(Algorithm::Sha512));
        assert_eq!(wanted("sha-512=3, sha-256=10, unixsum=10"), Some(Algorithm::Sha256));
        assert_eq!(wanted("sha-512=3, sha-256=3"), Some(Algorithm::Sha512));
        assert_eq!(wanted(r#"sha-512=3, sha-256=10;p="x,sha-512=9""#), Some(Algorithm::Sha256));
        for none in ["sha-256=0", "sha-256=11", "sha-256=1.5", "md5=10", "sha-256", "sha-256=1;p=\"", ""] {
            assert_eq!(wanted(none), None, "{none}");
        }
    }

    #[test]
    fn a_value_that_is_written_is_read_again() {
        let digests = [
            Digest::new(Algorithm::Sha512, &[7; 64]).unwrap(),
            Digest::new(Algorithm::Blake3, &[1; 32]).unwrap(),
            Digest::new(Algorithm::Sha256, &[250; 32]).unwrap(),
        ];
        let text = value(digests).unwrap();
        assert_eq!(super::digests(&fields(&[&text]), NAME.as_str()).unwrap(), [digests[0], digests[2]]);
        assert_eq!(value([digests[1]]), None);
    }
}
