//! A plan: at most some hundred entries of a walk, in order, with their open directories.
//!
//! The walk makes plans and hashers read them. A plan lives until its results are delivered, and does not change. Its
//! names are end to end in one allocation.

use std::sync::Arc;

use super::descriptors::Share;
use crate::digest::Algorithms;
use crate::file::{Dir, meta_of, stat_entry};
use crate::result::{ErrorCode, FileMeta, Origin, Row, Rows, Stability, Status, append_path};

/// How many entries one plan has at most: one to two milliseconds of work (a message costs some 40 us).
pub(crate) const PLAN_ENTRIES: usize = 256;

/// How many directories one plan has at most: each is an open descriptor.
pub(crate) const PLAN_GROUPS: usize = 32;

/// At most some hundred entries of a walk, in order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The directories of the entries.
    pub groups: Vec<Group>,
    names: Vec<u8>,
    /// The entries, in walk order.
    pub entries: Vec<PlanEntry>,
    /// Counts this plan's open directories for the walk.
    pub share: Option<Share>,
    /// What is known of the entries from an earlier run: empty, or one element per entry.
    known: Vec<Option<Known>>,
    known_digests: Vec<u8>,
    /// What a look at the entries has shown: empty, or one element per entry.
    seen: Vec<Option<FileMeta>>,
    /// The process crashed on this entry before, so nothing else of the scan is hashed at the same time.
    pub alone: bool,
}

/// The result of an earlier run for a file. It is valid while the file is unchanged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) meta: FileMeta,
    pub(crate) stability: Stability,
    pub(crate) origin: Origin,
    digests_at: u32,
}

/// What an earlier run knows of an entry.
#[derive(Debug, Clone, Copy)]
pub struct KnownResult<'a> {
    /// What `fstat` returned then: the result is valid while the file has the same.
    pub meta: FileMeta,
    /// How far its digests can be trusted.
    pub stability: Stability,
    /// What the result becomes if the file is unchanged.
    pub origin: Origin,
    /// Its digests, end to end.
    pub digests: &'a [u8],
}

/// A directory, opened once for all its entries in the plan.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its path, as results show it.
    pub shown: Arc<[u8]>,
    pub(crate) dir: Dir,
}

/// One entry of a plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanEntry {
    /// Index of its directory in the plan.
    pub group: u32,
    name_at: u32,
    name_len: u32,
    /// What happens to it.
    pub fate: Fate,
    /// If it is settled: whether the store has the result already.
    pub origin: Origin,
}

/// What happens to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is hashed.
    Hash,
    /// It has this result without being opened.
    Settled(Status),
}

impl PlanEntry {
    /// The result of an entry that is settled; of another one an internal error, until its result is entered.
    #[must_use]
    pub fn unsettled_row(&self) -> Row {
        Row {
            directory: self.group,
            name_at: self.name_at,
            name_len: self.name_len,
            digests_at: 0,
            meta: FileMeta::default(),
            status: match self.fate {
                Fate::Settled(status) => status,
                Fate::Hash => Status::error(ErrorCode::Internal),
            },
            origin: self.origin,
        }
    }
}

impl Plan {
    /// A plan of entries on another machine, in these directories as results show them. Nothing in it can be opened
    /// here.
    ///
    /// ```
    /// use hivesum_core::walk::{Fate, Plan};
    ///
    /// let mut plan = Plan::elsewhere([(*b"photos/2024").into()]);
    /// plan.push(0, b"a.jpg", Fate::Hash);
    /// let mut path = Vec::new();
    /// plan.path_into(&plan.entries[0], &mut path);
    /// assert_eq!(path, b"photos/2024/a.jpg");
    /// ```
    #[must_use]
    pub fn elsewhere(directories: impl IntoIterator<Item = Arc<[u8]>>) -> Self {
        let groups = directories.into_iter().map(|shown| Group { shown, dir: Dir::Elsewhere });
        Self { groups: groups.collect(), ..Self::default() }
    }

    pub(crate) fn add_group(&mut self, shown: Arc<[u8]>, dir: Dir) -> u32 {
        self.groups.push(Group { shown, dir });
        self.groups.len() as u32 - 1
    }

    /// Adds an entry in a directory of the plan.
    pub fn push(&mut self, group: u32, name: &[u8], fate: Fate) {
        let name_at = self.names.len() as u32;
        self.names.extend_from_slice(name);
        let (name_len, origin) = (name.len() as u32, Origin::Read);
        self.entries.push(PlanEntry { group, name_at, name_len, fate, origin });
    }

    /// Adds what an earlier run knows of an entry.
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

    /// Looks at the entries that are to be hashed, so that another machine recognises them. Blocks.
    pub fn look(&mut self) {
        let look = |entry: &PlanEntry| match entry.fate {
            Fate::Hash => stat_entry(&self.group(entry).dir, self.name(entry)).ok().map(|stat| meta_of(&stat)),
            Fate::Settled(_) => None,
        };
        self.seen = self.entries.iter().map(look).collect();
    }

    /// Adds what a look at an entry has shown.
    pub fn note_seen(&mut self, index: usize, meta: FileMeta) {
        self.seen.resize(self.entries.len(), None);
        self.seen[index] = Some(meta);
    }

    /// What a look at an entry has shown, if there was one.
    #[must_use]
    pub fn seen(&self, index: usize) -> Option<FileMeta> {
        *self.seen.get(index)?
    }

    /// What an earlier run knows of an entry, with its digests.
    pub(crate) fn known(&self, index: usize, digest_bytes: usize) -> Option<(Known, &[u8])> {
        let known = (*self.known.get(index)?)?;
        Some((known, &self.known_digests[known.digests_at as usize..][..digest_bytes]))
    }

    /// What an earlier run knows of an entry, whose digests are so long together.
    #[must_use]
    pub fn known_result(&self, index: usize, digest_bytes: usize) -> Option<KnownResult<'_>> {
        let (Known { meta, stability, origin, .. }, digests) = self.known(index, digest_bytes)?;
        Some(KnownResult { meta, stability, origin, digests })
    }

    /// Appends the entry's whole path, as results show it.
    pub fn path_into(&self, entry: &PlanEntry, path: &mut Vec<u8>) {
        append_path(path, &self.group(entry).shown, self.name(entry));
    }

    /// Some of the entries as a plan of their own.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let known = self.known.get(range.clone()).map(<[_]>::to_vec).unwrap_or_default();
        let seen = self.seen.get(range.clone()).map(<[_]>::to_vec).unwrap_or_default();
        let mut slice = Self { known, seen, known_digests: self.known_digests.clone(), ..Self::default() };
        // Only directories with entries in the slice, because results refer to directories by their index.
        let mut indices = vec![None; self.groups.len()];
        for entry in &self.entries[range] {
            let group = *indices[entry.group as usize].get_or_insert_with(|| {
                slice.groups.push(self.group(entry).clone());
                slice.groups.len() as u32 - 1
            });
            slice.push(group, self.name(entry), entry.fate);
            if let Some(last) = slice.entries.last_mut() {
                last.origin = entry.origin;
            }
        }
        slice
    }

    /// A batch with one row for every entry. Settled entries have their results; the others are internal errors until
    /// the caller enters their results.
    pub(crate) fn unsettled_rows(&self, algorithms: Algorithms) -> Rows {
        Rows {
            directories: self.groups.iter().map(|group| group.shown.clone()).collect(),
            names: self.names.clone(),
            rows: self.entries.iter().map(PlanEntry::unsettled_row).collect(),
            ..Rows::new(algorithms)
        }
    }

    /// The name of an entry; empty if its result is about the target itself.
    #[must_use]
    pub fn name(&self, entry: &PlanEntry) -> &[u8] {
        &self.names[entry.name_at as usize..][..entry.name_len as usize]
    }

    /// All names, end to end.
    pub fn names(&self) -> &[u8] {
        &self.names
    }

    pub(crate) fn group(&self, entry: &PlanEntry) -> &Group {
        &self.groups[entry.group as usize]
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= PLAN_ENTRIES || self.groups.len() >= PLAN_GROUPS
    }
}
