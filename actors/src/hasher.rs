//! The Hasher: one thread, one set of buffers, one quantum at a time.
//!
//! Each has its own `SyncArbiter::start(1, ..)`, so the Supervisor sees each one busy, dead or stuck. It
//! knows no job: a quantum says what to do, and its outcome goes back to the Supervisor. Only the
//! Supervisor sends quanta, at most two at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use actix::{Actor, Handler, Recipient, SyncContext};

use crate::gauges::Gauges;
use crate::messages::{Answer, Died, Finished, Lost, Quantum, Reply, Work};
use hivesum_core::file::ReadBuffers;
use hivesum_core::guard_is_out;
use hivesum_core::hash::{Heartbeat, digest_segment, hash_batch};
use hivesum_core::sys::sched;
use hivesum_core::sys::sched::HasherPriority;

/// The configuration of one Hasher.
#[derive(Debug, Clone)]
pub(crate) struct HasherConfig {
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    pub(crate) heartbeat: Arc<Heartbeat>,
    pub(crate) priority: HasherPriority,
    /// How long one file may keep the hasher waiting.
    pub(crate) timeout: Duration,
    /// Receives the outcome of each quantum, and the end of the thread.
    pub(crate) finished: Recipient<Finished>,
    pub(crate) died: Recipient<Died>,
    pub(crate) life: Arc<Life>,
}

/// Whether one hasher counts as alive: from the start of its thread until that ends, or until the Supervisor gives the
/// hasher up because it makes no progress.
#[derive(Debug)]
pub(crate) struct Life {
    stage: AtomicU8,
    gauges: Arc<Gauges>,
}

const NOT_STARTED: u8 = 0;
const ALIVE: u8 = 1;
const ENDED: u8 = 2;

impl Life {
    pub(crate) fn new(gauges: Arc<Gauges>) -> Arc<Self> {
        Arc::new(Self { stage: AtomicU8::new(NOT_STARTED), gauges })
    }

    fn move_on(&self, from: u8, to: u8) -> bool {
        self.stage.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The thread has started. A hasher that was given up before that stays given up.
    pub(crate) fn begin(&self) {
        if self.move_on(NOT_STARTED, ALIVE) {
            self.gauges.add_alive();
        }
    }

    /// The thread has ended, or the Supervisor has given the hasher up.
    pub(crate) fn end(&self) {
        if self.stage.swap(ENDED, Ordering::SeqCst) == ALIVE {
            self.gauges.remove_alive();
        }
    }

    /// A hasher that was given up, but never replaced, makes progress again.
    pub(crate) fn revive(&self) {
        if self.move_on(ENDED, ALIVE) {
            self.gauges.add_alive();
        }
    }
}

pub(crate) struct Hasher {
    config: HasherConfig,
    buffers: ReadBuffers,
}

impl Hasher {
    pub(crate) fn new(config: HasherConfig) -> Self {
        let buffers = ReadBuffers::new(config.timeout);
        Self { config, buffers }
    }
}

impl Actor for Hasher {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        sched::name_current_thread(c"hivesum-hasher");
        self.config.heartbeat.set_thread_id(sched::current_thread_id());
        self.config.life.begin();
        take_priority(self.config.priority);
    }
}

/// Sets the priority of the calling thread. If that is refused, it stays normal, and the log says so.
pub(crate) fn take_priority(priority: HasherPriority) {
    if let Err(error) = priority.apply() {
        tracing::warn!(%error, "a thread runs at normal priority: SCHED_IDLE was refused");
    }
}

/// Runs when the thread ends, also by a panic: the only sign of death that a sync actor gives.
impl Drop for Hasher {
    fn drop(&mut self) {
        let HasherConfig { slot, generation, ref died, ref life, .. } = self.config;
        life.end();
        died.do_send(Died { slot, generation });
    }
}

impl Handler<Work> for Hasher {
    type Result = ();

    fn handle(&mut self, Work(quantum): Work, _: &mut Self::Context) {
        fail::fail_point!("hasher_thread");
        let heartbeat = self.config.heartbeat.clone();
        let buffers = &mut self.buffers;
        let reply = match guard_is_out!(PanicEdge) {
            false => catch_unwind(AssertUnwindSafe(|| carry_out(buffers, quantum, &heartbeat))),
            true => Ok(carry_out(buffers, quantum, &heartbeat)),
        };
        let reply = reply.unwrap_or_else(|_| Err(Lost::HasherDied { at: heartbeat.at() }));
        heartbeat.forget();
        heartbeat.beat();
        let HasherConfig { slot, generation, ref finished, .. } = self.config;
        finished.do_send(Finished { slot, generation, reply });
    }
}

fn carry_out(buffers: &mut ReadBuffers, quantum: Quantum, heartbeat: &Heartbeat) -> Reply {
    Ok(match quantum {
        Quantum::HashBatch(task) => Answer::BatchHashed(hash_batch(buffers, &task, heartbeat)),
        Quantum::HashSegment(task) => Answer::SegmentHashed(digest_segment(buffers, task, heartbeat)),
        Quantum::AbsorbChunk(mut task) => {
            fail::fail_point!("absorb_chunk");
            task.digests.update(task.block.bytes());
            Answer::ChunkAbsorbed(task)
        }
    })
}
