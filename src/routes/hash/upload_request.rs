//! What an upload asks for: its algorithms, and the digests it says the bytes should have.

use actix_web::HttpRequest;
use hivesum_actors::engine::UploadDigests;
use hivesum_core::digest::{Algorithms, Digest};
use hivesum_core::result::split_digests;

use super::expected;
use crate::error::{ApiError, Mismatch};
use crate::request::Query;

/// An upload's wishes.
#[derive(Debug)]
pub(super) struct UploadRequest {
    /// What is computed and shown: the algorithms asked for, then those of expected digests.
    pub(super) algorithms: Algorithms,
    pub(super) expected: Vec<Digest>,
}

impl UploadRequest {
    /// From the query and the digest fields.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut query = Query::of(request)?;
        let algorithms = match query.text("algorithms")? {
            Some(list) => list.parse::<Algorithms>()?,
            None => Algorithms::default(),
        };
        let mut expected = expected::in_fields(request.headers())?;
        if let Some(text) = query.text("expect")? {
            expected.push(expected::in_words(&text)?);
        }
        query.finish()?;
        let expected_too = expected.iter().map(Digest::algorithm).filter(|&algorithm| !algorithms.contains(algorithm));
        let mut all: Vec<_> = algorithms.iter().collect();
        for algorithm in expected_too {
            if !all.contains(&algorithm) {
                all.push(algorithm);
            }
        }
        Ok(Self { algorithms: Algorithms::new(all)?, expected })
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
