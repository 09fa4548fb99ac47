//! The manifest among the files of the tree: told by its content, so that it is found wherever it came from.
//!
//! A checksum file cannot list itself, so a file that has exactly the bytes of the manifest, and that the manifest does
//! not name, is that manifest or a copy of it, and no new file. A file of any other content is new, whatever its name.

use crate::digest::{Algorithm, Algorithms, MultiHasher};
use crate::result::ItemRef;

/// The size and the digests of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestContent {
    bytes: u64,
    algorithms: Algorithms,
    /// End to end, in the order of the algorithms.
    pub(super) digests: Vec<u8>,
}

impl ManifestContent {
    /// Hashes the text of a manifest with the algorithms that are computed for every file.
    #[must_use]
    pub fn of(text: &[u8], algorithms: Algorithms) -> Self {
        let (mut hasher, mut digests) = (MultiHasher::new(&algorithms), Vec::new());
        hasher.update(text);
        hasher.finalize_reset_into(&mut digests);
        Self { bytes: text.len() as u64, algorithms, digests }
    }

    /// Whether a file has this content: its size and all of the digests.
    pub(super) fn is_content_of(&self, item: &ItemRef<'_>) -> bool {
        let same = |(algorithm, digest)| item.digest(algorithm) == Some(digest);
        item.meta.size == self.bytes && self.each().all(same)
    }

    fn each(&self) -> impl Iterator<Item = (Algorithm, &[u8])> {
        let mut rest = &self.digests[..];
        self.algorithms.iter().map_while(move |algorithm| {
            let (digest, after) = rest.split_at_checked(algorithm.digest_bytes())?;
            rest = after;
            Some((algorithm, digest))
        })
    }
}
