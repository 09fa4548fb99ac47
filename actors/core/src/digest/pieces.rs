//! What is kept of a file's BLAKE3 tree beside its root, so that two contents are told apart range by range.
//!
//! Of a file from [`LOCATED_BYTES`] on, the chaining values of its aligned pieces: 32 bytes for each MiB, or for each
//! 8 MiB of a file over 128 GiB. They merge to the digest of the file, so that values of another content are never taken
//! for its own. Decides no verdict and reads no file.

use std::ops::Range;

use super::subtree::{ChainingValue, SubtreeHasher, SubtreeMerger};

/// Shorter files are one range.
pub const LOCATED_BYTES: u64 = 4 << 20;

/// The length of a piece.
const PIECE_BYTES: u64 = 1 << 20;

/// The longest file with pieces of [`PIECE_BYTES`]: 4 MiB of values.
const MOST_OF_SMALL_PIECES: u64 = 128 << 30;

/// The length of a piece of a longer file.
const LARGE_PIECE_BYTES: u64 = 8 << 20;

/// The longest file of which values are kept: 64 MiB of them.
const MOST_BYTES: u64 = 16 << 40;

/// The length of the pieces of a file of this size. `None` if no values are kept of it.
#[must_use]
pub const fn piece_bytes(file_bytes: u64) -> Option<u64> {
    match file_bytes {
        ..LOCATED_BYTES => None,
        LOCATED_BYTES..=MOST_OF_SMALL_PIECES => Some(PIECE_BYTES),
        _ if file_bytes <= MOST_BYTES => Some(LARGE_PIECE_BYTES),
        _ => None,
    }
}

/// The chaining values of all pieces of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    file_bytes: u64,
    piece_bytes: u64,
    values: Vec<ChainingValue>,
}

impl Pieces {
    /// The values of a file of this size, in order. `None` if there are not as many as it has pieces.
    #[must_use]
    pub fn new(file_bytes: u64, values: Vec<ChainingValue>) -> Option<Self> {
        let piece_bytes = piece_bytes(file_bytes)?;
        let is_whole = values.len() as u64 == file_bytes.div_ceil(piece_bytes);
        is_whole.then_some(Self { file_bytes, piece_bytes, values })
    }

    /// The values end to end, as [`as_bytes`](Self::as_bytes) returned them.
    #[must_use]
    pub fn from_bytes(file_bytes: u64, bytes: &[u8]) -> Option<Self> {
        let (values, rest) = bytes.as_chunks();
        if rest.is_empty() { Self::new(file_bytes, values.to_vec()) } else { None }
    }

    /// The values end to end.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.values.as_flattened()
    }

    /// The size of the file.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The BLAKE3 digest of the file.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut merger = SubtreeMerger::new();
        self.values.iter().for_each(|value| merger.push(*value));
        merger.finish().expect("a file with pieces has two or more")
    }

    /// The ranges in which the contents differ: whole pieces, joined where they touch, in order. Bytes that only one of
    /// them has are a difference.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Range<u64>> {
        let end = self.file_bytes.max(other.file_bytes);
        if self.piece_bytes != other.piece_bytes {
            return std::iter::once(0..end).collect();
        }
        let count = self.values.len().max(other.values.len());
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for index in (0..count).filter(|&index| self.values.get(index) != other.values.get(index)) {
            let start = index as u64 * self.piece_bytes;
            push_joined(&mut ranges, start..end.min(start + self.piece_bytes));
        }
        ranges
    }
}

/// Adds a range to ranges that begin before it, and joins it with the last one where they touch or overlap.
pub fn push_joined(ranges: &mut Vec<Range<u64>>, range: Range<u64>) {
    match ranges.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        Some(_) | None => ranges.push(range),
    }
}

/// Ranges in order, joined where they touch or overlap.
#[must_use]
pub fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined = Vec::new();
    ranges.into_iter().for_each(|range| push_joined(&mut joined, range));
    joined
}

/// The running values of some bytes of a file, which begin with a piece.
#[derive(Debug)]
pub struct PieceHasher {
    offset: u64,
    piece_bytes: u64,
    piece: SubtreeHasher,
    values: Vec<ChainingValue>,
}

impl PieceHasher {
    /// The state before the byte at this offset, in a file with pieces of this length.
    ///
    /// # Panics
    /// If no piece begins there.
    #[must_use]
    pub fn new(offset: u64, piece_bytes: u64) -> Self {
        assert!(offset.is_multiple_of(piece_bytes), "no piece begins at {offset}");
        Self { offset, piece_bytes, piece: SubtreeHasher::new(offset), values: Vec::new() }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.piece.absorbed() == self.piece_bytes {
                self.end_piece();
            }
            let room = usize::try_from(self.piece_bytes - self.piece.absorbed()).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.update(now);
            bytes = later;
        }
    }

    fn end_piece(&mut self) {
        self.values.push(self.piece.chaining_value());
        self.offset += self.piece_bytes;
        self.piece = SubtreeHasher::new(self.offset);
    }

    /// The values of the pieces that were added; the last piece may be a part of one.
    #[must_use]
    pub fn finish(mut self) -> Vec<ChainingValue> {
        if self.piece.absorbed() > 0 {
            self.end_piece();
        }
        self.values
    }
}

#[cfg(test)]
mod tests;
