//! What a look at a file means: from what was known and what was seen to what is known, and to an event or none.
//!
//! One pure function, [`observe`]. What a read tells is in `reading`; here is what a file tells that was not read.

use super::event::{Cause, EventKind, ReadFailure};
use super::look::{Look, Occasion, Outcome, same};
use super::reading::{self, Reading};
use super::state::{Condition, FileState};

/// What a pass saw of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// Its place cannot be reached: the disk is not there, or a directory does not answer or cannot be listed.
    Unreachable,
    /// Its directory was listed completely, and it is not there.
    Absent,
    /// It was written to while it was read.
    ChangedWhileRead,
    /// It is there and cannot be read.
    Unreadable(ReadFailure),
    /// It was read.
    Read(Reading),
}

/// What is known of a file after it was looked at.
#[must_use]
pub fn observe(before: Option<&FileState>, seen: &Observation, on: &Occasion<'_>) -> Outcome {
    let look = Look { before, on };
    match seen {
        Observation::Unreachable | Observation::ChangedWhileRead => Outcome::Unchanged,
        Observation::Absent => absent(&look),
        Observation::Unreadable(failure) => unreadable(&look, *failure),
        Observation::Read(read) => reading::read(&look, read),
    }
}

fn absent(look: &Look<'_>) -> Outcome {
    let Some(before) = look.before else { return Outcome::Known { after: None, event: None } };
    if before.condition == Condition::Missing {
        return same(before.clone());
    }
    // A file that could never be read leaves nothing to wait for.
    let is_kept = before.expected.is_some();
    let after = is_kept.then(|| FileState { condition: Condition::Missing, found: None, ..before.clone() });
    look.happened(EventKind::Missing, after, Cause::default())
}

fn unreadable(look: &Look<'_>, failure: ReadFailure) -> Outcome {
    let after = match look.before {
        Some(before) if before.condition == Condition::Unreadable => return same(before.clone()),
        Some(before) => FileState { condition: Condition::Unreadable, ..before.clone() },
        None => FileState {
            path: look.on.path.to_vec(),
            condition: Condition::Unreadable,
            expected: None,
            found: None,
            first_seen: look.on.at,
            content_since: look.on.at,
            verified_at: None,
            acknowledged: None,
        },
    };
    look.happened(EventKind::Unreadable, Some(after), Cause { failure: Some(failure), ..Cause::default() })
}
