//! Reads of single files beside the engine, piece by piece: where one cannot be read, and whether a mirror has another
//! copy of it.
//!
//! They keep the rate of the run and end with it. What they find is no verdict.

use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, OwnedFd};
use std::thread;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{DEFAULT_READ_TIMEOUT, ReadBuffers};
use hivesum_core::fixity::{FileRange, bounded};
use hivesum_core::hash::{CopyRead, read_copy_beneath};

use crate::engine::throttle::{ByteBudget, Throttle};
use crate::scan::Canceller;

/// How many threads are started at most until there was one of each parity. Their ids mostly follow each other.
const MOST_THREADS: usize = 64;

/// What the reads of a run have in common.
pub(super) struct Again {
    pub(super) dir: OwnedFd,
    pub(super) algorithms: Algorithms,
    pub(super) budgets: Vec<ByteBudget>,
    pub(super) cancel: Canceller,
}

impl Again {
    /// Where the file at this path cannot be read; nothing if that is not known.
    pub(super) fn unreadable(&self, path: &[u8]) -> Vec<FileRange> {
        self.read(path).map_or_else(Vec::new, |copy| bounded(copy.unreadable))
    }

    /// Reads a file once by a thread with an even id, and once by one with an odd id: btrfs chooses the copy of a mirror
    /// by it. A read that fails is left out.
    pub(super) fn by_both_parities(&self, path: &[u8]) -> Vec<CopyRead> {
        let (mut copies, mut is_read) = (Vec::new(), [false; 2]);
        for _ in 0..MOST_THREADS {
            if is_read == [true; 2] {
                break;
            }
            let of_one = thread::scope(|scope| {
                let read = || {
                    let parity = usize::from(rustix::thread::gettid().as_raw_nonzero().get() % 2 != 0);
                    (!is_read[parity]).then(|| (parity, self.read(path)))
                };
                let started = thread::Builder::new().name("hivesum-again".to_owned()).spawn_scoped(scope, read);
                started.ok().and_then(|thread| thread.join().ok())
            });
            match of_one {
                Some(Some((parity, copy))) => {
                    is_read[parity] = true;
                    copies.extend(copy);
                }
                Some(None) => {}
                None => break,
            }
        }
        copies
    }

    fn read(&self, path: &[u8]) -> Option<CopyRead> {
        let mut throttles: Vec<_> = self.budgets.iter().cloned().map(Throttle::of).collect();
        let mut buffers = ReadBuffers::new(DEFAULT_READ_TIMEOUT);
        let told = |bytes| {
            throttles.iter_mut().for_each(|throttle| throttle.pay(bytes, || self.cancel.is_cancelled()));
            if self.cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        read_copy_beneath(&mut buffers, (self.dir.as_fd(), path), Some(&self.algorithms), told).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    fn again(dir: &std::path::Path, budgets: Vec<ByteBudget>) -> Again {
        let dir = std::fs::File::open(dir).unwrap().into();
        Again { dir, algorithms: "sha256".parse().unwrap(), budgets, cancel: Canceller::default() }
    }

    #[test]
    fn a_file_is_read_by_a_thread_of_each_parity() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/song"), "la").unwrap();
        let again = again(dir.path(), Vec::new());
        let copies = again.by_both_parities(b"d/song");
        assert_eq!(copies.len(), 2);
        assert!(copies.iter().all(|copy| copy.digests.as_ref().is_some_and(|digests| digests.len() == 32)));
        assert_eq!((again.unreadable(b"d/song"), again.unreadable(b"gone")), (vec![], vec![]));
        assert!(again.by_both_parities(b"gone").is_empty());
    }

    #[test]
    fn a_cancelled_run_neither_waits_for_its_rate_nor_reads_on() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("song"), "la").unwrap();
        let again = again(dir.path(), vec![ByteBudget::new(NonZeroU64::MIN)]);
        again.cancel.cancel();
        assert!(again.by_both_parities(b"song").is_empty());
    }
}
