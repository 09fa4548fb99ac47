//! Reading a file from its device and not from the page cache, and proving it.
//!
//! No call says where bytes came from, and an `O_DIRECT` read that succeeds may still have been served from memory. So
//! the bytes that storage delivered to the reading thread are counted and compared with the extents that the file
//! system has allocated. First the file is read with `O_DIRECT`, unless `STATX_DIOALIGN` says that it would not be
//! direct, into memory that was written to before: btrfs serves a direct read into untouched memory from the cache. What
//! that does not prove is dropped from the cache and read again. What is not proven either counts as read from the
//! cache.
//!
//! ext4 and XFS leave the cache as it is under direct reads. Elsewhere what was not in memory before is dropped again.

mod counter;
mod held;
mod residency;

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{Advice, AtFlags, OFlags, StatxFlags, fadvise, fcntl_getfl, fcntl_setfl, statx};
use rustix::io::Errno;

use self::counter::{bytes_of_this_thread, counts};
use self::held::Held;
use self::residency::{Chunks, Resident, resident};
use super::deadline::{ReadDeadline, ReadFailure, read_at};
use crate::result::ReadFrom;
use crate::sys::storage::Flush;
use crate::sys::window::WINDOW_BYTES;

/// What addresses, offsets and lengths of direct reads are multiples of. Files that need more are not read directly.
const ALIGNMENT: usize = 4096;

/// How many extents ext4 keeps in the inode (Linux `Documentation/filesystems/ext4/ifork.rst`); XFS keeps more. Beyond
/// them a read may load the blocks that list them.
const EXTENTS_IN_INODE: usize = 4;

/// How often a range is dropped and read again: another process may read it into the cache at the same time.
const DROPS: usize = 3;

/// How the bytes of an open file can be read from its device.
#[derive(Debug)]
pub(crate) struct DeviceAccess {
    /// Whether the descriptor is set to `O_DIRECT`. Once it is not, it stays so.
    direct: AtomicBool,
    /// Whether the file system says that direct reads bypass the cache, and so leave it as it is.
    bypasses_cache: bool,
}

impl DeviceAccess {
    /// Prepares a descriptor that nothing else reads from. `None` if nothing would tell where its bytes come from: on
    /// a `stacked` file system that does not pass on how the one below it reads.
    pub(super) fn prepare(file: BorrowedFd<'_>, stacked: bool) -> Option<Self> {
        let told = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN)
            .ok()
            .filter(|told| told.stx_mask & StatxFlags::DIOALIGN.bits() != 0)
            .map(|told| (told.stx_dio_mem_align, told.stx_dio_offset_align));
        let may_be_direct = match told {
            None if stacked => return None,
            None => true,
            Some(alignments) => is_direct(alignments),
        };
        let direct = may_be_direct && set_direct(file, true).is_ok();
        Some(Self { direct: direct.into(), bypasses_cache: direct && told.is_some() })
    }

    /// Reads go through the cache from now on, without bytes that were not asked for.
    pub(super) fn stop_direct(&self, file: BorrowedFd<'_>) {
        if self.direct.swap(false, Ordering::SeqCst) {
            // Where it fails, reads stay direct, and are counted all the same.
            let _ = set_direct(file, false);
        }
        // Bytes that are read ahead would be missing in the count of the read that they are for.
        let _ = fadvise(file, 0, None, Advice::Random);
    }
}

/// Whether reads with the alignments of this module are direct. An alignment of 0 says that none are.
fn is_direct((of_memory, of_offset): (u32, u32)) -> bool {
    [of_memory, of_offset].iter().all(|&needed| needed > 0 && ALIGNMENT.is_multiple_of(needed as usize))
}

fn set_direct(file: BorrowedFd<'_>, direct: bool) -> Result<(), Errno> {
    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, direct);
    fcntl_setfl(file, flags)
}

/// A range of an open file.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceRange<'a> {
    pub(super) file: BorrowedFd<'a>,
    pub(super) access: &'a DeviceAccess,
    /// A multiple of [`ALIGNMENT`].
    pub(super) offset: u64,
    /// At least 1 and at most the length of a piece.
    pub(super) bytes: usize,
}

impl DeviceRange<'_> {
    fn ends(&self) -> (u64, u64) {
        (self.offset, self.offset + self.bytes as u64)
    }

    /// Whether its extents are known without reading any metadata, which would be counted as bytes of the file.
    fn is_small(&self) -> bool {
        self.offset == 0 && self.bytes <= EXTENTS_IN_INODE * ALIGNMENT
    }
}

/// The memory of one hasher thread. It is taken when it is first needed.
#[derive(Debug, Default)]
pub(super) struct DeviceReader {
    buffer: Vec<u8>,
    pages: Vec<u8>,
}

impl DeviceReader {
    /// Reads a range and gives its bytes, and where they came from.
    pub(super) fn read(&mut self, range: DeviceRange<'_>, timeout: Duration) -> Result<(&[u8], ReadFrom), ReadFailure> {
        let from = self.fill(range, timeout)?;
        let start = self.start();
        Ok((&self.buffer[start..][..range.bytes], from))
    }

    fn fill(&mut self, range: DeviceRange<'_>, timeout: Duration) -> Result<ReadFrom, ReadFailure> {
        self.touch();
        let DeviceRange { file, access, .. } = range;
        let promises = counts() && access.bypasses_cache && access.direct.load(Ordering::SeqCst);
        // With all of its bytes from storage there is nothing to ask the file system about.
        let at_once = if promises && range.is_small() { self.read_counted(range, timeout)? } else { None };
        if at_once.is_some_and(|came| came >= range.bytes as u64) {
            return Ok(ReadFrom::Device);
        }
        let held = Held::of(file, range.ends(), Flush::No);
        if held.is_inline || !counts() {
            access.stop_direct(file);
            self.read_once(range, timeout)?;
            return Ok(ReadFrom::Unknown);
        }
        if promises {
            let came = if at_once.is_some() { at_once } else { self.read_counted(range, timeout)? };
            if came.is_some_and(|came| came >= held.least_bytes) {
                return Ok(ReadFrom::Device);
            }
            access.stop_direct(file);
        }
        let chunks = Chunks::around(file, range.ends(), &mut self.pages);
        let from = self.read_without_promise(range, held, &chunks, timeout);
        chunks.restore(file);
        from
    }

    /// Reads from a file system that does not promise direct reads: directly, if the bytes that came prove it, else
    /// after the range was dropped from the cache.
    fn read_without_promise(
        &mut self,
        range: DeviceRange<'_>,
        held: Held,
        chunks: &Chunks,
        timeout: Duration,
    ) -> Result<ReadFrom, ReadFailure> {
        let DeviceRange { file, access, .. } = range;
        // Compressed bytes come through the cache, whatever was asked for.
        if access.direct.load(Ordering::SeqCst) && !held.is_encoded {
            let came = self.read_counted(range, timeout)?;
            if came.is_some_and(|came| came >= held.least_bytes) {
                return Ok(ReadFrom::Device);
            }
        }
        access.stop_direct(file);
        let held = Held::of(file, range.ends(), Flush::Yes);
        let mut from = ReadFrom::Unknown;
        for _ in 0..DROPS {
            chunks.drop_all(file);
            let left = resident(file, range.ends(), &mut self.pages);
            let Some(came) = self.read_counted(range, timeout)? else { break };
            from = judge(held, left, came);
            if from == ReadFrom::Device {
                break;
            }
        }
        Ok(from)
    }

    /// Reads the range and gives how many bytes came from storage; `None` if that cannot be told.
    fn read_counted(&mut self, range: DeviceRange<'_>, timeout: Duration) -> Result<Option<u64>, ReadFailure> {
        let before = bytes_of_this_thread();
        self.read_once(range, timeout)?;
        let after = bytes_of_this_thread();
        Ok(before.zip(after).and_then(|(before, after)| after.checked_sub(before)))
    }

    /// Fills the buffer with the bytes of the range. Direct reads ask for whole blocks, also at the end of the file.
    fn read_once(&mut self, range: DeviceRange<'_>, timeout: Duration) -> Result<(), ReadFailure> {
        let start = self.start();
        let wanted = range.bytes.next_multiple_of(ALIGNMENT);
        let buffer = &mut self.buffer[start..][..wanted];
        let mut deadline = ReadDeadline::new(timeout);
        let mut got = 0;
        while got < range.bytes {
            if got % ALIGNMENT != 0 {
                // The rest cannot be asked for directly.
                range.access.stop_direct(range.file);
            }
            let offset = range.offset + got as u64;
            match read_at(range.file, &mut buffer[got..], offset) {
                Ok(0) => return Err(ReadFailure::MissingBytes),
                Ok(more) => got += more,
                Err(ReadFailure::System(Errno::INVAL)) if range.access.direct.load(Ordering::SeqCst) => {
                    range.access.stop_direct(range.file);
                }
                Err(failure) => return Err(failure),
            }
            deadline.check()?;
        }
        Ok(())
    }

    /// Takes the memory and writes to each of its pages.
    fn touch(&mut self) {
        if self.buffer.is_empty() {
            // Not zeros, which the kernel would provide untouched.
            self.buffer = vec![1; WINDOW_BYTES + ALIGNMENT];
        }
    }

    fn start(&self) -> usize {
        self.buffer.as_ptr().align_offset(ALIGNMENT)
    }
}

/// Where the bytes of a range came from that was dropped from the cache and read through it. `left` is what stayed
/// there, and `came` how many bytes storage delivered, metadata included.
const fn judge(held: Held, left: Resident, came: u64) -> ReadFrom {
    let proven = match left {
        Resident::Nothing => came >= held.least_bytes,
        Resident::Some => held.least_bytes == 0,
        Resident::All => came >= held.least_bytes && !held.is_encoded,
    };
    match proven {
        true => ReadFrom::Device,
        // Some came, and how many should have is not known.
        false if !held.is_told && came > 0 => ReadFrom::Unknown,
        false => ReadFrom::Cache,
    }
}

#[cfg(test)]
mod tests;
