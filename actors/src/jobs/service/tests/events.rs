//! The events of one job: each once, from where the reader left off.

use super::super::super::active::ActiveJob;
use super::super::super::events::{EventStream, JobEventKind, SubscribeError};
use crate::jobs::service::tests::*;

#[actix::test]
async fn events_tell_the_whole_story_once_and_end_with_the_end() {
    let house = House::new();
    for path in ["a", "b", "c"] {
        house.write(path, "abc");
    }
    house.write("b", "longer than four bytes");
    let jobs = house.open_with(4, |_| ()).await;
    let id = submit(&jobs, "").await;
    let story = events(&jobs, id, None).await;
    assert!(matches!(story[0].kind, JobEventKind::Progress(_)));
    assert_eq!(error_ids(&story), [2]);
    assert!(story.is_sorted_by_key(|event| event.id));
    let ends = story.iter().filter(|event| matches!(event.kind, JobEventKind::End(_))).count();
    assert_eq!((ends, story.last().unwrap().id), (1, 3));
    let told = story.iter().rev().find_map(|event| match &event.kind {
        JobEventKind::Progress(progress) => Some(*progress),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!((told.files_done, told.files_failed), (2, 1));
}

#[actix::test]
async fn a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let house = House::new();
    for number in 0..40 {
        house.write(&format!("{number:02}"), if number % 4 == 0 { "too long" } else { "" });
    }
    let jobs = house.open_with(4, |_| ()).await;
    let id = submit(&jobs, "").await;
    ended(&jobs, id).await;
    let all = error_ids(&events(&jobs, id, None).await);
    assert_eq!(all, (0..10).map(|number| number * 4 + 1).collect::<Vec<_>>());
    for last in [0, 1, 2, 20, 37, 40, u64::MAX] {
        let missed: Vec<_> = all.iter().copied().filter(|&id| id > last).collect();
        let story = events(&jobs, id, Some(last)).await;
        assert_eq!(error_ids(&story), missed, "after {last}");
        assert!(matches!(story[0].kind, JobEventKind::Progress(_)));
        assert_eq!(story.len(), missed.len() + 2);
    }
}

#[actix::test]
async fn streams_are_as_many_as_may_be_and_make_room_when_dropped() {
    let house = House::new();
    house.write_endless("endless");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_streams = 2).await;
    let id = submit(&jobs, "").await;
    let streams = [jobs.subscribe(id, None).await.unwrap(), jobs.subscribe(id, None).await.unwrap()];
    assert!(matches!(jobs.subscribe(id, None).await, Err(SubscribeError::TooMany)));
    drop(streams);
    let mut stream = jobs.subscribe(id, None).await.unwrap().unwrap();
    jobs.drain().await;
    while let Some(event) = stream.next().await {
        assert!(!matches!(event.kind, JobEventKind::End(_)), "the job goes on at the next start");
    }
}

/// Errors of a live job that nobody runs, and a stream of its events.
async fn live_stream(bench: &mut Bench) -> (Arc<ActiveJob>, EventStream) {
    let job = bench.insert_job();
    let store = Store::open(bench.dir.path()).await.unwrap();
    let live = ActiveJob::new(job, 0);
    let permit = Arc::new(Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap());
    let stream = EventStream::of_live(store, &live, None, permit);
    (live, stream)
}

fn failed(ids: std::ops::Range<u64>) -> Vec<crate::store::NumberedItem> {
    let item = |id: u64| hivesum_core::result::Item {
        path: id.to_string().into_bytes(),
        meta: hivesum_core::result::FileMeta::default(),
        status: Status::Error { code: hivesum_core::result::ErrorCode::IoError, errno: 5 },
        digests: Vec::new(),
        algorithms: Algorithms::default(),
        origin: hivesum_core::result::Origin::Read,
        fixity: None,
    };
    ids.map(|id| (id, item(id))).collect()
}

fn counts(rows: u64) -> crate::store::RowCounts {
    crate::store::RowCounts { rows, files_failed: rows, ..crate::store::RowCounts::default() }
}

#[actix::test]
async fn a_reader_too_slow_is_told_the_rest_from_the_store_and_too_much_of_it_is_one_snapshot() {
    for (behind, told) in [(4_500, 4_499), (10_600, 10_000)] {
        let mut bench = Bench::new();
        let (live, mut stream) = live_stream(&mut bench).await;
        assert!(matches!(stream.next().await.unwrap().kind, JobEventKind::Progress(_)));
        // Reaches the live stage, which the first error shows.
        live.committed(counts(1), failed(1..2));
        assert_eq!(stream.next().await.unwrap().id, 1);
        bench.add_rows(&live.job(), failed_rows(behind));
        live.committed(counts(behind), failed(2..behind + 1));
        for id in 2..2 + told {
            let event = stream.next().await.unwrap();
            assert!(event.id == id && matches!(event.kind, JobEventKind::ItemError(_)), "{event:?}");
        }
        if told + 1 < behind {
            let snapshot = stream.next().await.unwrap();
            assert_eq!(snapshot.id, behind);
            assert!(matches!(snapshot.kind, JobEventKind::Snapshot(job) if job.progress.files_failed == behind));
        }
        live.committed(counts(behind + 1), failed(behind + 1..behind + 2));
        let next = stream.next().await.unwrap();
        assert!(next.id == behind + 1 && matches!(next.kind, JobEventKind::ItemError(_)), "{next:?}");
    }
}

fn failed_rows(errors: u64) -> hivesum_core::result::Rows {
    let mut rows = hivesum_core::result::Rows::new(Algorithms::default());
    for number in 0..errors {
        let name = format!("{number:05}");
        let status = Status::Error { code: hivesum_core::result::ErrorCode::IoError, errno: 5 };
        rows.push(hivesum_core::result::RowRef { status, digests: &[], ..crate::store::testing::hashed("d", &name) });
    }
    rows
}

#[actix::test]
async fn a_backlog_past_its_bound_is_one_snapshot() {
    let mut bench = Bench::new();
    let job = bench.insert_job();
    bench.add_rows(&job, failed_rows(10_600));
    bench.end(job.id, JobState::Completed);
    let house = House { root: tempfile::tempdir().unwrap(), state: bench.dir };
    let jobs = house.open().await;
    let story = events(&jobs, job.id, None).await;
    assert_eq!(error_ids(&story).len(), 10_000);
    assert!(matches!(story[10_001].kind, JobEventKind::Snapshot(_)));
    assert!(matches!(story[10_002].kind, JobEventKind::End(_)));
    assert_eq!(story.len(), 10_003);
}
