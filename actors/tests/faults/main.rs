//! Faults, and that each costs no more than it may. They are in a binary of their own, because failpoints are global.
//!
//! `rows/` is the table of faults, one function each. `play` runs each in a process of its own, and once more with each
//! of its guards taken out. Environment variables make longer runs: `HIVESUM_CHAOS_EVENTS=100000`,
//! `HIVESUM_SWAPS=1000000`, `HIVESUM_ENTRIES=1000000`, `HIVESUM_HOLE_GIB=100`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test prints what it measured")]

mod chaos;
mod holes;
mod panics;
mod play;
mod rows;
mod sharing;
mod stage;
mod swaps;
