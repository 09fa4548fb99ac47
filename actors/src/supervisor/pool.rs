//! The pool of hashers: the quanta of each, and which are stuck.
//!
//! Stuck means: busy, no beat and no growth of the thread's CPU time within the deadline. A thread that
//! only waits for a core is runnable, not stuck; its deadline does not advance
//! (its state is read from `/proc`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Addr, Recipient, SyncArbiter};

use crate::gauges::Gauges;
use crate::hasher::{Hasher, HasherConfig, Life};
use crate::messages::{Died, Finished, Lane, ReplyTo, Work};
use hivesum_core::hash::{Heartbeat, SharedSlots};
use hivesum_core::sys::sched::{self, HasherPriority};

/// One running and one waiting: a hasher never waits for a hop, and little is lost with it.
const CREDIT: usize = 2;

/// The configuration of the Supervisor.
#[derive(Debug, Clone)]
pub(crate) struct SupervisorConfig {
    pub(crate) hashers: usize,
    pub(crate) priority: HasherPriority,
    pub(crate) interactive_limit: usize,
    pub(crate) quantum_deadline: Duration,
    pub(crate) max_stuck: usize,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) slots_file: SharedSlots,
}

/// Where hashers report to.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    pub(super) finished: Recipient<Finished>,
    pub(super) died: Recipient<Died>,
}

#[derive(Debug, Default)]
pub(super) struct Pool {
    slots: Vec<Slot>,
    config: Option<(SupervisorConfig, Reports)>,
}

/// A quantum at a hasher.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) lane: Lane,
    pub(super) cost: u64,
    pub(super) reply_to: ReplyTo,
    pub(super) since: Instant,
}

#[derive(Debug)]
pub(super) struct Slot {
    hasher: Addr<Hasher>,
    generation: u64,
    heartbeat: Arc<Heartbeat>,
    life: Arc<Life>,
    in_flight: VecDeque<InFlight>,
    last_seen: Signs,
    changed_at: Instant,
}

/// Signs of life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Signs {
    beats: u64,
    cpu_time: Option<Duration>,
}

impl Slot {
    pub(super) fn hand(&mut self, in_flight: InFlight, work: Work) {
        if self.in_flight.is_empty() {
            self.changed_at = Instant::now();
        }
        self.in_flight.push_back(in_flight);
        self.hasher.do_send(work);
    }

    fn start(config: &SupervisorConfig, reports: &Reports, slot: usize, generation: u64) -> Self {
        let heartbeat = Arc::new(Heartbeat::new(slot, config.slots_file.clone()));
        let life = Life::new(config.gauges.clone());
        let config = HasherConfig {
            slot,
            generation,
            heartbeat: heartbeat.clone(),
            priority: config.priority,
            timeout: config.quantum_deadline,
            finished: reports.finished.clone(),
            died: reports.died.clone(),
            life: life.clone(),
        };
        let hasher = SyncArbiter::start(1, move || Hasher::new(config.clone()));
        let in_flight = VecDeque::with_capacity(CREDIT);
        let (last_seen, changed_at) = (Signs::default(), Instant::now());
        Self { hasher, generation, heartbeat, life, in_flight, last_seen, changed_at }
    }

    fn signs(&self) -> Signs {
        let cpu_time = self.heartbeat.thread_id().and_then(sched::thread_cpu_time);
        Signs { beats: self.heartbeat.beats(), cpu_time }
    }

    /// Whether it is busy and has given no sign of life for `deadline`.
    fn is_stuck(&mut self, deadline: Duration) -> bool {
        let signs = self.signs();
        if signs != self.last_seen || self.in_flight.is_empty() || self.is_runnable() {
            self.last_seen = signs;
            self.changed_at = Instant::now();
            return false;
        }
        self.changed_at.elapsed() >= deadline
    }

    fn is_runnable(&self) -> bool {
        self.heartbeat.thread_id().is_some_and(sched::thread_is_runnable)
    }
}

impl Pool {
    pub(super) fn fill(&mut self, config: &SupervisorConfig, reports: Reports) {
        self.slots = (0..config.hashers).map(|slot| Slot::start(config, &reports, slot, 0)).collect();
        self.config = Some((config.clone(), reports));
    }

    /// The hasher with the most room, if any has room.
    pub(super) fn roomiest(&mut self) -> Option<&mut Slot> {
        let roomiest = self.slots.iter_mut().min_by_key(|slot| slot.in_flight.len())?;
        (roomiest.in_flight.len() < CREDIT).then_some(roomiest)
    }

    pub(super) fn busy(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.in_flight.is_empty()).count()
    }

    pub(super) fn is_current(&self, slot: usize, generation: u64) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.generation == generation)
    }

    /// The quantum that this hasher has finished; `None` if the hasher was replaced meanwhile.
    pub(super) fn finish(&mut self, slot: usize, generation: u64) -> Option<InFlight> {
        let slot = self.slots.get_mut(slot).filter(|slot| slot.generation == generation)?;
        slot.changed_at = Instant::now();
        slot.life.revive();
        slot.in_flight.pop_front()
    }

    /// The entry of its batch that a hasher is at.
    pub(super) fn at(&self, slot: usize) -> usize {
        self.slots.get(slot).map_or(0, |slot| slot.heartbeat.at())
    }

    pub(super) fn stuck(&mut self, deadline: Duration) -> Vec<usize> {
        let stuck =
            self.slots.iter_mut().enumerate().filter_map(|(index, slot)| slot.is_stuck(deadline).then_some(index));
        stuck.collect()
    }

    /// This hasher makes no progress, and cannot be replaced for now: it does not count as alive.
    pub(super) fn give_up(&self, slot: usize) {
        if let Some(slot) = self.slots.get(slot) {
            slot.life.end();
        }
    }

    /// Starts a new hasher in this slot. Returns the quanta of the old one, the running one first.
    pub(super) fn replace(&mut self, slot: usize) -> VecDeque<InFlight> {
        let Some((config, reports)) = &self.config else { return VecDeque::new() };
        self.slots[slot].life.end();
        let generation = self.slots[slot].generation + 1;
        let fresh = Slot::start(config, reports, slot, generation);
        std::mem::replace(&mut self.slots[slot], fresh).in_flight
    }
}
