//! What holds for every file of a scan.

use crate::digest::Algorithms;
use crate::file::IoMode;
use crate::guards::Guard;
use crate::result::FileIdentity;
use crate::sys::slots::JobTag;

/// What holds for every file of a scan.
#[derive(Debug)]
pub struct ScanRules {
    /// The digests to compute.
    pub algorithms: Algorithms,
    /// How large files are read.
    pub io: IoMode,
    /// Refuse files that somebody may be writing to.
    pub require_stable: bool,
    /// Longer files are refused.
    pub max_file_bytes: u64,
    /// The most that is read of a file whose size says 0.
    pub max_unsized_bytes: u64,
    /// Files of our own that are never opened.
    pub leave_out: Vec<FileIdentity>,
    /// Who asks, for the note of what is being read; see [`crate::sys::slots`].
    pub job_tag: Option<JobTag>,
}

impl ScanRules {
    /// Whether a digest that is not known to be stable is refused.
    pub fn refuses_unverified(&self) -> bool {
        self.require_stable && Guard::RequireStable.is_up()
    }
}
