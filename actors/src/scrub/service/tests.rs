//! Runs of a service: started once, one for each directory, bounded, cancelled, waited for.

use std::fs::{self, File};
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::{Condition, PassKind};
use hivesum_core::sys::sched::HasherPriority;
use tempfile::TempDir;
use tokio::time::Instant;

use super::super::request::ScrubRequest;
use super::*;
use crate::engine::{EngineConfig, SelfTest};
use crate::store::Store;
use crate::store::collections::Collections;
use hivesum_core::fixity::Starter;

/// So many bytes of nothing are not read before the test is over.
const ENDLESS_BYTES: u64 = 1 << 40;

struct House {
    state: TempDir,
    trees: TempDir,
    service: ScrubService,
}

impl House {
    async fn new() -> Self {
        Self::with(EngineConfig::default()).await
    }

    async fn with(config: EngineConfig) -> Self {
        let [state, trees] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let config = EngineConfig { self_test: SelfTest::Only(Algorithms::default()), ..config };
        let engine = Engine::start(config).await.unwrap();
        let store = Store::open(state.path()).await.unwrap();
        let service = ScrubService::new(engine, CollectionService::new(store));
        Self { state, trees, service }
    }

    fn tree(&self, name: &str) -> PathBuf {
        let tree = self.trees.path().join(name);
        fs::create_dir_all(&tree).unwrap();
        tree
    }

    /// A directory with a file that no run reads to its end.
    fn endless_tree(&self, name: &str) -> PathBuf {
        let tree = self.tree(name);
        File::create(tree.join("endless")).unwrap().set_len(ENDLESS_BYTES).unwrap();
        tree
    }

    fn start(&self, directory: &Path) -> Result<Uuid, ScrubRefused> {
        let key = Uuid::now_v7();
        self.service.start(key, order(directory)).map(|()| key)
    }

    /// Waits until so many runs have not ended.
    async fn until_unfinished(&self, expected: usize) {
        self.service.shared.unfinished.subscribe().wait_for(|count| *count == expected).await.unwrap();
    }

    /// Waits until the store knows that a run of this directory has begun.
    async fn until_begun(&self, directory: &Path) {
        let has_begun = || {
            let mut collections = Collections::open(self.state.path()).unwrap().unwrap();
            let all = collections.list().unwrap();
            all.iter().any(|one| one.directory == directory && one.pass_began.is_some())
        };
        while !has_begun() {
            tokio::task::yield_now().await;
        }
    }

    fn failure(&self, key: Uuid) -> String {
        let failure = |told: &ScrubTold| match &told.phase {
            ScrubPhase::Failed(error) => error.to_string(),
            other => format!("{other:?}"),
        };
        self.service.show(key, failure).unwrap()
    }
}

fn order(directory: &Path) -> ScrubOrder {
    ScrubOrder { request: ScrubRequest::new(directory), max_time: None, starter: Starter::Request }
}

#[actix::test]
async fn a_run_is_recorded_by_the_service_s_writer_and_started_once_by_its_key() {
    let house = House::new().await;
    let tree = house.tree("t");
    fs::write(tree.join("a"), "1").unwrap();
    let read = async |key| {
        house.until_unfinished(0).await;
        let ended = |told: &ScrubTold| match &told.phase {
            ScrubPhase::Ended(end) => (end.pass, end.read.files, end.last_event_before),
            other => panic!("{other:?}"),
        };
        house.service.show(key, ended).unwrap()
    };
    let first = house.start(&tree).unwrap();
    assert_eq!(read(first).await, (PassKind::Baseline, 1, 0));
    fs::write(tree.join("a"), "written").unwrap();
    house.service.start(first, order(&tree)).unwrap();
    assert_eq!(read(first).await.0, PassKind::Baseline, "it is the same run");
    let second = house.start(&tree).unwrap();
    assert_eq!(read(second).await, (PassKind::Comparison, 1, 0));
    let mut collections = Collections::open(house.state.path()).unwrap().unwrap();
    let collection = collections.list().unwrap().remove(0);
    let conditions: Vec<_> = collections.counts(&collection).unwrap().into_keys().collect();
    assert_eq!((collection.passes, conditions), (2, vec![Condition::Modified]));
    assert!(!house.service.cancel(Uuid::nil()) && house.service.show(Uuid::nil(), |_| ()).is_none());
}

#[actix::test]
async fn a_second_run_of_a_directory_is_refused_as_busy_and_a_cancelled_one_leaves_it_free() {
    let house = House::new().await;
    let tree = house.endless_tree("t");
    let first = house.start(&tree).unwrap();
    house.until_begun(&tree).await;
    std::os::unix::fs::symlink("t", house.trees.path().join("link")).unwrap();
    let second = house.start(&house.trees.path().join("link")).unwrap();
    house.until_unfinished(1).await;
    assert!(house.failure(second).contains("another scrub of this directory is running"), "{}", house.failure(second));
    assert!(house.service.cancel(first));
    house.until_unfinished(0).await;
    assert_eq!(house.failure(first), "the scrub was stopped: the next one goes on with it");
    fs::remove_file(tree.join("endless")).unwrap();
    fs::write(tree.join("a"), "1").unwrap();
    let third = house.start(&tree).unwrap();
    house.until_unfinished(0).await;
    assert!(house.failure(third).starts_with("Ended("), "{}", house.failure(third));
}

#[actix::test]
async fn a_run_that_names_its_collection_is_refused_at_once_while_another_one_goes_on_and_makes_no_other_collection() {
    let house = House::new().await;
    let tree = house.endless_tree("t");
    let first = house.start(&tree).unwrap();
    house.until_begun(&tree).await;
    let named = |starter, id: &str| {
        let request = ScrubRequest { collection: Some(id.to_owned()), ..ScrubRequest::new(&tree) };
        let key = Uuid::now_v7();
        house.service.start(key, ScrubOrder { request, max_time: None, starter }).map(|()| key)
    };
    assert_eq!(named(Starter::Schedule, "one"), Err(ScrubRefused::Busy), "its directory is read");
    assert!(house.service.cancel(first));
    house.until_unfinished(0).await;
    let gone = named(Starter::Request, "forgotten").unwrap();
    assert_eq!(named(Starter::Request, "forgotten"), Err(ScrubRefused::Busy));
    house.until_unfinished(0).await;
    assert!(house.failure(gone).contains("forgotten meanwhile"), "{}", house.failure(gone));
    let latest = house.service.latest_of("forgotten").unwrap();
    assert_eq!((latest.0, latest.1.is_scheduled()), (gone, false));
}

#[actix::test]
async fn runs_of_schedules_have_permits_of_their_own() {
    let house = House::new().await;
    let start = |number: usize| {
        let request = ScrubRequest::new(house.endless_tree(&format!("s{number}")));
        house.service.start(Uuid::now_v7(), ScrubOrder { request, max_time: None, starter: Starter::Schedule })
    };
    (0..MAX_SCHEDULED).for_each(|number| start(number).unwrap());
    assert_eq!(start(MAX_SCHEDULED), Err(ScrubRefused::TooMany));
    let tree = house.endless_tree("t");
    house.start(&tree).unwrap();
    house.until_begun(&tree).await;
    house.service.drain().await;
}

#[actix::test]
async fn two_runs_read_at_a_time_a_bounded_number_waits_and_all_end_when_the_service_stops() {
    let house = House::new().await;
    let trees: Vec<_> = (0..MAX_UNFINISHED).map(|number| house.endless_tree(&number.to_string())).collect();
    let keys: Vec<_> = trees.iter().map(|tree| house.start(tree).unwrap()).collect();
    assert_eq!(house.start(&trees[0]), Err(ScrubRefused::TooMany));
    for tree in &trees[..MAX_RUNNING] {
        house.until_begun(tree).await;
    }
    let waits = |key: &&Uuid| house.service.show(**key, |told| matches!(told.phase, ScrubPhase::Waiting)).unwrap();
    assert_eq!(keys.iter().filter(waits).count(), MAX_UNFINISHED - MAX_RUNNING);
    house.service.drain().await;
    assert!(keys.iter().all(|key| house.failure(*key).contains("was stopped")));
    assert_eq!(house.start(&trees[0]), Err(ScrubRefused::Draining));
}

#[actix::test]
async fn of_ended_runs_the_latest_are_remembered() {
    let house = House::new().await;
    let absent = house.trees.path().join("absent");
    let mut keys = Vec::new();
    for _ in 0..=MAX_ENDED {
        keys.push(house.start(&absent).unwrap());
        house.until_unfinished(0).await;
    }
    let known = |key: &Uuid| house.service.show(*key, ScrubTold::has_ended);
    assert_eq!((known(&keys[0]), known(&keys[1]), known(&keys[MAX_ENDED])), (None, Some(true), Some(true)));
}

/// Bytes per second of a run, and how many of those files it reads. A chunk is what is read in ten seconds at the rate, so
/// they are four chunks and a half.
const RATE: u64 = 4 << 20;
const FILES: u64 = 45;

/// What may be read at once, and before: a quantum of eight MiB, and the ten milliseconds of slack.
const AHEAD: u64 = (8 << 20) + RATE / 100;

/// Lets other threads work for a moment. Nobody sends, so only the timeout ends the wait.
async fn give_a_moment() {
    let (_held, nothing) = std::sync::mpsc::channel::<()>();
    let wait = move || nothing.recv_timeout(Duration::from_millis(2));
    tokio::task::spawn_blocking(wait).await.unwrap().unwrap_err();
}

#[actix::test]
async fn a_run_of_several_chunks_reads_no_faster_than_its_rate_by_the_clock_of_the_budget() {
    // The clock is turned by the test, so nothing is late that takes its time.
    let never = Duration::from_secs(1 << 30);
    // At idle priority it would take its time on a busy machine.
    let (quantum_deadline, priority) = (never, HasherPriority::Normal);
    let house = House::with(EngineConfig { quantum_deadline, priority, ..EngineConfig::default() }).await;
    let tree = house.tree("t");
    for file in 0..FILES {
        File::create(tree.join(format!("{file:02}"))).unwrap().set_len(RATE).unwrap();
    }
    // As long as a task blocks, a paused clock does not go on by itself.
    let (_blocks, until_dropped) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || until_dropped.recv());
    tokio::time::pause();
    let began = Instant::now();
    let max_bytes_per_second = NonZeroU64::new(RATE);
    let request = ScrubRequest { max_bytes_per_second, read_timeout: never, ..ScrubRequest::new(&tree) };
    let key = Uuid::now_v7();
    house.service.start(key, ScrubOrder { request, max_time: None, starter: Starter::Request }).unwrap();
    let read = |told: &ScrubTold| (told.progress().bytes_done, told.has_ended());
    loop {
        let (bytes, has_ended) = house.service.show(key, read).unwrap();
        let allowed = AHEAD + (began.elapsed().as_secs_f64() * RATE as f64) as u64;
        assert!(bytes <= allowed, "{bytes} bytes after {:?}", began.elapsed());
        if has_ended {
            break;
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        give_a_moment().await;
    }
    let ended = |told: &ScrubTold| match &told.phase {
        ScrubPhase::Ended(end) => (end.read.files, end.read.bytes),
        other => panic!("{other:?}"),
    };
    assert_eq!(house.service.show(key, ended).unwrap(), (FILES, FILES * RATE));
    let least = Duration::from_secs_f64((FILES * RATE - AHEAD) as f64 / RATE as f64);
    assert!(began.elapsed() >= least, "all of it within {:?}", began.elapsed());
}
