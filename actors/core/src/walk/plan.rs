//! A plan: some hundred entries that a walk met, in order, with the open directories they lie in.
//!
//! Plans are made by the walker, read by the hashers and kept by the driver until their results have
//! left; nobody changes one. Names lie end to end in one arena.

use std::sync::Arc;

use super::descriptors::Share;
use crate::digest::Algorithms;
use crate::file::Dir;
use crate::result::{ErrorCode, FileMeta, Origin, Row, Rows, Stability, Status, append_path};

/// Entries of one plan: at least a millisecond of work (a hop costs some 40 us), at most some two.
pub(crate) const PLAN_ENTRIES: usize = 256;

/// Directories that one plan may touch: each is an open descriptor.
pub(crate) const PLAN_GROUPS: usize = 32;

/// Some hundred entries of a walk, in order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The directories of the entries.
    pub groups: Vec<Group>,
    names: Vec<u8>,
    /// The entries, in walk order.
    pub entries: Vec<PlanEntry>,
    /// What the walk counts of this plan's directories.
    pub share: Option<Share>,
    /// What is known of the entries from before: empty, or one an entry.
    known: Vec<Option<Known>>,
    known_digests: Vec<u8>,
    /// The process died on this entry before: nothing else of the scan is under way with it.
    pub alone: bool,
}

/// What an earlier pass found of a file. It holds as long as the file is what it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) meta: FileMeta,
    pub(crate) stability: Stability,
    pub(crate) origin: Origin,
    digests_at: u32,
}

/// A directory, opened once for all its entries.
#[derive(Debug, Clone)]
pub struct Group {
    /// How it is shown.
    pub shown: Arc<[u8]>,
    pub(crate) dir: Dir,
}

/// One entry of a plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanEntry {
    /// Which of the plan's directories it is in.
    pub group: u32,
    name_at: u32,
    name_len: u32,
    /// What is to be done with it.
    pub fate: Fate,
    /// Of what is settled: whether the store has it already.
    pub origin: Origin,
}

/// What is to be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is to be hashed.
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
        let (name_len, origin) = (name.len() as u32, Origin::Read);
        self.entries.push(PlanEntry { group, name_at, name_len, fate, origin });
    }

    /// Notes what is known of an entry.
    pub fn note_known(
        &mut self,
        index: usize,
        (meta, stability): (FileMeta, Stability),
        origin: Origin,
        digests: &[u8],
    ) {
        if self.known.is_empty() {
            self.known.resize(self.entries.len(), None);
        }
        let digests_at = self.known_digests.len() as u32;
        self.known_digests.extend_from_slice(digests);
        self.known[index] = Some(Known { meta, stability, origin, digests_at });
    }

    /// What is known of an entry, with its digests.
    pub(crate) fn known(&self, index: usize, digest_bytes: usize) -> Option<(Known, &[u8])> {
        let known = (*self.known.get(index)?)?;
        Some((known, &self.known_digests[known.digests_at as usize..][..digest_bytes]))
    }

    /// The entry's whole path, as it is shown.
    pub fn path_into(&self, entry: &PlanEntry, path: &mut Vec<u8>) {
        append_path(path, &self.group(entry).shown, self.name(entry));
    }

    /// Some of its entries as a plan of their own.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let known = self.known.get(range.clone()).map(<[_]>::to_vec).unwrap_or_default();
        let mut slice = Self { known, known_digests: self.known_digests.clone(), ..Self::default() };
        // Only directories that it has entries of: results are numbered by them.
        let mut places = vec![None; self.groups.len()];
        for entry in &self.entries[range] {
            let place = *places[entry.group as usize].get_or_insert_with(|| {
                slice.groups.push(self.group(entry).clone());
                slice.groups.len() as u32 - 1
            });
            slice.push(place, self.name(entry), entry.fate);
            if let Some(last) = slice.entries.last_mut() {
                last.origin = entry.origin;
            }
        }
        slice
    }

    /// A batch with a row for every entry: settled ones as they are, the others as internal errors until the caller
    /// enters what came of them.
    pub(crate) fn unsettled_rows(&self, algorithms: Algorithms) -> Rows {
        let row = |entry: &PlanEntry| Row {
            directory: entry.group,
            name_at: entry.name_at,
            name_len: entry.name_len,
            digests_at: 0,
            meta: FileMeta::default(),
            status: match entry.fate {
                Fate::Settled(status) => status,
                Fate::Hash => Status::error(ErrorCode::Internal),
            },
            origin: entry.origin,
        };
        Rows {
            directories: self.groups.iter().map(|group| group.shown.clone()).collect(),
            names: self.names.clone(),
            rows: self.entries.iter().map(row).collect(),
            ..Rows::new(algorithms)
        }
    }

    pub(crate) fn name(&self, entry: &PlanEntry) -> &[u8] {
        &self.names[entry.name_at as usize..][..entry.name_len as usize]
    }

    /// All names, end to end.
    pub fn names(&self) -> &[u8] {
        &self.names
    }

    /// Where a name stands among [`names`](Self::names), and its length.
    pub fn name_span(&self, entry: &PlanEntry) -> (u32, u32) {
        (entry.name_at, entry.name_len)
    }

    pub(crate) fn group(&self, entry: &PlanEntry) -> &Group {
        &self.groups[entry.group as usize]
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= PLAN_ENTRIES || self.groups.len() >= PLAN_GROUPS
    }
}
