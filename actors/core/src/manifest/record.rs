//! One entry of a manifest of any format: a name, its digests, and what else the format carries.
//!
//! All readers return records, and conversions work on them. What a format does not carry is `None`.

use jiff::Timestamp;

use super::entry::Claimed;
use crate::digest::{Algorithm, Algorithms};
use crate::result::{Known, Status};

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The exact bytes of its name, unescaped.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its last modification.
    pub modified_at: Option<Timestamp>,
    /// The status of the file when the manifest was written.
    pub status: Option<Status>,
    /// Its digests; none only if the status says why.
    pub digests: Vec<Claimed>,
}

impl Record {
    /// Empties it for the next entry; allocations are kept.
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.digests.clear();
        (self.size, self.modified_at, self.status) = (None, None, None);
    }

    /// The digest of this algorithm, if there is one.
    #[must_use]
    pub fn digest_of(&self, algorithm: Algorithm) -> Option<&Claimed> {
        self.digests.iter().find(|digest| digest.tag() == Some(algorithm))
    }

    /// What it says about the file besides digests.
    #[must_use]
    pub fn known(&self) -> Known {
        let mtime_ns = self.modified_at.and_then(|at| i64::try_from(at.as_nanosecond()).ok());
        Known { size: self.size, mtime_ns, ..Known::default() }
    }
}

/// The algorithms of the tagged digests, in the order of their first use. `None` if no digest is tagged.
pub fn algorithms_named<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Algorithms> {
    let named = records.into_iter().flat_map(|record| &record.digests).filter_map(Claimed::tag);
    let mut seen = Vec::new();
    for algorithm in named {
        if !seen.contains(&algorithm) {
            seen.push(algorithm);
        }
    }
    Algorithms::new(seen).ok()
}
