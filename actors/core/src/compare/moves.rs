//! Finds moved files: pairs of a missing file and a new one with the same content.
//!
//! Both have the same digests and are not empty. Among several files with the same content, the first missing path is
//! paired with the first new path, in byte order.

use std::collections::{HashMap, VecDeque};

use super::agreement::{agree, is_of_no_bytes};
use crate::manifest::{Candidates, Claimed};

/// One side of a possible move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) path: &'a [u8],
    pub(super) size: Option<u64>,
    pub(super) digests: &'a [Claimed],
}

/// Pairs of indices into `missing` and `new`, found in byte order of the paths.
pub(super) fn pair_moves(missing: &[Side<'_>], new: &[Side<'_>], candidates: &Candidates) -> Vec<(usize, usize)> {
    let mut by_digest: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    for index in in_byte_order(missing) {
        let candidate = &missing[index];
        if let Some(first) = candidate.digests.first().filter(|_| !is_empty(candidate)) {
            by_digest.entry(first.as_bytes()).or_default().push_back(index);
        }
    }
    let mut pairs = Vec::new();
    for index in in_byte_order(new) {
        let candidate = &new[index];
        if is_empty(candidate) {
            continue;
        }
        for digest in candidate.digests {
            let Some(queue) = by_digest.get_mut(digest.as_bytes()) else { continue };
            let fits = |&missing_index: &usize| {
                agree(missing[missing_index].digests, candidate.digests, candidates) == Some(true)
                    && sizes_agree(missing[missing_index].size, candidate.size)
            };
            if queue.front().is_some_and(fits)
                && let Some(missing_index) = queue.pop_front()
            {
                pairs.push((missing_index, index));
                break;
            }
        }
    }
    pairs
}

fn in_byte_order(sides: &[Side<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sides.len()).collect();
    order.sort_by_key(|&index| sides[index].path);
    order
}

fn sizes_agree(one: Option<u64>, other: Option<u64>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Whether the file is empty: by its size, or by its digest if no size was recorded.
fn is_empty(candidate: &Side<'_>) -> bool {
    match candidate.size {
        Some(size) => size == 0,
        None => candidate.digests.iter().any(is_of_no_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Digest};

    fn crc(byte: u8) -> Claimed {
        Claimed::of(Digest::new(Algorithm::Crc32, &[byte; 4]).unwrap())
    }

    fn candidate<'a>(path: &'a str, size: u64, digests: &'a [Claimed]) -> Side<'a> {
        Side { path: path.as_bytes(), size: Some(size), digests }
    }

    #[test]
    fn pairs_go_one_to_one_in_byte_order_of_paths() {
        let (one, two) = ([crc(1)], [crc(2)]);
        let missing = [candidate("b", 1, &one), candidate("a", 1, &one), candidate("x", 1, &two)];
        let new = [candidate("z", 1, &one), candidate("y", 1, &one), candidate("w", 1, &one)];
        assert_eq!(pair_moves(&missing, &new, &Candidates::default()), [(1, 2), (0, 1)]);
    }

    #[test]
    fn empty_files_are_never_paired() {
        let some = [crc(1)];
        assert_eq!(pair_moves(&[candidate("a", 0, &some)], &[candidate("b", 0, &some)], &Candidates::default()), []);
        let nothing = [crc(0)];
        let unsized_one = Side { path: b"a", size: None, digests: &nothing };
        assert_eq!(
            pair_moves(&[unsized_one], &[candidate("b", 1, &nothing)], &Candidates::default()),
            [],
            "0 is the CRC-32 of no bytes"
        );
        assert_eq!(
            pair_moves(&[candidate("a", 1, &some)], &[candidate("b", 2, &some)], &Candidates::default()),
            [],
            "of another size"
        );
    }
}
