//! The heartbeat of a hasher: its progress, shared with the Supervisor without a message. What it reads is recorded in
//! the [slots](crate::sys::slots), for the next process if this one crashes.

use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::sys::slots::{JobTag, Slots};
use crate::walk::{Plan, PlanEntry};

/// Where hashers record what they read; empty if that is not needed.
pub type SharedSlots = Arc<OnceLock<Slots>>;

/// Written by one hasher thread, read by the Supervisor.
#[derive(Debug, Default)]
pub struct Heartbeat {
    beats: AtomicU64,
    at: AtomicUsize,
    thread_id: AtomicI32,
    slot: usize,
    slots_file: SharedSlots,
}

impl Heartbeat {
    /// The heartbeat of the hasher in this slot.
    pub fn new(slot: usize, slots_file: SharedSlots) -> Self {
        Self { slot, slots_file, ..Self::default() }
    }

    /// The hasher starts on entry `index` of its batch.
    pub(crate) fn begin(&self, index: usize) {
        self.at.store(index, Ordering::Relaxed);
        self.beat();
    }

    /// Records that it starts on a file, from `offset` on.
    pub(crate) fn note(&self, job_tag: JobTag, plan: &Plan, entry: &PlanEntry, offset: u64) {
        if let Some(slots) = self.slots_file.get() {
            slots.note(self.slot, job_tag, (&plan.group(entry).shown, plan.name(entry)), offset);
        }
    }

    /// Records that it reads nothing.
    pub fn forget(&self) {
        if let Some(slots) = self.slots_file.get() {
            slots.forget(self.slot);
        }
    }

    /// Shows that the hasher makes progress.
    pub fn beat(&self) {
        // There is one writer, so a load and a store would do; the atomic type is for the threads that read it.
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has made progress.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// The entry it works on, if its quantum is a batch.
    pub fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    /// Stores the kernel's id of the hasher's thread.
    pub fn set_thread_id(&self, thread_id: i32) {
        self.thread_id.store(thread_id, Ordering::Relaxed);
    }

    /// The id of the hasher's thread. `None` until it has started.
    pub fn thread_id(&self) -> Option<i32> {
        Some(self.thread_id.load(Ordering::Relaxed)).filter(|&thread_id| thread_id != 0)
    }
}
