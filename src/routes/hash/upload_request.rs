//! What an upload asks for: its algorithms, and the digests that its bytes should have.
//!
//! Expected digests come in the fields of RFC 9530 or in `?expect=ALGORITHM:HEX`.

use actix_web::HttpRequest;
use hivesum_actors::engine::UploadDigests;
use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::result::split_digests;

use crate::digest_field;
use crate::error::{ApiError, Mismatch};
use crate::request::Query;

/// The options of an upload.
#[derive(Debug)]
pub(super) struct UploadRequest {
    /// The algorithms to compute: those requested, then those of expected digests.
    pub(super) algorithms: Algorithms,
    pub(super) expected: Vec<Digest>,
}

impl UploadRequest {
    /// Reads the query and the digest fields.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut query = Query::repeating(request, &["algorithms"])?;
        // Generated clients repeat the parameter, whatever the document says of commas.
        let lists = query.texts("algorithms")?;
        let algorithms = match lists.is_empty() {
            true => Algorithms::default(),
            false => lists.join(",").parse::<Algorithms>()?,
        };
        let mut expected = digest_field::digests(request.headers(), "content-digest")?;
        expected.extend(digest_field::digests(request.headers(), "repr-digest")?);
        if let Some(text) = query.text("expect")? {
            expected.push(parse_expect(&text)?);
        }
        query.finish()?;
        Ok(Self { algorithms: with_those_of(algorithms, &expected)?, expected })
    }

    /// Compares the digests with those expected.
    pub(super) fn check(&self, upload: &UploadDigests) -> Result<(), ApiError> {
        for expected in &self.expected {
            let computed = split_digests(&upload.digests, &upload.algorithms)
                .find(|digest| digest.algorithm() == expected.algorithm());
            if let Some(computed) = computed.filter(|computed| computed != expected) {
                let mismatch = Mismatch { expected: *expected, computed };
                return Err(ApiError::DigestMismatch(Box::new(mismatch)));
            }
        }
        Ok(())
    }
}

/// These algorithms, then those of the digests that are not among them.
fn with_those_of(algorithms: Algorithms, digests: &[Digest]) -> Result<Algorithms, ApiError> {
    let mut all: Vec<_> = algorithms.iter().collect();
    for algorithm in digests.iter().map(Digest::algorithm) {
        if !all.contains(&algorithm) {
            all.push(algorithm);
        }
    }
    Ok(Algorithms::new(all)?)
}

/// The digest of `sha256:HEX`. The digits alone are refused: their number fits several algorithms, and a digest that
/// differs from that of another algorithm proves nothing.
fn parse_expect(text: &str) -> Result<Digest, ApiError> {
    let Some((name, digits)) = text.split_once(':') else { return Err(without_algorithm(text)) };
    let algorithm: Algorithm = name.parse()?;
    let refused = |error| ApiError::invalid(format!("the query parameter \"expect\": {error}"));
    Digest::from_hex(algorithm, digits).map_err(refused)
}

/// Why digits alone are not enough, with the algorithms that have digests of this length.
fn without_algorithm(text: &str) -> ApiError {
    let form = "the query parameter \"expect\" must be ALGORITHM:HEX, as in sha256:9f86...";
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len().is_multiple_of(2);
    let fitting = if is_hex { Algorithm::of_length(text.len() / 2) } else { &[] };
    let names: Vec<_> = fitting.iter().map(|algorithm| algorithm.name()).collect();
    ApiError::invalid(match names.is_empty() {
        true => form.to_owned(),
        false => format!("{form}: {} digits may be of {}", text.len(), names.join(", ")),
    })
}
