//! What goes on: after a restart, after a full disk, on an earlier job's results.

use crate::job::Deletion;
use crate::jobs::service::tests::*;
use hivesum_core::result::Origin;

#[actix::test]
async fn unfinished_jobs_go_on_after_a_restart_with_every_file_once() {
    let house = House::new();
    for number in 0..300 {
        house.write(&format!("{number:03}"), "abc");
    }
    house.write_endless("zzz");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_running = 1).await;
    let (first, second) = (submit(&jobs, "").await, submit(&jobs, r#""path": "000""#).await);
    let live = jobs.shared.queue.get(first).unwrap();
    let mut view = live.watch();
    view.wait_for(|view| view.rows > 0).await.unwrap();
    drop((live, view));
    jobs.drain().await;
    assert!(matches!(jobs.submit(spec(""), None).await, Err(SubmitError::Refused(Refused::Draining))));
    assert_eq!(jobs.job(first).await.unwrap().unwrap().state, JobState::Running);
    drop(jobs);
    house.write("zzz", "");
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, first).await.summary.unwrap().hashed, 301);
    assert_eq!(ended(&jobs, second).await.summary.unwrap().hashed, 1);
    let page = results(&jobs, first).await;
    assert_eq!(page.total, 301);
    assert!(paths(&page).windows(2).all(|pair| pair[0] < pair[1]));
}

#[actix::test]
async fn unfinished_jobs_go_on_even_if_there_are_more_than_may_wait() {
    let house = House::new();
    house.write_endless("file");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_running = 1).await;
    let ids = [submit(&jobs, "").await, submit(&jobs, "").await, submit(&jobs, "").await];
    jobs.drain().await;
    drop(jobs);
    house.write("file", "abc");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| (config.max_running, config.max_queued) = (1, 0)).await;
    for id in ids {
        assert_eq!(ended(&jobs, id).await.state, JobState::Completed);
    }
}

#[actix::test]
async fn a_job_waits_while_the_store_is_full_and_goes_on_by_itself() {
    let full = async |_: &House, jobs: &Jobs| jobs.shared.store.bound_pages(1).await;
    let (_house, jobs, ids, ()) = caught_under_way(2, full).await;
    let (first, second) = (ids[0], ids[1]);
    let refused = jobs.submit(JobSpec { exclude: vec!["x".repeat(200); 100], ..spec("") }, None).await;
    assert!(matches!(refused, Err(SubmitError::Store(StoreError::Full))), "{refused:?}");
    assert!(!jobs.job(first).await.unwrap().unwrap().state.is_final());
    let cancelled = jobs.cancel(second).await.unwrap().unwrap();
    let cancelled = if cancelled.state.is_final() { cancelled } else { ended(&jobs, second).await };
    assert_eq!((cancelled.state, cancelled.error), (JobState::Cancelled, None));
    jobs.shared.store.bound_pages(1_000_000).await;
    let job = ended(&jobs, first).await;
    assert_eq!((job.state, job.summary.unwrap().hashed), (JobState::Completed, 2_000));
}

#[actix::test]
async fn a_store_that_another_process_keeps_busy_refuses_requests_and_ends_no_job() {
    let busy = async |house: &House, _: &Jobs| {
        let other = crate::store::testing::connect_beside(house.state.path());
        other.busy_timeout(LONGEST_WAIT).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    };
    let (_house, jobs, ids, other) = caught_under_way(1, busy).await;
    let id = ids[0];
    let refused = jobs.submit(spec(""), None).await;
    assert!(matches!(refused, Err(SubmitError::Store(StoreError::Busy))), "{refused:?}");
    assert!(!jobs.job(id).await.unwrap().unwrap().state.is_final());
    other.execute_batch("ROLLBACK").unwrap();
    let job = ended(&jobs, id).await;
    assert_eq!((job.state, job.summary.unwrap().hashed), (JobState::Completed, 2_000));
    // The sort index too is built without a further notice.
    let by_size = ResultQuery { sort: Some("-size".parse().unwrap()), limit: 1, ..ResultQuery::default() };
    assert_eq!(jobs.results(&job, by_size).await.unwrap().unwrap().total, 2_000);
}

#[actix::test]
async fn an_end_that_cannot_be_written_is_told_at_once_and_written_later() {
    let house = House::new();
    house.write("file", "abc");
    let jobs = house.open().await;
    let other = crate::store::testing::connect_beside(house.state.path());
    let refusal = "CREATE TRIGGER refusal BEFORE UPDATE ON jobs WHEN NEW.finished_at NOT NULL
                   BEGIN SELECT RAISE(ABORT, 'not now'); END";
    other.execute_batch(refusal).unwrap();
    let id = submit(&jobs, "").await;
    let job = ended(&jobs, id).await;
    assert_eq!((job.state, job.error.unwrap().code), (JobState::Failed, "internal".to_owned()));
    assert_eq!(jobs.shared.store.job(id).await.unwrap().unwrap().job.state, JobState::Running);
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::StillRunning);
    other.execute_batch("DROP TRIGGER refusal").unwrap();
    while jobs.active() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(jobs.shared.store.job(id).await.unwrap().unwrap().job.state, JobState::Failed);
}

#[actix::test]
async fn the_service_s_own_state_is_never_hashed() {
    let house = House::new();
    house.write("file", "abc");
    let state = house.root.path().join("state");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.state_dir = state.clone()).await;
    fs::hard_link(state.join("hivesum.db"), house.root.path().join("linked")).unwrap();
    let id = submit(&jobs, "").await;
    ended(&jobs, id).await;
    let page = results(&jobs, id).await;
    let hashed = page.items.iter().filter(|item| matches!(item.status, Status::Hashed(_)));
    assert_eq!(hashed.map(|item| &item.path[..]).collect::<Vec<_>>(), [b"file"]);
    assert!(Path::new(&state).exists());
}

/// A job of 300 files that stands before an endless one, with some rows committed; then the service goes down.
pub(super) async fn left_in_the_middle(house: &House) -> JobId {
    for number in 0..300 {
        house.write(&format!("{number:03}"), "abc");
    }
    house.write_endless("zzz");
    let jobs = house.open().await;
    let id = submit(&jobs, "").await;
    let live = jobs.shared.queue.get(id).unwrap();
    live.watch().wait_for(|view| view.rows > 0).await.unwrap();
    drop(live);
    jobs.drain().await;
    house.write("zzz", "abc");
    id
}

/// Digests in the store that stand for no content: whoever reads the files replaces them. Gives how many.
fn forge_digests(house: &House, where_clause: &str) -> usize {
    let store = crate::store::testing::connect_beside(house.state.path());
    crate::store::testing::forge(&store, where_clause)
}

fn is_forged(item: &hivesum_core::result::Item) -> bool {
    item.digests == [0xF0; 32]
}

#[actix::test]
async fn finished_files_are_not_read_again_after_a_restart() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    let committed = forge_digests(&house, "1");
    assert!(committed > 0);
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().hashed, 301);
    let page = results(&jobs, id).await;
    assert_eq!(page.items.iter().filter(|item| is_forged(item)).count(), committed);
    assert!(page.items.iter().all(|item| item.origin == Origin::Read));
    assert!(paths(&page).windows(2).all(|pair| pair[0] < pair[1]));
}

#[actix::test]
async fn a_file_that_was_written_to_meanwhile_is_read_again_in_its_place() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    let committed = forge_digests(&house, "1");
    house.write("000", "changed");
    let jobs = house.open().await;
    let job = ended(&jobs, id).await;
    assert_eq!((job.summary.unwrap().hashed, job.summary.unwrap().bytes), (301, 300 * 3 + 7));
    let page = results(&jobs, id).await;
    assert_eq!(hex::encode(&page.items[0].digests), blake3::hash(b"changed").to_string());
    assert_eq!(page.items.iter().filter(|item| is_forged(item)).count(), committed - 1);
}

#[actix::test]
async fn entries_that_came_and_went_meanwhile_are_as_the_tree_is_and_the_rest_is_not_read_again() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    let committed = forge_digests(&house, "1");
    fs::remove_file(house.root.path().join("000")).unwrap();
    house.write("000a/b", "new");
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().hashed, 301);
    let page = results(&jobs, id).await;
    assert_eq!(paths(&page)[..2], ["000a/b", "001"]);
    assert_eq!(page.items.iter().filter(|item| is_forged(item)).count(), committed - 1);
    assert!(page.items.iter().all(|item| item.origin == Origin::Read));
    while jobs.shared.store.sweep().await.unwrap() {}
    assert_eq!(results(&jobs, id).await.total, 301);
}

#[actix::test]
async fn a_job_built_on_an_earlier_one_reads_only_what_has_changed() {
    let house = House::new();
    for path in ["a", "b/c", "b/d", "e"] {
        house.write(path, "abc");
    }
    let jobs = house.open().await;
    let first = submit(&jobs, r#""algorithms": ["sha256", "blake3"]"#).await;
    ended(&jobs, first).await;
    house.write("b/d", "changed");
    house.write("b/new", "abc");
    fs::remove_file(house.root.path().join("a")).unwrap();
    let second = submit(&jobs, &format!(r#""algorithms": ["blake3"], "reuse_unchanged_from": "{first}""#)).await;
    assert_eq!(ended(&jobs, second).await.summary.unwrap().hashed, 4);
    let page = results(&jobs, second).await;
    let told: Vec<_> = page
        .items
        .iter()
        .map(|item| (std::str::from_utf8(&item.path).unwrap(), item.origin == Origin::Reused))
        .collect();
    assert_eq!(told, [("b/c", true), ("b/d", false), ("b/new", false), ("e", true)]);
    let abc = |item: &&hivesum_core::result::Item| hex::encode(&item.digests) == BLAKE3_ABC;
    assert_eq!(page.items.iter().filter(abc).count(), 3);
}

#[actix::test]
async fn a_job_is_only_built_on_an_ended_one_of_the_same_tree_with_all_its_digests() {
    let house = House::new();
    house.write("d/a", "abc");
    house.write_endless("z");
    let jobs = house.open().await;
    let running = submit(&jobs, "").await;
    let small = submit(&jobs, r#""path": "d""#).await;
    ended(&jobs, small).await;
    let on = |id: JobId, more: &str| spec(&format!(r#""reuse_unchanged_from": "{id}"{more}"#));
    let refused = jobs.submit(on(running, ""), None).await;
    assert!(matches!(refused, Err(SubmitError::EarlierNotFinished)));
    let refused = jobs.submit(on(small, ""), None).await;
    assert!(matches!(refused, Err(SubmitError::EarlierHasAnotherTree)));
    let refused = jobs.submit(on(small, r#", "path": "d", "algorithms": ["blake3", "md5"]"#), None).await;
    assert!(matches!(refused, Err(SubmitError::EarlierLacks(hivesum_core::digest::Algorithm::Md5))));
    let refused = jobs.submit(on(Uuid::now_v7(), ""), None).await;
    assert!(matches!(refused, Err(SubmitError::NotFound(_))));
}

#[actix::test]
async fn a_large_file_goes_on_from_its_last_kept_states_after_a_restart() {
    const BYTES: u64 = 1 << 30;
    let house = House::new();
    File::create(house.root.path().join("large")).unwrap().set_len(BYTES).unwrap();
    // Slow enough to be left half way on any machine: for a minute.
    let slow = EngineConfig { max_bytes_per_second: NonZeroU64::new(BYTES / 64), ..small_engine() };
    let jobs = house.open_on(slow, |_| ()).await;
    let id = submit(&jobs, r#""algorithms": ["blake3", "sha256"]"#).await;
    let store = crate::store::testing::connect_beside(house.state.path());
    let kept = || -> Vec<u64> {
        let mut statement = store.prepare("SELECT bytes FROM checkpoints ORDER BY algorithm").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        rows.map(|bytes| bytes.unwrap() as u64).collect()
    };
    let mut view = jobs.shared.queue.get(id).unwrap().watch();
    while kept().len() < 2 {
        view.changed().await.unwrap();
    }
    drop(view);
    jobs.drain().await;
    drop(jobs);
    let digested_before: u64 = kept().iter().sum();
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, id).await.state, JobState::Completed);
    assert_eq!(jobs.shared.engine.stats().bytes_hashed, 2 * BYTES - digested_before);
    let page = results(&jobs, id).await;
    assert_eq!(hex::encode(&page.items[0].digests), [ZEROS_BLAKE3, ZEROS_SHA256].concat());
    assert!(kept().is_empty());
}

#[actix::test]
async fn a_file_that_the_process_died_on_three_times_is_given_up_and_the_job_goes_on() {
    let house = House::new();
    let id = left_in_the_middle(&house).await;
    let slots = house.state.path().join("hivesum.slots");
    for deaths in 1..=3 {
        house.write_endless("zzz");
        let (died, _) = hivesum_core::sys::slots::Slots::open(&slots, 2).unwrap();
        died.note(deaths % 2, id.into_bytes(), (b"", b"zzz"), 0);
        drop(died);
        let jobs = house.open().await;
        if deaths < 3 {
            reached(&jobs, id, JobState::Running).await;
            jobs.drain().await;
            continue;
        }
        let summary = ended(&jobs, id).await.summary.unwrap();
        assert_eq!((summary.hashed, summary.errors), (300, 1));
        let last = results(&jobs, id).await.items.pop().unwrap();
        assert_eq!(last.status, Status::Error { code: hivesum_core::result::ErrorCode::CrashLoop, errno: 0 });
    }
}
