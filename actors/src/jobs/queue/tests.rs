//! Bounds, turns and what a closed queue refuses.

use super::super::active::ActiveJob;
use crate::job::Job;
use crate::jobs::queue::*;
use crate::store::testing::job;

fn queue(max_running: usize, max_queued: usize) -> Arc<JobQueue> {
    JobQueue::new(Limits { max_running, max_queued, max_queued_of_one: max_queued })
}

fn refused(queue: &Arc<JobQueue>, expected: Refused) -> bool {
    matches!(queue.reserve(None), Err(SubmitError::Refused(refused)) if refused == expected)
}

fn live() -> Arc<ActiveJob> {
    ActiveJob::new(job(), 0)
}

#[test]
fn as_many_run_and_wait_as_may_and_no_more() {
    let queue = queue(2, 3);
    for _ in 0..5 {
        let reservation = queue.reserve(None).unwrap();
        queue.admit(live());
        drop(reservation);
    }
    let places: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
    assert_eq!(places.len(), 2);
    assert!(refused(&queue, Refused::QueueFull));
    drop(places);
    assert!(queue.reserve(None).is_ok());
}

#[test]
fn a_promise_counts_until_it_is_dropped() {
    let queue = queue(1, 1);
    let promises = [queue.reserve(None).unwrap(), queue.reserve(None).unwrap()];
    assert!(refused(&queue, Refused::QueueFull));
    drop(promises);
    queue.reserve(None).unwrap();
}

#[test]
fn one_owner_has_a_bound_of_its_own_in_the_queue_and_keeps_nobody_out() {
    let queue = JobQueue::new(Limits { max_running: 1, max_queued: 5, max_queued_of_one: 2 });
    let admit = |owner: &str| {
        let reservation = queue.reserve(Some(owner))?;
        queue.admit(ActiveJob::new(Job { owner: Some(owner.to_owned()), ..job() }, 0));
        drop(reservation);
        Ok::<_, SubmitError>(())
    };
    admit("a").unwrap();
    let _running = queue.next().unwrap();
    let reserved = queue.reserve(Some("a")).unwrap();
    admit("a").unwrap();
    for _ in 0..2 {
        assert!(matches!(admit("a"), Err(SubmitError::QuotaReached { quota: 2 })));
        admit("b").unwrap();
    }
    assert!(matches!(admit("b"), Err(SubmitError::QuotaReached { quota: 2 })));
    queue.reserve(None).unwrap();
    drop(reserved);
    admit("a").unwrap();
    assert!(queue.state().reserved.is_empty());
}

#[test]
fn jobs_run_in_the_order_they_came_and_a_withdrawn_one_never() {
    let queue = queue(9, 9);
    let jobs = [live(), live(), live()];
    for job in &jobs {
        queue.admit(job.clone());
    }
    assert!(queue.withdraw(jobs[1].id).is_some());
    assert!(queue.withdraw(jobs[1].id).is_none());
    let run: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(live, _)| live.id).collect();
    assert_eq!(run, [jobs[0].id, jobs[2].id]);
}

#[test]
fn low_jobs_wait_until_no_normal_one_does() {
    let queue = queue(9, 9);
    let low = |low: bool| {
        let mut job = job();
        job.spec.priority = if low { Priority::Low } else { Priority::Normal };
        ActiveJob::new(job, 0)
    };
    let jobs = [low(true), low(false), low(true), low(false)];
    jobs.iter().for_each(|job| queue.admit(job.clone()));
    let run: Vec<_> = std::iter::from_fn(|| queue.next()).map(|(live, _)| live.id).collect();
    assert_eq!(run, [1, 3, 0, 2].map(|index| jobs[index].id));
}

#[test]
fn a_closed_registry_lets_nothing_in_and_nothing_run() {
    let queue = queue(1, 1);
    queue.admit(live());
    queue.close();
    assert!(refused(&queue, Refused::Draining));
    assert!(queue.next().is_none());
}
