//! The jobs of a service: accepted, stored, run, followed, cancelled, deleted; durable from the first answer.
//!
//! A job is stored before its client gets an answer, and a runner owns it, never a request. Reported progress is
//! committed. Unfinished jobs are resumed at the next start.

mod active;
mod collection_runs;
mod collections;
mod commit;
mod events;
mod events_of_all;
mod far;
mod lateness;
mod locate;
mod outcome;
mod queue;
mod recover;
mod results;
mod resume;
mod retry;
mod roots;
mod run_far;
mod runner;
mod schedule;
mod scheduler;
mod search;
mod service;
mod shared;
mod submit;
mod subscribe;
mod target;
mod unsent;
mod upkeep;
mod verify;

pub use crate::store::Export;
pub use collections::CollectionPlace;
pub use events::{EventStream, JobEvent, JobEventKind, SubscribeError};
pub use events_of_all::{EventCursor, EventCursorInvalid, ServiceEvent, ServiceEvents};
pub use far::ListRefused;
pub use locate::{LocateError, LocateRequest, LocatedFile, WhichCopy};
pub use results::ResultsError;
pub use schedule::ScheduleState;
pub use search::{Found, Hit, MAX_SEARCHED, SearchedUnder};
pub use service::{Jobs, JobsConfig};
pub use shared::MAX_LOCATING;
pub use verify::{ManifestSource, Strictness, VerifyRequest};
