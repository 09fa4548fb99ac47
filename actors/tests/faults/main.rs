//! Faults: what each may cost, and that it costs no more. A binary of its own, for failpoints are global.
//!
//! `rows/` holds the table, one function a fault; `play` runs each in a process of its own, and once more
//! with each of its guards taken out. Longer runs than the suite's are asked for by environment:
//! `HIVESUM_CHAOS_EVENTS=100000`, `HIVESUM_SWAPS=1000000`, `HIVESUM_ENTRIES=1000000`, `HIVESUM_HOLE_GIB=100`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it found, or why it could not look")]

mod chaos;
mod holes;
mod panics;
mod play;
mod rows;
mod stage;
mod swaps;
