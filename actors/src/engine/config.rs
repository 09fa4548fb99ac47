//! The configuration of an engine.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::DEFAULT_READ_TIMEOUT;
use hivesum_core::hash::{DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_UNSIZED_BYTES};
use hivesum_core::sys::sched::HasherPriority;

/// The configuration of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The number of hasher threads.
    pub hashers: NonZeroUsize,
    /// The priority of the hasher threads.
    pub priority: HasherPriority,
    /// Which algorithms must pass their known-answer tests before the engine starts. Every other is tested before its
    /// first use.
    pub self_test: SelfTest,
    /// Quanta of uploads that may wait for a hasher.
    pub interactive_queue: usize,
    /// Uploads that may be in progress at the same time; they hold 112 MiB in all, up to 656 of them, and each
    /// at most 2 MiB.
    pub concurrent_uploads: usize,
    /// Longer files are refused.
    pub max_file_bytes: u64,
    /// The most that is read of a file whose size says 0.
    pub max_unsized_bytes: u64,
    /// Bytes per second that all scans together may read; `None` means no limit.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// A hasher without progress for this long is replaced. A file that is read this slowly, and a
    /// directory that does not answer for this long, is given up.
    pub quantum_deadline: Duration,
    /// Hashers that may be stuck in the kernel at the same time; each keeps a thread and a window. Beyond that none
    /// is replaced until one returns; jobs then wait for their deadline or are cancelled.
    pub max_stuck_hashers: usize,
}

/// Which algorithms are tested at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfTest {
    /// The default algorithm, and SHA-256 and SHA-512 for the digest fields of answers: for a service.
    Default,
    /// Those that were chosen: for a command line.
    Only(Algorithms),
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            hashers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            priority: HasherPriority::Idle,
            self_test: SelfTest::Default,
            interactive_queue: 256,
            concurrent_uploads: 128,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            max_unsized_bytes: DEFAULT_MAX_UNSIZED_BYTES,
            max_bytes_per_second: None,
            quantum_deadline: DEFAULT_READ_TIMEOUT,
            max_stuck_hashers: 64,
        }
    }
}
