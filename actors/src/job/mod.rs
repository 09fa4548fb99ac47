//! Jobs: what is asked for, what comes of it, and who runs it.
//!
//! A [`scan::Scan`] is one tree, or one list of names, going through the Supervisor; its results
//! leave in walk order, in batches, through a bounded channel. The command line prints them as they
//! come; a service's job is a scan whose batches are committed to the store before they are announced.
//! A job is owned by its driver, never by the request that asked for it.

mod counts;
pub(crate) mod driver;
pub mod events;
mod hall;
pub(crate) mod known;
mod live;
mod opening;
mod pass;
mod past;
mod patience;
pub mod query;
mod registry;
mod runner;
pub mod scan;
pub mod service;
pub mod spec;
pub(crate) mod verify;
