//! Calls to the kernel that need `unsafe`: mapped windows that survive truncation, lease probes, thread scheduling,
//! and notes that survive a crash of the process. No other module may use `unsafe`.
//!
//! Every `unsafe` block says what makes it sound. This module knows no algorithm, job or actor.

#![allow(unsafe_code)]

pub(crate) mod lease;
#[cfg(feature = "failpoints")]
pub(crate) mod mapped_write;
pub mod sched;
mod sigbus;
pub mod slots;
pub(crate) mod window;
