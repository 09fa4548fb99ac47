//! What people say of a file that is not as it should be: that it is right as it is now, and from then on that is what it
//! should be; or only that they know of it, and it is no news any more.
//!
//! A person speaks of what they were shown. A scrub may have found something else in the meantime, so what was shown is
//! compared first, and nothing is accepted or acknowledged that nobody has seen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Cause, Event, EventKind};
use super::state::{Acknowledgement, CollectionKind, Condition, Content, FileState};

/// What the person who accepts was shown of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How it compared.
    pub condition: Condition,
    /// The digests that it had last, end to end; `None` if it had never been read.
    pub digests: Option<Vec<u8>>,
}

impl Seen {
    /// What a person is shown of this state.
    #[must_use]
    pub fn of(state: &FileState) -> Self {
        Self { condition: state.condition, digests: state.present().map(|content| content.digests.clone()) }
    }
}

/// Why a file is not accepted or acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AcceptRefused {
    /// Something else was found since.
    #[error("the file has changed since it was shown: look at it again")]
    Changed,
    /// It is as it should be.
    #[error("the file is as it should be: there is nothing to accept")]
    NothingToAccept,
    /// No content is known that could be accepted.
    #[error("the file cannot be read, so there is no content to accept")]
    Unreadable,
    /// It is not known which content the file has.
    #[error("reads of the file disagree, so there is no content to accept")]
    ReadsDisagree,
    /// It is no alert.
    #[error("the file is no alert: there is nothing to acknowledge")]
    NothingToAcknowledge,
}

/// Whether what was shown is what the file should be already: somebody has asked for it twice, or two people did. `None`
/// stands for a file of which nothing is known, as of a missing one that was accepted.
#[must_use]
pub fn is_accepted(now: Option<&FileState>, seen: &Seen) -> bool {
    match (now, seen.condition) {
        (None, condition) => condition == Condition::Missing,
        (Some(_), Condition::Ok | Condition::Missing | Condition::Unreadable | Condition::ReadsDisagree) => false,
        (Some(now), Condition::New | Condition::Moved | Condition::Modified | Condition::SuspectedRot) => {
            now.condition == Condition::Ok && Seen::of(now).digests == seen.digests
        }
    }
}

/// Makes what was found of a file what it should be. A missing file is forgotten. Returns the event, which has the state
/// from then on.
///
/// # Errors
/// [`AcceptRefused`]: the state stays as it is.
pub fn accept(before: &FileState, seen: &Seen, at: Timestamp) -> Result<Event, AcceptRefused> {
    if Seen::of(before) != *seen {
        return Err(AcceptRefused::Changed);
    }
    let after = match before.condition {
        Condition::Ok => return Err(AcceptRefused::NothingToAccept),
        Condition::Unreadable => return Err(AcceptRefused::Unreadable),
        Condition::ReadsDisagree => return Err(AcceptRefused::ReadsDisagree),
        Condition::Missing => None,
        Condition::New | Condition::Moved => {
            Some(FileState { condition: Condition::Ok, acknowledged: None, ..before.clone() })
        }
        Condition::Modified | Condition::SuspectedRot => Some(with_content(before, before.found.clone(), at)),
    };
    let (path, before) = (before.path.clone(), Some(before.clone()));
    Ok(Event { at, path, kind: EventKind::Accepted, before, after, cause: Cause::default() })
}

/// Marks an alert as known to somebody. It stays what it is. Returns the event, which has the state from then on; `None` if
/// just that was said before.
///
/// # Errors
/// [`AcceptRefused`]: the state stays as it is.
pub fn acknowledge(
    before: &FileState,
    seen: &Seen,
    kind: CollectionKind,
    said: &Acknowledgement,
) -> Result<Option<Event>, AcceptRefused> {
    if Seen::of(before) != *seen {
        return Err(AcceptRefused::Changed);
    }
    if !before.condition.is_alert(kind) {
        return Err(AcceptRefused::NothingToAcknowledge);
    }
    if before.acknowledged.as_ref().is_some_and(|before| (&before.by, &before.note) == (&said.by, &said.note)) {
        return Ok(None);
    }
    let after = FileState { acknowledged: Some(said.clone()), ..before.clone() };
    let (at, path, before, after) = (said.at, before.path.clone(), Some(before.clone()), Some(after));
    Ok(Some(Event { at, path, kind: EventKind::Acknowledged, before, after, cause: Cause::default() }))
}

fn with_content(before: &FileState, found: Option<Content>, at: Timestamp) -> FileState {
    FileState {
        condition: Condition::Ok,
        expected: found.or_else(|| before.expected.clone()),
        found: None,
        content_since: at,
        // The read that found it was not recorded as a verification.
        verified_at: None,
        acknowledged: None,
        ..before.clone()
    }
}
