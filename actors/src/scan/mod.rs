//! A scan: targets, hashed by the engine; results in walk order through a bounded channel.
//!
//! The driver owns the work and runs on the engine's own arbiter; the caller may leave. Its credit bounds its quanta
//! at the Supervisor, its reorder window the results it holds, the channel those that wait for the reader.

mod answers;
mod delivery;
mod driver;
mod handle;
mod large_file;
pub(crate) mod progress;
pub(crate) mod reorder;
mod resume;
mod spec;
mod start;
mod survey;

#[cfg(feature = "fleet")]
pub(crate) use delivery::WalkState;
pub use handle::{Canceller, Scan, ScanEnd, ScanOutcome};
#[cfg(feature = "fleet")]
pub(crate) use handle::{ScanEnds, channel};
#[cfg(feature = "fleet")]
pub(crate) use resume::join_past;
pub(crate) use resume::{KnownBatch, KnownKind, KnownSource, Past};
pub use spec::{Priority, ScanSpec};
