use proptest::prelude::*;

use super::super::tests::cycle;
use super::super::vectors::BLAKE3_VECTORS;
use super::*;

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
fn every_piece_size_reproduces_the_official_vectors() {
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
fn swapped_pieces_change_the_digest() {
    let (subtrees, bytes) = (Subtrees::new(1024).unwrap(), cycle(4096));
    let values =
        [0, 1, 2, 3].map(|index: u64| subtrees.chaining_value(index * 1024, &bytes[index as usize * 1024..][..1024]));
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
