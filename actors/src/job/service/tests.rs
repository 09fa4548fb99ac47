//! The service on real files: taken jobs end, with every file once, whatever comes in between.

mod of_all;

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::EngineConfig;
use crate::digest::Algorithms;
use crate::engine::SelfTest;
use crate::error::{Refused, SubmitError};
use crate::job::rows::Status;
use crate::job::spec::{JobSpec, JobState};
use crate::store::testing::Bench;

/// A file longer than this is an error here: the way to get one as root, too.
const MAX_FILE_BYTES: u64 = 1 << 50;

/// So many bytes of nothing are not hashed before the test is over.
const ENDLESS_BYTES: u64 = 1 << 40;

/// FIPS 180-2, appendix B.1, and the BLAKE3 paper's "abc".
const SHA256_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const BLAKE3_ABC: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

/// Of 1 GiB of zeros, as b3sum 1.8 and GNU coreutils' sha256sum have it.
const ZEROS_BLAKE3: &str = "94b4ec39d8d42ebda685fbb5429e8ab0086e65245e750142c1eea36a26abc24d";
const ZEROS_SHA256: &str = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14";

struct House {
    root: TempDir,
    state: TempDir,
}

impl House {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn write_endless(&self, path: &str) {
        File::create(self.root.path().join(path)).unwrap().set_len(ENDLESS_BYTES).unwrap();
    }

    async fn open(&self) -> Jobs {
        self.open_with(MAX_FILE_BYTES, |_| ()).await
    }

    async fn open_with(&self, max_file_bytes: u64, change: impl Fn(&mut JobsConfig)) -> Jobs {
        let hashers = NonZeroUsize::new(2).unwrap();
        let self_test = SelfTest::Only(Algorithms::default());
        let engine = EngineConfig { hashers, self_test, max_file_bytes, ..EngineConfig::default() };
        let engine = Engine::start(engine).await.unwrap();
        let root = Root::open(Some("here"), self.root.path()).unwrap();
        let mut config = JobsConfig::new(self.state.path(), vec![root]);
        change(&mut config);
        loop {
            match Jobs::open(engine.clone(), config.clone()).await {
                // The threads of the one before are on their way out.
                Err(StartError::Store(StoreError::Locked)) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    }
}

fn spec(json: &str) -> JobSpec {
    serde_json::from_str(&format!(r#"{{"root": "here", {json}}}"#).replace(", }", "}")).unwrap()
}

async fn submit(jobs: &Jobs, json: &str) -> JobId {
    jobs.submit(spec(json), None).await.unwrap().id
}

async fn events(jobs: &Jobs, id: JobId, last: Option<u64>) -> Vec<JobEvent> {
    let mut stream = jobs.subscribe(id, last).await.unwrap().unwrap();
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    events
}

/// The job once it has ended.
async fn ended(jobs: &Jobs, id: JobId) -> Job {
    match events(jobs, id, None).await.pop().unwrap().kind {
        JobEventKind::End(job) => job,
        other => panic!("the last event is {other:?}"),
    }
}

/// Waits until the job is in this state.
async fn reached(jobs: &Jobs, id: JobId, state: JobState) {
    let live = jobs.hall.registry.get(id).unwrap();
    live.watch().wait_for(|view| view.job.state == state).await.unwrap();
}

async fn results(jobs: &Jobs, id: JobId) -> ResultPage {
    jobs.results(id, ResultQuery { limit: 1000, ..ResultQuery::default() }).await.unwrap().unwrap()
}

fn paths(page: &ResultPage) -> Vec<&str> {
    page.items.iter().map(|item| std::str::from_utf8(&item.path).unwrap()).collect()
}

fn error_ids(events: &[JobEvent]) -> Vec<u64> {
    events.iter().filter(|event| matches!(event.kind, JobEventKind::ItemError(_))).map(|event| event.id).collect()
}

#[actix::test]
async fn a_directory_is_hashed_and_kept_in_walk_order() {
    let house = House::new();
    for path in ["b", "a/y", "a/x", "a.c"] {
        house.write(path, "abc");
    }
    symlink("b", house.root.path().join("link")).unwrap();
    let jobs = house.open().await;
    let id = submit(&jobs, r#""algorithms": ["sha256", "blake3"]"#).await;
    let job = ended(&jobs, id).await;
    assert_eq!(job.state, JobState::Completed);
    let summary = job.summary.unwrap();
    assert_eq!((summary.files, summary.hashed, summary.skipped, summary.bytes), (5, 4, 1, 12));
    assert!(summary.complete);
    assert_eq!((job.progress.files_done, job.progress.files_total), (4, Some(4)));
    let page = results(&jobs, id).await;
    assert_eq!(paths(&page), ["a/x", "a/y", "a.c", "b", "link"]);
    for item in &page.items[..4] {
        assert_eq!(hex::encode(&item.digests), format!("{SHA256_ABC}{BLAKE3_ABC}"));
    }
    assert_eq!(jobs.job(id).await.unwrap(), Some(job));
    assert_eq!(jobs.active(), 0);
}

#[actix::test]
async fn one_file_is_a_job_and_its_path_is_its_name() {
    let house = House::new();
    house.write("a/b/file", "abc");
    house.write("a/b/other", "xyz");
    let jobs = house.open().await;
    let id = submit(&jobs, r#""path": "a/b/file""#).await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().hashed, 1);
    let page = results(&jobs, id).await;
    assert_eq!(paths(&page), ["file"]);
    assert_eq!(hex::encode(&page.items[0].digests), BLAKE3_ABC);
}

#[actix::test]
async fn more_rows_than_a_group_holds_all_arrive_once() {
    let house = House::new();
    for number in 0..4_500 {
        house.write(&format!("{:02}/{number:04}", number / 100), "");
    }
    let jobs = house.open().await;
    let id = submit(&jobs, "").await;
    assert_eq!(ended(&jobs, id).await.summary.unwrap().hashed, 4_500);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = jobs.results_from(id, ResultQuery::default(), after, 1000).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.path));
        after = page.last_row;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 4_500);
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]));
}

#[actix::test]
async fn what_cannot_be_a_job_is_refused_before_the_store() {
    let house = House::new();
    house.write("file", "");
    symlink("/etc", house.root.path().join("link")).unwrap();
    let jobs = house.open().await;
    for (json, expected) in [
        (r#""path": "nothing""#, "not_found"),
        (r#""path": "file/below""#, "not_found"),
        (r#""path": "link""#, "not_found"),
        (r#""path": "link/passwd""#, "not_found"),
        (r#""include": ["a["]"#, "glob"),
    ] {
        let answer = match jobs.submit(spec(json), None).await.unwrap_err() {
            SubmitError::NotFound(_) => "not_found",
            SubmitError::Glob(_) => "glob",
            other => panic!("{json}: {other}"),
        };
        assert_eq!(answer, expected, "{json}");
    }
    let elsewhere = JobSpec { root: "there".to_owned(), ..spec("") };
    assert!(matches!(jobs.submit(elsewhere, None).await, Err(SubmitError::NotFound(_))));
    assert_eq!(jobs.list(JobQuery { limit: 10, ..JobQuery::default() }).await.unwrap().items, []);
    let rootless = House::new();
    let rootless = rootless.open_with(MAX_FILE_BYTES, |config| config.roots.clear()).await;
    assert!(matches!(rootless.submit(spec(""), None).await, Err(SubmitError::NoRoots)));
}

#[actix::test]
async fn as_many_jobs_run_and_wait_as_may_and_a_cancelled_one_makes_room() {
    let house = House::new();
    house.write_endless("endless");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| (config.max_running, config.max_queued) = (1, 2)).await;
    let running = submit(&jobs, "").await;
    let waiting = [submit(&jobs, "").await, submit(&jobs, "").await];
    let refused = jobs.submit(spec(""), None).await;
    assert!(matches!(refused, Err(SubmitError::Refused(Refused::QueueFull))));
    assert_eq!(jobs.active(), 3);
    let cancelled = jobs.cancel(waiting[0]).await.unwrap().unwrap();
    assert_eq!((cancelled.state, cancelled.started_at), (JobState::Cancelled, None));
    submit(&jobs, "").await;
    jobs.cancel(running).await.unwrap();
    reached(&jobs, waiting[1], JobState::Running).await;
}

#[actix::test]
async fn a_running_job_is_cancelled_within_200_ms_and_again_without_harm() {
    let house = House::new();
    house.write("a", "abc");
    house.write_endless("endless");
    let jobs = house.open().await;
    let id = submit(&jobs, r#""algorithms": ["sha256"]"#).await;
    reached(&jobs, id, JobState::Running).await;
    let asked = Instant::now();
    let job = jobs.cancel(id).await.unwrap().unwrap();
    assert!(asked.elapsed().as_millis() < if cfg!(debug_assertions) { 1000 } else { 200 });
    let job = if job.state.is_final() { job } else { ended(&jobs, id).await };
    assert_eq!(job.state, JobState::Cancelled);
    assert!(!job.summary.unwrap().complete);
    assert_eq!(jobs.cancel(id).await.unwrap(), Some(job));
    assert_eq!(jobs.cancel(Uuid::now_v7()).await.unwrap(), None);
}

#[actix::test]
async fn a_job_is_deleted_once_it_has_ended_and_its_rows_with_it() {
    let house = House::new();
    house.write_endless("endless");
    let jobs = house.open().await;
    let id = submit(&jobs, "").await;
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::StillRunning);
    jobs.cancel(id).await.unwrap();
    ended(&jobs, id).await;
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::Deleted);
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::NotFound);
    assert_eq!(jobs.job(id).await.unwrap(), None);
    assert!(jobs.results(id, ResultQuery::default()).await.unwrap().is_none());
    assert!(jobs.subscribe(id, None).await.unwrap().is_none());
    while jobs.hall.store.sweep().await.unwrap() {}
}

#[actix::test]
async fn unfinished_jobs_go_on_after_a_restart_with_every_file_once() {
    let house = House::new();
    for number in 0..300 {
        house.write(&format!("{number:03}"), "abc");
    }
    house.write_endless("zzz");
    let jobs = house.open_with(MAX_FILE_BYTES, |config| config.max_running = 1).await;
    let (first, second) = (submit(&jobs, "").await, submit(&jobs, r#""path": "000""#).await);
    let live = jobs.hall.registry.get(first).unwrap();
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
    let house = House::new();
    for number in 0..2_000 {
        house.write(&format!("{number:0100}"), "");
    }
    let jobs = house.open().await;
    let (first, second) = (submit(&jobs, "").await, submit(&jobs, "").await);
    jobs.hall.store.bound_pages(1).await;
    let refused = jobs.submit(JobSpec { exclude: vec!["x".repeat(200_000)], ..spec("") }, None).await;
    assert!(matches!(refused, Err(SubmitError::Store(StoreError::Full))), "{refused:?}");
    assert!(!jobs.job(first).await.unwrap().unwrap().state.is_final());
    let cancelled = jobs.cancel(second).await.unwrap().unwrap();
    let cancelled = if cancelled.state.is_final() { cancelled } else { ended(&jobs, second).await };
    assert_eq!((cancelled.state, cancelled.error), (JobState::Cancelled, None));
    jobs.hall.store.bound_pages(1_000_000).await;
    let job = ended(&jobs, first).await;
    assert_eq!((job.state, job.summary.unwrap().hashed), (JobState::Completed, 2_000));
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
    assert_eq!(jobs.hall.store.job(id).await.unwrap().unwrap().job.state, JobState::Running);
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::StillRunning);
    other.execute_batch("DROP TRIGGER refusal").unwrap();
    while jobs.active() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(jobs.hall.store.job(id).await.unwrap().unwrap().job.state, JobState::Failed);
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
async fn left_in_the_middle(house: &House) -> JobId {
    for number in 0..300 {
        house.write(&format!("{number:03}"), "abc");
    }
    house.write_endless("zzz");
    let jobs = house.open().await;
    let id = submit(&jobs, "").await;
    let live = jobs.hall.registry.get(id).unwrap();
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

fn is_forged(item: &crate::job::item::Item) -> bool {
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
    assert!(page.items.iter().all(|item| !item.reused));
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
    assert!(page.items.iter().all(|item| !item.reused));
    while jobs.hall.store.sweep().await.unwrap() {}
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
    let told: Vec<_> = page.items.iter().map(|item| (std::str::from_utf8(&item.path).unwrap(), item.reused)).collect();
    assert_eq!(told, [("b/c", true), ("b/d", false), ("b/new", false), ("e", true)]);
    let abc = |item: &&crate::job::item::Item| hex::encode(&item.digests) == BLAKE3_ABC;
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
    assert!(matches!(refused, Err(SubmitError::EarlierIsOfAnotherTree)));
    let refused = jobs.submit(on(small, r#", "path": "d", "algorithms": ["blake3", "md5"]"#), None).await;
    assert!(matches!(refused, Err(SubmitError::EarlierLacks(crate::Algorithm::Md5))));
    let refused = jobs.submit(on(Uuid::now_v7(), ""), None).await;
    assert!(matches!(refused, Err(SubmitError::NotFound(_))));
}

#[actix::test]
async fn a_large_file_goes_on_from_its_last_kept_states_after_a_restart() {
    const BYTES: u64 = 1 << 30;
    let house = House::new();
    File::create(house.root.path().join("large")).unwrap().set_len(BYTES).unwrap();
    // Slow enough to be left half way on any machine: what a second brings is free at first.
    let slow = format!(r#""algorithms": ["blake3", "sha256"], "max_bytes_per_second": {}"#, BYTES / 2);
    let jobs = house.open().await;
    let id = submit(&jobs, &slow).await;
    let store = crate::store::testing::connect_beside(house.state.path());
    let kept = || -> Vec<u64> {
        let mut statement = store.prepare("SELECT bytes FROM checkpoints ORDER BY algorithm").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        rows.map(|bytes| bytes.unwrap() as u64).collect()
    };
    let mut view = jobs.hall.registry.get(id).unwrap().watch();
    while kept().len() < 2 {
        view.changed().await.unwrap();
    }
    drop(view);
    jobs.drain().await;
    drop(jobs);
    let digested_before: u64 = kept().iter().sum();
    let jobs = house.open().await;
    assert_eq!(ended(&jobs, id).await.state, JobState::Completed);
    assert_eq!(jobs.hall.engine.stats().bytes_hashed, 2 * BYTES - digested_before);
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
        let (died, _) = crate::sys::slots::Slots::open(&slots, 2).unwrap();
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
        assert_eq!(last.status, Status::Error { code: crate::error::ErrorCode::CrashLoop, errno: 0 });
    }
}

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
async fn live_stream(bench: &mut Bench) -> (Arc<Live>, EventStream) {
    let job = bench.take_job();
    let store = Store::open(bench.dir.path()).await.unwrap();
    let live = Live::new(job, 0);
    let seat = Arc::new(Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap());
    let stream = EventStream::of_live(store, &live, None, seat);
    (live, stream)
}

fn failed(ids: std::ops::Range<u64>) -> Vec<crate::store::NumberedItem> {
    let item = |id: u64| crate::job::item::Item {
        path: id.to_string().into_bytes(),
        meta: crate::job::rows::FileMeta::default(),
        status: Status::Error { code: crate::error::ErrorCode::IoError, errno: 5 },
        digests: Vec::new(),
        algorithms: Algorithms::default(),
        reused: false,
        fixity: None,
    };
    ids.map(|id| (id, item(id))).collect()
}

fn tally(rows: u64) -> crate::store::Tally {
    crate::store::Tally { rows, files_failed: rows, ..crate::store::Tally::default() }
}

#[actix::test]
async fn a_reader_too_slow_gets_one_snapshot_and_then_goes_on() {
    let mut bench = Bench::new();
    let (live, mut stream) = live_stream(&mut bench).await;
    assert!(matches!(stream.next().await.unwrap().kind, JobEventKind::Progress(_)));
    let behind = 2 * super::super::live::NOTICES_AHEAD as u64;
    // Reaches the live stage, which the first error shows.
    live.committed(tally(1), failed(1..2));
    assert_eq!(stream.next().await.unwrap().id, 1);
    for id in 2..=behind {
        live.committed(tally(id), failed(id..id + 1));
    }
    let snapshot = stream.next().await.unwrap();
    assert_eq!(snapshot.id, behind);
    assert!(matches!(snapshot.kind, JobEventKind::Snapshot(job) if job.progress.files_failed == behind));
    live.committed(tally(behind + 1), failed(behind + 1..behind + 2));
    let next = stream.next().await.unwrap();
    assert!(next.id == behind + 1 && matches!(next.kind, JobEventKind::ItemError(_)));
}

#[actix::test]
async fn a_backlog_past_its_bound_is_one_snapshot() {
    let mut bench = Bench::new();
    let job = bench.take_job();
    let mut rows = crate::job::rows::Rows::new(job.spec.algorithms);
    for number in 0..10_600 {
        let name = format!("{number:05}");
        let status = Status::Error { code: crate::error::ErrorCode::IoError, errno: 5 };
        rows.push(crate::job::rows::RowRef { status, digests: &[], ..crate::store::testing::hashed("d", &name) });
    }
    bench.add_rows(&job, rows);
    bench.end(job.id, JobState::Completed);
    let house = House { root: tempfile::tempdir().unwrap(), state: bench.dir };
    let jobs = house.open().await;
    let story = events(&jobs, job.id, None).await;
    assert_eq!(error_ids(&story).len(), 10_000);
    assert!(matches!(story[10_001].kind, JobEventKind::Snapshot(_)));
    assert!(matches!(story[10_002].kind, JobEventKind::End(_)));
    assert_eq!(story.len(), 10_003);
}
