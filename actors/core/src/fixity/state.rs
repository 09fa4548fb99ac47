//! What is known of one file of a collection.
//!
//! Two contents: the one that the file should have, and the one that it has instead while it deviates. Times are those
//! of the observer's clock, as opposed to the times of the file, which are in its metadata.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::digest::{Algorithm, Algorithms};
use crate::result::{Evidence, FileMeta, Known, Stability, Status, Trace};

/// What changes a collection expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CollectionKind {
    /// An archive: every change is an alert.
    Fixed,
    /// Files that people work with: a write is history, and only damage is an alert.
    Living,
}

/// How a file compares with what it should be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Condition {
    /// It has the content that it should have.
    Ok = 1,
    /// It appeared in a fixed collection, and nobody has accepted it.
    New = 2,
    /// It was written to in a fixed collection, and nobody has accepted it.
    Modified = 3,
    /// It has another name in a fixed collection, and nobody has accepted it.
    Moved = 4,
    /// Its directory was listed without it.
    Missing = 5,
    /// It has another content, without a trace of a write, and each read found the same one.
    SuspectedRot = 6,
    /// It cannot be read.
    Unreadable = 7,
    /// Reads of it found different contents without a trace of a write: memory, a cable or a controller is suspected.
    ReadsDisagree = 8,
}

impl Condition {
    /// Every condition, in the order of their numbers.
    pub const ALL: [Self; 8] = crate::variants();

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The condition of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.name() == name)
    }

    /// The condition with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| *condition as u8 == number)
    }

    /// The conditions of files with something to accept.
    pub const ACCEPTABLE: [Self; 5] = [Self::New, Self::Modified, Self::Moved, Self::Missing, Self::SuspectedRot];

    /// The conditions that somebody may acknowledge: all but `ok`.
    pub const ALERTING: [Self; 7] = [
        Self::New,
        Self::Modified,
        Self::Moved,
        Self::Missing,
        Self::SuspectedRot,
        Self::Unreadable,
        Self::ReadsDisagree,
    ];

    /// Whether somebody is to be told.
    #[must_use]
    pub const fn is_alert(self, kind: CollectionKind) -> bool {
        match self {
            Self::Ok => false,
            Self::SuspectedRot | Self::Unreadable | Self::ReadsDisagree => true,
            Self::New | Self::Modified | Self::Moved | Self::Missing => matches!(kind, CollectionKind::Fixed),
        }
    }
}

/// A content that a file had, with the metadata that it had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What `fstat` returned. The device does not count: its number may change when the system restarts.
    pub meta: FileMeta,
    /// Whether a write after the read would show in the times.
    pub stability: Stability,
    /// The digests of the collection's algorithms, in their order, end to end.
    pub digests: Vec<u8>,
}

impl Content {
    /// Its BLAKE3 digest, if that is among the algorithms of its collection.
    #[must_use]
    pub fn blake3(&self, algorithms: &Algorithms) -> Option<&[u8; 32]> {
        self.digests.get(algorithms.position(Algorithm::Blake3)?..)?.first_chunk()
    }

    /// What evidence is made from.
    #[must_use]
    pub fn known(&self) -> Known {
        Known::of_result(&self.meta, Status::Hashed(self.stability))
    }

    /// How the metadata of another content compares with this one's.
    #[must_use]
    pub fn evidence(&self, later: &Self) -> Evidence {
        Evidence::between(&self.known(), &later.known())
    }
}

/// Whether a write, or something else that changes metadata, left a trace.
pub(super) fn is_touched(evidence: &Evidence) -> bool {
    [evidence.size, evidence.mtime, evidence.ctime, evidence.inode].contains(&Trace::Changed)
}

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Relative to the collection's directory, bytes.
    pub path: Vec<u8>,
    /// How it compares.
    pub condition: Condition,
    /// What it should be. `None` as long as it could never be read.
    pub expected: Option<Content>,
    /// What it is instead, in the conditions modified and suspected rot, and what it last was in those that tell
    /// nothing of the content.
    pub found: Option<Content>,
    /// When a pass saw it first.
    pub first_seen: Timestamp,
    /// When the expected content was first seen.
    pub content_since: Timestamp,
    /// The last full read, not from memory, that found the expected content.
    pub verified_at: Option<Timestamp>,
    /// Who knows that it is not as it should be. Whatever happens to it next is news again.
    pub acknowledged: Option<Acknowledgement>,
}

/// That somebody knows of a file that is not as it should be, and need not be told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// When they said so.
    pub at: Timestamp,
    /// Who it was, at most [`MAX_NAME_BYTES`](Self::MAX_NAME_BYTES).
    pub by: String,
    /// What they wrote about it: one line, at most [`MAX_NOTE_BYTES`](Self::MAX_NOTE_BYTES).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why a note is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note is one line of 1 to {} bytes, without control characters", Acknowledgement::MAX_NOTE_BYTES)]
pub struct NoteInvalid;

impl Acknowledgement {
    /// The most bytes of a name.
    pub const MAX_NAME_BYTES: usize = 100;

    /// The most bytes of a note.
    pub const MAX_NOTE_BYTES: usize = 500;

    /// What somebody says at this time. Of a longer name its begin is kept; control characters in it become spaces.
    ///
    /// # Errors
    /// If the note is empty, too long or no single line of text.
    pub fn new(at: Timestamp, by: &str, note: Option<String>) -> Result<Self, NoteInvalid> {
        let is_valid =
            |note: &String| (1..=Self::MAX_NOTE_BYTES).contains(&note.len()) && !note.contains(char::is_control);
        if !note.as_ref().is_none_or(is_valid) {
            return Err(NoteInvalid);
        }
        let end = by.floor_char_boundary(Self::MAX_NAME_BYTES);
        Ok(Self { at, by: by[..end].replace(char::is_control, " "), note })
    }
}

impl FileState {
    /// The content that it had when it was last read.
    #[must_use]
    pub fn present(&self) -> Option<&Content> {
        self.found.as_ref().or(self.expected.as_ref())
    }

    /// Whether it is an alert that nobody has acknowledged.
    #[must_use]
    pub fn is_open_alert(&self, kind: CollectionKind) -> bool {
        self.condition.is_alert(kind) && self.acknowledged.is_none()
    }

    /// Whether another state is the same without what a mere read changes: when it was last verified, and how far its
    /// times can be trusted. The rest changes with events only.
    #[must_use]
    pub fn is_same_but_for_reads(&self, other: &Self) -> bool {
        let same = |one: &Option<Content>, other: &Option<Content>| match (one, other) {
            (Some(Content { meta, stability: _, digests }), Some(other)) => {
                FileMeta { device: other.meta.device, ..*meta } == other.meta && *digests == other.digests
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let Self { path, condition, expected, found, first_seen, content_since, verified_at: _, acknowledged } = self;
        (path, condition, first_seen, content_since, acknowledged)
            == (&other.path, &other.condition, &other.first_seen, &other.content_since, &other.acknowledged)
            && same(expected, &other.expected)
            && same(found, &other.found)
    }
}

/// Whether a survey has to read a file that has this metadata now. It reads what is new, changed, not settled, or could
/// not be compared the last time.
#[must_use]
pub fn needs_reading(before: Option<&FileState>, now: &FileMeta) -> bool {
    let Some(before) = before else { return true };
    let Some(present) = before.present() else { return true };
    match before.condition {
        Condition::Missing | Condition::Unreadable | Condition::ReadsDisagree => true,
        Condition::Ok | Condition::New | Condition::Modified | Condition::Moved | Condition::SuspectedRot => {
            let same = |evidence: Evidence| [evidence.size, evidence.mtime, evidence.ctime, evidence.inode];
            let now = Known::of_result(now, Status::Hashed(Stability::Stable));
            same(Evidence::between(&present.known(), &now)).iter().any(|trace| *trace != Trace::Same)
        }
    }
}
