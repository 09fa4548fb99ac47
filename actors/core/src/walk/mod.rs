//! Walking trees: plans of entries to hash, depth first, names in byte order.
//!
//! Every directory is opened once beneath its parent, so a directory that was swapped meanwhile is never followed.
//! A walk opens no file. Where its plans go is the caller's.

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
pub use globs::{Filters, GlobInvalid};
pub use plan::{Fate, Plan, PlanEntry};
pub use plan_sink::{Inventory, NobodyListens, PlanReceiver};
pub use spec::{Target, Totals, WalkSpec};
pub use tree::{survey, walk};
