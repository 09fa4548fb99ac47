//! One quantum of small files: open, check, read, check again, one file after the other; and their digests.
//!
//! A batch ends early once it has digested its share of bytes; the driver then requests the rest. A panic costs only
//! the file it happened on. Large files are opened and returned, to be cut into pieces.

use super::heartbeat::Heartbeat;
use super::kept::KeptFiles;
use super::small_file::{FileWork, Found};
use super::task::{BatchDone, BatchTask, Outcome, catch_panic};
use crate::digest::MultiHasher;
use crate::file::{Now, ReadBuffers};
use crate::result::Origin;
use crate::walk::Fate;

/// Hashes the entries of the task until they are done or the quantum is full.
pub fn hash_batch(buffers: &mut ReadBuffers, task: &BatchTask, heartbeat: &Heartbeat) -> BatchDone {
    let algorithms = &task.rules.algorithms;
    let mut done = BatchDone::for_task(task);
    let mut digests = buffers.take_digests(algorithms);
    let together = digests.has_lanes() && task.range.len() > 1;
    let mut kept_files = KeptFiles::new(algorithms);
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
        let (rules, out) = (&task.rules, &mut done.digests);
        let mut work =
            FileWork { buffers, rules, digests: &mut digests, out, now, read_from: None, together, kept: false };
        match catch_panic(|| work.hash_entry(&task.plan, entry, index)) {
            Ok(Found::Settled(meta, status)) => {
                let (origin, kept) = (Origin::of_read(work.read_from), work.kept);
                if kept {
                    kept_files.add(&mut done);
                }
                done.settle(Outcome { index, meta, status, origin }, rules.coverage);
            }
            Ok(Found::Large(large)) => done.large.push(large),
            Err(_) => {
                digests = MultiHasher::new(algorithms);
                done.settle_panic(index, digests_before);
            }
        }
        if !buffers.arena.has_room() {
            kept_files.digest(&mut buffers.arena, &mut digests, &mut done);
        }
        if done.is_full() {
            done.next = index + 1;
            break;
        }
    }
    kept_files.digest(&mut buffers.arena, &mut digests, &mut done);
    buffers.put_back(algorithms, digests);
    done
}
