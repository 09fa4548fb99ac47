//! A look at a file: at which file, in what collection and when, and what can come of it.
//!
//! Shared by what is decided with a read and without one.

use jiff::Timestamp;

use super::event::{Cause, Event, EventKind};
use super::state::{CollectionKind, FileState};

/// Whether a pass records what is there, or compares with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// The first one: files are taken as they are.
    Baseline,
    /// Every other one.
    Comparison,
}

/// Of which file, in what collection, and when something is seen.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The file's path, relative to the collection's directory.
    pub path: &'a [u8],
    /// What the collection expects.
    pub collection: CollectionKind,
    /// Which pass it is.
    pub pass: PassKind,
    /// When.
    pub at: Timestamp,
    /// Where the files lie.
    pub lying: Lying,
}

/// Whether the files lie where they lay when they were read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lying {
    /// In the same directory.
    There,
    /// In another one in its place: a restored copy, a new disk. Every file has a new inode and a new time of its change,
    /// so neither is a trace of a write.
    Elsewhere,
}

/// What follows from an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was learned: everything stays as it was.
    Unchanged,
    /// The content changed without a trace of a write. It is to be read again from the device, [`CONFIRMING_READS`](super::CONFIRMING_READS)
    /// times, and then observed with these reads.
    ReadAgain,
    /// What is known from now on, and the event if it is something else than before.
    Known {
        /// The state; `None` if nothing is kept of the file.
        after: Option<Box<FileState>>,
        /// What happened.
        event: Option<Box<Event>>,
    },
}

impl Outcome {
    /// Whether it is an event of this kind.
    #[must_use]
    pub fn is_of_kind(&self, kind: EventKind) -> bool {
        matches!(self, Self::Known { event: Some(event), .. } if event.kind == kind)
    }
}

/// A look at a file: what was known of it before, and when and where it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) before: Option<&'a FileState>,
    pub(super) on: &'a Occasion<'a>,
}

impl Look<'_> {
    pub(super) fn happened(&self, kind: EventKind, after: Option<FileState>, cause: Cause) -> Outcome {
        let event = Box::new(self.event(kind, after, cause));
        Outcome::Known { after: event.after.clone().map(Box::new), event: Some(event) }
    }

    pub(super) fn event(&self, kind: EventKind, after: Option<FileState>, cause: Cause) -> Event {
        let (at, path, before) = (self.on.at, self.on.path.to_vec(), self.before.cloned());
        let is_news = kind != EventKind::Touched;
        let after = after.map(|after| FileState { acknowledged: after.acknowledged.filter(|_| !is_news), ..after });
        Event { at, path, kind, before, after, cause }
    }
}

/// Nothing happened, though the file may have been read.
pub(super) fn same(after: FileState) -> Outcome {
    Outcome::Known { after: Some(Box::new(after)), event: None }
}
