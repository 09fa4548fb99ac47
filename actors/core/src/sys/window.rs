//! A fixed address range per hasher into which pieces of large files are mapped, one at a time.
//!
//! The range is reserved once (PROT_NONE), and every piece is mapped over it with MAP_FIXED. Memory is therefore
//! bounded by hashers times window size, whatever the size of a file. Most faults are errors of
//! MADV_POPULATE_READ; the SIGBUS handler absorbs later ones and sets a flag.

use std::io;
use std::os::fd::BorrowedFd;

use memmap2::{MmapMut, MmapOptions};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

use super::sigbus::Registration;
use crate::guard_is_out;

/// Bytes of one window: the longest piece that can be mapped. Measured: 8 MiB is as fast as 16 MiB, 2 MiB is slower by
/// a seventh.
pub(crate) const WINDOW_BYTES: usize = 8 << 20;

/// Why a piece could not be read through the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceFailure {
    /// Some of its pages are gone: the file shrank, or the device failed.
    Fault,
    /// The kernel does not map this file; it may still be possible to read it.
    NotMappable,
}

/// The window of one hasher.
#[derive(Debug)]
pub(crate) struct Window {
    /// Dropped first: no fault may be absorbed in a range that was released.
    registration: Registration,
    reserved: MmapMut,
}

impl Window {
    /// Reserves the range.
    ///
    /// # Errors
    /// If no address space or no slot for the SIGBUS handler is left.
    pub(crate) fn new() -> io::Result<Self> {
        let mut reserved = MmapOptions::new().len(WINDOW_BYTES).map_anon()?;
        let start = reserved.as_mut_ptr();
        // SAFETY: exactly the range just reserved, to which no reference exists.
        unsafe { rustix::mm::mprotect(start.cast(), WINDOW_BYTES, MprotectFlags::empty())? };
        let registration = Registration::new(start as usize, WINDOW_BYTES)?;
        Ok(Self { registration, reserved })
    }

    /// Maps `bytes` of `file` from `offset` on (a multiple of the page size) and passes them to `read`. Its result is
    /// discarded if the file lost pages meanwhile.
    ///
    /// # Errors
    /// See [`PieceFailure`].
    pub(crate) fn read_piece<R>(
        &mut self,
        file: BorrowedFd<'_>,
        offset: u64,
        bytes: usize,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, PieceFailure> {
        assert!(0 < bytes && bytes <= WINDOW_BYTES, "a piece fits the window");
        self.registration.clear();
        let start = self.reserved.as_mut_ptr();
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: the range belongs to this window, which is borrowed mutably: no slice of an earlier piece is alive.
        // MAP_FIXED replaces only pages of this window's reservation.
        unsafe { rustix::mm::mmap(start.cast(), bytes, ProtFlags::READ, flags, file, offset) }
            .map_err(|_| PieceFailure::NotMappable)?;
        let result = self.populate(bytes).map(|()| {
            fail::fail_point!("window_populated");
            // SAFETY: `bytes` readable bytes are mapped at `start` until `unmap` below. Another process may change them
            // while they are read: the fstat and lease checks refuse digests of such bytes, and the bytes are used
            // only as input of a digest. The SIGBUS handler replaces a lost page by zeros and sets the flag.
            let piece = unsafe { std::slice::from_raw_parts(start, bytes) };
            read(piece)
        });
        self.unmap(bytes);
        match self.registration.faulted() && !guard_is_out!(LostPages) {
            true => Err(PieceFailure::Fault),
            false => result,
        }
    }

    /// Loads the pages, so that a lost page is an error here and not a signal later.
    fn populate(&mut self, bytes: usize) -> Result<(), PieceFailure> {
        let start = self.reserved.as_mut_ptr();
        // SAFETY: advice on a range that is mapped now; it changes no content.
        match unsafe { rustix::mm::madvise(start.cast(), bytes, Advice::LinuxPopulateRead) } {
            Err(Errno::FAULT | Errno::HWPOISON | Errno::IO) if !guard_is_out!(LostPages) => Err(PieceFailure::Fault),
            // Kernels before 5.14 do not know this advice: the pages are loaded one by one when they are read.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Replaces the file's pages by unreadable ones.
    fn unmap(&mut self, bytes: usize) {
        let start = self.reserved.as_mut_ptr();
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: as in `read_piece`; the slice passed to `read` is gone. If it fails, the old piece stays mapped until
        // the next one replaces it.
        let _ = unsafe { rustix::mm::mmap_anonymous(start.cast(), bytes, ProtFlags::empty(), flags) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    fn file_of(bytes: &[u8]) -> std::fs::File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_piece_holds_the_bytes_of_the_file() {
        let bytes: Vec<u8> = (0..=250).cycle().take(100_000).collect();
        let file = file_of(&bytes);
        let mut window = Window::new().unwrap();
        assert_eq!(window.read_piece(file.as_fd(), 0, bytes.len(), <[u8]>::to_vec).unwrap(), bytes);
        let rest = window.read_piece(file.as_fd(), 8192, 1000, <[u8]>::to_vec).unwrap();
        assert_eq!(rest, bytes[8192..9192]);
    }

    #[test]
    fn pages_lost_before_the_read_are_a_fault() {
        let file = file_of(&[1; 8192]);
        file.set_len(4096).unwrap();
        let mut window = Window::new().unwrap();
        assert_eq!(window.read_piece(file.as_fd(), 0, 8192, |piece| piece[8191]), Err(PieceFailure::Fault));
    }

    #[test]
    fn pages_lost_during_the_read_are_a_fault_and_the_window_works_again() {
        let file = file_of(&vec![1; 1 << 20]);
        let mut window = Window::new().unwrap();
        let cut = window.read_piece(file.as_fd(), 0, 1 << 20, |piece| {
            file.set_len(0).unwrap();
            piece.iter().map(|&byte| u64::from(std::hint::black_box(byte))).sum::<u64>()
        });
        assert_eq!(cut, Err(PieceFailure::Fault));
        let whole = file_of(&[7; 4096]);
        assert_eq!(window.read_piece(whole.as_fd(), 0, 4096, |piece| piece[4095]), Ok(7));
    }

    #[test]
    fn a_pipe_cannot_be_mapped() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let mut window = Window::new().unwrap();
        assert_eq!(window.read_piece(reader.as_fd(), 0, 10, |_| ()), Err(PieceFailure::NotMappable));
    }
}
