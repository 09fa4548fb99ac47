//! The heartbeat of a hasher: what it is at, shared with the Supervisor without a message, and with the next
//! process, should this one die, through the [slots](crate::sys::slots).

use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::sys::slots::{JobTag, Slots};
use crate::walk::{Plan, PlanEntry};

/// Where hashers note what they read; empty where nobody wants to know.
pub type Notebook = Arc<OnceLock<Slots>>;

/// Written by one hasher thread, read by the Supervisor.
#[derive(Debug, Default)]
pub struct Heartbeat {
    beats: AtomicU64,
    at: AtomicUsize,
    thread_id: AtomicI32,
    slot: usize,
    notebook: Notebook,
}

impl Heartbeat {
    /// Of the hasher in this slot.
    pub fn new(slot: usize, notebook: Notebook) -> Self {
        Self { slot, notebook, ..Self::default() }
    }

    /// The hasher turns to entry `index` of its batch.
    pub(crate) fn begin(&self, index: usize) {
        self.at.store(index, Ordering::Relaxed);
        self.beat();
    }

    /// Notes that it turns to a file, from `offset` on.
    pub(crate) fn note(&self, job_tag: JobTag, plan: &Plan, entry: &PlanEntry, offset: u64) {
        if let Some(slots) = self.notebook.get() {
            slots.note(self.slot, job_tag, (&plan.group(entry).shown, plan.name(entry)), offset);
        }
    }

    /// Notes that it reads nothing.
    pub fn forget(&self) {
        if let Some(slots) = self.notebook.get() {
            slots.forget(self.slot);
        }
    }

    /// Shows that the hasher makes progress.
    pub fn beat(&self) {
        // A plain store would do (one writer), but reads from other threads must not be torn.
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has shown progress.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// The entry it is at, where its quantum is a batch.
    pub fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    /// Notes the kernel's id of the hasher's thread.
    pub fn set_thread_id(&self, thread_id: i32) {
        self.thread_id.store(thread_id, Ordering::Relaxed);
    }

    /// The hasher's thread; nothing until it has started.
    pub fn thread_id(&self) -> Option<i32> {
        Some(self.thread_id.load(Ordering::Relaxed)).filter(|&thread_id| thread_id != 0)
    }
}
