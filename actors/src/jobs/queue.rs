//! The queue of unfinished jobs: which run, which wait, and how many there may be.
//!
//! The lock is short and never held across an await.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::active::ActiveJob;
use crate::error::{Refused, SubmitError};
use crate::job::{JobCounts, JobId, JobKind, JobVerdictCounts};
use crate::scan::Priority;
use crate::store::Ending;

/// Limits on the number of jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_running: usize,
    pub(crate) max_queued: usize,
    /// Waiting jobs of one owner.
    pub(crate) max_queued_of_one: usize,
}

/// Running and waiting jobs.
#[derive(Debug)]
pub(crate) struct JobQueue {
    limits: Limits,
    state: Mutex<State>,
    running: watch::Sender<usize>,
    /// Counts jobs that were admitted, began to run or were removed.
    changes: watch::Sender<u64>,
    /// Notified when a job is admitted or a permit is returned.
    to_schedule: Notify,
}

#[derive(Debug, Default)]
struct State {
    live: HashMap<JobId, Arc<ActiveJob>>,
    waiting: VecDeque<Arc<ActiveJob>>,
    /// Jobs that wait for more than their turn, each with a task of its own that brings it back.
    parked: Vec<Arc<ActiveJob>>,
    running: usize,
    /// The owners of jobs that are being stored; each has a reservation.
    reserved: Vec<Option<String>>,
    /// Ended jobs by state, since the start.
    ended: JobCounts,
    /// Those of them with a verdict.
    verdicts: JobVerdictCounts,
    closed: bool,
}

impl State {
    /// Waiting jobs and reservations of this owner.
    fn of_owner(&self, owner: Option<&str>) -> usize {
        let waiting = self.waiting.iter().chain(&self.parked).filter(|live| live.has_owner(owner));
        waiting.count() + self.reserved.iter().filter(|reserved| reserved.as_deref() == owner).count()
    }
}

/// A reservation in the queue for a job that is being stored.
#[derive(Debug)]
pub(crate) struct Reservation {
    queue: Arc<JobQueue>,
    owner: Option<String>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if let Some(at) = state.reserved.iter().position(|owner| *owner == self.owner) {
            state.reserved.swap_remove(at);
        }
    }
}

/// A permit to run.
#[derive(Debug)]
pub(crate) struct RunPermit {
    queue: Arc<JobQueue>,
}

impl Drop for RunPermit {
    fn drop(&mut self) {
        let running = {
            let mut state = self.queue.state();
            state.running -= 1;
            state.running
        };
        self.queue.running.send_replace(running);
        self.queue.to_schedule.notify_one();
    }
}

impl JobQueue {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let ((running, _), (changes, _)) = (watch::channel(0), watch::channel(0));
        Arc::new(Self { limits, state: Mutex::default(), running, changes, to_schedule: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the queue has room for a job of this owner.
    pub(crate) fn room_for(&self, owner: Option<&str>) -> Result<(), SubmitError> {
        self.look_for_room(&self.state(), owner)
    }

    /// Reserves room in the queue for a job of this owner.
    pub(crate) fn reserve(self: &Arc<Self>, owner: Option<&str>) -> Result<Reservation, SubmitError> {
        let mut state = self.state();
        self.look_for_room(&state, owner)?;
        let owner = owner.map(str::to_owned);
        state.reserved.push(owner.clone());
        Ok(Reservation { queue: self.clone(), owner })
    }

    fn look_for_room(&self, state: &State, owner: Option<&str>) -> Result<(), SubmitError> {
        if state.closed {
            return Err(Refused::Draining.into());
        }
        let free_to_run = self.limits.max_running.saturating_sub(state.running);
        if state.waiting.len() + state.parked.len() + state.reserved.len() >= self.limits.max_queued + free_to_run {
            return Err(Refused::QueueFull.into());
        }
        let quota = self.limits.max_queued_of_one;
        match state.of_owner(owner) >= quota + free_to_run {
            true => Err(SubmitError::QuotaReached { quota }),
            false => Ok(()),
        }
    }

    /// Adds a job to the end of the queue. A job resumed at the start needs no reservation.
    pub(crate) fn admit(&self, live: Arc<ActiveJob>) {
        let mut state = self.state();
        state.live.insert(live.id, live.clone());
        state.waiting.push_back(live);
        drop(state);
        self.tell_change();
        self.to_schedule.notify_one();
    }

    /// Waits until a job was admitted or a permit was returned: another job may be able to run.
    pub(crate) async fn changed_for_scheduler(&self) {
        self.to_schedule.notified().await;
    }

    /// The next job to run, with its permit: the first that waits, low priority last. `None` if none may run.
    pub(crate) fn next(self: &Arc<Self>) -> Option<(Arc<ActiveJob>, RunPermit)> {
        let mut state = self.state();
        if state.closed || state.running >= self.limits.max_running {
            return None;
        }
        let is_normal = |live: &Arc<ActiveJob>| live.priority() == Priority::Normal;
        let at = state.waiting.iter().position(is_normal).unwrap_or(0);
        let live = state.waiting.remove(at)?;
        state.running += 1;
        self.running.send_replace(state.running);
        Some((live, RunPermit { queue: self.clone() }))
    }

    /// Sets a job aside that has begun its turn and cannot use it. It still counts as waiting.
    pub(crate) fn park(&self, live: Arc<ActiveJob>) {
        self.state().parked.push(live);
    }

    /// Takes back a job that was set aside. False if it is not there any more.
    pub(crate) fn take_parked(&self, id: JobId) -> bool {
        let mut state = self.state();
        let at = state.parked.iter().position(|live| live.id == id);
        at.map(|at| state.parked.swap_remove(at)).is_some()
    }

    /// Removes a waiting job. `None` if it runs or is not there.
    pub(crate) fn withdraw(&self, id: JobId) -> Option<Arc<ActiveJob>> {
        let mut state = self.state();
        let at = state.waiting.iter().position(|live| live.id == id)?;
        state.waiting.remove(at)
    }

    /// Removes a job whose end is in the store.
    pub(crate) fn forget(&self, id: JobId) {
        self.state().live.remove(&id);
        self.tell_change();
    }

    /// Tells that a job has begun to run, once its state says so.
    pub(crate) fn tell_start(&self) {
        self.tell_change();
    }

    /// Changes whenever a job is admitted, begins to run or is removed, or the queue is closed.
    pub(crate) fn watch_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn tell_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// All unfinished jobs, in the order of submission.
    pub(crate) fn all(&self) -> Vec<Arc<ActiveJob>> {
        let mut all: Vec<_> = self.state().live.values().cloned().collect();
        all.sort_unstable_by_key(|live| live.id);
        all
    }

    pub(crate) fn get(&self, id: JobId) -> Option<Arc<ActiveJob>> {
        self.state().live.get(&id).cloned()
    }

    /// Counts a job that has ended.
    pub(crate) fn count_end(&self, kind: JobKind, ending: &Ending) {
        let mut state = self.state();
        state.ended.count(ending.state);
        state.verdicts.count(kind, ending.summary.verdict);
    }

    /// Number of jobs that ended with each verdict.
    pub(crate) fn verdict_counts(&self) -> JobVerdictCounts {
        self.state().verdicts.clone()
    }

    /// Number of jobs in each state.
    pub(crate) fn counts(&self) -> JobCounts {
        let state = self.state();
        let live = state.live.values().map(|live| live.state()).filter(|state| !state.is_final());
        let mut counts = state.ended;
        live.for_each(|state| counts.count(state));
        counts
    }

    pub(crate) fn len(&self) -> usize {
        self.state().live.len()
    }

    /// Closes the queue: no job is admitted or started any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.tell_change();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Waits until no job runs.
    pub(crate) async fn idle(&self) {
        let _ = self.running.subscribe().wait_for(|&running| running == 0).await;
    }

    /// Removes all jobs; their event streams end.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.waiting.clear();
        state.parked.clear();
        state.live.clear();
    }
}

#[cfg(test)]
mod tests;
