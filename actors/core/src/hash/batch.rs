//! One quantum of small files: open, check, read, digest, check again, one after the other.
//!
//! Ends early when it has done its share of bytes; the driver then asks for the rest. A panic costs the
//! file it happened on and nothing else. Large files are opened and handed back to be cut into pieces.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::heartbeat::Heartbeat;
use super::rules::{Coverage, ScanRules};
use super::small_file::{FileWork, Found, LargeFound};
use crate::digest::MultiHasher;
use crate::file::{Now, ReadBuffers, meta_of, stat_entry};
use crate::guard_is_out;
use crate::result::{ErrorCode, FileMeta, Origin, Status};
use crate::walk::{Fate, Plan};

/// Bytes after which a batch stops and hands the rest back: some milliseconds of the slower digests.
const BATCH_BYTES: u64 = 8 << 20;

/// Large files that one batch opens before it stops: each holds a descriptor until its turn comes.
const BATCH_LARGE_FILES: usize = 4;

/// Entries of a plan to be hashed by one hasher in one go.
#[derive(Debug)]
pub struct BatchTask {
    /// Whose entries they are.
    pub plan: Arc<Plan>,
    /// Which of them.
    pub range: Range<usize>,
    /// What holds for each.
    pub rules: Arc<ScanRules>,
}

/// What came of a batch: its entries up to `next`.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchDone {
    /// The first entry that was not reached.
    pub next: usize,
    /// One for each entry that is settled.
    pub outcomes: Vec<Outcome>,
    /// The digests of the hashed outcomes, end to end.
    pub digests: Vec<u8>,
    /// Files to be hashed in segments.
    pub large: Vec<LargeFound>,
    /// Bytes digested.
    pub bytes: u64,
    /// Files with a digest.
    pub hashed: u64,
    /// Files on which the digest panicked.
    pub panics: u64,
}

/// The result of one entry.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Which entry of the plan.
    pub index: usize,
    /// What `fstat` said.
    pub meta: FileMeta,
    /// What came of it.
    pub status: Status,
    /// Where it comes from.
    pub origin: Origin,
}

/// Hashes the entries of the task until they are done or the quantum is full.
pub fn hash_batch(buffers: &mut ReadBuffers, task: &BatchTask, heartbeat: &Heartbeat) -> BatchDone {
    let algorithms = &task.rules.algorithms;
    let mut done = BatchDone::for_task(task);
    let mut digests = buffers.take_digests(algorithms);
    let now = Now::read();
    for index in task.range.clone() {
        let entry = &task.plan.entries[index];
        if entry.fate != Fate::Hash {
            continue;
        }
        heartbeat.begin(index);
        if done.settle_known(task, index) {
            continue;
        }
        if let Some(job_tag) = task.rules.job_tag {
            heartbeat.note(job_tag, &task.plan, entry, 0);
        }
        let digests_before = done.digests.len();
        let mut work = FileWork { buffers, rules: &task.rules, digests: &mut digests, out: &mut done.digests, now };
        match catch_panic(|| work.hash_entry(&task.plan, entry, index)) {
            Ok(Found::Settled(meta, status)) => done.settle(index, meta, status, task.rules.coverage),
            Ok(Found::Large(large)) => done.large.push(large),
            Err(_) => {
                digests = MultiHasher::new(algorithms);
                done.settle_panic(index, digests_before);
            }
        }
        if done.is_full() {
            done.next = index + 1;
            break;
        }
    }
    buffers.put_back(algorithms, digests);
    done
}

/// A panic ends here, unless a test takes this guard out.
pub(super) fn catch_panic<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    match guard_is_out!(PanicEdge) {
        false => catch_unwind(AssertUnwindSafe(work)),
        true => Ok(work()),
    }
}

impl BatchDone {
    fn for_task(task: &BatchTask) -> Self {
        let entries = task.range.len();
        Self {
            next: task.range.end,
            outcomes: Vec::with_capacity(entries),
            digests: Vec::with_capacity(entries * task.rules.algorithms.digest_bytes()),
            large: Vec::new(),
            bytes: 0,
            hashed: 0,
            panics: 0,
        }
    }

    fn settle(&mut self, index: usize, meta: FileMeta, status: Status, coverage: Coverage) {
        if let Status::Hashed(_) = status {
            self.hashed += 1;
            self.bytes += coverage.bytes_read(meta.size);
        }
        self.outcomes.push(Outcome { index, meta, status, origin: Origin::Read });
    }

    /// Takes over what is known of a file that is what it was. Nothing is opened, and no byte read.
    fn settle_known(&mut self, task: &BatchTask, index: usize) -> bool {
        let Some((known, digests)) = task.plan.known(index, task.rules.algorithms.digest_bytes()) else { return false };
        let entry = &task.plan.entries[index];
        let Ok(stat) = stat_entry(&task.plan.group(entry).dir, task.plan.name(entry)) else { return false };
        let meta = meta_of(&stat);
        if !known.meta.is_same_file(&meta) {
            return false;
        }
        self.digests.extend_from_slice(digests);
        let (status, origin) = (Status::Hashed(known.stability), known.origin);
        self.outcomes.push(Outcome { index, meta, status, origin });
        true
    }

    /// What a panicking file has left behind is not a digest.
    fn settle_panic(&mut self, index: usize, digests_before: usize) {
        self.panics += 1;
        self.digests.truncate(digests_before);
        self.settle(index, FileMeta::default(), Status::error(ErrorCode::Internal), Coverage::Whole);
    }

    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES || self.large.len() >= BATCH_LARGE_FILES
    }
}
