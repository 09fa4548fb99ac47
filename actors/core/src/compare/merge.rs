//! Compares two sets of facts about one tree, at two times.
//!
//! Both are in walk order, so each is read only once. Differences are kept in memory, up to a limit; unchanged files
//! are only counted. Copies of them are therefore found in a second reading, [`Comparison::find_copies`], whose memory
//! grows with the differences alone.

use std::cmp::Ordering;

use super::agreement::{Untagged, agree, entries};
use super::change::{Change, Counts};
use super::copies::Copies;
use super::difference::{Comparison, Difference, Fact, Glimpse};
use super::moves::{Side, pair_contents, pair_moves};
use crate::manifest::Candidates;
use crate::result::{Evidence, Verdict, is_below, walk_order};

/// How many differences one comparison keeps.
const MAX_DIFFERENCES: usize = 1_000_000;

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
/// digest: an audit appends the files that it missed after its walk. Copies of unchanged files are told by
/// [`Comparison::find_copies`].
///
/// # Errors
/// See [`ComparisonError`].
pub fn compare<E>(
    old: impl IntoIterator<Item = Result<Fact, E>>,
    new: impl IntoIterator<Item = Result<Fact, E>>,
) -> Result<Comparison, ComparisonError<E>> {
    let (mut old, mut new) = (Ordered::new(old.into_iter()), Ordered::new(new.into_iter()));
    let mut merge = Merge::default();
    let mut next_old = || old.next().map_err(ComparisonError::Source);
    let mut next_new = || new.next().map_err(ComparisonError::Source);
    let (mut then, mut now) = (next_old()?, next_new()?);
    loop {
        let order = match (&then, &now) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(then), Some(now)) => walk_order(&then.path, &now.path),
        };
        match order {
            Ordering::Less => merge.removed(std::mem::replace(&mut then, next_old()?))?,
            Ordering::Greater => merge.added(std::mem::replace(&mut now, next_new()?))?,
            Ordering::Equal => {
                let pair = std::mem::replace(&mut then, next_old()?).zip(std::mem::replace(&mut now, next_new()?));
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

    fn next(&mut self) -> Result<Option<Fact>, E> {
        loop {
            let Some(fact) = self.facts.next().transpose()? else { return Ok(None) };
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
    /// The last old path that could not be read. If it is a directory, the files below it may have existed.
    was_unreadable: Option<Vec<u8>>,
}

impl Merge {
    fn removed<E>(&mut self, fact: Option<Fact>) -> Result<(), ComparisonError<E>> {
        let Some(fact) = fact else { return Ok(()) };
        let hidden = self.unreadable.as_ref().is_some_and(|directory| is_below(&fact.path, directory));
        if fact.digests.is_empty() {
            self.was_unreadable = Some(fact.path);
            return Ok(());
        }
        let change = if hidden { Change::Unreadable } else { Change::Removed };
        self.push(Difference { old: Some(Glimpse::of(&fact)), ..Difference::new(change, fact.path) })
    }

    fn added<E>(&mut self, fact: Option<Fact>) -> Result<(), ComparisonError<E>> {
        let Some(fact) = fact else { return Ok(()) };
        if fact.digests.is_empty() {
            self.unreadable = Some(fact.path.clone());
            return self.push(Difference::new(Change::Unreadable, fact.path));
        }
        let hidden = self.was_unreadable.as_ref().is_some_and(|directory| is_below(&fact.path, directory));
        let change = if hidden { Change::Unreadable } else { Change::Added };
        self.push(Difference { new: Some(Glimpse::of(&fact)), ..Difference::new(change, fact.path) })
    }

    fn both<E>(&mut self, facts: Option<(Fact, Fact)>) -> Result<(), ComparisonError<E>> {
        let Some((then, now)) = facts else { return Ok(()) };
        if now.digests.is_empty() {
            self.unreadable = Some(now.path.clone());
        }
        if then.digests.is_empty() {
            self.was_unreadable = Some(then.path.clone());
        }
        let (old, new) = (Some(Glimpse::of(&then)), Some(Glimpse::of(&now)));
        if then.digests.is_empty() || now.digests.is_empty() {
            return self.push(Difference { old, new, ..Difference::new(Change::Unreadable, now.path) });
        }
        self.untagged.add(&then.digests, &now.digests, &self.candidates);
        match agree(&then.digests, &now.digests, &self.candidates) {
            None => Err(ComparisonError::NothingInCommon),
            Some(true) => {
                self.counts.unchanged += 1;
                Ok(())
            }
            Some(false) => {
                let digests = entries(&then.digests, &now.digests);
                let evidence = Evidence { digests, ..Evidence::between(&then.known, &now.known) };
                let change = match evidence.verdict() {
                    Verdict::SuspectedRot => Change::SuspectedRot,
                    _ => Change::Modified,
                };
                self.push(Difference { old, new, evidence: Some(evidence), ..Difference::new(change, now.path) })
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
        self.trace_changed();
        if self.untagged.is_undecided() {
            return Err(ComparisonError::Undecided);
        }
        for item in &self.items {
            *self.counts.of(item.change) += 1;
        }
        Ok(Comparison { counts: self.counts, items: self.items, untraced: 0 })
    }

    /// Joins removed and added files with the same content into moved files, with the new path.
    fn join_moves(&mut self) {
        let (removed, added) = (self.of(&[Change::Removed]), self.of(&[Change::Added]));
        let missing: Vec<_> = removed.iter().filter_map(|&at| then(&self.items[at])).collect();
        let new: Vec<_> = added.iter().filter_map(|&at| now(&self.items[at])).collect();
        let mut joined = vec![false; self.items.len()];
        for (missing_at, new_at) in pair_moves(&missing, &new, &self.candidates) {
            let (from, to) = (removed[missing_at], added[new_at]);
            joined[from] = true;
            let (path, old) = (self.items[from].path.clone(), self.items[from].old.take());
            let item = &mut self.items[to];
            if let (Some(old), Some(new)) = (&old, &item.new) {
                self.untagged.add(&old.digests, &new.digests, &self.candidates);
            }
            (item.change, item.content_from, item.old) = (Change::Moved, Some(path), old);
        }
        let mut joined = joined.into_iter();
        self.items.retain(|_| !joined.next().unwrap_or(false));
    }

    /// Tells which changed files have the content of another one that was changed, removed or moved.
    fn trace_changed(&mut self) {
        let changed = self.of(&[Change::Modified, Change::SuspectedRot]);
        if changed.is_empty() {
            return;
        }
        let mut sources = self.of(&[Change::Modified, Change::SuspectedRot, Change::Removed]);
        let left = sources.len();
        sources.extend(self.of(&[Change::Moved]));
        let of_old: Vec<_> = sources.iter().filter_map(|&at| then(&self.items[at])).collect();
        let of_new: Vec<_> = changed.iter().filter_map(|&at| now(&self.items[at])).collect();
        let pairs = pair_contents((&of_old, left), &of_new, &self.candidates);
        let found: Vec<_> = pairs.into_iter().map(|(from, to)| (of_old[from].path.to_vec(), from, to)).collect();
        for (path, from, to) in found {
            if let (Some(old), Some(new)) = (&self.items[sources[from]].old, &self.items[changed[to]].new) {
                self.untagged.add(&old.digests, &new.digests, &self.candidates);
            }
            self.items[changed[to]].content_from = Some(path);
        }
    }

    /// The indices of the items with one of these changes.
    fn of(&self, changes: &[Change]) -> Vec<usize> {
        (0..self.items.len()).filter(|&index| changes.contains(&self.items[index].change)).collect()
    }
}

/// A file as it was at the first time, under the path that it had.
fn then(item: &Difference) -> Option<Side<'_>> {
    let path = item.content_from.as_ref().filter(|_| item.change == Change::Moved).unwrap_or(&item.path);
    item.old.as_ref().map(|seen| Side { path, size: seen.known.size, digests: &seen.digests })
}

/// A file as it is at the second time.
fn now(item: &Difference) -> Option<Side<'_>> {
    item.new.as_ref().map(|seen| Side { path: &item.path, size: seen.known.size, digests: &seen.digests })
}

impl Comparison {
    /// Whether [`find_copies`](Self::find_copies) may find something.
    #[must_use]
    pub fn may_have_copies(&self) -> bool {
        self.items.iter().any(may_be_a_copy)
    }

    /// Tells which added files are copies of unchanged ones, and which changed files have their content from one: of
    /// several the first in byte order. `new` are the same new facts that were compared, once more.
    ///
    /// # Errors
    /// That of the source of facts.
    pub fn find_copies<E>(&mut self, new: impl IntoIterator<Item = Result<Fact, E>>) -> Result<(), E> {
        if !self.may_have_copies() {
            return Ok(());
        }
        let sought = self.items.iter().enumerate().filter(|(_, item)| may_be_a_copy(item));
        let mut copies = Copies::of(sought.filter_map(|(index, item)| Some((index, now(item)?))));
        let candidates = Candidates::default();
        let mut changed = self.items.iter().map(|item| &item.path).peekable();
        let mut new = Ordered::new(new.into_iter());
        while let Some(fact) = new.next()? {
            while changed.next_if(|path| walk_order(path, &fact.path).is_lt()).is_some() {}
            let is_unchanged = changed.peek().is_none_or(|path| **path != fact.path);
            if is_unchanged {
                let side = Side { path: &fact.path, size: fact.known.size, digests: &fact.digests };
                copies.see(&side, &candidates);
            }
        }
        let (untraced, found) = (copies.untraced(), copies.found());
        self.untraced = untraced;
        for (index, path) in found {
            self.items[index].content_from = Some(path);
        }
        Ok(())
    }
}

fn may_be_a_copy(item: &Difference) -> bool {
    match item.change {
        Change::Added | Change::Modified | Change::SuspectedRot => item.content_from.is_none(),
        Change::Removed | Change::Moved | Change::Unreadable => false,
    }
}

#[cfg(test)]
mod tests;
