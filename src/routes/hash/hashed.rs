//! The answer to an upload: the digests of one body or of one part.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::engine::UploadDigests;
use hivesum_core::result::{DigestMap, serialize_name, split_digests};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::expected;

/// What came of one body or one part, as it is shown.
pub(super) struct Hashed {
    /// The name of a part.
    pub(super) name: Option<Vec<u8>>,
    pub(super) upload: UploadDigests,
    pub(super) began: Instant,
}

impl Serialize for Hashed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UploadDigests { size, algorithms, digests } = &self.upload;
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &self.name {
            serialize_name(&mut map, "name", "name_b64", name)?;
        }
        map.serialize_entry("size", size)?;
        map.serialize_entry("digests", &DigestMap { bytes: digests, algorithms })?;
        if let Some(digest) = repr_digest(&self.upload) {
            map.serialize_entry("repr_digest", &digest)?;
        }
        map.serialize_entry("elapsed_ms", &(self.began.elapsed().as_millis() as u64))?;
        map.end()
    }
}

/// The digests that have a registered key, as a `Repr-Digest` field would say them (RFC 9530).
fn repr_digest(upload: &UploadDigests) -> Option<String> {
    let members = split_digests(&upload.digests, &upload.algorithms).filter_map(|digest| {
        let key = expected::field_key(digest.algorithm())?;
        Some(format!("{key}=:{}:", STANDARD.encode(digest.as_bytes())))
    });
    let members: Vec<String> = members.collect();
    (!members.is_empty()).then(|| members.join(", "))
}
