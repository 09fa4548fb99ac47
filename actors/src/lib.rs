//! The engine of hivesum: files and uploads are digested by a supervised pool of hashers, off the event loop.
//!
//! ```text
//!          Engine  (the only door)
//!            |  scan                     |  upload
//!            v                           v
//!   Walker -> Driver (job/) --quanta--> Supervisor --at most two--> Hasher, Hasher, ...
//!  (walkdir)    |  results in walk order     ^----------finished--------'
//!               v
//!        reader, or the store
//! ------------------------------------------------------------------ actix ends here
//!   digest/   source/   manifest/   compare/   sys/   plain functions; only sys/ has `unsafe`
//! ```
//!
//! What holds everywhere:
//! - Everything a hasher does is one bounded quantum; cancel, deadlines, fairness and progress follow.
//! - Every queue, window and buffer has a bound of ours, for actix's mailboxes have none that holds.
//! - A digest is right or refused: opened beneath its root, the same before and after the read.
//! - A panic costs one file; a dead or stuck hasher is replaced and costs the file it was on.
//! - Results leave in walk order, and a reader that does not read stops the work, not the process.

pub mod engine;
pub mod error;
mod gauges;
mod hasher;
pub mod job;
pub mod jobs;
pub mod limits;
pub mod listing;
mod messages;
pub mod scan;
pub mod store;
mod supervisor;
mod walker;

pub use engine::{Engine, EngineConfig};

#[cfg(test)]
mod tests;
