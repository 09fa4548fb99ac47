//! Compares two sets of facts about one tree, at two times.
//!
//! Both are in walk order, so each is read only once. Differences are kept in memory, up to a limit; unchanged files
//! are only counted.

use std::cmp::Ordering;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::agreement::{Untagged, agree};
use super::change::{Change, Counts};
use super::moves::{Side, pair_moves};
use crate::Item;
use crate::manifest::{Candidates, Claimed};
use crate::result::{
    ErrorCode, Evidence, FileTime, Known, Status, Verdict, is_below, serialize_name, serialize_time, split_digests,
    walk_order,
};

/// How many differences one comparison keeps.
const MAX_DIFFERENCES: usize = 1_000_000;

/// What is known of one file at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// The exact bytes of its path.
    pub path: Vec<u8>,
    /// What was recorded besides its digests.
    pub known: Known,
    /// Its digests; none if it could not be read.
    pub digests: Vec<Claimed>,
}

impl Fact {
    /// The facts in a result. `None` for an entry that is not a file or does not exist.
    #[must_use]
    pub fn of_item(item: Item) -> Option<Self> {
        if matches!(item.status, Status::Skipped(_) | Status::Error { code: ErrorCode::NotFound, .. }) {
            return None;
        }
        let digests = split_digests(&item.digests, &item.algorithms).map(Claimed::of).collect();
        Some(Self { path: item.path, known: Known::of_result(&item.meta, item.status), digests })
    }
}

/// What was known of a file at one of the two times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// What was recorded besides its digests.
    pub known: Known,
    /// Its digests.
    pub digests: Vec<Claimed>,
}

/// One file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How it changed.
    pub change: Change,
    /// Its path; of a moved file, the new one.
    pub path: Vec<u8>,
    /// Its old path, if it moved.
    pub moved_from: Option<Vec<u8>>,
    /// The evidence, if the digest changed.
    pub evidence: Option<Evidence>,
    /// What was known of it at the first time.
    pub old: Option<Glimpse>,
    /// What was known of it at the second time.
    pub new: Option<Glimpse>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// How many files changed in which way.
    pub counts: Counts,
    /// The files that changed, in walk order.
    pub items: Vec<Difference>,
}

/// Why two sets of facts cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError<E> {
    /// A source of facts failed.
    #[error(transparent)]
    Source(E),
    /// They have no algorithm in common.
    #[error("there is no algorithm that both have digests of")]
    NothingInCommon,
    /// Digests that do not name their algorithm were compared, and none is equal.
    #[error("the digests do not name their algorithm, and none of them agree: they may be of different algorithms")]
    Undecided,
    /// More files changed than a comparison keeps.
    #[error("more than {MAX_DIFFERENCES} files differ")]
    TooMany,
}

/// Compares old facts with new ones; both must be in walk order. Facts out of this order are ignored if they have no
/// digest: an audit appends the files that it missed after its walk.
///
/// # Errors
/// See [`ComparisonError`].
pub fn compare<E>(
    old: impl IntoIterator<Item = Result<Fact, E>>,
    new: impl IntoIterator<Item = Result<Fact, E>>,
) -> Result<Comparison, ComparisonError<E>> {
    let (mut old, mut new) = (Ordered::new(old.into_iter()), Ordered::new(new.into_iter()));
    let mut merge = Merge::default();
    let (mut then, mut now) = (old.next()?, new.next()?);
    loop {
        let order = match (&then, &now) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(then), Some(now)) => walk_order(&then.path, &now.path),
        };
        match order {
            Ordering::Less => merge.removed(std::mem::replace(&mut then, old.next()?))?,
            Ordering::Greater => merge.added(std::mem::replace(&mut now, new.next()?))?,
            Ordering::Equal => {
                let pair = std::mem::replace(&mut then, old.next()?).zip(std::mem::replace(&mut now, new.next()?));
                merge.both(pair)?;
            }
        }
    }
    merge.finish()
}

/// The facts of a source that are in walk order.
struct Ordered<I> {
    facts: I,
    last: Vec<u8>,
}

impl<E, I: Iterator<Item = Result<Fact, E>>> Ordered<I> {
    fn new(facts: I) -> Self {
        Self { facts, last: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<Fact>, ComparisonError<E>> {
        loop {
            let Some(fact) = self.facts.next() else { return Ok(None) };
            let fact = fact.map_err(ComparisonError::Source)?;
            let in_order = walk_order(&self.last, &fact.path).is_lt() || self.last.is_empty();
            if in_order {
                self.last.clone_from(&fact.path);
                return Ok(Some(fact));
            }
            debug_assert!(fact.digests.is_empty(), "a file with digests out of the order of the walk");
        }
    }
}

#[derive(Default)]
struct Merge {
    candidates: Candidates,
    counts: Counts,
    untagged: Untagged,
    items: Vec<Difference>,
    /// The last new path that could not be read. If it is a directory, the files below it may still exist.
    unreadable: Option<Vec<u8>>,
}

impl Merge {
    fn removed<E>(&mut self, fact: Option<Fact>) -> Result<(), ComparisonError<E>> {
        let Some(fact) = fact else { return Ok(()) };
        let hidden = self.unreadable.as_ref().is_some_and(|directory| is_below(&fact.path, directory));
        if fact.digests.is_empty() {
            return Ok(());
        }
        let change = if hidden { Change::Unreadable } else { Change::Removed };
        self.push(Difference { old: Some(glimpse(&fact)), ..difference(change, fact.path) })
    }

    fn added<E>(&mut self, fact: Option<Fact>) -> Result<(), ComparisonError<E>> {
        let Some(fact) = fact else { return Ok(()) };
        if fact.digests.is_empty() {
            self.unreadable = Some(fact.path.clone());
            return self.push(difference(Change::Unreadable, fact.path));
        }
        self.push(Difference { new: Some(glimpse(&fact)), ..difference(Change::Added, fact.path) })
    }

    fn both<E>(&mut self, facts: Option<(Fact, Fact)>) -> Result<(), ComparisonError<E>> {
        let Some((then, now)) = facts else { return Ok(()) };
        if now.digests.is_empty() {
            self.unreadable = Some(now.path.clone());
        }
        let (old, new) = (Some(glimpse(&then)), Some(glimpse(&now)));
        if then.digests.is_empty() || now.digests.is_empty() {
            return self.push(Difference { old, new, ..difference(Change::Unreadable, now.path) });
        }
        self.untagged.add(&then.digests, &now.digests, &self.candidates);
        match agree(&then.digests, &now.digests, &self.candidates) {
            None => Err(ComparisonError::NothingInCommon),
            Some(true) => {
                self.counts.unchanged += 1;
                Ok(())
            }
            Some(false) => {
                let evidence = Evidence::between(&then.known, &now.known);
                let change = match evidence.verdict() {
                    Verdict::SuspectedRot => Change::SuspectedRot,
                    _ => Change::Modified,
                };
                self.push(Difference { old, new, evidence: Some(evidence), ..difference(change, now.path) })
            }
        }
    }

    fn push<E>(&mut self, difference: Difference) -> Result<(), ComparisonError<E>> {
        if self.items.len() >= MAX_DIFFERENCES {
            return Err(ComparisonError::TooMany);
        }
        self.items.push(difference);
        Ok(())
    }

    fn finish<E>(mut self) -> Result<Comparison, ComparisonError<E>> {
        self.join_moves();
        if self.untagged.is_undecided() {
            return Err(ComparisonError::Undecided);
        }
        for item in &self.items {
            *self.counts.of(item.change) += 1;
        }
        Ok(Comparison { counts: self.counts, items: self.items })
    }

    /// Joins removed and added files with the same content into moved files, with the new path.
    fn join_moves(&mut self) {
        let items = &self.items;
        let indices = |change| (0..items.len()).filter(|&index| items[index].change == change).collect::<Vec<_>>();
        let (removed, added) = (indices(Change::Removed), indices(Change::Added));
        let candidate = |&index: &usize| {
            let item = &items[index];
            let seen = item.old.as_ref().or(item.new.as_ref());
            let (size, digests) = seen.map_or((None, &[][..]), |seen| (seen.known.size, &seen.digests[..]));
            Side { path: &item.path, size, digests }
        };
        let missing: Vec<_> = removed.iter().map(candidate).collect();
        let new: Vec<_> = added.iter().map(candidate).collect();
        let mut joined = vec![false; self.items.len()];
        for (missing_at, new_at) in pair_moves(&missing, &new, &self.candidates) {
            let (from, to) = (removed[missing_at], added[new_at]);
            joined[from] = true;
            let (path, old) = (self.items[from].path.clone(), self.items[from].old.take());
            let item = &mut self.items[to];
            if let (Some(old), Some(new)) = (&old, &item.new) {
                self.untagged.add(&old.digests, &new.digests, &self.candidates);
            }
            (item.change, item.moved_from, item.old) = (Change::Moved, Some(path), old);
        }
        let mut joined = joined.into_iter();
        self.items.retain(|_| !joined.next().unwrap_or(false));
    }
}

fn difference(change: Change, path: Vec<u8>) -> Difference {
    Difference { change, path, moved_from: None, evidence: None, old: None, new: None }
}

fn glimpse(fact: &Fact) -> Glimpse {
    Glimpse { known: fact.known, digests: fact.digests.clone() }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &self.path)?;
        map.serialize_entry("verdict", &self.change)?;
        if let Some(from) = &self.moved_from {
            serialize_name(&mut map, "moved_from", "moved_from_b64", from)?;
        }
        if let Some(evidence) = &self.evidence {
            map.serialize_entry("evidence", evidence)?;
        }
        map.serialize_entry("old", &self.old)?;
        map.serialize_entry("new", &self.new)?;
        map.end()
    }
}

impl Serialize for Glimpse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = |ns: Option<i128>| ns.and_then(FileTime::from_ns);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("size", &self.known.size)?;
        serialize_time(&mut map, "modified_at", "modified_at_ns", time(self.known.mtime_ns))?;
        serialize_time(&mut map, "changed_at", "changed_at_ns", time(self.known.ctime_ns))?;
        map.serialize_entry("inode", &self.known.inode)?;
        map.serialize_entry("digests", &crate::manifest::NamedDigests(&self.digests))?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
