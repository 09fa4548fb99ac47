//! What happened to files: audit against a manifest, comparison of two sets of results, duplicates.
//!
//! Plain functions over facts in walk order; where the facts come from (a walk, the store, a manifest) is the
//! caller's. What changed is told from rot by what a file system records of a write, see [`Evidence`]. Names
//! are bytes. A moved file is a missing one and a new one of the same content, paired one to one in byte order
//! of their paths; empty files are never paired, for any two of them are alike.

mod audit;
mod baseline;
mod change;
mod difference;
mod duplicates;
mod pairs;

pub use audit::{Absent, Audit, Findings, Move};
pub use baseline::{Baseline, BaselineBuilder, NameInvalid};
pub use change::{Change, Counts};
pub use difference::{Comparison, ComparisonError, Difference, Fact, Glimpse, compare};
pub use duplicates::{Copy, Group, NothingTells, groups, key_algorithm};
