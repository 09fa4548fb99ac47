//! A scan beneath a root of a fleet: the walk and the hashing happen on nodes; rows come in walk order as of any scan.

mod answers;
mod assembly;
mod driver;
mod large;
mod named;
mod parts;
mod sample;
mod walk;
mod works;

pub(super) use driver::{FarDriver, FarDriverConfig};
pub(super) use named::NamedFiles;
pub(super) use walk::FarWalk;
