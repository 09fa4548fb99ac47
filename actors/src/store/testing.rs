//! Shared by the store's tests: a database in its own directory, jobs and rows.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::batcher::{Batcher, RunState};
use super::commit::commit;
use super::job_row;
use super::jobs::{self, Ending};
use super::open::{Access, connect, prepare};
use super::recovery;
use super::state_dir::StateDir;
use crate::job::{Job, JobId, JobSpec, JobState};
use hivesum_core::result::{FileMeta, Origin, RowRef, Rows, Stability, Status, Summary};

pub(crate) struct Bench {
    pub(crate) connection: Connection,
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::open(dir.path()).unwrap();
        prepare(&state_dir, &state_dir.lock().unwrap()).unwrap();
        let connection = connect(&state_dir, Access::Write).unwrap();
        // These tests do not need a write to survive a power cut.
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        Self { connection, dir }
    }

    pub(crate) fn insert_job(&mut self) -> Job {
        let job = job();
        jobs::insert(&mut self.connection, &job, None, None).unwrap();
        job
    }

    pub(crate) fn run_state_of(&mut self, id: JobId) -> RunState {
        recovery::begin(&mut self.connection, id, Timestamp::now(), None).unwrap().run_state
    }

    pub(crate) fn end(&mut self, id: JobId, state: JobState) {
        jobs::end(&mut self.connection, id, &ending(state)).unwrap();
    }

    /// Builds the sort index of an ended job.
    pub(crate) fn index(&mut self, id: JobId) {
        let stored = job_row::get(&self.connection, id).unwrap().unwrap();
        let state_dir = StateDir::open(self.dir.path()).unwrap();
        let mut chunks = super::sort_index::sort(&state_dir, stored);
        while let Some(chunk) = chunks.blocking_recv() {
            super::sort_index::write(&mut self.connection, &chunk.unwrap()).unwrap();
        }
        super::sort_index::finish(&mut self.connection, id).unwrap();
    }

    /// Inserts a job with hashed rows for these paths.
    pub(crate) fn job_with_rows(&mut self, paths: &[&str]) -> JobId {
        let job = self.insert_job();
        let mut rows = Rows::new(job.spec.algorithms);
        for path in paths {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            rows.push(hashed(directory, name));
        }
        self.add_rows(&job, rows);
        job.id
    }

    pub(crate) fn add_rows(&mut self, job: &Job, rows: Rows) {
        let mut batcher = Batcher::new(job.id, self.run_state_of(job.id));
        batcher.add(rows);
        commit(&mut self.connection, &batcher.take_group(Duration::ZERO), None).unwrap();
    }
}

/// Opens a second connection beside a store's own, as another program does.
pub(crate) fn connect_beside(state_dir: &std::path::Path) -> Connection {
    connect(&StateDir::open(state_dir).unwrap(), Access::Write).unwrap()
}

/// Opens a connection that keeps no seals: what it changes is damage.
pub(crate) fn connect_to_damage(state_dir: &std::path::Path) -> Connection {
    let connection = Connection::open(state_dir.join("hivesum.db")).unwrap();
    super::sealed::add_functions(&connection).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    connection
}

/// Replaces the digests of some rows with wrong ones, under checksums that match. Returns how many rows.
pub(crate) fn forge(store: &Connection, which: &str) -> usize {
    let columns = super::row::ROW_COLUMNS.strip_suffix(", seal, far_times").unwrap();
    let forged = store.execute(&format!("UPDATE results SET digests = ? WHERE {which}"), [[0xF0; 32]]).unwrap();
    store.execute(&format!("UPDATE results SET seal = seal_of('results', run, {columns})"), []).unwrap();
    forged
}

pub(crate) fn ending(state: JobState) -> Ending {
    let summary = Summary::default();
    Ending { state, finished_at: Timestamp::now(), files_total: None, bytes_total: None, summary, error: None }
}

pub(crate) fn job() -> Job {
    let spec: JobSpec = serde_json::from_str(r#"{"root": "here"}"#).unwrap();
    Job::queued(spec, None)
}

/// A row with a digest of 32 bytes.
pub(crate) fn hashed<'a>(directory: &'a str, name: &'a str) -> RowRef<'a> {
    let meta = FileMeta { size: 7, mtime_ns: 1_700_000_000_123_456_789, ctime_ns: -1, inode: u64::MAX, device: 5 };
    let (directory, name) = (directory.as_bytes(), name.as_bytes());
    RowRef {
        directory,
        name,
        meta,
        status: Status::Hashed(Stability::Stable),
        digests: &[0xAB; 32],
        origin: Origin::Read,
    }
}

/// Bytes of a page of the database.
pub(crate) const PAGE: usize = 8192;

/// SQLite's "leaf page of an index": such pages have the rows of tables without rowids, too.
const LEAF: u8 = 0x0a;

/// The numbers of the leaf pages of a database that have rows.
pub(crate) fn leaf_pages(database: &[u8]) -> Vec<usize> {
    let pages = database.chunks(PAGE).enumerate().skip(1);
    pages.filter(|(_, page)| page[0] == LEAF && page[3..5] != [0, 0]).map(|(number, _)| number).collect()
}

/// Each leaf page of a database in the place of each other one, and what that is.
pub(crate) fn page_over_page(intact: &[u8]) -> impl Iterator<Item = (Vec<u8>, String)> {
    let leaves = leaf_pages(intact);
    let pairs =
        leaves.clone().into_iter().flat_map(move |one| leaves.clone().into_iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| one != other).map(|(one, other)| {
        let mut damaged = intact.to_vec();
        damaged.copy_within(one * PAGE..(one + 1) * PAGE, other * PAGE);
        (damaged, format!("page {one} in the place of page {other}"))
    })
}
