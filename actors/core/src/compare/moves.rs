//! Pairs files with the same content: a missing file and a new one, which moved, or two whose contents changed places.
//!
//! Both have the same digests and are not empty. Among several files with the same content, the first missing path is
//! paired with the first new path, in byte order.

use super::agreement::{agree, is_of_no_bytes};
use crate::manifest::{Candidates, Claimed};

/// One side of a possible move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) path: &'a [u8],
    pub(super) size: Option<u64>,
    pub(super) digests: &'a [Claimed],
}

/// How many different contents with one digest are told apart, which a short checksum allows. Bounds the work for each
/// file.
pub(super) const MAX_ALIKE: usize = 8;

/// The first bytes of a digest.
pub(super) fn fingerprint(digest: &Claimed) -> u64 {
    let mut first = [0; 8];
    let bytes = digest.as_bytes();
    let len = bytes.len().min(8);
    first[..len].copy_from_slice(&bytes[..len]);
    u64::from_le_bytes(first)
}

/// Pairs of indices into `missing` and `new`, found in byte order of the paths.
pub(super) fn pair_moves(missing: &[Side<'_>], new: &[Side<'_>], candidates: &Candidates) -> Vec<(usize, usize)> {
    let mut by_content = ByContent::new(missing, candidates);
    let pair = |index: usize| Some((by_content.take(&new[index])?, index));
    in_byte_order(new).into_iter().filter_map(pair).collect()
}

/// For changed files, the files that their content is from: pairs of indices into `sources` and `changed`. The first
/// `left` sources lost their content to another one; they are paired one to one in byte order. What is not paired has its
/// content from the first of all sources, of which the others moved.
pub(super) fn pair_contents(
    (sources, left): (&[Side<'_>], usize),
    changed: &[Side<'_>],
    candidates: &Candidates,
) -> Vec<(usize, usize)> {
    let mut by_content = ByContent::new(sources, candidates);
    (left..sources.len()).for_each(|moved| by_content.is_taken[moved] = true);
    let (mut pairs, mut rest) = (Vec::new(), Vec::new());
    for index in in_byte_order(changed) {
        match by_content.take(&changed[index]) {
            Some(source) => pairs.push((source, index)),
            None => rest.push(index),
        }
    }
    by_content.give_back();
    pairs.extend(rest.into_iter().filter_map(|index| Some((by_content.first(&changed[index])?, index))));
    pairs
}

/// Files that are not empty, by each of their digests, in byte order of their paths.
struct ByContent<'s, 'a> {
    sides: &'s [Side<'a>],
    candidates: &'s Candidates,
    /// Sorted.
    places: Vec<Place>,
    /// For each place, one behind it before which all later ones are taken.
    next: Vec<usize>,
    /// Of each side.
    is_taken: Vec<bool>,
}

/// Where a side stands for one of its digests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    fingerprint: u64,
    /// In byte order of the paths.
    rank: usize,
    side: usize,
}

impl<'s, 'a> ByContent<'s, 'a> {
    fn new(sides: &'s [Side<'a>], candidates: &'s Candidates) -> Self {
        let mut places = Vec::with_capacity(sides.len());
        for (rank, side) in in_byte_order(sides).into_iter().enumerate().filter(|&(_, side)| !is_empty(&sides[side])) {
            let prints = sides[side].digests.iter().map(fingerprint);
            places.extend(prints.map(|fingerprint| Place { fingerprint, rank, side }));
        }
        places.sort_unstable();
        let next = (1..=places.len()).collect();
        Self { sides, candidates, places, next, is_taken: vec![false; sides.len()] }
    }

    /// The first file with the content of this one that is not taken, which is taken now.
    fn take(&mut self, sought: &Side<'_>) -> Option<usize> {
        let index = self.first(sought)?;
        self.is_taken[index] = true;
        Some(index)
    }

    /// No file is taken any more.
    fn give_back(&mut self) {
        self.is_taken.fill(false);
        self.next = (1..=self.places.len()).collect();
    }

    /// The first file with the content of this one that is not taken.
    fn first(&mut self, sought: &Side<'_>) -> Option<usize> {
        if is_empty(sought) {
            return None;
        }
        sought.digests.iter().find_map(|digest| self.first_with(fingerprint(digest), sought))
    }

    fn first_with(&mut self, fingerprint: u64, sought: &Side<'_>) -> Option<usize> {
        let mut at = self.places.partition_point(|place| place.fingerprint < fingerprint);
        for _ in 0..MAX_ALIKE {
            at = self.not_taken(at);
            let place = self.places.get(at).filter(|place| place.fingerprint == fingerprint)?;
            if self.sides[place.side].has_content_of(sought, self.candidates) {
                return Some(place.side);
            }
            at += 1;
        }
        None
    }

    /// The first place from here on that is not taken. Later calls skip what this one went past.
    fn not_taken(&mut self, from: usize) -> usize {
        let is_taken = |at: usize| self.places.get(at).is_some_and(|place| self.is_taken[place.side]);
        let (mut end, mut at) = (from, from);
        while is_taken(end) {
            end = self.next[end];
        }
        while at < end {
            at = std::mem::replace(&mut self.next[at], end);
        }
        end
    }
}

impl Side<'_> {
    /// Whether both can have the same content.
    pub(super) fn has_content_of(&self, other: &Side<'_>, candidates: &Candidates) -> bool {
        sizes_agree(self.size, other.size) && agree(self.digests, other.digests, candidates) == Some(true)
    }
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
pub(super) fn is_empty(candidate: &Side<'_>) -> bool {
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
    fn a_file_is_found_by_whichever_digest_both_sides_have() {
        let sha256 = Claimed::of(Digest::new(Algorithm::Sha256, &[7; 32]).unwrap());
        let (both, one) = ([crc(1), sha256], [sha256]);
        for (missing, new) in [(&both[..], &one[..]), (&one[..], &both[..])] {
            let sides = [candidate("a", 1, missing)];
            assert_eq!(pair_moves(&sides, &[candidate("b", 1, new)], &Candidates::default()), [(0, 0)]);
        }
    }

    #[test]
    fn a_file_with_the_same_checksum_and_another_size_hides_no_other_one() {
        let same = [crc(1)];
        let sizes: Vec<u64> = (1..=MAX_ALIKE as u64 + 1).collect();
        let missing: Vec<_> = sizes.iter().map(|&size| candidate("a", size, &same)).collect();
        let found = |size: usize| pair_moves(&missing, &[candidate("z", size as u64, &same)], &Candidates::default());
        assert_eq!(found(MAX_ALIKE), [(MAX_ALIKE - 1, 0)]);
        assert_eq!(found(MAX_ALIKE + 1), [], "beyond the bound it stays unpaired");
    }

    #[test]
    fn many_files_behind_one_that_does_not_fit_are_paired_without_going_past_them_again() {
        let same = [crc(1)];
        let names: Vec<String> = (0..100_000).map(|number| format!("{number:06}")).collect();
        let mut missing: Vec<_> = names.iter().map(|name| candidate(name, 2, &same)).collect();
        missing[0].size = Some(1);
        let pairs = pair_moves(&missing, &missing[1..], &Candidates::default());
        assert!(pairs.len() == names.len() - 1 && pairs.iter().all(|(one, other)| *one == other + 1));
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
