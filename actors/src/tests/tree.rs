//! Trees to hash and engines to hash them with.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use crate::engine::{Background, Engine, EngineConfig, SelfTest};
use crate::scan::{Scan, ScanEnd, ScanSpec};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Rows, Status};
use hivesum_core::walk::Target;
pub(super) use hivesum_test_support::cycle;

/// An engine of two hashers on its own thread.
pub(super) fn engine() -> (Engine, Background) {
    engine_with(|_| {})
}

pub(super) fn engine_with(change: impl FnOnce(&mut EngineConfig)) -> (Engine, Background) {
    let mut config = EngineConfig {
        hashers: NonZeroUsize::new(2).unwrap(),
        self_test: SelfTest::Only(Algorithms::default()),
        ..EngineConfig::default()
    };
    change(&mut config);
    Engine::start_in_background(config).unwrap()
}

pub(super) fn directory(path: &Path) -> Target {
    let dir: OwnedFd = std::fs::File::open(path).unwrap().into();
    Target::Directory { dir, shown: Vec::new() }
}

pub(super) fn spec(path: &Path, algorithms: &str) -> ScanSpec {
    ScanSpec::new(vec![directory(path)], algorithms.parse().unwrap())
}

/// A result as text: path, status, digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) path: String,
    pub(super) outcome: String,
}

pub(super) fn lines(rows: &Rows) -> Vec<Line> {
    let line = |row: hivesum_core::result::RowRef<'_>| {
        let mut path = Vec::new();
        row.path_into(&mut path);
        let outcome = match row.status {
            Status::Hashed(_) => {
                row.digests(rows.algorithms()).map(|digest| digest.to_string()).collect::<Vec<_>>().join(" ")
            }
            Status::Error { code, .. } => format!("error({})", code.name()),
            Status::Skipped(reason) => format!("skip({})", reason.name()),
        };
        Line { path: String::from_utf8_lossy(&path).into_owned(), outcome }
    };
    rows.iter().map(line).collect()
}

pub(super) fn collect(mut scan: Scan) -> (Vec<Line>, ScanEnd) {
    let mut all = Vec::new();
    while let Some(rows) = scan.blocking_next() {
        all.extend(lines(&rows));
    }
    (all, scan.blocking_finish())
}

pub(super) fn run(engine: &Engine, spec: ScanSpec) -> (Vec<Line>, ScanEnd) {
    collect(engine.scan(spec).unwrap())
}

/// What a system tool says of a file: the first word it prints.
pub(super) fn system_digest(tool: &str, path: &Path) -> String {
    let output = Command::new(tool).arg(path).output().unwrap_or_else(|error| panic!("{tool}: {error}"));
    assert!(output.status.success(), "{tool} {path:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_start_matches('\\').split_whitespace().next().unwrap().to_owned()
}
