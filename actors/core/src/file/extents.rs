//! Holes of sparse files. They are found by `SEEK_DATA` and `SEEK_HOLE`, without I/O and without pages of the cache.
//!
//! An extent describes the file at the moment of the call. A later write is detected like any other change: by the
//! lease probe before the read and the second `fstat` after it.

use std::os::fd::BorrowedFd;

use rustix::fs::{SeekFrom, Stat, seek};
use rustix::io::Errno;

/// Shorter holes are read like data: finding them costs more than reading their pages.
const SHORTEST_HOLE: u64 = 128 << 10;

/// Extents begin and end at multiples of this, so that each can be mapped whatever the block size.
const ALIGNMENT: u64 = 64 << 10;

/// A range of bytes that is either a hole or has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) is_hole: bool,
    pub(crate) bytes: usize,
}

/// Whether fewer blocks are allocated than the size needs. Only then may the file have holes.
pub(crate) fn is_sparse(stat: &Stat) -> bool {
    (stat.st_blocks as u64).saturating_mul(512) < stat.st_size as u64
}

/// The extent that begins at `at`, at most up to `end`. On a file system without holes it is all data.
pub(crate) fn at(file: BorrowedFd<'_>, at: u64, end: u64) -> Extent {
    let data = next_data(file, at).min(end);
    let data = if data == end { end } else { data / ALIGNMENT * ALIGNMENT };
    if data >= at.saturating_add(SHORTEST_HOLE).min(end) {
        return Extent { is_hole: true, bytes: (data - at) as usize };
    }
    let mut hole = data.max(at);
    loop {
        hole = next_hole(file, hole).next_multiple_of(ALIGNMENT).min(end);
        let after = next_data(file, hole);
        if hole == end || after.saturating_sub(hole) >= SHORTEST_HOLE {
            return Extent { is_hole: false, bytes: (hole - at) as usize };
        }
        hole = after.max(hole + 1);
    }
}

/// The next byte of data from here on; `u64::MAX` if there is none.
fn next_data(file: BorrowedFd<'_>, from: u64) -> u64 {
    match seek(file, SeekFrom::Data(from)) {
        Ok(data) => data,
        Err(Errno::NXIO) => u64::MAX,
        Err(_) => from,
    }
}

fn next_hole(file: BorrowedFd<'_>, from: u64) -> u64 {
    seek(file, SeekFrom::Hole(from)).unwrap_or(u64::MAX - ALIGNMENT)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    use hivesum_test_support::Requirement;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// (is_hole, bytes) from 0 to the end.
    fn extents(file: &std::fs::File) -> Vec<(bool, u64)> {
        let end = file.metadata().unwrap().len();
        let mut found = Vec::new();
        let mut offset = 0;
        while offset < end {
            let extent = at(file.as_fd(), offset, end);
            found.push((extent.is_hole, extent.bytes as u64));
            offset += extent.bytes as u64;
        }
        found
    }

    #[test]
    fn data_and_long_holes_alternate_and_short_holes_count_as_data() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(10 * MIB + 1).unwrap();
        file.write_all_at(&[1; 4096], 2 * MIB + 5000).unwrap();
        file.write_all_at(&[1; 4096], 2 * MIB + 100_000).unwrap();
        file.write_all_at(&[1], 8 * MIB).unwrap();
        let knows_holes = || next_data(file.as_fd(), 0) > 0;
        if !Requirement::condition("a file system that keeps holes").is_met(knows_holes) {
            return;
        }
        let data = 128 << 10;
        let last = 8 * MIB + (64 << 10);
        let expected = [
            (true, 2 * MIB),
            (false, data),
            (true, 6 * MIB - data),
            (false, last - 8 * MIB),
            (true, 10 * MIB + 1 - last),
        ];
        assert_eq!(extents(&file), expected);
        assert!(is_sparse(&rustix::fs::fstat(&file).unwrap()));
    }

    #[test]
    fn a_file_without_holes_is_one_extent() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&vec![1; 300_000], 0).unwrap();
        assert_eq!(extents(&file), [(false, 300_000)]);
        assert!(!is_sparse(&rustix::fs::fstat(&file).unwrap()));
    }

    #[test]
    fn what_has_no_holes_is_all_data() {
        let (pipe, _writer) = std::io::pipe().unwrap();
        assert_eq!(at(pipe.as_fd(), 0, 1000), Extent { is_hole: false, bytes: 1000 });
    }
}
