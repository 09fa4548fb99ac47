//! Memory that files are read into: one block at a time, several whole files that are digested together, or a piece each
//! of several longer ones.
//!
//! Each hasher thread has one of each, in its `ReadBuffers`, and reuses them for all files.

use std::ops::Range;
use std::os::fd::BorrowedFd;

use super::deadline::{ReadFailure, read_at};
use crate::digest::SLOTS;

/// Alignment of what files are read into. The kernel copies from whole pages, and a copy between addresses with
/// different offsets within a page takes 1.5 times as long (`rep movsb` on AMD; measured).
const ALIGNMENT: usize = 4096;

/// Size of an arena: enough files to fill all lanes of a vector, and their bytes stay in the core's second-level cache.
const ARENA_BYTES: usize = 1 << 20;

/// Files of up to this many bytes are digested together.
pub(crate) const KEPT_FILE_BYTES: usize = 64 << 10;

/// The longest piece of a file that is read side by side with others: all of them fill the arena.
pub(crate) const STREAM_PIECE_BYTES: usize = ARENA_BYTES / SLOTS;

/// Bytes at an address that is a multiple of [`ALIGNMENT`].
pub(super) struct Buffer {
    space: Box<[u8]>,
    start: usize,
    length: usize,
}

impl Buffer {
    pub(super) fn new(length: usize) -> Self {
        let space = vec![0; length + ALIGNMENT].into_boxed_slice();
        let start = space.as_ptr().align_offset(ALIGNMENT);
        Self { space, start, length }
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.space[self.start..][..self.length]
    }
}

/// The bytes of several files. It takes no memory before the first.
#[derive(Default)]
pub(crate) struct Arena {
    buffer: Option<Buffer>,
    files: Vec<Range<usize>>,
}

impl Arena {
    /// Whether there is room for one more file of [`KEPT_FILE_BYTES`], and for the byte by which it may have grown.
    pub(crate) fn has_room(&self) -> bool {
        self.free_from() + KEPT_FILE_BYTES < ARENA_BYTES
    }

    /// Where the next file is read to.
    pub(super) fn free(&mut self) -> &mut [u8] {
        let from = self.free_from();
        &mut self.bytes()[from..]
    }

    fn bytes(&mut self) -> &mut [u8] {
        self.buffer.get_or_insert_with(|| Buffer::new(ARENA_BYTES)).bytes()
    }

    /// Keeps the first bytes of the free space: those of one file.
    pub(crate) fn keep(&mut self, bytes: usize) {
        let from = self.free_from();
        self.files.push(from..from + bytes);
    }

    /// The bytes of each file that was kept, in that order.
    pub(crate) fn files(&mut self) -> Vec<&[u8]> {
        let Some(buffer) = &mut self.buffer else { return Vec::new() };
        let bytes = &*buffer.bytes();
        self.files.iter().map(|file| &bytes[file.clone()]).collect()
    }

    /// Reads so many bytes of a file from an offset on, at most a piece, for the slot that the file is in. No file is
    /// kept meanwhile.
    pub(crate) fn read_piece(
        &mut self,
        file: BorrowedFd<'_>,
        slot: usize,
        (offset, bytes): (u64, usize),
    ) -> Result<(), ReadFailure> {
        let piece = &mut self.bytes()[slot * STREAM_PIECE_BYTES..][..bytes.min(STREAM_PIECE_BYTES)];
        let mut done = 0;
        while done < piece.len() {
            match read_at(file, &mut piece[done..], offset + done as u64)? {
                0 => return Err(ReadFailure::MissingBytes),
                got => done += got,
            }
        }
        Ok(())
    }

    /// The first bytes of the piece in each slot.
    pub(crate) fn pieces(&mut self, lengths: [usize; SLOTS]) -> [&[u8]; SLOTS] {
        let bytes = &*self.bytes();
        std::array::from_fn(|slot| &bytes[slot * STREAM_PIECE_BYTES..][..lengths[slot]])
    }

    /// Frees the space of all files.
    pub(crate) fn clear(&mut self) {
        self.files.clear();
    }

    fn free_from(&self) -> usize {
        self.files.last().map_or(0, |file| file.end.next_multiple_of(ALIGNMENT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_keeps_files_until_the_largest_would_not_fit() {
        let mut arena = Arena::default();
        assert!(arena.files().is_empty());
        let mut lengths = Vec::new();
        while arena.has_room() {
            let length = [0, 1, 4095, 4096, 4097, KEPT_FILE_BYTES][lengths.len() % 6];
            let free = arena.free();
            assert!(free.len() > KEPT_FILE_BYTES && free.as_ptr().addr().is_multiple_of(ALIGNMENT));
            free[..length].fill(lengths.len() as u8);
            arena.keep(length);
            lengths.push(length);
        }
        assert!(lengths.len() > 64, "{}", lengths.len());
        let of = |(index, length): (usize, &usize)| vec![index as u8; *length];
        assert_eq!(arena.files(), lengths.iter().enumerate().map(of).collect::<Vec<_>>());
        arena.clear();
        assert!(arena.files().is_empty() && arena.has_room());
    }
}
