use tokio::sync::Semaphore;

use super::super::queue::Limits;
use super::*;
use crate::store::RunState;
use crate::store::testing::job;

#[actix::test]
async fn a_job_is_told_of_while_it_waits_and_its_events_are_read_once_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let queue = JobQueue::new(Limits { max_running: 1, max_queued: 1000, max_queued_of_one: 1000 });
    let permit = Arc::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap());
    let sources = Sources { store, queue: queue.clone(), owner: None, permit };
    let mut events = ServiceEvents::open(sources, None).await.unwrap();
    let jobs: Vec<_> = (0..1000).map(|_| ActiveJob::new(job(), 0)).collect();
    jobs.iter().for_each(|live| queue.admit(live.clone()));
    for live in &jobs {
        let event = events.next().await.unwrap();
        assert_eq!((event.job, event.kind), (live.id, JobEventKind::State(JobState::Queued)));
        assert_eq!((events.live.len(), events.ready.len()), (0, 0), "a waiting job costs no stream");
    }
    let (first, _permit) = queue.next().unwrap();
    first.begin(RunState::default(), jiff::Timestamp::now());
    queue.tell_start();
    let event = events.next().await.unwrap();
    assert_eq!((event.job, event.kind), (first.id, JobEventKind::State(JobState::Running)));
    let event = events.next().await.unwrap();
    assert!(event.job == first.id && matches!(event.kind, JobEventKind::Progress(_)));
    assert_eq!(events.live.len(), 1);
}
