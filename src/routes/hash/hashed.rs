//! The answer to an upload: the digests of one body or of one part.

use std::time::Instant;

use hivesum_actors::engine::UploadDigests;
use hivesum_core::result::{DigestMap, serialize_name, split_digests};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::digest_field;

/// The digests of one body or one part, as JSON.
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
        if let Some(digest) = digest_field::value(split_digests(digests, algorithms)) {
            map.serialize_entry("repr_digest", &digest)?;
        }
        map.serialize_entry("elapsed_ms", &(self.began.elapsed().as_millis() as u64))?;
        map.end()
    }
}
