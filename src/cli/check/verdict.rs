//! The verdict on one entry of a manifest, and how often each was given.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::manifest::Claimed;
use hivesum_core::result::ReadFrom;

/// The result of checking one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file has the digests of the entry.
    Ok,
    /// The file has another digest.
    Failed,
    /// There is no such file; the reason in the words of the system.
    Missing(String),
    /// The file could not be read; the reason.
    Unreadable(String),
    /// The file is missing, and missing files are ignored.
    Ignored,
}

/// The verdict on an entry, and the algorithms that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) compared: Compared,
    /// The digests of the entry that its file does not have.
    pub(super) mismatches: Vec<Mismatch>,
    /// Whether it counts: a file that cannot be read counts only once, however many entries name it.
    pub(super) counts: bool,
    /// Where the bytes of the file came from, if that is asked for.
    pub(super) read_from: Option<ReadFrom>,
}

/// A digest of an entry that its file does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// The digest of the entry.
    pub(super) expected: Claimed,
    /// What the file has instead, in each algorithm that the expected digest may be of.
    pub(super) computed: Vec<Digest>,
}

/// The algorithms of the digests of one entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// How many digests the entry has.
    pub(super) digests: usize,
    /// Those whose digests match.
    pub(super) matching: Option<Algorithms>,
    /// Those whose digests do not match. If the file was not read, those that the digests may be of.
    pub(super) others: Option<Algorithms>,
}

impl Compared {
    /// All of them, those that match first.
    pub(super) fn all(&self) -> impl Iterator<Item = Algorithm> {
        self.matching.into_iter().chain(self.others).flat_map(|set| set.as_slice().to_vec())
    }

    /// Whether it is worth saying which algorithm failed: the entry has several digests, or one of several algorithms.
    pub(super) fn has_several(&self) -> bool {
        self.digests > 1 || self.others.is_some_and(|others| others.len() > 1)
    }
}

/// Whether the exit status is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndedWell {
    /// Everything was verified.
    Yes,
    /// Something differs, or was not looked at.
    No,
}

/// How missing files are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Like files that cannot be read.
    Reported,
    /// They are not reported, and do not count as unreadable.
    Ignored,
}

/// How many entries of a manifest got each verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) well_formed: u64,
    pub(super) matched: u64,
    pub(super) mismatched: u64,
    /// Files, each counted once. The missing ones are among them.
    pub(super) unreadable: u64,
}

impl Counts {
    /// Adds those of another manifest.
    pub(super) const fn add(&mut self, other: &Self) {
        self.well_formed += other.well_formed;
        self.matched += other.matched;
        self.mismatched += other.mismatched;
        self.unreadable += other.unreadable;
    }

    /// `3 OK, 1 FAILED, 1 could not be read`, without what did not occur.
    pub(super) fn in_short(&self) -> String {
        let others = [(self.mismatched, "FAILED"), (self.unreadable, "could not be read")];
        let others = others.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
        format!("{} OK{}", self.matched, others.collect::<String>())
    }

    /// Whether something was verified and nothing differed or was unreadable.
    pub(super) const fn all_verified(&self) -> bool {
        self.well_formed > 0 && self.matched > 0 && self.mismatched == 0 && self.unreadable == 0
    }
}

/// How many names are remembered, 8 bytes each.
const KEPT_NAMES: usize = 1 << 20;

/// Counts each name once, however many lines have it. Names after the first 1,048,576 are counted for each line.
#[derive(Debug)]
pub(super) struct NamesSeen {
    state: RandomState,
    seen: HashSet<u64>,
    capacity: usize,
}

impl NamesSeen {
    pub(super) fn new() -> Self {
        Self::with_capacity(KEPT_NAMES)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { state: RandomState::new(), seen: HashSet::new(), capacity }
    }

    /// Whether the name was not seen before.
    pub(super) fn is_new(&mut self, name: &[u8]) -> bool {
        let hash = self.state.hash_one(name);
        match self.seen.len() < self.capacity {
            true => self.seen.insert(hash),
            false => !self.seen.contains(&hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_new_once_and_the_memory_for_names_is_bounded() {
        let mut names = NamesSeen::with_capacity(2);
        assert_eq!([b"a", b"b", b"a"].map(|name| names.is_new(name)), [true, true, false]);
        assert_eq!([b"c", b"c", b"a"].map(|name| names.is_new(name)), [true, true, false], "c is not remembered");
        assert_eq!(names.seen.len(), 2);
    }
}
