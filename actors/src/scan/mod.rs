//! A scan: targets, hashed by the engine; results in walk order through a bounded channel.
//!
//! The driver owns the work and runs on the engine's own arbiter; the caller may leave. Its credit bounds its quanta
//! at the Supervisor, its reorder window the results it holds, the channel those that wait for the reader.

mod answers;
mod driver;
mod handle;
mod large_file;
mod progress;
mod reorder;
mod resume;
mod spec;
mod start;
mod survey;

pub use handle::{Canceller, Scan, ScanEnd, ScanOutcome};
pub(crate) use resume::{KnownBatch, KnownKind, KnownSource, Past};
pub use spec::{Priority, ScanSpec};
