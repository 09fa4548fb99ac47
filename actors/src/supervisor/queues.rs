//! The queues of waiting quanta and their order: uploads first, then jobs by fair share of bytes.
//!
//! Each job has served bytes on its account; the job with the least comes next (start-time fair
//! queueing). A job that starts to wait begins at the lowest account of those that already wait, so time
//! spent idle earns nothing. Normal jobs go before low ones. This module knows no actor.

use std::collections::{BTreeMap, VecDeque};

use crate::messages::{JobKey, Lane, Submit};

/// Queues of the Supervisor. Their bounds are enforced by [`push`](Self::push).
#[derive(Debug)]
pub(crate) struct Queues {
    interactive: VecDeque<Submit>,
    jobs: BTreeMap<JobKey, JobQueue>,
    waiting_jobs: usize,
    limit: QueueLimits,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueLimits {
    /// Quanta of uploads.
    pub(crate) interactive: usize,
    /// Quanta of one job.
    pub(crate) per_job: usize,
}

#[derive(Debug, Default)]
struct JobQueue {
    waiting: VecDeque<Submit>,
    served_bytes: u64,
    low: bool,
    /// Quanta at hashers: the account is kept while there are some.
    under_way: usize,
}

/// The queue is full; returns the quantum.
#[derive(Debug)]
pub(crate) struct QueueFull(pub(crate) Box<Submit>);

impl Queues {
    pub(crate) fn new(limit: QueueLimits) -> Self {
        Self { interactive: VecDeque::new(), jobs: BTreeMap::new(), waiting_jobs: 0, limit }
    }

    pub(crate) fn push(&mut self, submit: Submit) -> Result<(), QueueFull> {
        match submit.lane {
            Lane::Interactive if self.interactive.len() >= self.limit.interactive => Err(QueueFull(Box::new(submit))),
            Lane::Interactive => {
                self.interactive.push_back(submit);
                Ok(())
            }
            Lane::Job { key, low } => self.push_job(key, low, submit),
        }
    }

    fn push_job(&mut self, key: JobKey, low: bool, submit: Submit) -> Result<(), QueueFull> {
        let level = self.level_of_the_waiting(low);
        let job = self.jobs.entry(key).or_default();
        if job.waiting.len() >= self.limit.per_job {
            return Err(QueueFull(Box::new(submit)));
        }
        if job.waiting.is_empty() && job.under_way == 0 {
            job.served_bytes = job.served_bytes.max(level);
        }
        job.low = low;
        job.waiting.push_back(submit);
        self.waiting_jobs += 1;
        Ok(())
    }

    fn level_of_the_waiting(&self, low: bool) -> u64 {
        let active = |job: &&JobQueue| job.low == low && (!job.waiting.is_empty() || job.under_way > 0);
        self.jobs.values().filter(active).map(|job| job.served_bytes).min().unwrap_or(0)
    }

    /// The next quantum. Its estimated bytes are charged; see [`settle`](Self::settle).
    pub(crate) fn pop(&mut self) -> Option<Submit> {
        if let Some(submit) = self.interactive.pop_front() {
            return Some(submit);
        }
        let next = self.jobs.iter_mut().filter(|(_, job)| !job.waiting.is_empty());
        let (_, job) = next.min_by_key(|(key, job)| (job.low, job.served_bytes, **key))?;
        let submit = job.waiting.pop_front()?;
        job.served_bytes = job.served_bytes.saturating_add(submit.cost);
        job.under_way += 1;
        self.waiting_jobs -= 1;
        Some(submit)
    }

    /// A dispatched quantum is done: replaces its estimate by its real bytes.
    pub(crate) fn settle(&mut self, lane: Lane, estimated_bytes: u64, bytes: u64) {
        let Lane::Job { key, .. } = lane else { return };
        let Some(job) = self.jobs.get_mut(&key) else { return };
        job.served_bytes = job.served_bytes.saturating_sub(estimated_bytes).saturating_add(bytes);
        job.under_way = job.under_way.saturating_sub(1);
    }

    /// Removes all waiting quanta of a job, and its account.
    pub(crate) fn withdraw(&mut self, key: JobKey) -> impl Iterator<Item = Submit> + use<> {
        let waiting = self.jobs.remove(&key).map(|job| job.waiting).unwrap_or_default();
        self.waiting_jobs -= waiting.len();
        waiting.into_iter()
    }

    pub(crate) fn interactive_len(&self) -> usize {
        self.interactive.len()
    }

    pub(crate) fn jobs_len(&self) -> usize {
        self.waiting_jobs
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.interactive.is_empty() && self.waiting_jobs == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{ChunkTask, Quantum, ReplyTo};
    use crate::upload_memory::Block;
    use hivesum_core::digest::{Algorithms, MultiHasher};
    use tokio::sync::oneshot;

    const LIMITS: QueueLimits = QueueLimits { interactive: 2, per_job: 100 };

    fn submit(lane: Lane, cost: u64) -> Submit {
        let digests = Box::new(MultiHasher::new(&Algorithms::default()));
        let quantum = Quantum::AbsorbChunk(ChunkTask { digests, block: Block::new(1).unwrap() });
        Submit {
            lane,
            cost,
            quantum,
            reply_to: ReplyTo::Upload(oneshot::channel().0),
            since: std::time::Instant::now(),
        }
    }

    fn job(key: u64, low: bool) -> Lane {
        Lane::Job { key: JobKey(key), low }
    }

    #[test]
    fn uploads_go_ahead_of_jobs_and_normal_jobs_ahead_of_low_ones() {
        let mut queues = Queues::new(LIMITS);
        for lane in [job(1, true), job(2, false), Lane::Interactive] {
            queues.push(submit(lane, 1)).unwrap();
        }
        let order: Vec<_> = std::iter::from_fn(|| queues.pop()).map(|submit| submit.lane).collect();
        assert_eq!(order, [Lane::Interactive, job(2, false), job(1, true)]);
    }

    #[test]
    fn two_jobs_share_by_bytes_not_by_quanta() {
        let mut queues = Queues::new(LIMITS);
        for _ in 0..40 {
            queues.push(submit(job(1, false), 30)).unwrap();
            queues.push(submit(job(2, false), 10)).unwrap();
        }
        let first: Vec<_> = (0..40).map(|_| queues.pop().unwrap().lane).collect();
        let of_the_first = first.iter().filter(|&&lane| lane == job(1, false)).count();
        assert_eq!(of_the_first, 10, "30 bytes against 10 bytes a quantum: one in four");
    }

    #[test]
    fn a_late_job_does_not_catch_up_on_what_it_never_asked_for() {
        let mut queues = Queues::new(LIMITS);
        for _ in 0..20 {
            queues.push(submit(job(1, false), 10)).unwrap();
        }
        for _ in 0..10 {
            queues.pop().unwrap();
        }
        for _ in 0..10 {
            queues.push(submit(job(2, false), 10)).unwrap();
        }
        let next: Vec<_> = (0..10).map(|_| queues.pop().unwrap().lane).collect();
        assert_eq!(next.iter().filter(|&&lane| lane == job(2, false)).count(), 5);
    }

    #[test]
    fn the_estimate_gives_way_to_the_truth() {
        let mut queues = Queues::new(LIMITS);
        for key in [1, 1, 2, 2] {
            queues.push(submit(job(key, false), 100)).unwrap();
        }
        assert_eq!(queues.pop().unwrap().lane, job(1, false));
        queues.settle(job(1, false), 100, 0);
        assert_eq!(queues.pop().unwrap().lane, job(1, false), "its first quantum was free");
    }

    #[test]
    fn full_queues_give_the_quantum_back() {
        let mut queues = Queues::new(LIMITS);
        for _ in 0..2 {
            queues.push(submit(Lane::Interactive, 1)).unwrap();
        }
        assert!(queues.push(submit(Lane::Interactive, 1)).is_err());
        for _ in 0..100 {
            queues.push(submit(job(1, false), 1)).unwrap();
        }
        assert!(queues.push(submit(job(1, false), 1)).is_err());
        queues.push(submit(job(2, false), 1)).unwrap();
        assert_eq!((queues.interactive_len(), queues.jobs_len()), (2, 101));
        assert_eq!(queues.withdraw(JobKey(1)).count(), 100);
        assert_eq!(queues.jobs_len(), 1);
    }
}
