//! Digests of files, and what they are for: walking, reading, hashing, manifests and comparison.
//!
//! Plain functions and types, without actors, a database or HTTP. Every function runs on the calling thread.
//!
//! ```
//! use std::fs;
//!
//! use hivesum_core::compare::Fact;
//! use hivesum_core::hash::hash_targets;
//! use hivesum_core::manifest::Candidates;
//! use hivesum_core::{Algorithms, Audit, BaselineBuilder, ScanRules, Target, Verdict, WalkSpec};
//!
//! # let tree = tempfile::tempdir()?;
//! # let tree = tree.path();
//! fs::write(tree.join("kept"), "abc")?;
//! fs::write(tree.join("edited"), "abc")?;
//! let algorithms: Algorithms = "blake3,sha256".parse()?;
//!
//! // Record what the files are.
//! let mut baseline = BaselineBuilder::new();
//! let summary = hash_targets(WalkSpec::new(vec![Target::directory(tree)?]), ScanRules::new(algorithms), |batch| {
//!     for fact in batch.items().filter_map(Fact::of_item) {
//!         baseline.push_fact(&fact);
//!     }
//! });
//! assert_eq!((summary.hashed, summary.bytes), (2, 6));
//!
//! // Later, compare them with the record.
//! fs::write(tree.join("edited"), "abcd")?;
//! let mut audit = Audit::new(baseline.finish(), Candidates::default());
//! let rules = ScanRules::new(audit.algorithms()?);
//! hash_targets(WalkSpec::new(vec![Target::directory(tree)?]), rules, |batch| {
//!     for item in batch.items() {
//!         let expected = if item.path == b"edited" { Verdict::Modified } else { Verdict::Matched };
//!         assert_eq!(audit.judge(&item.as_ref()).verdict, Some(expected));
//!     }
//! });
//! assert_eq!(audit.finish().counts.modified, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whole programs are in `examples/`: `hash_tree`, `check_manifest` and `compare_trees`.
//!
//! # Modules
//!
//! In the order in which they build on each other:
//!
//! | module | content |
//! |---|---|
//! | [`sys`] | mapped windows, lease probes, thread scheduling, vectors: the only module with `unsafe` |
//! | [`digest`] | algorithms, their running states, the self-test |
//! | [`result`] | results of files: status, digests, verdict, evidence |
//! | [`file`](mod@file) | opening beneath a directory, reading, whether a file stayed the same |
//! | [`walk`] | trees in walk order, as plans of entries to hash |
//! | [`hash`] | small files in batches, large files piece by piece |
//! | [`manifest`] | twelve formats, read and written, and the forms of other tools, read |
//! | [`compare`] | audit against a manifest, comparison of two trees, duplicates |
//! | [`fixity`] | collections: what is known of files that are looked at again and again |
//!
//! # What it does to the process
//!
//! - The first [`ReadBuffers`] installs a SIGBUS handler, which turns a fault inside a mapped window into an error
//!   of that file. It passes every other SIGBUS on to the handler that was installed before.
//! - Before `main`, `fcntl` asks which standard streams are closed ([`sys::std_streams`]), in programs that use it.
//! - Threads keep their priority. [`HasherPriority::Idle`] puts the calling thread into `SCHED_IDLE`, and only when
//!   [applied](HasherPriority::apply).
//! - `RLIMIT_NOFILE` is read, never changed: raising it is the engine's part (`hivesum-actors`).
//! - A walk lists directories on network and FUSE mounts on separate threads. A thread whose mount never answers cannot
//!   be ended. At most 64 threads are abandoned; after that such directories are reported as timeouts at once.
//! - If a file of [`ScanRules::leave_out`] was opened after all, it stays open: closing it would release the locks that
//!   this process holds on it.
//! - Logging goes through `tracing`.

pub mod compare;
pub mod digest;
pub mod file;
pub mod fixity;
#[doc(hidden)]
pub mod guards;
pub mod hash;
pub mod manifest;
pub mod result;
pub mod sys;
pub mod walk;

pub use compare::{Audit, Baseline, BaselineBuilder, Comparison};
pub use digest::{Algorithm, Algorithms, Digest, MultiHasher, self_test};
pub use file::{IoMode, Reach, ReadBuffers, RelPath, Root};
pub use hash::ScanRules;
pub use manifest::{Claimed, Format, Limits, ManifestReader, ManifestWriter, ReadOptions, Record};
pub use result::{ErrorCode, Evidence, Item, ItemRef, Rows, SkipReason, Stability, Status, Summary, Verdict};
pub use sys::sched::HasherPriority;
pub use walk::{Filters, Inventory, Target, WalkSpec};

/// All variants of an enum, as an array.
const fn variants<T: strum::VariantArray + Copy, const N: usize>() -> [T; N] {
    assert!(T::VARIANTS.len() == N, "the length of the array is the number of variants");
    match T::VARIANTS.first_chunk() {
        Some(all) => *all,
        None => unreachable!(),
    }
}
