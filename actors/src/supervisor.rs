//! The Supervisor: admission, queues, dispatch, health and restarts. It opens no file.
//!
//! Every quantum passes through it. At most two are at a Hasher, one running and one waiting; the rest waits in
//! [`queues`], whose bounds are kept at admission. A Hasher that dies or makes no progress is replaced,
//! its quanta are answered, and its slot's generation is raised so that a late answer is dropped.

mod pool;
mod queues;

use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler};
use tokio::sync::oneshot;

use crate::error::Refused;
use crate::gauges::Operation;
use crate::messages::{Answer, Died, Drain, Finished, Lane, Lost, Quantum, Reply, Submit, Withdraw, Work};
use hivesum_core::guard_is_out;
pub(crate) use pool::SupervisorConfig;
use pool::{InFlight, Pool, Reports};
use queues::{QueueFull, QueueLimits, Queues};

/// Quanta of one job that may wait; its driver's credit is far below.
const JOB_QUEUE_LIMIT: usize = 1024;

/// How often the health of hashers is checked.
const HEALTH_INTERVAL: Duration = Duration::from_millis(500);

pub(crate) struct Supervisor {
    config: SupervisorConfig,
    queues: Queues,
    pool: Pool,
    /// Replaced hashers that are still stuck in the kernel.
    stuck: usize,
    draining: Option<Vec<oneshot::Sender<()>>>,
}

impl Supervisor {
    pub(crate) fn new(config: SupervisorConfig) -> Self {
        let limits = QueueLimits { interactive: config.interactive_limit, per_job: JOB_QUEUE_LIMIT };
        Self { queues: Queues::new(limits), pool: Pool::default(), stuck: 0, draining: None, config }
    }

    /// Dispatches quanta while a hasher has room and something waits.
    fn dispatch(&mut self) {
        while let Some(slot) = self.pool.roomiest() {
            let Some(submit) = self.queues.pop() else { break };
            if submit.reply_to.is_abandoned() {
                self.queues.settle(submit.lane, submit.cost, 0);
                continue;
            }
            let Submit { lane, cost, quantum, reply_to, since } = submit;
            self.config.gauges.durations.waited(lane == Lane::Interactive, since.elapsed());
            slot.hand(InFlight { lane, cost, reply_to, since: Instant::now() }, Work(quantum));
        }
        self.config.gauges.set_load(self.pool.busy(), self.queues.interactive_len(), self.queues.jobs_len());
        self.tell_drained();
    }

    /// A quantum is done: counts it, corrects the account, answers the sender.
    fn conclude(&mut self, done: InFlight, reply: Reply) {
        let (gauges, took) = (&self.config.gauges, done.since.elapsed());
        let bytes = match &reply {
            Ok(Answer::BatchHashed(batch)) => {
                gauges.durations.worked(Operation::HashBatch, took);
                gauges.count_batch(batch.hashed, batch.bytes, batch.panics);
                batch.bytes
            }
            Ok(Answer::SegmentHashed(segment)) => {
                gauges.durations.worked(Operation::HashSegment, took);
                let bytes = segment.bytes(done.cost);
                gauges.count_bytes(bytes);
                bytes
            }
            Ok(Answer::ChunkAbsorbed(_)) => {
                gauges.durations.worked(Operation::AbsorbChunk, took);
                gauges.count_bytes(done.cost);
                done.cost
            }
            Err(Lost::HasherDied { .. }) => {
                gauges.count_panic();
                0
            }
            Err(_) => 0,
        };
        gauges.record_latency(took);
        self.queues.settle(done.lane, done.cost, bytes);
        done.reply_to.send(reply);
    }

    /// Replaces a hasher and answers its quanta: the running one with `lost`; the waiting one may be
    /// sent again.
    fn replace(&mut self, slot: usize, lost: Lost) {
        let orphans = self.pool.replace(slot);
        self.config.gauges.count_restart();
        for (place, orphan) in orphans.into_iter().enumerate() {
            let reply = if place == 0 { Err(lost) } else { Err(Lost::NeverBegan) };
            self.conclude(orphan, reply);
        }
    }

    fn check_health(&mut self) {
        if guard_is_out!(Watchdog) {
            return;
        }
        for slot in self.pool.stuck(self.config.quantum_deadline) {
            if self.stuck >= self.config.max_stuck {
                self.pool.give_up(slot);
                tracing::error!(slot, "a hasher makes no progress; too many are stuck already to replace it");
                continue;
            }
            self.stuck += 1;
            let at = self.pool.at(slot);
            tracing::error!(slot, "a hasher made no progress within its deadline and is replaced");
            self.config.gauges.count_stuck();
            self.replace(slot, Lost::HasherStuck { at });
        }
        self.dispatch();
    }

    fn tell_drained(&mut self) {
        if self.queues.is_empty() && self.pool.busy() == 0 {
            for waiting in self.draining.iter_mut().flat_map(std::mem::take) {
                let _ = waiting.send(());
            }
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // Bounded by the senders: uploads, drivers' credit, and two answers a hasher.
        context.set_mailbox_capacity(4096);
        let (finished, died) = (context.address().recipient(), context.address().recipient());
        self.pool.fill(&self.config, Reports { finished, died });
        self.config.gauges.set_size(self.config.hashers);
        context.run_interval(HEALTH_INTERVAL, |supervisor, _| supervisor.check_health());
    }
}

/// From uploads and drivers. A full queue is answered at once; no accepted quantum is ever dropped.
impl Handler<Submit> for Supervisor {
    type Result = ();

    fn handle(&mut self, submit: Submit, _: &mut Self::Context) {
        let new_upload = submit.lane == Lane::Interactive && !continues_an_upload(&submit.quantum);
        if self.draining.is_some() && new_upload {
            submit.reply_to.send(Err(Lost::Refused(Refused::Draining)));
        } else if let Err(QueueFull(submit)) = self.queues.push(submit) {
            submit.reply_to.send(Err(Lost::Refused(Refused::QueueFull)));
        }
        self.dispatch();
    }
}

/// An upload in progress may finish: its states have absorbed bytes.
fn continues_an_upload(quantum: &Quantum) -> bool {
    matches!(quantum, Quantum::AbsorbChunk(task) if task.digests.absorbed() > 0)
}

/// From Hashers, after every quantum.
impl Handler<Finished> for Supervisor {
    type Result = ();

    fn handle(&mut self, finished: Finished, _: &mut Self::Context) {
        if let Some(done) = self.pool.finish(finished.slot, finished.generation) {
            self.conclude(done, finished.reply);
            self.dispatch();
        }
    }
}

/// From a Hasher's drop, however its thread ended.
impl Handler<Died> for Supervisor {
    type Result = ();

    fn handle(&mut self, died: Died, _: &mut Self::Context) {
        if self.pool.is_current(died.slot, died.generation) {
            tracing::error!(slot = died.slot, "a hasher thread died and is replaced");
            let at = self.pool.at(died.slot);
            self.replace(died.slot, Lost::HasherDied { at });
            self.dispatch();
        } else {
            // A replaced hasher has returned from the kernel and ended.
            self.stuck = self.stuck.saturating_sub(1);
        }
    }
}

/// From a driver that was cancelled or has ended.
impl Handler<Withdraw> for Supervisor {
    type Result = ();

    fn handle(&mut self, Withdraw(key): Withdraw, _: &mut Self::Context) {
        for submit in self.queues.withdraw(key) {
            submit.reply_to.send(Err(Lost::Withdrawn));
        }
        self.dispatch();
    }
}

/// From the engine, once or more.
impl Handler<Drain> for Supervisor {
    type Result = ();

    fn handle(&mut self, Drain(drained): Drain, _: &mut Self::Context) {
        self.draining.get_or_insert_default().push(drained);
        self.tell_drained();
    }
}
