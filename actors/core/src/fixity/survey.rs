//! A survey: what a walk of the tree has found beside what is known of its files, without reading any of them.
//!
//! Decides which files are read because they are new or because `stat` tells of a change, which are as they were, and
//! which are gone. What lies in a directory that could not be listed is neither: nothing was learned of it. Both sides
//! come in walk order, so they are merged as they come.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::due::Age;
use super::state::{FileState, needs_reading};
use crate::result::{directories_above, walk_order};
use crate::walk::Inventory;

/// What became of the files of a tree.
#[derive(Debug, Default)]
pub struct Survey {
    /// What the walk has found, in walk order. Files are named by their indices in it.
    pub found: Inventory,
    /// The files that are new, were changed, or could not be compared the last time, in walk order.
    pub to_read: Vec<ToRead>,
    /// The files that are as they were, as far as `stat` tells, in walk order.
    pub unchanged: Vec<Age>,
    /// Known files that are not there, although their directories were listed, in walk order.
    pub absent: Vec<FileState>,
    /// How many known files were not reached.
    pub unreachable: u64,
    /// How many files were known.
    pub known: u64,
}

/// A file that has to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToRead {
    /// Its index in the inventory.
    pub index: usize,
    /// Whether something is known of it.
    pub is_known: bool,
}

/// Compares the files that a walk finds with those that are known.
#[derive(Debug)]
pub struct Surveyor<P> {
    /// Passes the next part of the walk, in walk order.
    next_part: P,
    unlisted: HashSet<Vec<u8>>,
    /// Output files of the run: nothing is said of them.
    left_out: HashSet<Vec<u8>>,
    next: usize,
    survey: Survey,
}

impl<P: FnMut() -> Option<Inventory>> Surveyor<P> {
    /// Begins with a walk, of which the next part is asked for when it is needed. `None` is its end.
    pub fn new(next_part: P) -> Self {
        let (unlisted, left_out) = Default::default();
        Self { next_part, unlisted, left_out, next: 0, survey: Survey::default() }
    }

    /// Takes the next known file. They come in walk order.
    pub fn known(&mut self, state: &FileState) {
        self.survey.known += 1;
        while self.is_found() {
            let found = &self.survey.found;
            let Some((path, meta)) = found.names.get(self.next).zip(found.files.get(self.next)) else { break };
            match walk_order(path, &state.path) {
                Ordering::Less => self.survey.to_read.push(ToRead { index: self.next, is_known: false }),
                Ordering::Greater => break,
                Ordering::Equal => {
                    let (index, bytes, verified_at) = (self.next, meta.size, state.verified_at);
                    match needs_reading(Some(state), meta) {
                        true => self.survey.to_read.push(ToRead { index, is_known: true }),
                        false => self.survey.unchanged.push(Age { index, bytes, verified_at }),
                    }
                    self.next += 1;
                    return;
                }
            }
            self.next += 1;
        }
        match self.was_reached(&state.path) {
            _ if self.left_out.contains(&*state.path) => {}
            true => self.survey.absent.push(state.clone()),
            false => self.survey.unreachable += 1,
        }
    }

    /// What became of the files, once all that are known have come.
    #[must_use]
    pub fn end(mut self) -> Survey {
        while self.is_found() {
            self.survey.to_read.push(ToRead { index: self.next, is_known: false });
            self.next += 1;
        }
        self.survey
    }

    /// Whether the walk has found a file of this index; asks it for what comes next if that is not known yet.
    fn is_found(&mut self) -> bool {
        while self.next >= self.survey.found.files.len() {
            let Some(part) = (self.next_part)() else { return false };
            // They come before what lies in them.
            self.unlisted.extend(part.unreadable.iter().map(<[u8]>::to_vec));
            self.left_out.extend(part.left_out.iter().map(<[u8]>::to_vec));
            self.survey.found.append(part);
        }
        true
    }

    /// Whether the directories on the way to a path were all listed. An empty path stands for the tree itself.
    fn was_reached(&self, path: &[u8]) -> bool {
        let mut ways = directories_above(path).chain([&b""[..], path]);
        !ways.any(|way| self.unlisted.contains(way))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{at, content};
    use super::super::{Condition, Content};
    use super::*;
    use crate::result::{FileMeta, NameList};

    fn known(path: &str, meta: FileMeta) -> FileState {
        FileState {
            path: path.into(),
            condition: Condition::Ok,
            expected: Some(Content { meta, ..content(1, 1) }),
            found: None,
            first_seen: at(1),
            content_since: at(1),
            verified_at: Some(at(2)),
            acknowledged: None,
        }
    }

    fn meta(inode: u64) -> FileMeta {
        FileMeta { inode, ..content(1, 1).meta }
    }

    fn found(files: &[(&str, u64)], unreadable: &[&str]) -> Inventory {
        Inventory {
            names: files.iter().map(|(path, _)| path).collect(),
            files: files.iter().map(|(_, inode)| meta(*inode)).collect(),
            unreadable: unreadable.iter().collect(),
            ..Inventory::default()
        }
    }

    /// The walk comes in parts of one file each.
    fn surveyed(found: &Inventory, known_files: &[(&str, u64)]) -> Survey {
        let only = |names: &NameList| Inventory { unreadable: names.clone(), ..Inventory::default() };
        let first = Inventory { left_out: found.left_out.clone(), ..only(&found.unreadable) };
        let part = |(name, meta): (&[u8], &FileMeta)| Inventory {
            names: [name].iter().collect(),
            files: vec![*meta],
            ..Inventory::default()
        };
        let mut parts = std::iter::once(first).chain(found.names.iter().zip(&found.files).map(part));
        let mut surveyor = Surveyor::new(|| parts.next());
        known_files.iter().for_each(|(path, inode)| surveyor.known(&known(path, meta(*inode))));
        surveyor.end()
    }

    #[test]
    fn files_are_new_changed_as_they_were_or_gone() {
        // In walk order a directory comes before a name that goes on with a byte below the slash.
        let found = found(&[("a/new", 1), ("a/same", 2), ("a-changed", 3), ("z", 9)], &[]);
        let survey = surveyed(&found, &[("a/gone", 7), ("a/same", 2), ("a-changed", 4), ("b", 8)]);
        let to_read: Vec<_> = survey.to_read.iter().map(|file| (file.index, file.is_known)).collect();
        assert_eq!(to_read, [(0, false), (2, true), (3, false)]);
        assert_eq!((survey.known, survey.found.files.len()), (4, 4));
        assert_eq!(survey.unchanged, [Age { index: 1, bytes: 4, verified_at: Some(at(2)) }]);
        let absent: Vec<_> = survey.absent.iter().map(|state| &*state.path).collect();
        assert_eq!(absent, [&b"a/gone"[..], b"b"]);
        assert_eq!(survey.unreachable, 0);
    }

    #[test]
    fn what_lies_in_a_directory_that_was_not_listed_is_not_gone() {
        let found = found(&[("c", 1)], &["a", "b/file"]);
        let survey = surveyed(&found, &[("a/d/x", 1), ("ab", 2), ("b/file", 3), ("b/other", 4), ("c", 1)]);
        let absent: Vec<_> = survey.absent.iter().map(|state| &*state.path).collect();
        assert_eq!((absent, survey.unreachable), (vec![&b"ab"[..], b"b/other"], 2));
        let own = Inventory { left_out: ["log"].iter().collect(), ..Inventory::default() };
        let survey = surveyed(&own, &[("log", 1)]);
        assert_eq!((survey.absent.len(), survey.unreachable), (0, 0), "the run writes to it");
        let whole = Inventory { unreadable: [""].iter().collect(), ..Inventory::default() };
        assert_eq!(surveyed(&whole, &[("a", 1), ("b/c", 2)]).unreachable, 2);
    }
}
