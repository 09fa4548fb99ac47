//! Server-sent events: of one job, and of all jobs that a caller may see, from where the client left off.
//!
//! Every event is committed before it is sent. Streams end with the service; a client that reconnects with
//! `Last-Event-ID` misses nothing.

mod all;
mod job;
mod stream;

pub(super) use self::all::{__path_all_events, all_events};
pub(super) use self::job::{__path_events, events};
