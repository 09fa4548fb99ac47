//! A scrub: reads the files of a collection again from their devices and records what that means.
//!
//! The first run of a directory takes its files as they are; later ones compare. What a change means is decided by
//! `hivesum_core::fixity`; here files are chosen (`choice`), read and confirmed (`reading`) and recorded, chunk by chunk.
//! A command runs one itself, a service has several (`service`). Whoever runs one says what it may read
//! ([`ScrubRequest`]) and is told what happens ([`ScrubObserver`]). Others rely on this:
//! - What is told as an event is committed. A run that is cancelled or killed loses at most the chunk that it records and
//!   the one that it reads, and the next run goes on.
//! - A file is called missing only after its directory was listed, and never if it may be one that was not read yet, or
//!   lay on a disk that is not mounted any more.

mod absent;
mod again;
mod choice;
mod doubtful;
mod error;
mod mounts;
mod observer;
mod order;
mod reading;
mod record;
mod request;
mod run;
mod seen;
mod service;
mod steps;
#[cfg(test)]
mod tests;
mod tracked;

pub use self::error::ScrubError;
pub use self::observer::{Notice, ReadTally, ScrubObserver};
pub use self::order::{MAX_UNFINISHED, RunOf, ScrubOrder, ScrubRefused};
pub use self::record::RunNote;
pub use self::request::{Deadline, Limits, ScrubRequest};
pub use self::run::{ScrubEnd, Scrubber};
pub use self::service::{MAX_ENDED, MAX_RUNNING, MAX_SCHEDULED, ScrubService};
pub use self::tracked::{NOTICES_KEPT, ScrubPhase, ScrubTold};
pub use hivesum_core::fixity::{RunKind, Starter};
