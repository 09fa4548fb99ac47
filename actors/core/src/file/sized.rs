//! Reads of a file whose size is known: whole, and on request only as far as its bytes are in memory.

use std::io::IoSliceMut;
use std::os::fd::BorrowedFd;

use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::deadline::{ReadFailure, read_at};
use crate::guard_is_out;

/// Whether a read may wait for the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It waits.
    Waits,
    /// Bytes that are not in memory are a [`ReadFailure::NotInMemory`].
    OnlyMemory,
}

/// How far a file was read whose size is known. Each call asks for one byte more than should be left of it.
pub(super) struct SizedRead {
    pub(super) size: u64,
    pub(super) offset: u64,
    patience: Patience,
}

impl SizedRead {
    pub(super) const fn new(size: u64, patience: Patience) -> Self {
        Self { size, offset: 0, patience }
    }

    /// Reads on. Only the first read may find that the bytes are not in memory: after it some were used.
    pub(super) fn read(&self, file: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, ReadFailure> {
        if self.offset > 0 || self.patience == Patience::Waits {
            return read_at(file, buffer, self.offset);
        }
        fail::fail_point!("not_in_memory", |_| Err(ReadFailure::NotInMemory));
        match preadv2(file, &mut [IoSliceMut::new(buffer)], self.offset, ReadWriteFlags::NOWAIT) {
            Ok(got) if got as u64 == self.size || got == buffer.len() => Ok(got),
            // A part of it is there, or it was cut short.
            Ok(_) | Err(Errno::AGAIN) => Err(ReadFailure::NotInMemory),
            // Not every file system tells (`EOPNOTSUPP`), and whatever else it is, a usual read meets it again.
            Err(_) => read_at(file, buffer, self.offset),
        }
    }

    /// Whether a call that gave `got` of `wanted` bytes was the last one.
    pub(super) fn is_end_after(&mut self, got: usize, wanted: usize) -> Result<bool, ReadFailure> {
        self.offset += got as u64;
        let at_the_end = got < wanted && (self.offset == self.size || guard_is_out!(WholeRead));
        if self.offset > self.size || (got == 0 && !at_the_end) {
            return Err(ReadFailure::MissingBytes);
        }
        Ok(at_the_end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use rustix::fs::{Advice, fadvise};

    use super::*;
    use crate::sys::storage::residency;

    const BYTES: usize = 10_000;

    /// How often the file is dropped from memory until a read says so.
    const DROPS: usize = 100;

    fn read(file: &File, patience: Patience) -> Result<usize, ReadFailure> {
        SizedRead::new(BYTES as u64, patience).read(file.as_fd(), &mut [0; BYTES + 1])
    }

    #[test]
    fn a_read_that_does_not_wait_finds_what_is_in_memory_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, [1; BYTES]).unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(read(&file, Patience::OnlyMemory), Ok(BYTES));
        file.sync_all().unwrap();
        // A read that finds nothing has the kernel read ahead, and a fast device may be done before the read gives up.
        let is_told = (0..DROPS).any(|_| {
            fadvise(&file, 0, None, Advice::DontNeed).unwrap();
            let mut pages = Vec::new();
            residency(file.as_fd(), 0, BYTES, &mut pages).unwrap();
            let is_dropped = pages.iter().all(|page| page & 1 == 0);
            let found = read(&file, Patience::OnlyMemory);
            assert!(found == Ok(BYTES) || (is_dropped && found == Err(ReadFailure::NotInMemory)), "{found:?}");
            // A file system in memory drops nothing.
            found.is_err() || !is_dropped
        });
        let tells = preadv2(&file, &mut [IoSliceMut::new(&mut [0])], BYTES as u64, ReadWriteFlags::NOWAIT).is_ok();
        assert!(is_told || !tells, "a read that was told not to wait has waited {DROPS} times");
        assert_eq!(read(&file, Patience::Waits), Ok(BYTES));
        assert_eq!(read(&file, Patience::OnlyMemory), Ok(BYTES));
    }

    #[test]
    fn a_file_that_was_cut_short_is_not_taken_for_whole() {
        let file = tempfile::tempfile().unwrap();
        std::fs::write(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)), [1; BYTES / 2]).unwrap();
        assert_eq!(read(&file, Patience::OnlyMemory), Err(ReadFailure::NotInMemory));
        assert_eq!(read(&file, Patience::Waits), Ok(BYTES / 2));
    }
}
