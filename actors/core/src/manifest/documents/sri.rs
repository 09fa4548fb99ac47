//! Subresource Integrity values (W3C SRI, section 3.5): `sha512-BASE64`, `sha384-...?option`, several with blanks
//! between them.
//!
//! Digests of different algorithms are all claims of the same file. Several of one algorithm are alternatives, of which
//! a file needs to match only one: a record cannot say that, so none of them is a claim. Options are ignored, as the
//! specification has it, and algorithms that hivesum lacks are left out.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};

use super::DocumentError;
use super::claims::not_a_digest;
use crate::digest::{Algorithm, Digest, MAX_DIGEST_BYTES};
use crate::manifest::entry::Claimed;

/// The grammar allows both alphabets and any padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest base64 of a digest, in whole groups of four.
const MAX_DIGITS: usize = MAX_DIGEST_BYTES.div_ceil(3) * 4;

/// The claims of one value.
///
/// # Errors
/// If a part is not `ALGORITHM-BASE64`, or not a digest of its algorithm.
pub(in crate::manifest) fn parse(value: &str, of: &str) -> Result<Vec<Claimed>, DocumentError> {
    let mut claims: Vec<Claimed> = Vec::new();
    let mut alternatives = Vec::new();
    for part in value.split_ascii_whitespace() {
        let Some(claim) = part_of(part, of)? else { continue };
        match claims.iter().find(|one| one.tag() == claim.tag()) {
            Some(same) if *same == claim => {}
            Some(_) => alternatives.push(claim.tag()),
            None => claims.push(claim),
        }
    }
    claims.retain(|claim| !alternatives.contains(&claim.tag()));
    Ok(claims)
}

fn part_of(part: &str, of: &str) -> Result<Option<Claimed>, DocumentError> {
    let (digest, _options) = part.split_once('?').unwrap_or((part, ""));
    let Some((name, digits)) = digest.split_once('-') else {
        return Err(DocumentError::new(format!("the integrity of {of:?} is not ALGORITHM-BASE64")));
    };
    let Ok(algorithm) = name.parse::<Algorithm>() else { return Ok(None) };
    let bytes = decode(digits).ok_or_else(|| not_a_digest(algorithm.name(), of))?;
    let digest = Digest::new(algorithm, &bytes).map_err(|_| not_a_digest(algorithm.name(), of))?;
    Ok(Some(Claimed::of(digest)))
}

fn decode(digits: &str) -> Option<Vec<u8>> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    BASE64.decode(digits.replace('-', "+").replace('_', "/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `alert('Hello, world.');`, from the W3C SRI recommendation, section 3.1.
    const SHA384: &str = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";

    #[test]
    fn the_example_of_the_recommendation_is_read() {
        // printf %s "alert('Hello, world.');" | sha384sum
        let hex = "1fc05187c8f8f0ef6861ab5fbb9019ceae80f5120d8593b91f5e9d4199e02bb4fad9e9bc314b7514b9b9dadf9e5fac4e";
        let claims = parse(SHA384, "a").unwrap();
        assert_eq!((claims.len(), claims[0].tag()), (1, Some(Algorithm::Sha384)));
        assert_eq!(hex::encode(claims[0].as_bytes()), hex);
    }

    #[test]
    fn several_algorithms_are_all_claims_and_options_and_unknown_ones_are_left_out() {
        let sha1 = "sha1-W3KGWodiMR/x76Kxb56wjhmdEdM=";
        let claims = parse(&format!("{SHA384}?ct=text/javascript  {sha1}\tsnefru-AAAA"), "a").unwrap();
        let tags: Vec<_> = claims.iter().map(Claimed::tag).collect();
        assert_eq!(tags, [Some(Algorithm::Sha384), Some(Algorithm::Sha1)]);
        assert_eq!(parse("", "a"), Ok(vec![]));
        let (bare, urlsafe) = (sha1.trim_end_matches('='), sha1.replace('+', "-").replace('/', "_"));
        assert_eq!(parse(bare, "a").unwrap(), claims[1..]);
        assert_eq!(parse(&urlsafe, "a").unwrap(), claims[1..]);
    }

    #[test]
    fn alternatives_of_one_algorithm_are_no_claim() {
        let other = SHA384.replace("H8BR", "AAAA");
        assert_eq!(parse(&format!("{SHA384} {other} {SHA384}"), "a"), Ok(vec![]));
        assert_eq!(parse(&format!("{SHA384} {SHA384}"), "a").unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_a_digest_is_refused() {
        for wrong in ["sha256", "sha256-", "sha256-AAAA", "sha1-!!!!", &format!("sha512-{}", "A".repeat(1000))] {
            assert!(parse(wrong, "a").unwrap_err().why.contains("\"a\""), "{wrong}");
        }
    }
}
