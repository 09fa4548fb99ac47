//! The files of a batch whose bytes are kept, to be digested together.
//!
//! They have their outcomes, and zeros where their digests belong. A panic while they are digested costs none of them
//! anything: then they are digested one after the other, and a panic costs only the file it happens on.

use super::task::{BatchDone, catch_panic};
use crate::digest::{Algorithms, MultiHasher};
use crate::file::Arena;

/// The files in the arena, in the same order.
pub(super) struct KeptFiles {
    algorithms: Algorithms,
    files: Vec<Kept>,
}

struct Kept {
    /// Which of the outcomes.
    outcome: usize,
    digests_at: usize,
}

impl KeptFiles {
    pub(super) fn new(algorithms: &Algorithms) -> Self {
        Self { algorithms: *algorithms, files: Vec::new() }
    }

    /// Leaves space for the digests of the next outcome.
    pub(super) fn add(&mut self, done: &mut BatchDone) {
        let digests_at = done.digests.len();
        self.files.push(Kept { outcome: done.outcomes.len(), digests_at });
        done.digests.resize(digests_at + self.algorithms.digest_bytes(), 0);
    }

    /// Digests the files, and frees the arena.
    pub(super) fn digest(&mut self, arena: &mut Arena, digests: &mut MultiHasher, done: &mut BatchDone) {
        if self.files.is_empty() {
            return;
        }
        let messages = arena.files();
        let together = catch_panic(|| {
            fail::fail_point!("digest_kept");
            digests.digest_messages(&messages, |index, at, digest| {
                done.digests[self.files[index].digests_at + at..][..digest.len()].copy_from_slice(digest);
            });
        });
        if together.is_err() {
            *digests = MultiHasher::new(&self.algorithms);
            self.digest_alone(&messages, digests, done);
        }
        self.files.clear();
        arena.clear();
    }

    /// From the last file to the first, so that the digests of earlier ones stay where they are.
    fn digest_alone(&self, messages: &[&[u8]], digests: &mut MultiHasher, done: &mut BatchDone) {
        for (file, message) in self.files.iter().zip(messages).rev() {
            let stride = file.digests_at..file.digests_at + self.algorithms.digest_bytes();
            let alone = catch_panic(|| {
                fail::fail_point!("digest_kept_alone");
                digests.update(message);
                let mut out = Vec::with_capacity(stride.len());
                digests.finalize_reset_into(&mut out);
                out
            });
            match alone {
                Ok(out) => done.digests[stride].copy_from_slice(&out),
                Err(_) => {
                    *digests = MultiHasher::new(&self.algorithms);
                    done.digests.drain(stride);
                    done.lose(file.outcome);
                }
            }
        }
    }
}
