//! The request for a scan: targets, algorithms, and how files are read.

use std::num::NonZeroU64;
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Devices, IoMode, Reach};
use hivesum_core::hash::{Coverage, ScanRules};
use hivesum_core::result::FileIdentity;
use hivesum_core::walk::{Filters, Target};
use serde::{Deserialize, Serialize};

use super::handle::Canceller;
use crate::engine::throttle::ByteBudget;

/// A job's place among other jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Shares the hashers with other normal jobs, by bytes.
    #[default]
    Normal,
    /// Runs only while no normal job has work waiting.
    Low,
}

/// What to hash, and how.
#[derive(Debug)]
pub struct ScanSpec {
    /// In this order.
    pub targets: Vec<Target>,
    /// The digests to compute, in this order.
    pub algorithms: Algorithms,
    /// Which entries of trees are hashed; names and single files always are.
    pub filters: Filters,
    /// Whether walks stop at mount points.
    pub reach: Reach,
    /// What happens to the block devices in a tree. Those that are named are read.
    pub devices: Devices,
    /// Which bytes of each file are digested.
    pub coverage: Coverage,
    /// How large files are read.
    pub io: IoMode,
    /// Read files from their device and not from the page cache, and say where their bytes came from; see
    /// [`ReadFrom`](hivesum_core::result::ReadFrom).
    pub from_device: bool,
    /// Tell the chaining values of the pieces of each file that has some, if BLAKE3 is computed; see
    /// [`Rows::pieces_of`](hivesum_core::result::Rows::pieces_of).
    pub keeps_pieces: bool,
    /// Refuse files that somebody may be writing to instead of marking their digests `unverified`.
    pub require_stable: bool,
    /// The priority among other scans.
    pub priority: Priority,
    /// The scan ends after this time even if it is not done.
    pub deadline: Option<Duration>,
    /// Limits the scan to this many bytes per second.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// A rate that it keeps together with other scans.
    pub budget: Option<ByteBudget>,
    /// After this time a second walk counts files and bytes, so that progress has totals. It costs one
    /// `stat` per file; `None` means that totals are known only at the end.
    pub survey_after: Option<Duration>,
    /// hivesum's own files and directories, which are skipped wherever they are.
    pub leave_out: Vec<FileIdentity>,
    /// Cancels the scan, beside its handle.
    pub cancel: Option<Canceller>,
}

impl ScanSpec {
    /// How it reads each file, with the default limits.
    #[must_use]
    pub fn rules(&self) -> ScanRules {
        ScanRules {
            coverage: self.coverage,
            io: self.io,
            from_device: self.from_device,
            keeps_pieces: self.keeps_pieces,
            require_stable: self.require_stable,
            devices: self.devices,
            leave_out: self.leave_out.clone(),
            ..ScanRules::new(self.algorithms)
        }
    }

    /// A scan of these targets without filters and limits.
    #[must_use]
    pub fn new(targets: Vec<Target>, algorithms: Algorithms) -> Self {
        Self {
            targets,
            algorithms,
            filters: Filters::default(),
            reach: Reach::Everywhere,
            devices: Devices::Skip,
            coverage: Coverage::Whole,
            io: IoMode::Auto,
            from_device: false,
            keeps_pieces: false,
            require_stable: false,
            priority: Priority::Normal,
            deadline: None,
            max_bytes_per_second: None,
            budget: None,
            survey_after: None,
            leave_out: Vec::new(),
            cancel: None,
        }
    }
}
