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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::tests::{BLAKE3_VECTORS, cycle};

    fn merged(piece_bytes: u64, bytes: &[u8]) -> Result<[u8; 32], TooFewPieces> {
        let subtrees = Subtrees::new(piece_bytes).unwrap();
        let mut merger = SubtreeMerger::new();
        for (piece, index) in bytes.chunks(piece_bytes as usize).zip(0..) {
            merger.push(subtrees.chaining_value(index * piece_bytes, piece));
        }
        assert_eq!(merger.pieces(), subtrees.count(bytes.len() as u64));
        merger.finish()
    }

    #[test]
    fn the_official_vectors_come_out_of_every_piece_size() {
        for (length, expected) in BLAKE3_VECTORS {
            for piece_bytes in [1024, 2048, 4096, 16384, 65536] {
                let outcome = merged(piece_bytes, &cycle(*length)).map(hex::encode);
                let pieces = length.div_ceil(piece_bytes as usize);
                let expected = if pieces < 2 { Err(TooFewPieces) } else { Ok((*expected).to_owned()) };
                assert_eq!(outcome, expected, "{length} bytes in pieces of {piece_bytes}");
            }
        }
    }

    #[test]
    fn every_count_of_pieces_merges_to_the_whole() {
        let bytes = cycle(130 * 1024);
        for pieces in 2..=130 {
            for last in [1, 64, 1023, 1024] {
                let file = &bytes[..(pieces - 1) * 1024 + last];
                assert_eq!(merged(1024, file), Ok(*blake3::hash(file).as_bytes()), "{pieces} pieces, last {last}");
            }
        }
    }

    #[test]
    fn fewer_than_two_pieces_are_refused() {
        assert_eq!(SubtreeMerger::new().finish(), Err(TooFewPieces));
        assert_eq!(merged(1024, &cycle(1024)), Err(TooFewPieces));
        assert!(merged(1024, &cycle(1025)).is_ok());
    }

    #[test]
    fn swapped_pieces_show() {
        let (subtrees, bytes) = (Subtrees::new(1024).unwrap(), cycle(4096));
        let values = [0, 1, 2, 3]
            .map(|index: u64| subtrees.chaining_value(index * 1024, &bytes[index as usize * 1024..][..1024]));
        let mut merger = SubtreeMerger::new();
        [0, 2, 1, 3].into_iter().for_each(|index: usize| merger.push(values[index]));
        assert_ne!(merger.finish().unwrap(), *blake3::hash(&bytes).as_bytes());
    }

    #[test]
    fn the_state_stays_logarithmic() {
        let mut merger = SubtreeMerger::new();
        for pieces in 1..=5000_u64 {
            merger.push([7; 32]);
            assert_eq!(merger.values.len(), (pieces - 1).count_ones() as usize + 1);
        }
    }

    #[test]
    fn only_powers_of_two_from_a_chunk_on_are_piece_sizes() {
        for bytes in [0, 1, 512, 1023, 1025, 3072, 1 << 20 | 1024, u64::MAX] {
            assert!(!is_piece_size(bytes));
            assert_eq!(Subtrees::new(bytes), Err(PieceSizeInvalid(bytes)));
        }
        for bytes in [1024, 2048, 16 << 20, 1 << 63] {
            assert_eq!(Subtrees::new(bytes).map(Subtrees::piece_bytes), Ok(bytes));
        }
    }

    #[test]
    fn pieces_are_counted_around_the_piece_size() {
        let subtrees = Subtrees::new(2048).unwrap();
        let counts = [0, 1, 2047, 2048, 2049, 4096, 4097].map(|bytes| subtrees.count(bytes));
        assert_eq!(counts, [0, 1, 1, 1, 2, 2, 3]);
    }

    #[test]
    #[should_panic(expected = "no piece begins at 1024")]
    fn a_piece_between_pieces_panics() {
        let _ = Subtrees::new(2048).unwrap().chaining_value(1024, &[0; 1024]);
    }

    #[test]
    #[should_panic(expected = "too long")]
    fn a_piece_longer_than_the_rest_panics() {
        let _ = Subtrees::new(1024).unwrap().chaining_value(0, &[0; 1025]);
    }

    #[test]
    #[should_panic(expected = "no subtree begins at 1")]
    fn an_offset_inside_a_chunk_panics() {
        let _ = SubtreeHasher::new(1);
    }

    #[test]
    #[should_panic(expected = "end with its subtree")]
    fn bytes_past_the_subtree_panic() {
        let mut hasher = SubtreeHasher::new(6 * 1024);
        hasher.update(&[0; 2048]);
        hasher.update(&[0]);
    }

    #[test]
    #[should_panic(expected = "an empty piece")]
    fn an_empty_piece_panics() {
        let mut hasher = SubtreeHasher::new(2048);
        hasher.update(&[]);
        let _ = hasher.chaining_value();
    }

    #[test]
    fn a_damaged_state_is_refused() {
        let mut merger = SubtreeMerger::new();
        (0..6).for_each(|byte| merger.push([byte; 32]));
        let stored = serde_json::to_string(&merger).unwrap();
        assert_eq!(serde_json::from_str::<SubtreeMerger>(&stored).unwrap(), merger);
        for pieces in [0, 5, 8, 9] {
            let damaged = stored.replace("\"pieces\":6", &format!("\"pieces\":{pieces}"));
            assert_ne!(damaged, stored);
            assert!(serde_json::from_str::<SubtreeMerger>(&damaged).is_err(), "{pieces}");
        }
        assert!(serde_json::from_str::<SubtreeMerger>(r#"{"values":[],"pieces":1}"#).is_err());
        assert!(serde_json::from_str::<SubtreeMerger>(r#"{"values":[],"pieces":0}"#).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn subtrees_merge_to_the_whole(size in 0..5_u32, length in 0..400_000_usize, part_bytes in 1..70_000_usize, stored_at in 0..400_u64) {
            let piece_bytes = 1024 << size;
            let bytes = cycle(length);
            let mut merger = SubtreeMerger::new();
            for (piece, index) in bytes.chunks(piece_bytes).zip(0..) {
                let mut hasher = SubtreeHasher::new(index * piece_bytes as u64);
                piece.chunks(part_bytes).for_each(|part| hasher.update(part));
                prop_assert_eq!(hasher.absorbed(), piece.len() as u64);
                merger.push(hasher.chaining_value());
                if index == stored_at {
                    let stored = serde_json::to_string(&merger).unwrap();
                    merger = serde_json::from_str(&stored).unwrap();
                }
            }
            let whole = if length > piece_bytes { Ok(*blake3::hash(&bytes).as_bytes()) } else { Err(TooFewPieces) };
            prop_assert_eq!(merger.finish(), whole);
        }
    }
}
