//! BLAKE3 of one file in pieces: each is digested separately, on any thread and in any order, then merged.
//!
//! BLAKE3 is a binary tree over chunks of 1,024 bytes whose left subtrees are always full. Take pieces of a power of
//! two of chunks, each beginning at a multiple of its length; only the last may be shorter. Each is a subtree, and its
//! chaining value stands for all of its bytes. A chaining value is not a digest and must never be shown as one: only
//! the last merge, that of the root, returns the digest. (BLAKE3 paper, 2.1; `blake3::hazmat`.)
//!
//! A file of a single piece has no two subtrees to merge: a [`Chain`](super::Chain) digests it whole.

use std::fmt;

use blake3::hazmat::{HasherExt, Mode, max_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use serde::{Deserialize, Serialize};

/// The length of one leaf of the tree in bytes; every piece but the last is a power of two times as long.
pub const CHUNK_BYTES: u64 = blake3::CHUNK_LEN as u64;

/// Stands for all bytes of one subtree; not a digest.
pub type ChainingValue = [u8; blake3::OUT_LEN];

/// Whether files can be cut into pieces of this many bytes: a power of two, at least [`CHUNK_BYTES`].
#[must_use]
pub const fn is_piece_size(bytes: u64) -> bool {
    bytes >= CHUNK_BYTES && bytes.is_power_of_two()
}

/// A file cut into pieces of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtrees {
    piece_bytes: u64,
}

/// A number of bytes that is not a piece size; see [`is_piece_size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pieces of {0} bytes are not subtrees: the size must be a power of two and at least {CHUNK_BYTES}")]
pub struct PieceSizeInvalid(pub u64);

impl Subtrees {
    /// Pieces of this many bytes.
    ///
    /// # Errors
    /// [`PieceSizeInvalid`] unless [`is_piece_size`].
    pub const fn new(piece_bytes: u64) -> Result<Self, PieceSizeInvalid> {
        if is_piece_size(piece_bytes) { Ok(Self { piece_bytes }) } else { Err(PieceSizeInvalid(piece_bytes)) }
    }

    /// The length of every piece but the last, in bytes.
    #[must_use]
    pub const fn piece_bytes(self) -> u64 {
        self.piece_bytes
    }

    /// How many pieces a file of this many bytes has; [`SubtreeMerger`] needs at least two.
    #[must_use]
    pub const fn count(self, file_bytes: u64) -> u64 {
        file_bytes.div_ceil(self.piece_bytes)
    }

    /// The chaining value of the piece that begins at this offset in its file, in bytes.
    ///
    /// # Panics
    /// If no piece begins there, or if the piece is empty or too long: always a defect of the caller.
    #[must_use]
    pub fn chaining_value(self, offset: u64, piece: &[u8]) -> ChainingValue {
        assert!(offset.is_multiple_of(self.piece_bytes), "no piece begins at {offset}");
        assert!(piece.len() as u64 <= self.piece_bytes, "a piece of {} bytes is too long", piece.len());
        let mut hasher = SubtreeHasher::new(offset);
        hasher.update(piece);
        hasher.chaining_value()
    }
}

/// The running state over one piece, for a caller that receives it in parts.
#[derive(Clone)]
pub struct SubtreeHasher {
    hasher: blake3::Hasher,
    /// How many more bytes this subtree can hold.
    room_bytes: u64,
}

impl SubtreeHasher {
    /// The state before the first byte of the piece that begins at this offset in its file, in bytes.
    ///
    /// # Panics
    /// If the offset is not a multiple of [`CHUNK_BYTES`].
    #[must_use]
    pub fn new(offset: u64) -> Self {
        assert!(offset.is_multiple_of(CHUNK_BYTES), "no subtree begins at {offset}");
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(offset);
        Self { hasher, room_bytes: max_subtree_len(offset).unwrap_or(u64::MAX) }
    }

    /// Adds the next bytes of the piece.
    ///
    /// # Panics
    /// If they exceed the longest subtree that can begin at this offset: the largest power of two that divides it.
    pub fn update(&mut self, bytes: &[u8]) {
        let room = self.room_bytes.checked_sub(bytes.len() as u64);
        self.room_bytes = room.expect("the bytes of a piece end with its subtree");
        self.hasher.update(bytes);
    }

    /// How many bytes were added.
    #[must_use]
    pub fn absorbed(&self) -> u64 {
        self.hasher.count()
    }

    /// The chaining value of the bytes added so far.
    ///
    /// # Panics
    /// If there were none: an empty piece has no chaining value.
    #[must_use]
    pub fn chaining_value(&self) -> ChainingValue {
        assert!(self.absorbed() > 0, "an empty piece has no chaining value");
        self.hasher.finalize_non_root()
    }
}

impl fmt::Debug for SubtreeHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubtreeHasher").field("absorbed", &self.absorbed()).finish_non_exhaustive()
    }
}

/// Merges the chaining values of a file's pieces, added strictly in order, into its digest.
///
/// It holds at most one value per bit of the number of pieces, and one more. Its serde form is this state, so that the
/// merge can be resumed later; deserialising refuses a state that no sequence of pushes produces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MergerState")]
pub struct SubtreeMerger {
    /// Left to right, larger subtrees first. The newest is not merged yet: it may be the root's right child.
    values: Vec<ChainingValue>,
    pieces: u64,
}

impl SubtreeMerger {
    /// The state before the first piece.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: Vec::new(), pieces: 0 }
    }

    /// Adds the chaining value of the next piece. All pieces but the last have the same size.
    pub fn push(&mut self, value: ChainingValue) {
        // With n pieces, the full subtrees correspond to the bits set in n. They are merged only now that another piece
        // follows: at the end of the file the last merge has to be the root's.
        while self.values.len() > self.pieces.count_ones() as usize {
            self.merge_newest();
        }
        self.values.push(value);
        self.pieces += 1;
    }

    fn merge_newest(&mut self) {
        if let (Some(right), Some(left)) = (self.values.pop(), self.values.last_mut()) {
            *left = merge_subtrees_non_root(left, &right, Mode::Hash);
        }
    }

    /// How many pieces were added.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.pieces
    }

    /// The chaining value of a subtree from those of its pieces, in order. `None` without any.
    #[must_use]
    pub fn subtree(pieces: &[ChainingValue]) -> Option<ChainingValue> {
        let mut merger = Self::new();
        pieces.iter().for_each(|value| merger.push(*value));
        merger.finish_subtree()
    }

    /// The chaining value of the subtree whose pieces were added, which is a part of a file. `None` without any.
    #[must_use]
    pub fn finish_subtree(mut self) -> Option<ChainingValue> {
        while self.values.len() > 1 {
            self.merge_newest();
        }
        self.values.pop()
    }

    /// The BLAKE3 digest of the file whose pieces were added.
    ///
    /// # Errors
    /// [`TooFewPieces`] if there were fewer than two.
    pub fn finish(mut self) -> Result<[u8; 32], TooFewPieces> {
        while self.values.len() > 2 {
            self.merge_newest();
        }
        match self.values.as_slice() {
            [left, right] => Ok(*merge_subtrees_root(left, right, Mode::Hash).as_bytes()),
            _ => Err(TooFewPieces),
        }
    }
}

/// A file with fewer than two pieces: it has to be digested whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file of fewer than two pieces has no subtrees to merge")]
pub struct TooFewPieces;

/// A deserialised state that was not checked yet.
#[derive(Deserialize)]
struct MergerState {
    values: Vec<ChainingValue>,
    pieces: u64,
}

impl TryFrom<MergerState> for SubtreeMerger {
    type Error = MergerStateInvalid;

    fn try_from(state: MergerState) -> Result<Self, MergerStateInvalid> {
        // All pieces before the newest one are merged.
        let expected = state.pieces.checked_sub(1).map_or(0, |before| before.count_ones() + 1);
        if state.values.len() != expected as usize {
            return Err(MergerStateInvalid);
        }
        Ok(Self { values: state.values, pieces: state.pieces })
    }
}

/// A stored state whose number of values does not fit its number of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state of a partly merged file is damaged")]
pub struct MergerStateInvalid;

#[cfg(test)]
mod tests;
