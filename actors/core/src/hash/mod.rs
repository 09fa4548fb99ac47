//! Hashing files: one bounded quantum of work at a time, by the thread that calls.
//!
//! A batch of small files is opened, checked, read, digested and checked again, one after the other; a large file is
//! handed back to be hashed segment by segment. Which files, and what becomes of the results, is the caller's.

mod batch;
mod heartbeat;
mod rules;
mod segment;
mod sequential;
mod small_file;

pub use batch::{BatchDone, BatchTask, Outcome, hash_batch};
pub use heartbeat::{Heartbeat, Notebook};
pub use rules::{Coverage, DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_UNSIZED_BYTES, END_BYTES, READ_ATTEMPTS, ScanRules};
pub use segment::{Named, SegmentDone, SegmentTask, SegmentWork, digest_segment};
pub use sequential::{hash_plan, hash_targets};
pub use small_file::LargeFound;
