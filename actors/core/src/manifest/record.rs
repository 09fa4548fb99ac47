//! One entry of a manifest of any format: a name, what is claimed of it, and what else the format tells.
//!
//! A record is what all readers give and what conversions carry. Where a format is silent, the record is.

use jiff::Timestamp;

use super::entry::Claimed;
use crate::digest::{Algorithm, Algorithms};
use crate::result::{Known, Status};

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The exact bytes of its name, escapes resolved.
    pub name: Vec<u8>,
    /// Bytes, where the format tells.
    pub size: Option<u64>,
    /// Last modification, where the format tells.
    pub modified_at: Option<Timestamp>,
    /// What came of the file when the manifest was made, where the format tells.
    pub status: Option<Status>,
    /// Its digests; none only where the status says why.
    pub digests: Vec<Claimed>,
}

impl Record {
    /// Makes room for the next entry; allocations stay.
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.digests.clear();
        (self.size, self.modified_at, self.status) = (None, None, None);
    }

    /// The digest of this algorithm, where the record names one.
    #[must_use]
    pub fn digest_of(&self, algorithm: Algorithm) -> Option<&Claimed> {
        self.digests.iter().find(|digest| digest.tag() == Some(algorithm))
    }

    /// What it says of the file beside digests.
    #[must_use]
    pub fn known(&self) -> Known {
        let mtime_ns = self.modified_at.and_then(|at| i64::try_from(at.as_nanosecond()).ok());
        Known { size: self.size, mtime_ns, ..Known::default() }
    }
}

/// The algorithms that records name, in the order in which they come first; nothing where none is named.
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
