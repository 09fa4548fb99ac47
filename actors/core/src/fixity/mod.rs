//! Collections: directories whose files are looked at again and again, and what each look means.
//!
//! Plain functions over plain values: what is known of a file, what a pass has seen of it, and from both what is known
//! afterwards and whether that is an event. Whoever walks, reads, stores and notifies is elsewhere. Others rely on this:
//! - A state changes with an event and never without one, so events lead to the state at any time, in both directions.
//!   When a file was last read is no part of that.
//! - Rot is suspected only where no write left a trace, and only after the file was read again.
//! - A file is missing only if its directory was listed without it. What cannot be reached is as it was.

mod accept;
mod baseline;
mod damage;
mod due;
mod earlier;
mod event;
mod locate;
mod look;
mod mounts;
mod observe;
mod pass;
mod reading;
mod schedule;
mod state;
mod survey;
mod windows;

pub use accept::{AcceptRefused, Seen, accept, acknowledge, is_accepted};
pub use baseline::{recorded, taken_as_it_is};
pub use damage::{MAX_DAMAGED, bounded, damaged, ranges_in_words};
pub use due::{Age, DueBy, due, within};
pub use earlier::{Earlier, MOST_CHANGED, TooManyChanges};
pub use event::{Cause, Event, EventKind, FileRange, ReadCount, ReadFailure, apply, revert};
pub use locate::{Good, Located, NamedCopy, Plan, Verdict};
pub use look::{Lying, Occasion, Outcome, PassKind};
pub use mounts::{MAX_MOUNTS, Mount, MountPlace};
pub use observe::{Observation, observe};
pub use pass::{PassStopped, Place, RunKind, Starter, is_mass_change, may_begin};
pub use reading::{CONFIRMING_READS, Reading, moved, verifies};
pub use schedule::{Aged, DEFAULT_AIM_DAYS, DEFAULT_SURVEY_HOURS, Next, Past, Schedule};
pub use state::{Acknowledgement, CollectionKind, Condition, Content, FileState, NoteInvalid, needs_reading};
pub use survey::{Survey, Surveyor, ToRead};
pub use windows::{MAX_WINDOWS, Opening, WindowInvalid, WindowText, Windows};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod table;
