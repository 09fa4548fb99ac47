//! The pulse of a hasher: what it is at, shared with the Supervisor without a message.

use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};

/// Written by one hasher thread, read by the Supervisor.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    beats: AtomicU64,
    at: AtomicUsize,
    thread_id: AtomicI32,
}

impl Pulse {
    /// The hasher turns to entry `index` of its batch.
    pub(crate) fn begin(&self, index: usize) {
        self.at.store(index, Ordering::Relaxed);
        self.beat();
    }

    pub(crate) fn beat(&self) {
        // A plain store would do (one writer), but reads from other threads must not be torn.
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// The entry it is at, where its quantum is a batch.
    pub(crate) fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    pub(crate) fn set_thread_id(&self, thread_id: i32) {
        self.thread_id.store(thread_id, Ordering::Relaxed);
    }

    /// The hasher's thread; nothing until it has started.
    pub(crate) fn thread_id(&self) -> Option<i32> {
        Some(self.thread_id.load(Ordering::Relaxed)).filter(|&thread_id| thread_id != 0)
    }
}
