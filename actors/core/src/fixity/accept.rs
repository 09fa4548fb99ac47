//! Accepting: somebody says that a file is right as it is now, and from then on that is what it should be.
//!
//! A person accepts what they were shown. A scrub may have found something else in the meantime, so what was shown is
//! compared first, and nothing is accepted that nobody has seen.

use jiff::Timestamp;

use super::event::{Cause, Event, EventKind};
use super::state::{Condition, Content, FileState};

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

/// Why a file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
        Condition::New | Condition::Moved => Some(FileState { condition: Condition::Ok, ..before.clone() }),
        Condition::Modified | Condition::SuspectedRot => Some(with_content(before, before.found.clone(), at)),
    };
    let (path, before) = (before.path.clone(), Some(before.clone()));
    Ok(Event { at, path, kind: EventKind::Accepted, before, after, cause: Cause::default() })
}

fn with_content(before: &FileState, found: Option<Content>, at: Timestamp) -> FileState {
    FileState {
        condition: Condition::Ok,
        expected: found.or_else(|| before.expected.clone()),
        found: None,
        content_since: at,
        // The read that found it was not recorded as a verification.
        verified_at: None,
        ..before.clone()
    }
}
