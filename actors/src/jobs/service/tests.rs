//! The service on real files: taken jobs end, with every file once, whatever comes in between.

mod events;
mod going_on;
mod of_all;
mod roots;
mod scheduled;
mod search;

use std::fs::{self, File};
use std::num::{NonZeroU64, NonZeroUsize};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use hivesum_test_support::LONGEST_WAIT;
use tempfile::TempDir;
use uuid::Uuid;

use super::super::events::{JobEvent, JobEventKind};
use crate::EngineConfig;
use crate::engine::SelfTest;
use crate::error::{Refused, SubmitError};
use crate::job::{Deletion, JobQuery, JobSpec, JobState, ResultPage, ResultQuery};
use crate::jobs::service::*;
use crate::store::testing::Bench;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::result::Status;

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
        self.open_on(EngineConfig { max_file_bytes, ..small_engine() }, change).await
    }

    async fn open_on(&self, engine: EngineConfig, change: impl Fn(&mut JobsConfig)) -> Jobs {
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

fn small_engine() -> EngineConfig {
    let hashers = NonZeroUsize::new(2).unwrap();
    EngineConfig { hashers, self_test: SelfTest::Only(Algorithms::default()), ..EngineConfig::default() }
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
    let live = jobs.shared.queue.get(id).unwrap();
    live.watch().wait_for(|view| view.job.state == state).await.unwrap();
}

async fn results(jobs: &Jobs, id: JobId) -> ResultPage {
    let job = jobs.job(id).await.unwrap().unwrap();
    jobs.results(&job, ResultQuery { limit: 1000, ..ResultQuery::default() }).await.unwrap().unwrap()
}

fn paths(page: &ResultPage) -> Vec<&str> {
    page.items.iter().map(|item| std::str::from_utf8(&item.path).unwrap()).collect()
}

fn error_ids(events: &[JobEvent]) -> Vec<u64> {
    events.iter().filter(|event| matches!(event.kind, JobEventKind::ItemError(_))).map(|event| event.id).collect()
}

/// A service whose first of `count` jobs was hindered under way, and what `hinder` returned. A quicker job is tried again.
async fn caught_under_way<T>(count: usize, hinder: impl AsyncFn(&House, &Jobs) -> T) -> (House, Jobs, Vec<JobId>, T) {
    let began = Instant::now();
    loop {
        let house = House::new();
        (0..2_000).for_each(|number| house.write(&format!("{number:0100}"), ""));
        let (jobs, mut ids) = (house.open().await, Vec::new());
        for _ in 0..count {
            ids.push(submit(&jobs, "").await);
        }
        let hindrance = hinder(&house, &jobs).await;
        if jobs.job(ids[0]).await.unwrap().unwrap().state != JobState::Completed {
            return (house, jobs, ids, hindrance);
        }
        assert!(began.elapsed() < LONGEST_WAIT, "every job ends before it is hindered");
    }
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
    let job = jobs.job(id).await.unwrap().unwrap();
    let mut export = jobs.export(&job, ResultQuery::default()).await.unwrap().unwrap();
    while let Some(items) = export.next().await.unwrap() {
        seen.extend(items.into_iter().map(|item| item.path));
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
    let (bound, began) = (if cfg!(debug_assertions) { 1000 } else { 200 }, Instant::now());
    // Beside other tests one takes longer now and then, but not each of them.
    let (id, job) = loop {
        let id = submit(&jobs, r#""algorithms": ["sha256"]"#).await;
        reached(&jobs, id, JobState::Running).await;
        let asked = Instant::now();
        let job = jobs.cancel(id).await.unwrap().unwrap();
        if asked.elapsed().as_millis() < bound {
            break (id, job);
        }
        ended(&jobs, id).await;
        assert!(began.elapsed() < LONGEST_WAIT, "no job is cancelled within {bound} ms");
    };
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
    let job = jobs.job(id).await.unwrap().unwrap();
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::Deleted);
    assert_eq!(jobs.delete(id).await.unwrap(), Deletion::NotFound);
    assert_eq!(jobs.job(id).await.unwrap(), None);
    assert!(jobs.results(&job, ResultQuery::default()).await.unwrap().is_none());
    let sorted = ResultQuery { sort: Some("-size".parse().unwrap()), ..ResultQuery::default() };
    assert!(jobs.results(&job, sorted).await.unwrap().is_none(), "nobody waits for the index of a job that is gone");
    assert!(jobs.subscribe(id, None).await.unwrap().is_none());
    while jobs.shared.store.sweep().await.unwrap() {}
}
