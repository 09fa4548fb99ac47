//! A plan: some hundred entries that a walk met, in order, with the open directories they lie in.
//!
//! Plans are made by the walker, read by the hashers and kept by the driver until their results have
//! left; nobody changes one. Names lie end to end in one arena.

use std::sync::Arc;

use super::openings::Share;
use super::rows::Status;
use crate::source::Dir;

/// Entries of one plan: at least a millisecond of work (a hop costs some 40 us), at most some two.
pub(crate) const PLAN_ENTRIES: usize = 256;

/// Directories that one plan may touch: each is an open descriptor.
pub(crate) const PLAN_GROUPS: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) groups: Vec<Group>,
    names: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    /// What the walk counts of this plan's directories.
    pub(crate) share: Option<Share>,
}

/// A directory, opened once for all its entries.
#[derive(Debug)]
pub(crate) struct Group {
    /// How it is shown.
    pub(crate) shown: Arc<[u8]>,
    pub(crate) dir: Dir,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) group: u32,
    name_at: u32,
    name_len: u32,
    pub(crate) fate: Fate,
}

/// What is to be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Hash,
    /// The walk itself knows what comes of it.
    Settled(Status),
}

impl Plan {
    pub(crate) fn add_group(&mut self, shown: Arc<[u8]>, dir: Dir) -> u32 {
        self.groups.push(Group { shown, dir });
        self.groups.len() as u32 - 1
    }

    pub(crate) fn push(&mut self, group: u32, name: &[u8], fate: Fate) {
        let name_at = self.names.len() as u32;
        self.names.extend_from_slice(name);
        self.entries.push(Entry { group, name_at, name_len: name.len() as u32, fate });
    }

    pub(crate) fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.name_at as usize..][..entry.name_len as usize]
    }

    /// All names, end to end.
    pub(crate) fn names(&self) -> &[u8] {
        &self.names
    }

    /// Where a name stands among [`names`](Self::names), and its length.
    pub(crate) fn name_span(&self, entry: &Entry) -> (u32, u32) {
        (entry.name_at, entry.name_len)
    }

    pub(crate) fn group(&self, entry: &Entry) -> &Group {
        &self.groups[entry.group as usize]
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= PLAN_ENTRIES || self.groups.len() >= PLAN_GROUPS
    }
}
