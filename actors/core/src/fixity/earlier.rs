//! How the files of a collection were at a time: what is known now, page by page, with every later event taken back.
//!
//! Only the files that later events have changed are kept in memory. Events may still be added while pages are read: those
//! that follow a page have to be taken back before it is passed on, and then every page is as it was at the time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::Event;
use super::state::FileState;
use crate::result::walk_key;

/// How many files may have changed since the time.
pub const MOST_CHANGED: usize = 200_000;

/// More than [`MOST_CHANGED`] files have changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_CHANGED} files have changed since then: choose a later time")]
pub struct TooManyChanges;

/// The files at a time.
#[derive(Debug)]
pub struct Earlier {
    at: Timestamp,
    /// How the files that have changed since were: by the keys of their paths.
    changed: BTreeMap<Vec<u8>, Option<FileState>>,
    /// The key of the last path that was passed on.
    passed: Option<Vec<u8>>,
}

impl Earlier {
    /// The files at this time.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self { at, changed: BTreeMap::new(), passed: None }
    }

    /// Takes an event back. Events are given in their order: all that follow the first one after the time, whatever a clock
    /// that was put back says of theirs.
    ///
    /// # Errors
    /// [`TooManyChanges`].
    pub fn take_back(&mut self, event: &Event) -> Result<(), TooManyChanges> {
        let before = event.before.as_ref().map(|state| (&state.path, Some(state)));
        let after = event.after.as_ref().map(|state| (&state.path, None));
        // The first event at a path after the time tells how it was then.
        for (path, state) in before.into_iter().chain(after) {
            let key = walk_key(path);
            let is_passed = self.passed.as_ref().is_some_and(|passed| key <= *passed);
            if is_passed || self.changed.contains_key(&key) {
                continue;
            }
            if self.changed.len() == MOST_CHANGED {
                return Err(TooManyChanges);
            }
            self.changed.insert(key, state.cloned());
        }
        Ok(())
    }

    /// The next page of files in walk order, as they were. `page` is what is known now; `is_last` if nothing follows it.
    pub fn page(&mut self, page: Vec<FileState>, is_last: bool) -> Vec<FileState> {
        let mut then = Vec::with_capacity(page.len());
        for now in page {
            let key = walk_key(&now.path);
            self.pass_until(&key, &mut then);
            match self.changed.remove(&key) {
                Some(changed) => then.extend(changed),
                None => then.push(now),
            }
            self.passed = Some(key);
        }
        if is_last {
            then.extend(std::mem::take(&mut self.changed).into_values().flatten());
        }
        // A file of the first reading has no event of its own.
        then.retain(|state| state.first_seen <= self.at);
        then
    }

    /// Passes on what was there before this path and is not any more.
    fn pass_until(&mut self, key: &Vec<u8>, then: &mut Vec<FileState>) {
        while let Some(first) = self.changed.first_entry().filter(|first| first.key() < key) {
            then.extend(first.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::event::{Cause, EventKind, apply, revert};
    use super::super::state::{Condition, Content};
    use super::*;
    use crate::result::{FileMeta, Stability};

    const NAMES: [&str; 6] = ["a", "a/b", "a/c", "a.d", "b", "c"];

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn state(path: &str, digest: u8, first_seen: i64) -> FileState {
        let meta = FileMeta { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, device: 0 };
        FileState {
            path: path.as_bytes().to_vec(),
            condition: Condition::Ok,
            expected: Some(Content { meta, stability: Stability::Stable, digests: vec![digest] }),
            found: None,
            first_seen: second(first_seen),
            content_since: second(first_seen),
            verified_at: None,
            acknowledged: None,
        }
    }

    /// Writes to a file, forgets it, or moves it to another name, as far as that is possible.
    fn step(states: &BTreeMap<Vec<u8>, FileState>, (from, to, digest): (usize, usize, u8), at: i64) -> Option<Event> {
        let (from, to) = (NAMES[from], NAMES[to]);
        let before = states.get(from.as_bytes()).cloned();
        let after = match (&before, digest) {
            (None, _) => Some(state(from, digest, at)),
            (Some(_), 0) => None,
            (Some(before), 1) if from != to => {
                if states.contains_key(to.as_bytes()) {
                    return None;
                }
                Some(FileState { path: to.as_bytes().to_vec(), ..before.clone() })
            }
            (Some(before), _) => Some(FileState { expected: state(from, digest, 0).expected, ..before.clone() }),
        };
        let path = after.as_ref().or(before.as_ref())?.path.clone();
        Some(Event { at: second(at), path, kind: EventKind::Modified, before, after, cause: Cause::default() })
    }

    proptest! {
        #[test]
        fn every_page_is_as_it_was_also_while_events_are_added(
            acts in prop::collection::vec((0..NAMES.len(), 0..NAMES.len(), 0_u8..5), 0..40),
            cut in 0_usize..40,
            pages in prop::collection::vec((1_usize..4, 0_usize..4), 1..20),
        ) {
            let mut states = BTreeMap::new();
            let mut events = Vec::new();
            for (second, act) in acts.into_iter().enumerate() {
                if let Some(event) = step(&states, act, second as i64) {
                    apply(&mut states, &event);
                    events.push(event);
                }
            }
            let cut = cut.min(events.len());
            let at = cut.checked_sub(1).map_or(second(-1), |last| events[last].at);
            let mut expected = states.clone();
            events[cut..].iter().rev().for_each(|event| revert(&mut expected, event));
            expected.retain(|_, state| state.first_seen <= at);

            // Some events are added while pages are read.
            let mut now = states.clone();
            let mut known = events.len();
            for (_, late) in pages.iter().filter(|(_, late)| *late > 0) {
                for _ in 0..*late {
                    if known > cut {
                        known -= 1;
                        revert(&mut now, &events[known]);
                    }
                }
            }
            let mut earlier = Earlier::new(at);
            let mut taken = cut;
            let (mut then, mut after) = (Vec::new(), None::<Vec<u8>>);
            for turn in 0.. {
                let (limit, late) = pages.get(turn).copied().unwrap_or((3, 0));
                for _ in 0..late {
                    if known < events.len() {
                        apply(&mut now, &events[known]);
                        known += 1;
                    }
                }
                let mut sorted: Vec<_> = now.values().cloned().collect();
                sorted.sort_by_key(|state| walk_key(&state.path));
                sorted.retain(|state| after.as_ref().is_none_or(|after| walk_key(&state.path) > *after));
                let is_last = sorted.len() <= limit;
                sorted.truncate(limit);
                after = sorted.last().map(|last| walk_key(&last.path)).or(after);
                for event in &events[taken..known] {
                    earlier.take_back(event).unwrap();
                }
                taken = known;
                then.extend(earlier.page(sorted, is_last));
                if is_last {
                    break;
                }
            }
            let mut expected: Vec<_> = expected.into_values().collect();
            expected.sort_by_key(|state| walk_key(&state.path));
            prop_assert_eq!(then, expected);
        }
    }

    #[test]
    fn more_changes_than_the_bound_are_refused() {
        let mut earlier = Earlier::new(second(0));
        let change = |number: usize| {
            let after = Some(state(&number.to_string(), 1, 1));
            let path = number.to_string().into_bytes();
            Event { at: second(1), path, kind: EventKind::New, before: None, after, cause: Cause::default() }
        };
        for number in 0..MOST_CHANGED {
            earlier.take_back(&change(number)).unwrap();
        }
        assert_eq!(earlier.take_back(&change(0)), Ok(()), "no other file");
        assert_eq!(earlier.take_back(&change(MOST_CHANGED)), Err(TooManyChanges));
    }
}
