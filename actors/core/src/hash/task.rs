//! What a batch has to do, and what came of it: a result for each entry, and digests for those that were hashed.
//!
//! It says when a quantum is full, and what a panic costs. It opens and reads nothing.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::found::LargeFound;
use super::heartbeat::Heartbeat;
use super::rules::{Coverage, ScanRules};
use crate::file::{meta_of, stat_entry};
use crate::guard_is_out;
use crate::result::{ErrorCode, FileMeta, Origin, Status};
use crate::walk::Plan;

/// After this many bytes a batch stops and returns the rest: a few milliseconds of the slower digests.
const BATCH_BYTES: u64 = 8 << 20;

/// After this many large files a batch stops: each keeps a descriptor until it is hashed.
const BATCH_LARGE_FILES: usize = 4;

/// Entries of a plan that one hasher hashes in one quantum.
#[derive(Debug)]
pub struct BatchTask {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Which of its entries.
    pub range: Range<usize>,
    /// The rules of the scan.
    pub rules: Arc<ScanRules>,
    /// Ends the batch soon after so many bytes, where they are rationed. `None`: as it is fastest.
    pub most_bytes: Option<u64>,
}

impl BatchTask {
    /// Notes that this entry is read now, from `offset` on, for the next process if this one crashes.
    pub(super) fn note_read(&self, heartbeat: &Heartbeat, index: usize, offset: u64) {
        if let Some(job_tag) = self.rules.job_tag {
            heartbeat.note(job_tag, &self.plan, &self.plan.entries[index], offset);
        }
    }
}

/// The results of a batch: those of its entries up to `next`.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchDone {
    /// The first entry that was not reached.
    pub next: usize,
    /// One for each entry with a result.
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
    /// What `fstat` returned.
    pub meta: FileMeta,
    /// Whether it has digests, or why not.
    pub status: Status,
    /// Whether the file was read for it.
    pub origin: Origin,
}

/// A panic ends here, unless a test takes this guard out.
pub(super) fn catch_panic<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    match guard_is_out!(PanicEdge) {
        false => catch_unwind(AssertUnwindSafe(work)),
        true => Ok(work()),
    }
}

impl BatchDone {
    pub(super) fn for_task(task: &BatchTask) -> Self {
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

    pub(super) fn settle(&mut self, outcome: Outcome, coverage: Coverage) {
        if let Status::Hashed(_) = outcome.status {
            self.hashed += 1;
            self.bytes += coverage.bytes_read(outcome.meta.size);
        }
        self.outcomes.push(outcome);
    }

    /// Uses the result of an earlier run if the file is unchanged. The file is not opened.
    pub(super) fn settle_known(&mut self, task: &BatchTask, index: usize) -> bool {
        let Some((known, digests)) = task.plan.known(index, task.rules.algorithms.digest_bytes()) else { return false };
        let entry = &task.plan.entries[index];
        let Ok(stat) = stat_entry(&task.plan.group(entry).dir, task.plan.name(entry)) else { return false };
        let meta = meta_of(&stat);
        // Of two writes in the time that a coarse stamp covers, the second would stay unseen.
        if !known.meta.is_same_file(&meta) || known.meta.may_hide_a_write(Status::Hashed(known.stability)) {
            return false;
        }
        self.digests.extend_from_slice(digests);
        let (status, origin) = (Status::Hashed(known.stability), known.origin);
        self.outcomes.push(Outcome { index, meta, status, origin });
        true
    }

    /// Discards what a panic left behind, which is not a digest.
    pub(super) fn settle_panic(&mut self, index: usize, digests_before: usize) {
        self.panics += 1;
        self.digests.truncate(digests_before);
        let (meta, status) = (FileMeta::default(), Status::error(ErrorCode::Internal));
        self.settle(Outcome { index, meta, status, origin: Origin::Read }, Coverage::Whole);
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES || self.large.len() >= BATCH_LARGE_FILES
    }

    /// The digest of this outcome's file panicked.
    pub(super) fn lose(&mut self, outcome: usize) {
        self.panics += 1;
        self.hashed -= 1;
        let lost = &mut self.outcomes[outcome];
        (lost.meta, lost.status) = (FileMeta::default(), Status::error(ErrorCode::Internal));
    }
}
