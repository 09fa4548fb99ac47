//! Walking trees: depth first, names in byte order, with the entries in plans for hashing.
//!
//! Every directory is opened once, beneath its parent, so a directory that was swapped meanwhile is never followed. A
//! walk opens no files. The caller decides what happens to the plans.

mod descriptors;
mod directory;
mod globs;
mod listed;
mod plan;
mod plan_sink;
mod rules;
mod spec;
mod tree;

pub use directory::{Kind, Listing};
pub(crate) use globs::MAX_GLOBS;
pub use globs::below::literal as literal_glob;
pub(crate) use globs::below::seen_from_above;
pub use globs::{Filters, GlobInvalid};
pub(crate) use plan::PLAN_ENTRIES;
pub use plan::{Fate, KnownResult, Plan, PlanEntry};
pub use plan_sink::{Inventory, PlanReceiver, ReceiverGone};
pub use spec::{Target, Totals, WalkSpec};
pub use tree::{survey, walk};
