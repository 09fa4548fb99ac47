//! Where a file is damaged: the ranges in which reads of it differ from the content that it should have.

use std::ops::Range;

use super::event::FileRange;
use crate::digest::pieces::{Pieces, joined};

/// The most ranges that are told of one file. The last one then covers all further ones.
pub const MAX_DAMAGED: usize = 256;

/// The ranges in which any of these reads differs from the good content, joined and in order. Whole pieces: not every
/// byte of a range is damaged, and every damaged byte is in one.
#[must_use]
pub fn damaged(good: &Pieces, reads: &[Pieces]) -> Vec<FileRange> {
    bounded(reads.iter().flat_map(|read| good.differences(read)).collect())
}

/// Ranges in order, joined where they touch, and at most [`MAX_DAMAGED`].
#[must_use]
pub fn bounded(ranges: Vec<Range<u64>>) -> Vec<FileRange> {
    let mut ranges = joined(ranges);
    let further = ranges.split_off(MAX_DAMAGED.min(ranges.len()));
    if let (Some(last), Some(end)) = (ranges.last_mut(), further.last()) {
        last.end = end.end;
    }
    ranges.into_iter().map(FileRange::from).collect()
}

/// How many ranges are named in words.
const NAMED: usize = 3;

/// Ranges in words: `1048576 bytes at 5242880, 2097152 bytes at 9437184 and 4 more ranges`. `None` without any.
#[must_use]
pub fn ranges_in_words(ranges: &[FileRange]) -> Option<String> {
    let named = ranges.iter().take(NAMED).map(|range| format!("{} bytes at {}", range.bytes, range.offset));
    let named = named.collect::<Vec<_>>().join(", ");
    match ranges.len() {
        0 => None,
        count if count <= NAMED => Some(named),
        count if count == NAMED + 1 => Some(format!("{named} and 1 more range")),
        count => Some(format!("{named} and {} more ranges", count - NAMED)),
    }
}

impl From<Range<u64>> for FileRange {
    fn from(range: Range<u64>) -> Self {
        Self { offset: range.start, bytes: range.end - range.start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A content of so many pieces, of which some are others.
    fn pieces(count: u64, others: impl IntoIterator<Item = u64>) -> Pieces {
        let mut values = vec![[0; 32]; count as usize];
        others.into_iter().for_each(|index| values[index as usize] = [1; 32]);
        Pieces::new(count * MIB, values).unwrap()
    }

    fn range(first: u64, count: u64) -> FileRange {
        FileRange { offset: first * MIB, bytes: count * MIB }
    }

    #[test]
    fn the_ranges_of_all_reads_are_joined() {
        let good = pieces(10, []);
        assert_eq!(damaged(&good, &[]), []);
        assert_eq!(damaged(&good, &[pieces(10, []), pieces(10, [])]), []);
        let reads = [pieces(10, [1, 2, 7]), pieces(10, [9]), pieces(10, [0, 2])];
        assert_eq!(damaged(&good, &reads), [range(0, 3), range(7, 1), range(9, 1)]);
    }

    #[test]
    fn a_few_ranges_are_named_and_the_others_counted() {
        let words = |count: u64| ranges_in_words(&(0..count).map(|index| range(2 * index, 1)).collect::<Vec<_>>());
        assert_eq!(words(0), None);
        assert_eq!(words(2).unwrap(), "1048576 bytes at 0, 1048576 bytes at 2097152");
        assert!(words(3).unwrap().ends_with("1048576 bytes at 4194304"));
        assert!(words(4).unwrap().ends_with("at 4194304 and 1 more range"));
        assert!(words(9).unwrap().ends_with("at 4194304 and 6 more ranges"));
    }

    #[test]
    fn there_are_never_more_than_the_bound_and_none_is_left_out() {
        let (most, good) = (MAX_DAMAGED as u64, pieces(1000, []));
        let ranges = damaged(&good, &[pieces(1000, (0..most).map(|index| 2 * index))]);
        assert_eq!((ranges.len(), ranges[MAX_DAMAGED - 1]), (MAX_DAMAGED, range(2 * most - 2, 1)));
        let ranges = damaged(&good, &[pieces(1000, (0..most + 10).map(|index| 2 * index))]);
        assert_eq!((ranges.len(), ranges[MAX_DAMAGED - 1]), (MAX_DAMAGED, range(2 * most - 2, 21)));
    }
}
