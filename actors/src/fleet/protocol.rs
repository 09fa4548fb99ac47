//! The messages between a coordinator and its nodes.
//!
//! What arrives comes from a broker that others may publish to, so it is parsed as carefully as HTTP: every length has
//! a bound, every name is checked, and what is left over is refused. A message begins with two bytes that say that it
//! is ours, and the version of the protocol. A program speaks the newest version that it knows, and the one before.
//!
//! Messages carry names beneath a root and never absolute paths. A file name is bytes.

mod answers;
mod calls;
mod entries;
mod names;
mod parts;
mod reading;
mod rows;
mod walk;
mod wire;
mod work;

pub(crate) use answers::{Announcement, NodeFigures, OfferedRoot, Welcome, to_json};
pub(crate) use calls::{
    Call, CallAnswer, ListedEntry, ListedPage, MAX_ASKED_BYTES, MAX_ASKED_NAMES, MAX_TEXT_BYTES, Refusal, See, Seen,
    Text,
};
pub(crate) use entries::{Entries, EntryRef, Identity, may_travel};
pub(crate) use names::{NodeName, RootId, is_fleet_name, is_root_name, root_id};
pub(crate) use parts::{SINCE as PARTS_SINCE, decode_work, encode_work};
pub(crate) use reading::Reading;
pub(crate) use rows::ResultRows;
pub(crate) use walk::{Credit, PlanMessage, WalkNotice, WalkRequest, WalkTag, Wanted};
pub(crate) use wire::{Blob, MAX_MESSAGE_BYTES, Malformed, Message, Versions, decode, encode};
pub(crate) use work::{
    Cancel, Claim, ClaimAnswer, Done, DoneAnswer, KnownFile, MAX_WORK_ENTRIES, Progress, ScanKey, Shown, Work,
    WorkRules, WorkTag, sample_of,
};

#[cfg(test)]
mod laws;
