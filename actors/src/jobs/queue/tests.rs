//! Bounds, turns and what a closed registry refuses.

use crate::job::Job;
use crate::jobs::queue::*;
use crate::store::testing::job;

fn registry(max_running: usize, max_queued: usize) -> Arc<Registry> {
    Registry::new(Limits { max_running, max_queued, max_queued_of_one: max_queued })
}

fn refused(registry: &Arc<Registry>, expected: Refused) -> bool {
    matches!(registry.promise(None), Err(SubmitError::Refused(refused)) if refused == expected)
}

fn live() -> Arc<Live> {
    Live::new(job(), 0)
}

#[test]
fn as_many_run_and_wait_as_may_and_no_more() {
    let registry = registry(2, 3);
    for _ in 0..5 {
        let promise = registry.promise(None).unwrap();
        registry.admit(live());
        drop(promise);
    }
    let places: Vec<_> = std::iter::from_fn(|| registry.next()).collect();
    assert_eq!(places.len(), 2);
    assert!(refused(&registry, Refused::QueueFull));
    drop(places);
    assert!(registry.promise(None).is_ok());
}

#[test]
fn a_promise_counts_until_it_is_dropped() {
    let registry = registry(1, 1);
    let promises = [registry.promise(None).unwrap(), registry.promise(None).unwrap()];
    assert!(refused(&registry, Refused::QueueFull));
    drop(promises);
    registry.promise(None).unwrap();
}

#[test]
fn one_owner_has_a_bound_of_its_own_in_the_queue_and_keeps_nobody_out() {
    let registry = Registry::new(Limits { max_running: 1, max_queued: 5, max_queued_of_one: 2 });
    let admit = |owner: &str| {
        let promise = registry.promise(Some(owner))?;
        registry.admit(Live::new(Job { owner: Some(owner.to_owned()), ..job() }, 0));
        drop(promise);
        Ok::<_, SubmitError>(())
    };
    admit("a").unwrap();
    let _running = registry.next().unwrap();
    let promised = registry.promise(Some("a")).unwrap();
    admit("a").unwrap();
    for _ in 0..2 {
        assert!(matches!(admit("a"), Err(SubmitError::ShareTaken { quota: 2 })));
        admit("b").unwrap();
    }
    assert!(matches!(admit("b"), Err(SubmitError::ShareTaken { quota: 2 })));
    registry.promise(None).unwrap();
    drop(promised);
    admit("a").unwrap();
    assert!(registry.state().promised.is_empty());
}

#[test]
fn jobs_run_in_the_order_they_came_and_a_withdrawn_one_never() {
    let registry = registry(9, 9);
    let jobs = [live(), live(), live()];
    for job in &jobs {
        registry.admit(job.clone());
    }
    assert!(registry.withdraw(jobs[1].id).is_some());
    assert!(registry.withdraw(jobs[1].id).is_none());
    let run: Vec<_> = std::iter::from_fn(|| registry.next()).map(|(live, _)| live.id).collect();
    assert_eq!(run, [jobs[0].id, jobs[2].id]);
}

#[test]
fn low_jobs_wait_until_no_normal_one_does() {
    let registry = registry(9, 9);
    let low = |low: bool| {
        let mut job = job();
        job.spec.priority = if low { Priority::Low } else { Priority::Normal };
        Live::new(job, 0)
    };
    let jobs = [low(true), low(false), low(true), low(false)];
    jobs.iter().for_each(|job| registry.admit(job.clone()));
    let run: Vec<_> = std::iter::from_fn(|| registry.next()).map(|(live, _)| live.id).collect();
    assert_eq!(run, [1, 3, 0, 2].map(|index| jobs[index].id));
}

#[test]
fn a_closed_registry_lets_nothing_in_and_nothing_run() {
    let registry = registry(1, 1);
    registry.admit(live());
    registry.close();
    assert!(refused(&registry, Refused::Draining));
    assert!(registry.next().is_none());
}
