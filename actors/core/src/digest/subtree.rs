//! BLAKE3 of one file in pieces: each is digested apart, on any thread and in any order, then merged.
//!
//! BLAKE3 is a binary tree over chunks of 1,024 bytes whose left subtrees are always full. A piece that
//! begins at a multiple of a power of two of chunks, and is that long unless it ends the file, is a subtree;
//! its chaining value stands for all of its bytes. A chaining value is not a digest and must never be shown
//! as one: only the last merge, the root's, gives that. (BLAKE3 paper, 2.1; `blake3::hazmat`.)
//!
//! A file of one piece has no two subtrees to merge: it is digested whole, by a [`Chain`](super::Chain).

use std::fmt;

use blake3::hazmat::{HasherExt, Mode, max_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use serde::{Deserialize, Serialize};

/// The bytes of one leaf of the tree; every piece but the last is a power of two times as long.
pub const CHUNK_BYTES: u64 = blake3::CHUNK_LEN as u64;

/// What stands for all bytes of one subtree; not a digest.
pub type ChainingValue = [u8; blake3::OUT_LEN];

/// Whether files can be cut into pieces of so many bytes: a power of two, at least [`CHUNK_BYTES`].
#[must_use]
pub const fn is_piece_size(bytes: u64) -> bool {
    bytes >= CHUNK_BYTES && bytes.is_power_of_two()
}

/// A size that files are cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtrees {
    piece_bytes: u64,
}

/// A number of bytes that is no piece size, see [`is_piece_size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pieces of {0} bytes are no subtrees: their size is a power of two, at least {CHUNK_BYTES}")]
pub struct PieceSizeInvalid(pub u64);

impl Subtrees {
    /// Pieces of so many bytes.
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

    /// How many pieces a file of so many bytes has; [`SubtreeMerger`] needs two or more.
    #[must_use]
    pub const fn count(self, file_bytes: u64) -> u64 {
        file_bytes.div_ceil(self.piece_bytes)
    }

    /// The chaining value of the piece that begins at this offset of its file, in bytes.
    ///
    /// # Panics
    /// If no piece begins there, or the piece is empty or too long: a defect of the caller, never of a file.
    #[must_use]
    pub fn chaining_value(self, offset: u64, piece: &[u8]) -> ChainingValue {
        assert!(offset.is_multiple_of(self.piece_bytes), "no piece begins at {offset}");
        assert!(piece.len() as u64 <= self.piece_bytes, "a piece of {} bytes is too long", piece.len());
        let mut hasher = SubtreeHasher::new(offset);
        hasher.update(piece);
        hasher.chaining_value()
    }
}

/// The running state over one piece, for a caller that has it in parts.
#[derive(Clone)]
pub struct SubtreeHasher {
    hasher: blake3::Hasher,
    /// How many more bytes a subtree that begins here can hold.
    room_bytes: u64,
}

impl SubtreeHasher {
    /// The state before the first byte of the piece that begins at this offset of its file, in bytes.
    ///
    /// # Panics
    /// If the offset is no multiple of [`CHUNK_BYTES`].
    #[must_use]
    pub fn new(offset: u64) -> Self {
        assert!(offset.is_multiple_of(CHUNK_BYTES), "no subtree begins at {offset}");
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(offset);
        Self { hasher, room_bytes: max_subtree_len(offset).unwrap_or(u64::MAX) }
    }

    /// Takes in the next bytes of the piece.
    ///
    /// # Panics
    /// If they reach past the longest subtree that begins where this one does: the largest power of two
    /// that divides its offset.
    pub fn update(&mut self, bytes: &[u8]) {
        let room = self.room_bytes.checked_sub(bytes.len() as u64);
        self.room_bytes = room.expect("the bytes of a piece end with its subtree");
        self.hasher.update(bytes);
    }

    /// How many bytes were taken in.
    #[must_use]
    pub fn absorbed(&self) -> u64 {
        self.hasher.count()
    }

    /// The chaining value of the bytes taken in.
    ///
    /// # Panics
    /// If there were none: nothing of a file is in an empty piece, and no value stands for it.
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

/// Merges the chaining values of a file's pieces, given strictly in order, into its digest.
///
/// It keeps at most one value per bit of the count of pieces, and one more. Its serde form is that state,
/// so that a half-merged file can be gone on with; a state that no run of pushes leads to is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MergerState")]
pub struct SubtreeMerger {
    /// Left to right, larger subtrees first; the newest is unmerged, for it may be the root's right child.
    values: Vec<ChainingValue>,
    pieces: u64,
}

impl SubtreeMerger {
    /// The state before the first piece.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: Vec::new(), pieces: 0 }
    }

    /// Takes in the chaining value of the next piece; all pieces but the last are of one size.
    pub fn push(&mut self, value: ChainingValue) {
        // With n pieces the full subtrees are the bits set in n. They are merged only now that another
        // piece is known to follow: a merge made at the file's end would have had to be the root's.
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

    /// How many pieces were taken in.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.pieces
    }

    /// The BLAKE3 digest of the file whose pieces were taken in.
    ///
    /// # Errors
    /// [`TooFewPieces`] if there were not at least two.
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

/// A file of one piece, or of none: it has to be digested whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file of fewer than two pieces has no subtrees to merge")]
pub struct TooFewPieces;

/// A state that may be anything.
#[derive(Deserialize)]
struct MergerState {
    values: Vec<ChainingValue>,
    pieces: u64,
}

impl TryFrom<MergerState> for SubtreeMerger {
    type Error = MergerStateInvalid;

    fn try_from(state: MergerState) -> Result<Self, MergerStateInvalid> {
        // What is merged is what came before the newest piece.
        let expected = state.pieces.checked_sub(1).map_or(0, |before| before.count_ones() + 1);
        if state.values.len() != expected as usize {
            return Err(MergerStateInvalid);
        }
        Ok(Self { values: state.values, pieces: state.pieces })
    }
}

/// A stored state with more or fewer values than its pieces leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state of a half-merged file is damaged")]
pub struct MergerStateInvalid;

#[cfg(test)]
mod tests;
