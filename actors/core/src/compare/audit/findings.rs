//! What an audit tells at its end.
//!
//! Only then is it known which entries have no result, and which new or changed files have the content of an entry.
//! Everything here is plain data: what is printed or stored of it is decided by the caller.

use super::trace::Traced;
use crate::digest::{Algorithm, Algorithms};
use crate::result::{AuditCounts, ErrorCode, Verdict};

/// An entry of the manifest without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its path.
    pub path: Vec<u8>,
    /// `Missing`, or `Unreadable` if its directory could not be entered.
    pub verdict: Verdict,
    /// `NotFound`, or the error of its directory.
    pub code: ErrorCode,
}

/// The outcome of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// How many files have which verdict.
    pub counts: AuditCounts,
    /// Files with a content that was recorded under another path, in the order of the results.
    pub traced: Vec<Traced>,
    /// New and changed files with the content of some entry that were not traced, because there are too many of them or
    /// too many contents with their digest: whether they are moved files or copies is not known.
    pub untraced: u64,
    /// Entries without a result, in walk order.
    pub absent: Vec<Absent>,
    /// The algorithm of untagged digests, as it was given or found.
    pub algorithm: Option<Algorithm>,
    /// The algorithms that files have shown untagged digests to be of.
    pub found: Vec<Algorithm>,
    /// What untagged digests may still be of: sets that no file has narrowed to one algorithm.
    pub undecided: Vec<Algorithms>,
}
