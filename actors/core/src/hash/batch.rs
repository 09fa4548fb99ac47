//! One quantum of small files: open, check, read, check again, one file after the other; and their digests.
//!
//! A batch ends early once it has digested its share of bytes; the driver then requests the rest. A panic costs only
//! the file it happened on. Large files are opened and returned, to be cut into pieces. Small files may be kept, and
//! longer ones may wait, to be digested together with others. A file whose bytes are not in memory is set aside, so that
//! the device reads it while others are opened, and is hashed at the end of the batch.

use super::found::{OpenFound, Waiting};
use super::heartbeat::Heartbeat;
use super::kept::KeptFiles;
use super::rules::READ_ATTEMPTS;
use super::small_file::{FileWork, Found};
use super::streams::{self, Ended};
use super::task::{BatchDone, BatchTask, Outcome, catch_panic};
use crate::digest::MultiHasher;
use crate::file::{Now, Patience, ReadBuffers};
use crate::result::{FileMeta, Origin, Status};
use crate::walk::{Fate, PLAN_ENTRIES};

/// Files that are set aside have so many bytes, or a file more: what is asked for ahead must not push itself out of
/// memory before it is read.
const ASIDE_BYTES: u64 = 16 << 20;

/// Hashes the entries of the task until they are done or the quantum is full.
pub fn hash_batch(buffers: &mut ReadBuffers, task: &BatchTask, heartbeat: &Heartbeat) -> BatchDone {
    let digests = buffers.take_digests(&task.rules.algorithms);
    let is_alone = task.range.len() <= 1;
    let mut batch = Batch {
        buffers,
        task,
        heartbeat,
        keeps: digests.has_lanes() && !is_alone,
        streams: digests.has_streams() && !is_alone,
        digests,
        kept: KeptFiles::new(&task.rules.algorithms),
        waiting: streams::waiting(),
        aside: Waiting::up_to(PLAN_ENTRIES, ASIDE_BYTES),
        patience: if is_alone { Patience::Waits } else { Patience::OnlyMemory },
        now: Now::read(),
        done: BatchDone::for_task(task),
    };
    batch.hash_entries();
    batch.hash_aside();
    batch.digest_kept();
    batch.read_waiting();
    batch.buffers.put_back(&task.rules.algorithms, batch.digests);
    batch.done
}

/// A batch while it is hashed.
struct Batch<'a> {
    buffers: &'a mut ReadBuffers,
    task: &'a BatchTask,
    heartbeat: &'a Heartbeat,
    digests: MultiHasher,
    /// Whether small files are kept, to be digested together.
    keeps: bool,
    /// Whether longer ones wait, to be read side by side.
    streams: bool,
    kept: KeptFiles,
    waiting: Waiting,
    /// Files whose bytes the device is to read first.
    aside: Waiting,
    patience: Patience,
    now: Now,
    done: BatchDone,
}

impl Batch<'_> {
    fn hash_entries(&mut self) {
        let plan = &self.task.plan;
        for index in self.task.range.clone() {
            let entry = &plan.entries[index];
            if entry.fate != Fate::Hash {
                continue;
            }
            self.heartbeat.begin(index);
            if self.done.settle_known(self.task, index) {
                continue;
            }
            self.task.note_read(self.heartbeat, index, 0);
            self.hash(index, |work| work.hash_entry(plan, entry, index));
            if self.done.is_full()
                || [&self.waiting, &self.aside].iter().any(|files| files.is_full(self.task.most_bytes))
            {
                self.done.next = index + 1;
                return;
            }
        }
    }

    /// Hashes the files that were set aside. None is set aside again.
    fn hash_aside(&mut self) {
        self.patience = Patience::Waits;
        for OpenFound { index, file, meta, now, .. } in self.aside.take() {
            self.hash_later(index, now, |work| {
                fail::fail_point!("hash_aside");
                work.hash_open(index, file, meta, READ_ATTEMPTS)
            });
        }
    }

    /// Hashes an entry that is open, and was looked at then.
    fn hash_later(&mut self, index: usize, now: Now, hash: impl FnOnce(&mut FileWork<'_>) -> Found) {
        self.heartbeat.begin(index);
        self.task.note_read(self.heartbeat, index, 0);
        self.now = now;
        self.hash(index, hash);
    }

    /// Records what came of one entry; a panic is an error of this entry.
    fn hash(&mut self, index: usize, hash: impl FnOnce(&mut FileWork<'_>) -> Found) {
        let digests_before = self.done.digests.len();
        let mut work = FileWork {
            buffers: self.buffers,
            rules: &self.task.rules,
            digests: &mut self.digests,
            out: &mut self.done.digests,
            now: self.now,
            read_from: None,
            keeps: self.keeps,
            streams: self.streams,
            patience: self.patience,
            kept: false,
        };
        match catch_panic(|| hash(&mut work)) {
            Ok(Found::Settled(meta, status)) => {
                let (origin, kept) = (Origin::of_read(work.read_from), work.kept);
                if kept {
                    self.kept.add(&mut self.done);
                }
                self.settle(index, meta, status, origin);
            }
            Ok(Found::Large(large)) => self.done.large.push(large),
            Ok(Found::Stream(found)) => self.waiting.add(found),
            Ok(Found::NotInMemory(found)) => self.aside.add(found),
            Err(_) => {
                self.digests = MultiHasher::new(&self.task.rules.algorithms);
                self.done.settle_panic(index, digests_before);
            }
        }
        if !self.buffers.arena.has_room() {
            self.digest_kept();
        }
    }

    fn settle(&mut self, index: usize, meta: FileMeta, status: Status, origin: Origin) {
        self.done.settle(Outcome { index, meta, status, origin }, self.task.rules.coverage);
    }

    fn digest_kept(&mut self) {
        self.kept.digest(&mut self.buffers.arena, &mut self.digests, &mut self.done);
    }

    /// Reads the files that wait. The arena is empty.
    fn read_waiting(&mut self) {
        (self.keeps, self.streams) = (false, false);
        let waiting = self.waiting.take();
        for (found, ended) in streams::read(waiting, self.buffers, self.task, self.heartbeat) {
            let OpenFound { index, file, meta, now, .. } = found;
            match ended {
                Ended::Settled(status, digests) => {
                    self.done.digests.extend_from_slice(&digests);
                    self.settle(index, meta, status, Origin::Read);
                }
                Ended::Again(was_read) => {
                    let attempts = READ_ATTEMPTS - usize::from(was_read);
                    self.hash_later(index, now, |work| work.hash_open(index, file, meta, attempts));
                }
            }
        }
    }
}
