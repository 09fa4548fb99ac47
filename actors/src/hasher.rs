//! The Hasher: one thread, one desk, one quantum at a time.
//!
//! Each is its own `SyncArbiter::start(1, ..)`, so the Supervisor sees every one busy, dead or stuck. It
//! knows no job: what to do comes in the quantum, what came of it goes back to the Supervisor. Sent by the
//! Supervisor alone, at most two quanta ahead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Handler, SyncContext};

use crate::file::Desk;
use crate::guards::Guard;
use crate::hash::{Pulse, digest_segment, hash_batch};
use crate::messages::{Answer, ChunkTask, Died, Finished, Lost, Quantum, Reply, Work};
use crate::supervisor::Supervisor;
use crate::sys::sched;
use crate::sys::sched::HasherPriority;

/// What one Hasher is told when it is made.
#[derive(Debug, Clone)]
pub(crate) struct Station {
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) priority: HasherPriority,
    /// How long one file may keep the hasher waiting.
    pub(crate) patience: Duration,
    pub(crate) supervisor: Addr<Supervisor>,
}

pub(crate) struct Hasher {
    station: Station,
    desk: Desk,
}

impl Hasher {
    pub(crate) fn new(station: Station) -> Self {
        let desk = Desk::new(station.patience);
        Self { station, desk }
    }
}

impl Actor for Hasher {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        sched::name_current_thread(c"hivesum-hasher");
        self.station.pulse.set_thread_id(sched::current_thread_id());
        self.station.priority.apply();
    }
}

/// Runs when the thread ends, by a panic too: the one sign of death that a sync actor gives.
impl Drop for Hasher {
    fn drop(&mut self) {
        let Station { slot, generation, ref supervisor, .. } = self.station;
        supervisor.do_send(Died { slot, generation });
    }
}

impl Handler<Work> for Hasher {
    type Result = ();

    fn handle(&mut self, Work(quantum): Work, _: &mut Self::Context) {
        fail::fail_point!("hasher_thread");
        let pulse = self.station.pulse.clone();
        let desk = &mut self.desk;
        let reply = match Guard::PanicEdge.is_up() {
            true => catch_unwind(AssertUnwindSafe(|| carry_out(desk, quantum, &pulse))),
            false => Ok(carry_out(desk, quantum, &pulse)),
        };
        let reply = reply.unwrap_or_else(|_| Err(Lost::HasherDied { at: pulse.at() }));
        pulse.forget();
        pulse.beat();
        let Station { slot, generation, ref supervisor, .. } = self.station;
        supervisor.do_send(Finished { slot, generation, reply });
    }
}

fn carry_out(desk: &mut Desk, quantum: Quantum, pulse: &Pulse) -> Reply {
    Ok(match quantum {
        Quantum::HashBatch(task) => Answer::BatchHashed(hash_batch(desk, &task, pulse)),
        Quantum::HashSegment(task) => Answer::SegmentHashed(digest_segment(desk, task, pulse)),
        Quantum::AbsorbChunk(ChunkTask { mut digests, chunks }) => {
            fail::fail_point!("absorb_chunk");
            for chunk in &chunks {
                digests.update(chunk);
            }
            Answer::ChunkAbsorbed(digests)
        }
    })
}
