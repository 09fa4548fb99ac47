//! Shared by all tests here: engines, trees, scans, and actions at failpoints.

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hivesum_actors::engine::{Background, Engine, EngineConfig, SelfTest};
use hivesum_actors::scan::{ScanEnd, ScanSpec};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{ErrorCode, ItemRef, SkipReason, Stability, Status};
use hivesum_core::walk::Target;

/// A quantum deadline that nothing misses unless it is stuck.
pub(crate) const PATIENT: Duration = Duration::from_secs(60);

pub(crate) fn engine_with(change: impl FnOnce(&mut EngineConfig)) -> (Engine, Background) {
    let mut config = EngineConfig {
        hashers: NonZeroUsize::new(2).unwrap(),
        self_test: SelfTest::Only(Algorithms::default()),
        quantum_deadline: PATIENT,
        ..EngineConfig::default()
    };
    change(&mut config);
    Engine::start_in_background(config).unwrap()
}

pub(crate) fn engine(quantum_deadline: Duration) -> (Engine, Background) {
    engine_with(|config| config.quantum_deadline = quantum_deadline)
}

pub(crate) fn tree_of(files: usize) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..files {
        fs::write(tree.path().join(format!("{number:05}")), "x").unwrap();
    }
    tree
}

pub(crate) fn directory(path: &Path) -> Target {
    let dir: OwnedFd = fs::File::open(path).unwrap().into();
    Target::Directory { dir, shown: Vec::new() }
}

pub(crate) fn spec(path: &Path) -> ScanSpec {
    ScanSpec::new(vec![directory(path)], Algorithms::default())
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) path: Vec<u8>,
    pub(crate) status: Status,
    pub(crate) size: u64,
    /// In hex, in the order of the algorithms.
    pub(crate) digests: Vec<String>,
    /// As a client receives it.
    pub(crate) item: serde_json::Value,
}

impl Line {
    pub(crate) fn is(&self, code: ErrorCode) -> bool {
        matches!(self.status, Status::Error { code: found, .. } if found == code)
    }

    pub(crate) fn is_skipped(&self, reason: SkipReason) -> bool {
        self.status == Status::Skipped(reason)
    }

    pub(crate) fn is_hashed(&self) -> bool {
        matches!(self.status, Status::Hashed(_))
    }

    pub(crate) fn stability(&self) -> Option<Stability> {
        match self.status {
            Status::Hashed(stability) => Some(stability),
            Status::Error { .. } | Status::Skipped(_) => None,
        }
    }

    /// Whether it is the BLAKE3 digest of these bytes.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        self.is_hashed() && self.digests[0] == blake3::hash(bytes).to_hex().as_str()
    }
}

/// A whole scan.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) lines: Vec<Line>,
    pub(crate) end: ScanEnd,
}

impl Scanned {
    pub(crate) fn line(&self, path: &str) -> &Line {
        let found = self.lines.iter().find(|line| line.path == path.as_bytes());
        found.unwrap_or_else(|| panic!("there is no result for {path:?}: {:?}", self.lines))
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Line) -> bool) -> usize {
        self.lines.iter().filter(|line| wanted(line)).count()
    }
}

pub(crate) fn run(engine: &Engine, spec: ScanSpec) -> Scanned {
    let mut scan = engine.scan(spec).unwrap();
    let mut lines = Vec::new();
    while let Some(rows) = scan.blocking_next() {
        lines.extend(rows.iter().map(|row| {
            let mut path = Vec::new();
            row.path_into(&mut path);
            let digests = row.digests(rows.algorithms()).map(|digest| digest.to_string()).collect();
            let item = serde_json::to_value(ItemRef::of_row(row, &path, rows.algorithms())).unwrap();
            Line { path, status: row.status, size: row.meta.size, digests, item }
        }));
    }
    Scanned { lines, end: scan.blocking_finish() }
}

/// Scans a tree with an engine of its own.
pub(crate) fn scan(path: &Path) -> Scanned {
    scan_with(path, |_| {})
}

pub(crate) fn scan_with(path: &Path, change: impl FnOnce(&mut ScanSpec)) -> Scanned {
    let (engine, background) = engine(PATIENT);
    let mut spec = spec(path);
    change(&mut spec);
    let scanned = run(&engine, spec);
    background.join();
    scanned
}

/// Waits until this many hashers are alive. A new thread needs a moment to start.
pub(crate) fn await_alive(engine: &Engine, hashers: usize) {
    let since = Instant::now();
    while engine.stats().hashers.alive != hashers {
        assert!(since.elapsed() < PATIENT, "{:?}", engine.stats().hashers);
        std::thread::yield_now();
    }
}

/// Calls `act` the first `times` times that a scan reaches the failpoint.
pub(crate) fn on_reaching(failpoint: &str, times: usize, act: impl Fn() + Send + Sync + 'static) {
    let left = AtomicUsize::new(times);
    let countdown = move || {
        let one_less = |left: usize| left.checked_sub(1);
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            act();
        }
    };
    fail::cfg_callback(failpoint, countdown).unwrap();
}

pub(crate) fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

pub(crate) fn set_len(path: &Path, bytes: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}
