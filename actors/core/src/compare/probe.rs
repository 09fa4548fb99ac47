//! Which of the listed files tell the algorithm of digests that do not name theirs: the smallest ones, in rounds that
//! grow, so that a whole tree need not be hashed with each algorithm that the digests may be of.
//!
//! Empty files are left out: several checksums of nothing are 0. How files are looked at and read, and when to give up,
//! is for the caller to decide.

use super::Baseline;
use crate::manifest::Candidates;
use crate::result::{ItemRef, Rows};

/// How many files are read in the first round; each next round reads eight times as many.
const FIRST_ROUND: usize = 1;

/// How many names are usually looked at to find small files, before the whole tree is read anyway.
pub const LOOKED_AT: usize = 1024;

/// How many files are usually read at most.
pub const MOST_FILES: usize = 32;

/// The names whose sizes should be looked at: those with undecided digests, at most `looked_at`, spread over all.
pub fn names<'b>(
    baseline: &'b Baseline,
    candidates: &'b Candidates,
    looked_at: usize,
) -> impl Iterator<Item = &'b [u8]> {
    let step = baseline.undecided_names(candidates).count().div_ceil(looked_at).max(1);
    baseline.undecided_names(candidates).step_by(step)
}

/// The files that are read, at most `most`: the smallest first, without empty ones. Sizes are in bytes.
pub fn smallest<'n>(
    found: impl IntoIterator<Item = (u64, &'n [u8])>,
    most: usize,
) -> impl Iterator<Item = (u64, &'n [u8])> {
    let mut found: Vec<_> = found.into_iter().filter(|(size, _)| *size > 0).collect();
    found.sort_by_key(|(size, _)| *size);
    found.into_iter().take(most)
}

/// The names in rounds.
pub fn rounds(names: &[Vec<u8>]) -> impl Iterator<Item = &[Vec<u8>]> {
    let (mut later, mut size) = (names, FIRST_ROUND);
    std::iter::from_fn(move || {
        let (now, rest) = later.split_at(size.min(later.len()));
        (later, size) = (rest, size.saturating_mul(8));
        (!now.is_empty()).then_some(now)
    })
}

/// Narrows the candidates by what was read of files. `path` is overwritten.
pub fn narrow_by(baseline: &Baseline, candidates: &mut Candidates, rows: &Rows, path: &mut Vec<u8>) {
    for row in rows.iter() {
        path.clear();
        row.path_into(path);
        baseline.narrow(candidates, &ItemRef::of_row(row, path, rows.algorithms()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_files_come_first_and_empty_ones_never() {
        let found: [(u64, &[u8]); 4] = [(3, b"c"), (0, b"nothing"), (1, b"a"), (2, b"b")];
        assert_eq!(smallest(found, 2).collect::<Vec<_>>(), [(1, &b"a"[..]), (2, b"b")]);
    }

    #[test]
    fn rounds_grow_and_have_every_name_once() {
        let names: Vec<_> = (0..80u8).map(|name| vec![name]).collect();
        let sizes: Vec<_> = rounds(&names).map(<[_]>::len).collect();
        assert_eq!(sizes, [1, 8, 64, 7]);
        assert_eq!(rounds(&names).flatten().count(), names.len());
        assert_eq!(rounds(&[]).count(), 0);
    }
}
