//! What holds for every file of a scan.

use crate::Algorithms;
use crate::file::IoMode;
use crate::guards::Guard;
use crate::result::FileIdentity;
use crate::sys::slots::JobTag;

/// What holds for every file of a scan.
#[derive(Debug)]
pub(crate) struct ScanRules {
    pub(crate) algorithms: Algorithms,
    pub(crate) io: IoMode,
    pub(crate) require_stable: bool,
    pub(crate) max_file_bytes: u64,
    /// The most that is read of a file whose size says 0.
    pub(crate) max_unsized_bytes: u64,
    pub(crate) leave_out: Vec<FileIdentity>,
    /// Who asks, for the note of what is being read; see [`crate::sys::slots`].
    pub(crate) job_tag: Option<JobTag>,
}

impl ScanRules {
    pub(crate) fn refuses_unverified(&self) -> bool {
        self.require_stable && Guard::RequireStable.is_up()
    }
}
