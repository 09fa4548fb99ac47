//! The engine of hivesum: files and uploads are hashed by a supervised pool of hasher threads, off the event loop.
//!
//! ```text
//!   Jobs (jobs/, store/): accepted, stored, scheduled, resumed        your program
//!       | scan                                                          | scan, upload
//!       v                                                               v
//!   Scan (scan/): Walker -> Driver --quanta--> Supervisor --at most two--> Hasher, Hasher, ...
//!                              | results in walk order   ^-------finished------'
//!                              v
//!                   whoever reads the scan: a command, or a job that commits them
//! ```
//!
//! With the feature `fleet`, jobs also read directories of other machines ([`fleet`]): there a coordinator and its nodes,
//! with a NATS server between them, are in the place of the engine.
//!
//! What holds everywhere:
//! - A hasher works on one bounded quantum at a time; cancelling, deadlines, fairness and progress follow from that.
//! - Every queue, window and buffer has a bound of its own, because actix's mailboxes have none that holds.
//! - A panic costs one file. A hasher that is dead or stuck is replaced and costs the file it was reading.
//! - Results arrive in walk order. A reader that does not read stops the work, not the process.
//!
//! Side effects: starting an [`Engine`] raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard one and runs
//! hasher threads under `SCHED_IDLE` unless [`EngineConfig`] says otherwise; the first hasher installs a SIGBUS handler
//! (see `hivesum_core::sys`).
//!
//! ```
//! use hivesum_actors::engine::{Engine, EngineConfig, SelfTest};
//! use hivesum_actors::scan::{ScanOutcome, ScanSpec};
//! use hivesum_core::digest::Algorithms;
//! use hivesum_core::walk::Target;
//!
//! let directory = tempfile::tempdir()?;
//! std::fs::write(directory.path().join("file"), "hello\n")?;
//!
//! let algorithms: Algorithms = "sha256".parse()?;
//! let config = EngineConfig { self_test: SelfTest::Only(algorithms), ..EngineConfig::default() };
//! let (engine, thread) = Engine::start_in_background(config)?;
//! let mut scan = engine.scan(ScanSpec::new(vec![Target::directory(directory.path())?], algorithms))?;
//! while let Some(rows) = scan.blocking_next() {
//!     for row in rows.iter() {
//!         let digest = row.digests(rows.algorithms()).next().expect("the file can be read");
//!         assert_eq!(row.name, b"file");
//!         assert_eq!(digest.to_string(), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
//!     }
//! }
//! assert_eq!(scan.blocking_finish().outcome, ScanOutcome::Completed);
//! thread.join();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod engine;
pub mod error;
pub mod fleet;
mod gauges;
mod hasher;
pub mod job;
pub mod jobs;
pub mod limits;
pub mod listing;
mod messages;
pub mod report;
pub mod scan;
pub mod scrub;
pub mod store;
mod supervisor;
mod upload_memory;
mod walker;

pub use engine::{
    Background, Engine, EngineConfig, EngineStats, HasherPriority, HasherStats, SelfTest, Upload, UploadDigests,
};
pub use error::{Refused, StartError, StoreError, SubmitError, UploadError};
pub use job::{Job, JobId, JobKind, JobQuery, JobSpec, JobState, ResultQuery};
pub use jobs::{EventStream, JobEvent, JobEventKind, Jobs, JobsConfig};
pub use scan::{Canceller, Priority, Scan, ScanEnd, ScanOutcome, ScanSpec};

#[cfg(test)]
mod tests;
