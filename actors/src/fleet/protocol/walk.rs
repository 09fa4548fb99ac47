//! Walks: what a coordinator asks one node for, and the plans that come back, numbered.
//!
//! The node sends plans only as far as its credit reaches, and the coordinator knows by their numbers whether one is
//! lost. A walk that lost a plan, or its node, is begun again on any node, after the last path that was taken.

use hivesum_core::file::{Reach, RelPath};
use hivesum_core::walk::{Filters, GlobInvalid};
use serde::{Deserialize, Serialize};

use super::entries::Entries;
use super::names::RootId;
use super::wire::{Blob, MAX_MESSAGE_BYTES, Malformed, Message};
use super::work::{ScanKey, path_of};

/// Entries of one plan, at most.
const MAX_PLAN_ENTRIES: usize = 2048;

/// Globs of one walk, at most, of both kinds. They stand in a request of a client, which is bounded, too.
const MAX_GLOBS: usize = 2000;

/// One walk of a scan: the first, or one that takes the place of a walk that broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct WalkTag {
    pub(crate) scan: ScanKey,
    pub(crate) number: u32,
}

/// A walk beneath a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalkRequest {
    pub(crate) tag: WalkTag,
    pub(crate) root: RootId,
    path: Blob,
    include: Vec<String>,
    exclude: Vec<String>,
    /// What the globs have before the names that they are for.
    within: Blob,
    cross_filesystems: bool,
    /// Whether each file is looked at, so that other machines recognise it.
    pub(crate) identities: bool,
    /// Only entries after this path, as results show it.
    after: Option<Blob>,
    /// Plans that may be sent before there is more credit.
    pub(crate) credit: u64,
}

/// The entries that a walk is to find.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) path: RelPath,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    /// What was taken off the names that the globs are for, with a `/` at its end; may be empty.
    pub(crate) within: Vec<u8>,
    pub(crate) cross_filesystems: bool,
    /// Whether other machines are to recognise the files.
    pub(crate) identities: bool,
}

impl WalkRequest {
    pub(crate) fn new(tag: WalkTag, root: RootId, wanted: &Wanted, after: Option<&[u8]>, credit: u64) -> Self {
        let identities = wanted.identities;
        let (include, exclude) = (wanted.include.clone(), wanted.exclude.clone());
        let cross_filesystems = wanted.cross_filesystems;
        let (path, within) = (Blob(wanted.path.as_bytes().to_vec()), Blob(wanted.within.clone()));
        let after = after.map(|path| Blob(path.to_vec()));
        Self { tag, root, path, include, exclude, within, cross_filesystems, identities, after, credit }
    }

    pub(crate) fn path(&self) -> Result<RelPath, Malformed> {
        path_of(&self.path)
    }

    pub(crate) fn filters(&self) -> Result<Filters, GlobInvalid> {
        Ok(Filters::new(&self.include, &self.exclude)?.within(&self.within.0))
    }

    pub(crate) const fn reach(&self) -> Reach {
        if self.cross_filesystems { Reach::Everywhere } else { Reach::OneFilesystem }
    }

    pub(crate) fn after(&self) -> Option<&[u8]> {
        self.after.as_ref().map(|path| &path.0[..])
    }

    pub(super) fn check(&self) -> Result<(), Malformed> {
        self.path()?;
        match self.include.len() + self.exclude.len() <= MAX_GLOBS {
            true => Ok(()),
            false => Err(Malformed::Rule("it has too many globs")),
        }
    }
}

/// Entries that a walk has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlanMessage {
    pub(crate) tag: WalkTag,
    /// From 0, without gaps.
    pub(crate) number: u64,
    pub(crate) entries: Entries,
}

/// What a node says of a walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WalkNotice {
    Plan(PlanMessage),
    /// It is at the walk, and has sent so many plans.
    Alive {
        tag: WalkTag,
        plans: u64,
    },
    /// The walk is complete. It has sent so many plans.
    End {
        tag: WalkTag,
        plans: u64,
    },
    /// The walk broke off.
    BrokenOff {
        tag: WalkTag,
    },
}

impl WalkNotice {
    pub(crate) const fn tag(&self) -> WalkTag {
        match self {
            Self::Plan(PlanMessage { tag, .. })
            | Self::Alive { tag, .. }
            | Self::End { tag, .. }
            | Self::BrokenOff { tag } => *tag,
        }
    }
}

impl Message for WalkNotice {
    fn check(&self) -> Result<(), Malformed> {
        match self {
            Self::Plan(plan) => plan.entries.check(MAX_PLAN_ENTRIES),
            Self::Alive { .. } | Self::End { .. } | Self::BrokenOff { .. } => Ok(()),
        }
    }
}

/// A walk may send plans up to this number. Also a sign that the coordinator is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credit {
    pub(crate) tag: WalkTag,
    pub(crate) up_to: u64,
}

impl Message for Credit {
    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}

const _: () = assert!(MAX_PLAN_ENTRIES * 64 < MAX_MESSAGE_BYTES, "a plan of short names fits into a message");
