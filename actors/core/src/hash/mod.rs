//! Hashing files: one bounded quantum of work at a time, on the calling thread.
//!
//! The small files of a batch are opened, checked, read and checked again, one after the other; those whose bytes are
//! not in memory are read after the others, while the device reads them ahead. What was read is
//! digested at once, or together with other files where the processor is faster so. Large files are returned to the
//! caller, to be hashed segment by segment. The caller decides which files are hashed and what happens to the results.

mod batch;
mod copy;
mod found;
mod heartbeat;
mod kept;
mod rules;
mod segment;
mod sequential;
mod small_file;
mod streams;
mod task;

pub use batch::hash_batch;
pub use copy::{CopyFailure, CopyRead, read_copy, read_copy_beneath};
pub use found::LargeFound;
pub use heartbeat::{Heartbeat, SharedSlots};
pub use rules::{
    Coverage, DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_UNSIZED_BYTES, END_BYTES, FilePart, READ_ATTEMPTS, ScanRules,
};
pub use segment::{Named, PieceValues, SegmentDone, SegmentTask, SegmentWork, digest_segment};
pub use sequential::{hash_plan, hash_targets};
pub use task::{BatchDone, BatchTask, Outcome};
