//! The rules for every file of a scan: algorithms, limits, and what is refused.

/// Which bytes of each file are digested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coverage {
    /// All of them.
    #[default]
    Whole,
    /// The first and the last [`END_BYTES`] alone, of files that are longer than both; of others all bytes. Such a
    /// digest only tells files apart that differ there.
    Ends,
}

/// Bytes of each end that [`Coverage::Ends`] digests.
pub const END_BYTES: u64 = 4096;

impl Coverage {
    /// Whether only the ends of a file of this size are digested.
    pub(crate) const fn skips_the_middle(self, size: u64) -> bool {
        matches!(self, Self::Ends) && size > 2 * END_BYTES
    }

    /// How many bytes of a file of this size are read.
    pub(crate) const fn bytes_read(self, size: u64) -> u64 {
        if self.skips_the_middle(size) { 2 * END_BYTES } else { size }
    }
}

use crate::digest::{Algorithm, Algorithms, pieces};
use crate::file::{Devices, IoMode, OpenFile};
use crate::guard_is_out;
use crate::result::FileIdentity;
use crate::sys::slots::JobTag;

/// The rules for every file of a scan.
#[derive(Debug)]
pub struct ScanRules {
    /// The digests to compute.
    pub algorithms: Algorithms,
    /// Which bytes of each file are digested.
    pub coverage: Coverage,
    /// How large files are read.
    pub io: IoMode,
    /// Read files from their device and not from the page cache, and say where their bytes came from. For whole files
    /// alone; `io` does not count then.
    pub from_device: bool,
    /// Tell the chaining values of the pieces of each file that has some, if BLAKE3 is computed; see
    /// [`pieces`](crate::digest::pieces).
    pub keeps_pieces: bool,
    /// Refuse files that may have a writer.
    pub require_stable: bool,
    /// What happens to the block devices in a tree.
    pub devices: Devices,
    /// Larger files are refused; devices are not.
    pub max_file_bytes: u64,
    /// The most that is read of a file whose size is reported as 0.
    pub max_unsized_bytes: u64,
    /// hivesum's own files, which are skipped.
    pub leave_out: Vec<FileIdentity>,
    /// The job, if what is read is to be recorded; see [`crate::sys::slots`].
    pub job_tag: Option<JobTag>,
}

/// Reads of one file before it counts as changing all the time.
pub const READ_ATTEMPTS: usize = 3;

/// Above this a file is refused unless another limit is set: 16 TiB.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 16 << 40;

/// The most that is read of a file whose size is 0 unless another limit is set: 64 GiB.
pub const DEFAULT_MAX_UNSIZED_BYTES: u64 = 64 << 30;

impl ScanRules {
    /// These algorithms with the default limits. Digests of files with a possible writer are marked, not refused.
    #[must_use]
    pub const fn new(algorithms: Algorithms) -> Self {
        Self {
            algorithms,
            coverage: Coverage::Whole,
            io: IoMode::Auto,
            from_device: false,
            keeps_pieces: false,
            require_stable: false,
            devices: Devices::Skip,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            max_unsized_bytes: DEFAULT_MAX_UNSIZED_BYTES,
            leave_out: Vec::new(),
            job_tag: None,
        }
    }

    /// The length of the pieces of a file of this size, if their values are told.
    #[must_use]
    pub fn piece_bytes(&self, size: u64) -> Option<u64> {
        let is_wanted = self.keeps_pieces && self.algorithms.contains(Algorithm::Blake3);
        pieces::piece_bytes(size).filter(|_| is_wanted)
    }

    /// Whether a file of `size` bytes is mapped.
    pub(crate) fn maps(&self, file: &OpenFile, size: u64) -> bool {
        !self.from_device && self.io.maps(file.filesystem, size)
    }

    /// Whether files with a possible writer are refused.
    pub fn refuses_unverified(&self) -> bool {
        self.require_stable && !guard_is_out!(RequireStable)
    }
}
