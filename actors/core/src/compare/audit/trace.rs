//! Tells where the contents of files were recorded, once an audit has seen all of them: moved files, copies, and contents
//! that changed places.
//!
//! Kept are only new and changed files whose content is that of some entry, at most [`SPARE_FILES`] more than there are
//! entries. Files beyond that are counted and keep their verdicts.

use std::collections::HashSet;

use crate::compare::baseline::Baseline;
use crate::compare::copies::Copies;
use crate::compare::moves::{Side, fingerprint, pair_contents, pair_moves};
use crate::manifest::{Candidates, Claimed};
use crate::result::{ItemRef, Verdict, split_digests};

/// How many more files are kept than there are entries. A moved or changed file needs an entry, so only copies can be
/// that many. It is the number of differences that a comparison keeps.
const SPARE_FILES: usize = 1_000_000;

/// A file with a content that was recorded under another path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Index of its result among those judged, from 0.
    pub row: u64,
    /// Its path.
    pub path: Vec<u8>,
    /// The path that its content was recorded at.
    pub from: Vec<u8>,
    /// Its verdict: `Moved` if it is a missing file under a new name, `New` if it is a copy of a file that matches,
    /// else the one that it has already, because its content differs.
    pub verdict: Verdict,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was not seen, or could not be read.
    Unknown,
    Matched,
    Changed,
    Missing,
}

/// A file whose content is that of some entry.
#[derive(Debug)]
struct Kept {
    row: u64,
    path: Vec<u8>,
    size: u64,
    digests: Vec<Claimed>,
    verdict: Verdict,
}

/// The files that may be traced.
#[derive(Debug)]
pub(super) struct Tracer {
    /// The first bytes of every digest in the baseline.
    contents: HashSet<u64>,
    kept: Vec<Kept>,
    limit: usize,
    untraced: u64,
}

/// Where the contents of the kept files were recorded.
pub(super) struct Traces {
    /// In the order of the results.
    pub(super) all: Vec<Traced>,
    /// The entries whose files moved.
    pub(super) moved: HashSet<usize>,
    /// Files of which it is not known whether they are moved ones or copies.
    pub(super) untraced: u64,
}

impl Tracer {
    pub(super) fn new(baseline: &Baseline) -> Self {
        let contents = baseline.claims().iter().map(fingerprint).collect();
        let limit = baseline.len().saturating_add(SPARE_FILES);
        Self { contents, kept: Vec::new(), limit, untraced: 0 }
    }

    /// Keeps a new or changed file if its content is that of some entry.
    pub(super) fn keep(&mut self, row: u64, item: &ItemRef<'_>, verdict: Verdict) {
        let digests: Vec<_> = split_digests(item.digests, item.algorithms).map(Claimed::of).collect();
        if !digests.iter().any(|digest| self.contents.contains(&fingerprint(digest))) {
            return;
        }
        if self.kept.len() >= self.limit {
            self.untraced += 1;
            return;
        }
        self.kept.push(Kept { row, path: item.path.to_vec(), size: item.meta.size, digests, verdict });
    }

    #[cfg(test)]
    pub(super) fn limit_to(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Traces all files. `fates` has that of each entry.
    pub(super) fn trace(mut self, entries: &Entries<'_>) -> Traces {
        let mut from: Vec<Option<Vec<u8>>> = vec![None; self.kept.len()];
        let moved = self.trace_moves(entries, &mut from);
        self.trace_changed(entries, &moved, &mut from);
        self.trace_copies(entries, &mut from);
        let traced = self.kept.into_iter().zip(from).filter_map(|(file, from)| {
            let Kept { row, path, verdict, .. } = file;
            Some(Traced { row, path, from: from?, verdict })
        });
        Traces { all: traced.collect(), moved, untraced: self.untraced }
    }

    /// New files with the content of a missing one.
    fn trace_moves(&mut self, entries: &Entries<'_>, from: &mut [Option<Vec<u8>>]) -> HashSet<usize> {
        let (missing, new) = (entries.of(Fate::Missing), self.of(|verdict| verdict == Verdict::New));
        let pairs = pair_moves(&entries.sides(&missing), &self.sides(&new), entries.candidates);
        let mut moved = HashSet::new();
        for (missing_at, new_at) in pairs {
            moved.insert(missing[missing_at]);
            from[new[new_at]] = entries.path(missing[missing_at]);
            self.kept[new[new_at]].verdict = Verdict::Moved;
        }
        moved
    }

    /// Changed files with the content of another one that does not have it any more.
    fn trace_changed(&self, entries: &Entries<'_>, moved: &HashSet<usize>, from: &mut [Option<Vec<u8>>]) {
        let changed = self.of(|verdict| verdict != Verdict::New && verdict != Verdict::Moved);
        if changed.is_empty() {
            return;
        }
        let mut sources = [entries.of(Fate::Changed), entries.of(Fate::Missing)].concat();
        sources.retain(|index| !moved.contains(index));
        let left = sources.len();
        sources.extend(moved);
        for (source, at) in pair_contents((&entries.sides(&sources), left), &self.sides(&changed), entries.candidates) {
            from[changed[at]] = entries.path(sources[source]);
        }
    }

    /// What is left, with the content of a file that matches.
    fn trace_copies(&mut self, entries: &Entries<'_>, from: &mut [Option<Vec<u8>>]) {
        let rest = (0..self.kept.len()).filter(|&index| from[index].is_none());
        let mut copies = Copies::of(rest.map(|index| (index, self.kept[index].side())));
        if !copies.is_empty() {
            for side in entries.of(Fate::Matched).into_iter().filter_map(|index| entries.side(index)) {
                copies.see(&side, entries.candidates);
            }
        }
        let (untraced, found) = (copies.untraced(), copies.found());
        self.untraced += untraced;
        found.into_iter().for_each(|(index, path)| from[index] = Some(path));
    }

    fn of(&self, is_wanted: impl Fn(Verdict) -> bool) -> Vec<usize> {
        (0..self.kept.len()).filter(|&index| is_wanted(self.kept[index].verdict)).collect()
    }

    fn sides(&self, indices: &[usize]) -> Vec<Side<'_>> {
        indices.iter().map(|&index| self.kept[index].side()).collect()
    }
}

impl Kept {
    fn side(&self) -> Side<'_> {
        Side { path: &self.path, size: Some(self.size), digests: &self.digests }
    }
}

/// The entries of the baseline with what became of them.
pub(super) struct Entries<'a> {
    pub(super) baseline: &'a Baseline,
    pub(super) candidates: &'a Candidates,
    /// Of each entry, in walk order.
    pub(super) fates: &'a [Fate],
}

impl<'a> Entries<'a> {
    fn of(&self, fate: Fate) -> Vec<usize> {
        (0..self.fates.len()).filter(|&index| self.fates[index] == fate).collect()
    }

    fn side(&self, index: usize) -> Option<Side<'a>> {
        let entry = self.baseline.get(index)?;
        Some(Side { path: entry.name, size: entry.known.size, digests: entry.digests })
    }

    fn sides(&self, indices: &[usize]) -> Vec<Side<'a>> {
        indices.iter().filter_map(|&index| self.side(index)).collect()
    }

    fn path(&self, index: usize) -> Option<Vec<u8>> {
        self.baseline.get(index).map(|entry| entry.name.to_vec())
    }
}
