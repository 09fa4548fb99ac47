//! Events: every change of what is known of a file, with what was known before and after it.
//!
//! So one event can be applied to the state before it and taken back from the state after it, and the state at any time
//! in the past follows from the present one. The store numbers events and never changes one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::pass::PassStopped;
use super::state::{Acknowledgement, Condition, FileState};
use crate::result::{Evidence, ReadFrom};

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    /// It is new, or was read for the first time.
    New = 1,
    /// Its content was changed by a write.
    Modified = 2,
    /// Its content is found under another name.
    Moved = 3,
    /// It is gone.
    Missing = 4,
    /// Its content is the same, its times or inode are not: a restore, another disk, `touch`.
    Touched = 5,
    /// Its content changed without a trace of a write.
    SuspectedRot = 6,
    /// It cannot be read.
    Unreadable = 7,
    /// Reads of it differ.
    ReadsDisagree = 8,
    /// It has the expected content again.
    Restored = 9,
    /// Somebody said that it is right as it is.
    Accepted = 10,
    /// Somebody said that they know of it. It is not as it should be still.
    Acknowledged = 11,
    /// The collection itself: a pass could not begin, and no file was looked at.
    Stopped = 12,
    /// The collection itself: its files are looked at again.
    Resumed = 13,
}

impl EventKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 13] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a look at the file has found that it is not what it should be. Whether that is an alert depends on the
    /// collection.
    #[must_use]
    pub const fn is_finding(self) -> bool {
        match self {
            Self::New | Self::Modified | Self::Moved | Self::Missing => true,
            Self::SuspectedRot | Self::Unreadable | Self::ReadsDisagree => true,
            Self::Touched | Self::Restored | Self::Accepted | Self::Acknowledged => false,
            Self::Stopped | Self::Resumed => false,
        }
    }

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFailure {
    /// The `errno` of the system call that failed.
    pub errno: i32,
    /// The range that could not be read, if the file could be opened.
    pub range: Option<FileRange>,
}

/// A range of a file, in JSON as the API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FileRange {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its length, in bytes.
    pub bytes: u64,
}

/// How many reads found the same digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCount {
    /// The digests, end to end.
    pub digests: Vec<u8>,
    /// How many reads found them.
    pub reads: u32,
}

/// What an event rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// What the metadata says about a write, if the content changed.
    pub evidence: Option<Evidence>,
    /// Where the bytes came from, if the file was read.
    pub read_from: Option<ReadFrom>,
    /// What each read found, if reads disagree: at least two different ones.
    pub reads: Vec<ReadCount>,
    /// Why it could not be read.
    pub failure: Option<ReadFailure>,
    /// Where its content differs from the one that it should have, or cannot be read; empty if that is not known. At most
    /// [`MAX_DAMAGED`](super::MAX_DAMAGED) ranges, in order.
    pub damaged: Vec<FileRange>,
    /// Why no file was looked at.
    pub stopped: Option<PassStopped>,
}

/// One change of what is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it was seen.
    pub at: Timestamp,
    /// Where the file is, or was if it is gone.
    pub path: Vec<u8>,
    /// What happened.
    pub kind: EventKind,
    /// What was known before, at the old path if the file moved. `None` if nothing was.
    pub before: Option<FileState>,
    /// What is known from then on. `None` if nothing is kept.
    pub after: Option<FileState>,
    /// What it rests on.
    pub cause: Cause,
}

impl Event {
    /// What happened to the collection itself: its path is empty, and no file has changed.
    #[must_use]
    pub fn of_collection(at: Timestamp, stopped: Option<PassStopped>) -> Self {
        let kind = if stopped.is_some() { EventKind::Stopped } else { EventKind::Resumed };
        Self { at, path: Vec::new(), kind, before: None, after: None, cause: Cause { stopped, ..Cause::default() } }
    }

    /// The condition before.
    #[must_use]
    pub fn was(&self) -> Option<Condition> {
        self.before.as_ref().map(|state| state.condition)
    }

    /// Who has said that they know of the file, if that is what happened.
    #[must_use]
    pub fn acknowledged(&self) -> Option<&Acknowledgement> {
        let after = self.after.as_ref().filter(|_| self.kind == EventKind::Acknowledged);
        after.and_then(|after| after.acknowledged.as_ref())
    }

    /// The path that a moved file had before.
    #[must_use]
    pub fn moved_from(&self) -> Option<&[u8]> {
        self.before.as_ref().map(|state| &*state.path).filter(|path| *path != self.path)
    }
}

/// Changes the states of files, by path, as the event did.
pub fn apply(states: &mut BTreeMap<Vec<u8>, FileState>, event: &Event) {
    replace(states, event.before.as_ref(), event.after.as_ref());
}

/// Takes the event back. Events are taken back in the opposite order.
pub fn revert(states: &mut BTreeMap<Vec<u8>, FileState>, event: &Event) {
    replace(states, event.after.as_ref(), event.before.as_ref());
}

fn replace(states: &mut BTreeMap<Vec<u8>, FileState>, old: Option<&FileState>, new: Option<&FileState>) {
    if let Some(old) = old {
        states.remove(&old.path);
    }
    if let Some(new) = new {
        states.insert(new.path.clone(), new.clone());
    }
}
