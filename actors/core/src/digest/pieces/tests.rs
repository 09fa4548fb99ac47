use proptest::prelude::*;

use super::super::tests::cycle;
use super::*;

/// The values of a file that is added in parts of this length.
fn pieces_of(file: &[u8], part: usize) -> Pieces {
    let mut hasher = PieceHasher::new(0, PIECE_BYTES);
    file.chunks(part).for_each(|part| hasher.update(part));
    Pieces::new(file.len() as u64, hasher.finish()).unwrap()
}

#[test]
fn values_merge_to_the_digest_whatever_parts_they_came_in() {
    let bytes = cycle(9 << 20);
    for length in [LOCATED_BYTES as usize, (4 << 20) + 1, (5 << 20) - 1, (7 << 20) + 1000, 9 << 20] {
        let file = &bytes[..length];
        for part in [65_536, PIECE_BYTES as usize, 1_500_001, length] {
            assert_eq!(pieces_of(file, part).digest(), *blake3::hash(file).as_bytes(), "{length} in parts of {part}");
        }
    }
}

#[test]
fn the_values_of_a_segment_merge_to_its_own_value() {
    let bytes = cycle((8 << 20) + 5000);
    for (offset, length) in [(0, 8 << 20), (0, (3 << 20) + 7), (8 << 20, 5000), (0, 1)] {
        let segment = &bytes[offset as usize..][..length];
        let mut hasher = PieceHasher::new(offset, PIECE_BYTES);
        hasher.update(segment);
        let mut whole = SubtreeHasher::new(offset);
        whole.update(segment);
        let values = hasher.finish();
        assert_eq!(values.len() as u64, (length as u64).div_ceil(PIECE_BYTES));
        assert_eq!(SubtreeMerger::subtree(&values), Some(whole.chaining_value()), "{length} bytes at {offset}");
    }
    assert_eq!(SubtreeMerger::subtree(&[]), None);
}

#[test]
fn which_files_have_pieces_and_how_long_they_are() {
    let small = Some(PIECE_BYTES);
    let large = Some(LARGE_PIECE_BYTES);
    for (file_bytes, expected) in [
        (0, None),
        (LOCATED_BYTES - 1, None),
        (LOCATED_BYTES, small),
        (MOST_OF_SMALL_PIECES, small),
        (MOST_OF_SMALL_PIECES + 1, large),
        (MOST_BYTES, large),
        (MOST_BYTES + 1, None),
    ] {
        assert_eq!(piece_bytes(file_bytes), expected, "{file_bytes}");
    }
    assert_eq!(MOST_BYTES / LARGE_PIECE_BYTES * 32, 64 << 20, "the most that is kept of one file");
}

#[test]
fn a_count_that_does_not_fit_the_size_is_refused() {
    let value = [0; 32];
    assert!(Pieces::new(LOCATED_BYTES, vec![value; 4]).is_some());
    for count in [0, 3, 5] {
        assert_eq!(Pieces::new(LOCATED_BYTES, vec![value; count]), None);
    }
    assert_eq!(Pieces::new(100, vec![value]), None);
    assert_eq!(Pieces::from_bytes(LOCATED_BYTES, &[0; 129]), None);
}

#[test]
fn other_sizes_differ_from_where_the_shorter_one_ends() {
    let bytes = cycle(7 << 20);
    let [short, long] = [&bytes[..5 << 20], &bytes[..]].map(|file| pieces_of(file, 1 << 20));
    let only = |ranges: Vec<Range<u64>>, range| ranges == std::iter::once(range).collect::<Vec<_>>();
    assert!(only(short.differences(&long), 5 << 20..7 << 20));
    assert!(only(long.differences(&short), 5 << 20..7 << 20));
    let in_large = Pieces::new(MOST_OF_SMALL_PIECES + 1, vec![[0; 32]; (MOST_OF_SMALL_PIECES >> 23) as usize + 1]);
    let whole = 0..MOST_OF_SMALL_PIECES + 1;
    assert!(only(short.differences(&in_large.unwrap()), whole), "nothing is known of where");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_changed_byte_lies_in_a_range_and_every_range_has_one(
        tail in 0_usize..(2 << 20),
        flips in prop::collection::btree_set(0_usize..(4 << 20), 0..6),
    ) {
        let good = cycle((4 << 20) + tail);
        let mut bad = good.clone();
        flips.iter().for_each(|&at| bad[at] ^= 1);
        let [good, bad] = [good, bad].map(|file| pieces_of(&file, 1 << 20));
        let ranges = good.differences(&bad);
        prop_assert_eq!(&ranges, &bad.differences(&good));
        prop_assert!(flips.iter().all(|&at| ranges.iter().any(|range| range.contains(&(at as u64)))));
        for range in &ranges {
            prop_assert!(range.start.is_multiple_of(PIECE_BYTES) && range.end.is_multiple_of(PIECE_BYTES));
            let mut pieces = (range.start..range.end).step_by(PIECE_BYTES as usize);
            prop_assert!(pieces.all(|at| flips.iter().any(|&flip| (at..at + PIECE_BYTES).contains(&(flip as u64)))));
        }
        prop_assert!(ranges.is_sorted_by(|one, next| one.end < next.start), "joined and in order");
        let kept = Pieces::from_bytes(bad.file_bytes(), bad.as_bytes());
        prop_assert_eq!(kept.as_ref(), Some(&bad));
    }
}
