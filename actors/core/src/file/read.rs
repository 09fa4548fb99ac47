//! Bytes of files: read into a reused buffer, or mapped through the hasher's window.
//!
//! Each hasher thread owns one [`ReadBuffers`]. `io_mode` decides whether a file is read or mapped.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::arena::{Arena, Buffer};
use super::deadline::{ReadDeadline, ReadFailure, read_at};
use super::device::{DeviceAccess, DeviceRange, DeviceReader};
use super::extents;
use super::filesystem::FilesystemCache;
use super::sized::{Patience, SizedRead};
use super::stability::{OpenFile, Source};
use crate::digest::{Algorithms, MultiHasher};
use crate::guard_is_out;
use crate::result::ReadFrom;
use crate::sys::window::{PieceFailure, WINDOW_BYTES, Window};

/// Size of the read buffer: one call reads most files whole, and the bytes stay in the core's cache.
const BUFFER_BYTES: usize = 256 << 10;

/// The bytes of holes: small enough to stay in a core's first-level cache together with the digest's state.
static ZEROS: [u8; 32 << 10] = [0; 32 << 10];

/// Data extents of sparse files that are shorter than this are read: mapping them costs more.
const MAP_EXTENT_FROM_BYTES: usize = 256 << 10;

/// The longest piece of one file that one quantum digests.
pub const PIECE_BYTES: usize = WINDOW_BYTES;

/// The buffers and digest states that one hasher thread reuses for all files.
pub struct ReadBuffers {
    buffer: Buffer,
    /// Bytes of whole files that are digested together.
    pub(crate) arena: Arena,
    /// `None` if no window could be reserved: then all files are read.
    window: Option<Window>,
    digests: Option<(Algorithms, MultiHasher)>,
    device: DeviceReader,
    pub(crate) filesystems: FilesystemCache,
    /// How long one file, or one piece of a large one, may keep the hasher waiting.
    timeout: Duration,
}

impl ReadBuffers {
    /// Buffers of one hasher thread. A file that keeps it waiting longer than this is given up.
    pub fn new(timeout: Duration) -> Self {
        let window = Window::new()
            .inspect_err(|error| tracing::warn!(%error, "no window could be reserved: no file is mapped"))
            .ok();
        let (device, filesystems) = (DeviceReader::default(), FilesystemCache::default());
        let (buffer, arena) = (Buffer::new(BUFFER_BYTES), Arena::default());
        Self { buffer, arena, window, digests: None, device, filesystems, timeout }
    }

    /// Takes the states for these algorithms. [`put_back`](Self::put_back) returns them for the next file.
    pub(crate) fn take_digests(&mut self, algorithms: &Algorithms) -> MultiHasher {
        match self.digests.take() {
            Some((known, digests)) if known == *algorithms => digests,
            _ => MultiHasher::new(algorithms),
        }
    }

    /// Keeps states for the next file. They must have been reset.
    pub(crate) fn put_back(&mut self, algorithms: &Algorithms, digests: MultiHasher) {
        self.digests = Some((*algorithms, digests));
    }

    /// Passes the bytes of the piece to `absorb`: holes as zeros, data mapped or in blocks. Gives where they came from,
    /// if that is asked for.
    pub(crate) fn read_piece(
        &mut self,
        file: &OpenFile,
        piece: Piece,
        mut absorb: impl FnMut(&[u8]),
    ) -> Result<Option<ReadFrom>, ReadFailure> {
        if !file.sparse {
            return self.read_data(file, piece, absorb);
        }
        let end = piece.offset + piece.bytes as u64;
        let mut offset = piece.offset;
        let mut read_from = file.source.of_nothing();
        while offset < end {
            let extent = extents::at(file.fd(), offset, end);
            if extent.is_hole {
                absorb_zeros(extent.bytes, &mut absorb);
            } else {
                let mapped = piece.mapped && extent.bytes >= MAP_EXTENT_FROM_BYTES;
                let from = self.read_data(file, Piece { offset, bytes: extent.bytes, mapped }, &mut absorb)?;
                read_from = read_from.zip(from).map(|(before, from)| before.and(from));
            }
            offset += extent.bytes as u64;
        }
        Ok(read_from)
    }

    fn read_data(
        &mut self,
        file: &OpenFile,
        piece: Piece,
        absorb: impl FnMut(&[u8]),
    ) -> Result<Option<ReadFrom>, ReadFailure> {
        match &file.source {
            Source::Anywhere => self.read_cached(file, piece, absorb).map(|()| None),
            Source::Unknown => self.read_cached(file, piece, absorb).map(|()| Some(ReadFrom::Unknown)),
            Source::Device(access) => self.read_device(file, access, piece, absorb).map(Some),
        }
    }

    fn read_device(
        &mut self,
        file: &OpenFile,
        access: &DeviceAccess,
        piece: Piece,
        mut absorb: impl FnMut(&[u8]),
    ) -> Result<ReadFrom, ReadFailure> {
        let Piece { offset, bytes, .. } = piece;
        let (bytes, from) = self.device.read(DeviceRange { file: file.fd(), access, offset, bytes }, self.timeout)?;
        absorb(bytes);
        Ok(from)
    }

    fn read_cached(&mut self, file: &OpenFile, piece: Piece, mut absorb: impl FnMut(&[u8])) -> Result<(), ReadFailure> {
        if piece.mapped
            && let Some(window) = &mut self.window
        {
            match window.read_piece(file.fd(), piece.offset, piece.bytes, &mut absorb) {
                Ok(()) => return Ok(()),
                Err(PieceFailure::Fault) => return Err(ReadFailure::MissingBytes),
                Err(PieceFailure::NotMappable) => {}
            }
        }
        self.read_blocks(file.fd(), piece, absorb)
    }

    fn read_blocks(
        &mut self,
        file: BorrowedFd<'_>,
        piece: Piece,
        mut absorb: impl FnMut(&[u8]),
    ) -> Result<(), ReadFailure> {
        let mut left = piece.bytes;
        let mut offset = piece.offset;
        let mut deadline = ReadDeadline::new(self.timeout);
        while left > 0 {
            let wanted = left.min(BUFFER_BYTES);
            let got = read_at(file, &mut self.buffer.bytes()[..wanted], offset)?;
            if got == 0 {
                return Err(ReadFailure::MissingBytes);
            }
            absorb(&self.buffer.bytes()[..got]);
            if got < wanted && guard_is_out!(WholeRead) {
                break;
            }
            left -= got;
            offset += got as u64;
            deadline.check()?;
        }
        Ok(())
    }

    /// Reads a file of `size` bytes whole. It asks for one byte more, so that a file that grew is noticed at once and a
    /// file of the expected size needs only one call.
    pub(crate) fn read_whole(
        &mut self,
        file: BorrowedFd<'_>,
        size: u64,
        patience: Patience,
        mut absorb: impl FnMut(&[u8]),
    ) -> Result<(), ReadFailure> {
        let mut sized = SizedRead::new(size, patience);
        let mut deadline = ReadDeadline::new(self.timeout);
        loop {
            let wanted = (size - sized.offset + 1).min(BUFFER_BYTES as u64) as usize;
            let got = sized.read(file, &mut self.buffer.bytes()[..wanted])?;
            let at_the_end = sized.is_end_after(got, wanted)?;
            absorb(&self.buffer.bytes()[..got]);
            if at_the_end {
                return Ok(());
            }
            deadline.check()?;
        }
    }

    /// Reads a file of `size` bytes whole into the free space of the arena, which must have room for it, and gives the
    /// number of its bytes. They are not kept yet. As [`read_whole`](Self::read_whole), it asks for one byte more.
    pub(crate) fn read_into_arena(
        &mut self,
        file: BorrowedFd<'_>,
        size: usize,
        patience: Patience,
    ) -> Result<usize, ReadFailure> {
        let mut sized = SizedRead::new(size as u64, patience);
        let mut deadline = ReadDeadline::new(self.timeout);
        loop {
            let free = &mut self.arena.free()[sized.offset as usize..=size];
            let wanted = free.len();
            let got = sized.read(file, free)?;
            if sized.is_end_after(got, wanted)? {
                return Ok(sized.offset as usize);
            }
            deadline.check()?;
        }
    }

    /// The deadline of a file whose read begins.
    pub(crate) const fn deadline(&self) -> ReadDeadline {
        ReadDeadline::new(self.timeout)
    }

    /// Continues to read a file whose size is unknown, to its end or for the length of a piece.
    pub(crate) fn read_unsized(
        &mut self,
        file: &OpenFile,
        offset: u64,
        mut absorb: impl FnMut(&[u8]),
    ) -> Result<UnsizedRead, ReadFailure> {
        if let Source::Device(access) = &file.source {
            access.stop_direct(file.fd());
        }
        let mut bytes = 0;
        let mut deadline = ReadDeadline::new(self.timeout);
        while bytes < PIECE_BYTES as u64 {
            let got = read_at(file.fd(), self.buffer.bytes(), offset + bytes)?;
            if got == 0 {
                return Ok(UnsizedRead { bytes, is_end: true, read_from: file.source.of_unsized(bytes) });
            }
            absorb(&self.buffer.bytes()[..got]);
            bytes += got as u64;
            deadline.check()?;
        }
        Ok(UnsizedRead { bytes, is_end: false, read_from: file.source.of_unsized(bytes) })
    }
}

fn absorb_zeros(mut bytes: usize, absorb: &mut impl FnMut(&[u8])) {
    while bytes > 0 {
        let now = bytes.min(ZEROS.len());
        absorb(&ZEROS[..now]);
        bytes -= now;
    }
}

/// A part of a file that one quantum digests.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Its offset in the file.
    pub offset: u64,
    /// Its length.
    pub bytes: usize,
    /// Whether it is mapped rather than read.
    pub mapped: bool,
}

/// How far a file of unknown size was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsizedRead {
    /// Bytes read.
    pub bytes: u64,
    /// Whether the file ended there.
    pub is_end: bool,
    /// Where the bytes came from, if that was asked for.
    pub read_from: Option<ReadFrom>,
}

impl Source {
    /// Where no byte at all came from.
    const fn of_nothing(&self) -> Option<ReadFrom> {
        match self {
            Self::Anywhere => None,
            Self::Device(_) => Some(ReadFrom::Device),
            Self::Unknown => Some(ReadFrom::Unknown),
        }
    }

    /// Where the bytes of a file came from whose size is reported as 0: if there are any, no device stores them.
    const fn of_unsized(&self, bytes: u64) -> Option<ReadFrom> {
        match self {
            Self::Device(_) if bytes > 0 => Some(ReadFrom::Unknown),
            Self::Anywhere | Self::Device(_) | Self::Unknown => self.of_nothing(),
        }
    }
}
