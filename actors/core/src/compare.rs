//! What happened to files: audit against a manifest, comparison of two sets of results, duplicates.
//!
//! Plain functions over facts in walk order; the caller decides where the facts come from (a walk, the store, a
//! manifest). A modification is told from rot by the traces that a write leaves in the file system; see
//! [`Evidence`](crate::result::Evidence). Names are bytes. A moved file is a missing file and a new file with the same
//! content; such files are paired one to one, in byte order of their paths. So are changed files and those that their
//! contents are from. A copy is a new file with the content of an unchanged one. Empty files are never paired, because
//! they all have the same content.

mod agreement;
mod audit;
mod baseline;
mod change;
mod copies;
mod difference;
mod duplicates;
mod matching;
mod merge;
mod moves;
pub mod probe;
mod spelling;

pub use audit::{Absent, Audit, Findings, ManifestContent, Traced};
pub use baseline::{Baseline, BaselineBuilder};
pub use change::{Change, Counts};
pub use difference::{Comparison, Difference, Fact, Glimpse};
pub use duplicates::{
    Copy, DigestsTooShort, Group, GroupKey, GroupOrder, GroupOrderInvalid, groups, key_algorithm, sort_groups,
};
pub use merge::{ComparisonError, compare};
pub use spelling::{Separator, Spelling, align, may_be_from_above, may_be_respelled, ways_from_above};

#[cfg(test)]
mod laws;
