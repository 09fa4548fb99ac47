//! A run that ends at its time, by a clock that the test turns.

use std::cell::Cell;
use std::fs;
use std::time::{Duration, Instant};

use hivesum_core::digest::Algorithms;
use hivesum_core::file::{Opened, RelPath, Root};
use hivesum_core::fixity::{CollectionKind, Condition, Event, Lying, PassKind};
use hivesum_core::result::Progress;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::watch;

use super::choice::{Choice, Chunk};
use super::reading::Reader;
use super::*;
use crate::engine::{Background, Engine, EngineConfig};
use crate::scan::{Canceller, Priority};
use crate::store::collections::{CollectionSettings, Collections, RunBegin, RunEnd};

thread_local! {
    static HOURS: Cell<u64> = const { Cell::new(0) };
    static BEGAN: Instant = Instant::now();
}

/// A clock that goes on by an hour whenever it is asked.
fn an_hour_later() -> Instant {
    let hours = HOURS.replace(HOURS.get() + 1);
    BEGAN.with(|began| *began + Duration::from_secs(3600 * hours))
}

/// Nobody who listens.
struct Unheard;

impl ScrubObserver for Unheard {
    fn scan_began(&mut self, _: watch::Receiver<Progress>) {}
    fn noticed(&mut self, _: Notice) {}
    fn happened(&mut self, _: &Event) {}
}

/// A directory, and a collection of it.
struct Bench {
    tree: TempDir,
    _state: TempDir,
    engine: Engine,
    thread: Background,
    collections: Collections,
}

impl Bench {
    fn new() -> Self {
        let [tree, state] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let mut collections = Collections::open_locked(state.path()).unwrap();
        let (algorithms, kind) = (Algorithms::default(), CollectionKind::Fixed);
        let settings = CollectionSettings::new(algorithms, kind);
        collections.insert(tree.path(), settings).unwrap().unwrap();
        let (engine, thread) = Engine::start_in_background(EngineConfig::default()).unwrap();
        Self { tree, _state: state, engine, thread, collections }
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.tree.path().join(name), content).unwrap();
    }

    /// Runs with each file in a chunk of its own. Returns whether files are left.
    fn run(&mut self, until: Option<Deadline>) -> bool {
        let limits = Limits { until, ..Limits::default() };
        let root = Root::open(Some("t"), self.tree.path()).unwrap();
        let (began, identity) = (Timestamp::now(), root.place().identity());
        let collection = self.collections.list().unwrap().remove(0);
        let run = RunBegin { place: identity, kind: collection.settings.kind, notify: None, is_of_pass: true };
        let begun = self.collections.begin(&collection, run, began);
        let collection = begun.unwrap().unwrap();
        let pass = if collection.passes == 0 { PassKind::Baseline } else { PassKind::Comparison };
        let Ok(Opened::Directory(dir)) = root.open_beneath(&RelPath::new("").unwrap()) else { panic!("no directory") };
        let request = ScrubRequest { limits, ..ScrubRequest::new(self.tree.path()) };
        let mut choice = Choice::make(&mut self.collections, &collection, (&root, &dir), &request).unwrap();
        for chunks in [&mut choice.changed, &mut choice.due] {
            let names = chunks.iter().flat_map(|chunk| chunk.names.iter());
            let alone = |name| Chunk { names: std::iter::once(name).collect(), known: 0 };
            *chunks = names.map(alone).collect();
        }
        let mut reader = Reader {
            engine: &self.engine,
            priority: Priority::Normal,
            budget: None,
            cancel: &Canceller::default(),
            collections: &mut self.collections,
            collection: &collection,
            dir,
            pass,
            lying: Lying::There,
            tally: ReadTally::default(),
            observer: &mut Unheard,
        };
        let is_limited = reader.read_all(choice, &limits).unwrap();
        let end = if is_limited { RunEnd::Limited } else { RunEnd::Complete };
        self.collections.end(&collection, began, end.into()).unwrap();
        is_limited
    }

    /// Runs until so many files have been read.
    fn run_for(&mut self, files: i64) -> bool {
        let until = Deadline::after(SignedDuration::from_hours(files + 1), an_hour_later);
        self.run(until)
    }

    /// Each file with its condition.
    fn files(&mut self) -> Vec<(String, Condition)> {
        let collection = self.collections.list().unwrap().remove(0);
        let files = self.collections.files(&collection, None, 100).unwrap();
        files.into_iter().map(|file| (String::from_utf8(file.path).unwrap(), file.condition)).collect()
    }
}

#[test]
fn a_run_begins_nothing_after_its_time_and_the_next_one_goes_on() {
    let mut bench = Bench::new();
    for (name, content) in [("a", "1"), ("gone", "22"), ("z", "333")] {
        bench.write(name, content);
    }
    let ok = |name: &str| (name.to_owned(), Condition::Ok);
    assert!(bench.run_for(2));
    assert_eq!(bench.files(), [ok("a"), ok("gone")]);
    assert!(!bench.run_for(1), "one is left of the baseline, and what is read is not due again");
    assert_eq!(bench.files(), [ok("a"), ok("gone"), ok("z")]);
    // Of what is new and changed one file is read; the other one may be the file that is gone.
    fs::rename(bench.tree.path().join("gone"), bench.tree.path().join("moved")).unwrap();
    bench.write("a", "changed");
    assert!(bench.run_for(1));
    let modified = ("a".to_owned(), Condition::Modified);
    assert_eq!(bench.files(), [modified.clone(), ok("gone"), ok("z")]);
    assert!(!bench.run(None));
    assert_eq!(bench.files(), [modified, ("moved".to_owned(), Condition::Moved), ok("z")]);
    bench.thread.join();
}
