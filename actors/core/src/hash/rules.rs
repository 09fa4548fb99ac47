//! The rules for every file of a scan: algorithms, limits, and what is refused.

use crate::digest::{Algorithm, Algorithms, pieces};
use crate::file::{Devices, IoMode, OpenFile, PIECE_BYTES};
use crate::guard_is_out;
use crate::result::FileIdentity;
use crate::sys::slots::JobTag;

/// Which bytes of each file are digested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coverage {
    /// All of them.
    #[default]
    Whole,
    /// The first and the last [`END_BYTES`] alone, of files that are longer than both; of others all bytes. Such a
    /// digest only tells files apart that differ there.
    Ends,
    /// One part of a large file, by BLAKE3 alone: in the place of the digest stands the chaining value of its bytes,
    /// which is merged with those of the other parts. A file of another size has changed.
    Part(FilePart),
}

/// Bytes of each end that [`Coverage::Ends`] digests.
pub const END_BYTES: u64 = 4096;

/// A part of a large file that is a subtree of the file's BLAKE3 tree; see [`subtree`](crate::digest::subtree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilePart {
    file_bytes: u64,
    offset: u64,
    bytes: u64,
}

impl FilePart {
    /// The part of a file of this size that begins at an offset and has so many bytes. `None` unless it is a subtree,
    /// begins as a quantum of a large file does (at a multiple of [`PIECE_BYTES`]), and is not the whole file. What
    /// does not end with the file is a power of two long, and so often one quantum.
    #[must_use]
    pub fn new(file_bytes: u64, offset: u64, bytes: u64) -> Option<Self> {
        let piece = PIECE_BYTES as u64;
        let end = offset.checked_add(bytes).filter(|end| *end <= file_bytes && bytes > 0)?;
        let is_subtree = offset.is_multiple_of(bytes.checked_next_power_of_two()?.max(piece));
        let is_full = bytes.is_power_of_two() && bytes >= piece;
        let is_part = is_subtree && (is_full || end == file_bytes) && bytes < file_bytes;
        is_part.then_some(Self { file_bytes, offset, bytes })
    }

    /// The size of the whole file.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Where it begins.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// How long it is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where it ends.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset + self.bytes
    }
}

impl Coverage {
    /// Whether only the ends of a file of this size are digested.
    pub(crate) const fn skips_the_middle(self, size: u64) -> bool {
        matches!(self, Self::Ends) && size > 2 * END_BYTES
    }

    /// How many bytes of a file of this size are read.
    pub(crate) const fn bytes_read(self, size: u64) -> u64 {
        match self {
            Self::Part(part) => part.bytes,
            Self::Whole | Self::Ends if self.skips_the_middle(size) => 2 * END_BYTES,
            Self::Whole | Self::Ends => size,
        }
    }

    /// The part of each file that is digested, if it is one.
    #[must_use]
    pub const fn part(self) -> Option<FilePart> {
        match self {
            Self::Part(part) => Some(part),
            Self::Whole | Self::Ends => None,
        }
    }

    /// Whether a file of this size is not the one of which a part is wanted.
    #[must_use]
    pub fn is_of_another(self, size: u64) -> bool {
        self.part().is_some_and(|part| part.file_bytes != size)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_subtree_that_begins_as_a_quantum_does_and_not_the_whole_file() {
        const PIECE: u64 = PIECE_BYTES as u64;
        let is_part = |size, offset, bytes| FilePart::new(size, offset, bytes).is_some();
        assert!(is_part(3 * PIECE, PIECE, PIECE) && is_part(3 * PIECE, 0, 2 * PIECE));
        assert!(is_part(3 * PIECE - 5, 2 * PIECE, PIECE - 5), "the last one ends with the file");
        assert!(is_part(7 * PIECE + 1, 4 * PIECE, 3 * PIECE + 1));
        for (size, offset, bytes, why) in [
            (PIECE, 0, PIECE, "the whole file"),
            (4 * PIECE, PIECE, 2 * PIECE, "no subtree begins there"),
            (4 * PIECE, 0, 3 * PIECE, "no power of two"),
            (4 * PIECE, PIECE / 2, PIECE / 2, "no quantum begins there"),
            (4 * PIECE, 0, PIECE / 2, "shorter than a quantum"),
            (3 * PIECE, 2 * PIECE, 2 * PIECE, "longer than the file"),
            (3 * PIECE, 2 * PIECE, 0, "nothing"),
            (u64::MAX, 1 << 63, u64::MAX, "past the last offset"),
        ] {
            assert!(!is_part(size, offset, bytes), "{why}");
        }
    }
}
