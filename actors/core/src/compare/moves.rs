//! Pairs files with the same content: a missing file and a new one, which moved, or two whose contents changed places.
//!
//! Both have the same digests and are not empty. Among several files with the same content, the first missing path is
//! paired with the first new path, in byte order.

use std::collections::HashMap;

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
    let mut by_content = ByContent::new(missing, candidates);
    let pair = |index: usize| Some((by_content.take(&new[index])?, index));
    in_byte_order(new).into_iter().filter_map(pair).collect()
}

/// For changed files, the files that their content is from: pairs of indices into both sources, one after the other, and
/// into `changed`. Files whose content left its path, `left`, are paired one to one in byte order. What is not paired has
/// its content from the first of all, those that `moved` included.
pub(super) fn pair_contents(
    (left, moved): (&[Side<'_>], &[Side<'_>]),
    changed: &[Side<'_>],
    candidates: &Candidates,
) -> Vec<(usize, usize)> {
    let mut pairs = pair_moves(left, changed, candidates);
    let mut is_paired = vec![false; changed.len()];
    pairs.iter().for_each(|&(_, index)| is_paired[index] = true);
    let mut rest = (0..changed.len()).filter(|&index| !is_paired[index]).peekable();
    if rest.peek().is_some() {
        let all = [left, moved].concat();
        let by_content = ByContent::new(&all, candidates);
        pairs.extend(rest.filter_map(|index| Some((by_content.first(&changed[index])?, index))));
    }
    pairs
}

/// Files that are not empty, by their first digest, in byte order of their paths.
struct ByContent<'s, 'a> {
    sides: &'s [Side<'a>],
    candidates: &'s Candidates,
    by_digest: HashMap<&'a [u8], Alike>,
}

/// The indices of files with one digest.
#[derive(Default)]
struct Alike {
    all: Vec<usize>,
    /// How many of them are taken.
    taken: usize,
}

impl<'s, 'a> ByContent<'s, 'a> {
    fn new(sides: &'s [Side<'a>], candidates: &'s Candidates) -> Self {
        let mut by_digest: HashMap<&[u8], Alike> = HashMap::new();
        for index in in_byte_order(sides) {
            let side = &sides[index];
            if let Some(first) = side.digests.first().filter(|_| !is_empty(side)) {
                by_digest.entry(first.as_bytes()).or_default().all.push(index);
            }
        }
        Self { sides, candidates, by_digest }
    }

    /// The next file with the content of this one, which is not returned again.
    fn take(&mut self, sought: &Side<'_>) -> Option<usize> {
        let (digest, index) = self.find(sought, |alike| alike.taken)?;
        self.by_digest.get_mut(digest)?.taken += 1;
        Some(index)
    }

    /// The first file with the content of this one.
    fn first(&self, sought: &Side<'_>) -> Option<usize> {
        self.find(sought, |_| 0).map(|(_, index)| index)
    }

    fn find<'d>(&self, sought: &Side<'d>, which: impl Fn(&Alike) -> usize) -> Option<(&'d [u8], usize)> {
        if is_empty(sought) {
            return None;
        }
        sought.digests.iter().find_map(|digest| {
            let alike = self.by_digest.get(digest.as_bytes())?;
            let index = *alike.all.get(which(alike))?;
            self.sides[index].has_content_of(sought, self.candidates).then_some((digest.as_bytes(), index))
        })
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
