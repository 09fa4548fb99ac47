//! The engine of one command: its flags, and its threads from before the first file until after the last.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use clap::Args;
use hivesum_actors::engine::{Background, Engine, EngineConfig, HasherPriority, SelfTest};
use hivesum_actors::error::StartError;
use hivesum_actors::scan::ScanSpec;
use hivesum_core::digest::Algorithms;
use hivesum_core::file::IoMode;
use hivesum_core::walk::Target;

/// Hashers for each core where files are read from their devices. Measured with `benches/scrub.sh small`.
const READERS_PER_CORE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

// The flags of the engine, shared by every command that reads files.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct EngineArgs {
    /// Number of hasher threads [default: the number of CPU cores; of a scrub, which waits for disks, three times that].
    #[arg(short = 'j', long = "hashers", value_name = "N", value_parser = from_one, help_heading = "Reading")]
    hashers: Option<NonZeroUsize>,

    /// How large files are read: auto, map (memory-mapped) or read.
    #[arg(long, value_name = "MODE", default_value = "auto", help_heading = "Reading")]
    io: IoMode,

    /// Give up a file or directory that does not answer for this long.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = "Reading")]
    read_timeout_seconds: NonZeroU32,
}

impl EngineArgs {
    /// How long a file or a directory may keep the command waiting.
    pub(super) fn read_timeout(&self) -> Duration {
        Duration::from_secs(self.read_timeout_seconds.get().into())
    }

    /// A scan that reads files as the flags say.
    pub(super) fn scan(&self, targets: Vec<Target>, algorithms: Algorithms) -> ScanSpec {
        ScanSpec { io: self.io, ..ScanSpec::new(targets, algorithms) }
    }
}

/// Parses a number of at least 1.
pub(super) fn from_one(word: &str) -> Result<NonZeroUsize, &'static str> {
    word.parse().map_err(|_| "must be a number of at least 1")
}

/// Parses a number of seconds, at least 1.
fn seconds(word: &str) -> Result<NonZeroU32, &'static str> {
    word.parse().map_err(|_| "must be a whole number of seconds, at least 1")
}

/// An engine and the thread that it runs on.
#[derive(Debug)]
pub(super) struct RunningEngine {
    pub(super) args: EngineArgs,
    pub(super) handle: Engine,
    thread: Background,
}

impl RunningEngine {
    /// Starts hashers at normal priority, after a self-test of `algorithms`. Others are tested before their first use.
    ///
    /// # Errors
    /// If an algorithm fails its self-test, or a thread cannot be started.
    pub(super) fn start(args: EngineArgs, algorithms: Option<Algorithms>) -> Result<Self, StartError> {
        Self::start_with(args, algorithms, NonZeroUsize::MIN)
    }

    /// The same for reads from devices: while a thread waits for its disk, others hash, and the disk has several requests
    /// at a time to choose from.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(super) fn start_for_devices(args: EngineArgs, algorithms: Option<Algorithms>) -> Result<Self, StartError> {
        Self::start_with(args, algorithms, READERS_PER_CORE)
    }

    fn start_with(
        args: EngineArgs,
        algorithms: Option<Algorithms>,
        per_core: NonZeroUsize,
    ) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let (handle, thread) = Engine::start_in_background(EngineConfig {
            hashers: args.hashers.unwrap_or(cores.saturating_mul(per_core)),
            priority: HasherPriority::Normal,
            quantum_deadline: args.read_timeout(),
            self_test: algorithms.map_or(SelfTest::Default, SelfTest::Only),
            ..EngineConfig::default()
        })?;
        Ok(Self { args, handle, thread })
    }

    /// Stops the engine and waits for its threads.
    pub(super) fn join(self) {
        self.thread.join();
    }
}
