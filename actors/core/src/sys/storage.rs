//! What storage holds of a file (`FIEMAP`), and which of its pages are in memory (`mincore(2)`).
//!
//! Neither call reads or changes the content. What follows from the answers is decided in `file/device`.

use std::io;
use std::os::fd::BorrowedFd;

use memmap2::MmapOptions;
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// A range of bytes of a file to which storage is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allocated {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) kind: AllocatedKind,
}

/// How storage holds the bytes of an extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllocatedKind {
    /// Byte for byte, or it will once they are written.
    Plain,
    /// Compressed or encrypted, in fewer bytes or as many.
    Encoded,
    /// Among the metadata of the file system: in the inode or in a node of its tree.
    Inline,
    /// Reserved, and never written to: the bytes are zeros.
    Unwritten,
}

/// Whether written bytes that are only in memory are sent to storage before the extents are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    Yes,
    No,
}

/// How many extents one call asks for.
const EXTENTS_PER_CALL: usize = 32;

// Layout, flags and number: Linux `include/uapi/linux/fiemap.h`, and `FS_IOC_FIEMAP` in `include/uapi/linux/fs.h`.
const FLAG_SYNC: u32 = 0x1;
const LAST: u32 = 0x1;
const ENCODED: u32 = 0x8;
const INLINE: u32 = 0x200 | 0x400;
const UNWRITTEN: u32 = 0x800;
const FIEMAP: Opcode = opcode::read_write::<Request>(b'f', 11);

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Request {
    start: u64,
    bytes: u64,
    flags: u32,
    found: u32,
    room: u32,
    reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RawExtent {
    offset: u64,
    physical: u64,
    bytes: u64,
    reserved_long: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

#[repr(C)]
struct Call {
    request: Request,
    extents: [RawExtent; EXTENTS_PER_CALL],
}

/// Passes the extents of a file between `start` and `end` to `visit`, in their order. The first and the last one may
/// reach beyond the range.
///
/// # Errors
/// The error of the call: `EOPNOTSUPP` or `ENOTTY` where the file system does not tell.
pub(crate) fn allocated(
    file: BorrowedFd<'_>,
    (mut start, end): (u64, u64),
    flush: Flush,
    mut visit: impl FnMut(Allocated),
) -> Result<(), Errno> {
    let flags = if flush == Flush::Yes { FLAG_SYNC } else { 0 };
    while start < end {
        let room = EXTENTS_PER_CALL as u32;
        let request = Request { start, bytes: end - start, flags, found: 0, room, reserved: 0 };
        let mut call = Call { request, extents: [RawExtent::default(); EXTENTS_PER_CALL] };
        // SAFETY: the call writes the header and at most `room` extents behind it, and `call` has room for so many.
        unsafe { ioctl(file, Updater::<FIEMAP, Call>::new(&mut call))? };
        let found = (call.request.found as usize).min(EXTENTS_PER_CALL);
        for extent in &call.extents[..found] {
            visit(Allocated { offset: extent.offset, bytes: extent.bytes, kind: kind_of(extent.flags) });
        }
        let Some(last) = call.extents[..found].last() else { return Ok(()) };
        let next = last.offset.saturating_add(last.bytes);
        // An extent without a length would be asked for again for ever.
        if last.flags & LAST != 0 || next <= start {
            return Ok(());
        }
        start = next;
    }
    Ok(())
}

/// How many sectors of 512 bytes the kernel has read from storage for the calling thread.
pub(crate) fn sectors_read_by_this_thread() -> Option<u64> {
    // SAFETY: a `rusage` of zeros is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` has room for what the call writes.
    let got = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    (got == 0).then_some(usage.ru_inblock as u64)
}

const fn kind_of(flags: u32) -> AllocatedKind {
    match flags {
        flags if flags & INLINE != 0 => AllocatedKind::Inline,
        flags if flags & UNWRITTEN != 0 => AllocatedKind::Unwritten,
        flags if flags & ENCODED != 0 => AllocatedKind::Encoded,
        _ => AllocatedKind::Plain,
    }
}

/// Fills `pages` with one byte for each page of the range: bit 0 tells whether it is in memory. `offset` is a multiple
/// of the page size. To somebody who neither owns the file nor may write to it the kernel says that all pages are.
///
/// # Errors
/// If the file cannot be mapped.
pub(crate) fn residency(file: BorrowedFd<'_>, offset: u64, bytes: usize, pages: &mut Vec<u8>) -> io::Result<()> {
    // No page of the mapping is touched, so it keeps none in memory.
    let map = MmapOptions::new().offset(offset).len(bytes).map_raw_read_only(&file)?;
    pages.clear();
    pages.resize(bytes.div_ceil(rustix::param::page_size()), 0);
    // SAFETY: the range is mapped until `map` is dropped, and `pages` has a byte for each of its pages.
    match unsafe { libc::mincore(map.as_ptr().cast_mut().cast(), bytes, pages.as_mut_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn pages_that_were_read_are_in_memory_and_the_rest_of_the_mapping_is_not() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[1; 3 * 4096], 0).unwrap();
        let mut pages = vec![7; 100];
        residency(file.as_fd(), 4096, 3 * 4096, &mut pages).unwrap();
        let page = rustix::param::page_size();
        assert_eq!(pages.len(), (3_usize * 4096).div_ceil(page));
        assert_eq!(pages[0] & 1, 1, "just written");
        if page == 4096 {
            assert_eq!(pages[2] & 1, 0, "beyond the end of the file");
        }
    }

    #[test]
    fn extents_cover_what_was_written_more_of_them_than_fit_into_one_call() {
        let file = tempfile::tempfile().unwrap();
        let stride = 256 << 10;
        for number in 0..2 * EXTENTS_PER_CALL as u64 + 1 {
            file.write_all_at(&[1; 4096], number * stride).unwrap();
        }
        let (mut bytes, mut ends) = (0, Vec::new());
        let end = 2 * EXTENTS_PER_CALL as u64 * stride + 4096;
        let told = allocated(file.as_fd(), (0, end), Flush::Yes, |extent| {
            bytes += extent.bytes;
            ends.push(extent.offset + extent.bytes);
        });
        let needed = hivesum_test_support::Requirement::condition("a file system that tells its extents");
        if !needed.is_met(|| told.is_ok()) {
            return;
        }
        assert!(bytes >= 4096 * (2 * EXTENTS_PER_CALL as u64 + 1) && ends.is_sorted(), "{bytes} in {ends:?}");
        assert!(*ends.last().unwrap() >= end);
    }

    #[test]
    fn the_flags_of_an_extent_tell_how_it_is_held() {
        let kinds = [0x1, 0x9, 0x301, 0x309, 0x801, 0x6].map(kind_of);
        use AllocatedKind::{Encoded, Inline, Plain, Unwritten};
        assert_eq!(kinds, [Plain, Encoded, Inline, Inline, Unwritten, Plain]);
    }
}
