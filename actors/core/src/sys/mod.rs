//! The only room with `unsafe`: mapped windows that survive truncation, lease probes, thread
//! scheduling, notes that outlive the process.
//!
//! Every `unsafe` block states what makes it sound. Nothing here knows an algorithm, a job or an actor.

#![allow(unsafe_code)]

pub(crate) mod lease;
#[cfg(feature = "failpoints")]
pub(crate) mod mapped_write;
pub mod sched;
mod sigbus;
pub mod slots;
pub(crate) mod window;
