//! Calls to the kernel that need `unsafe`: mapped windows that survive truncation, lease probes, thread scheduling,
//! notes that survive a crash of the process, and standard streams that were closed at its start. No other module may
//! use `unsafe`.
//!
//! Every `unsafe` block says what makes it sound. This module knows no algorithm, job or actor.

#![allow(unsafe_code)]

pub(crate) mod lease;
#[cfg(feature = "failpoints")]
pub(crate) mod mapped_write;
pub mod sched;
mod sigbus;
pub mod slots;
pub mod std_streams;
pub(crate) mod window;
