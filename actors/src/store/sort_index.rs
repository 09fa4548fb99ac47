//! The sort index of an ended job: its results by size, by modification time and by each algorithm's digest.
//!
//! It is not kept up to date while results arrive, but built once the job has ended. A separate thread with its own
//! connection sorts (SQLite spills to temporary files, so memory stays bounded), and the writer stores the ranks a
//! few thousand at a time, so that other writes run in between. An interrupted build is repeated over what it left:
//! the same rows get the same ranks.

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::mpsc;

use super::change::Change;
use super::error::DbError;
use super::job_row::{self, StoredJob, parse_id};
use super::open::{Access, connect};
use super::state_dir::StateDir;
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::digest::Algorithms;

/// Ranks written in one transaction.
const CHUNK: usize = 8000;

/// Chunks that may wait for the writer.
const CHUNKS_AHEAD: usize = 2;

/// What results are sorted by: the column `by` of the table `orders`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKey {
    Size,
    Modified,
    /// The digest by the job's algorithm with this index; hashed rows only.
    Digest(usize),
}

impl SortKey {
    /// Its value in the column `by`.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Size => 1,
            Self::Modified => 2,
            Self::Digest(index) => 16 + index as i64,
        }
    }

    /// The rows in this order, as SQL.
    fn select(self, algorithms: &Algorithms) -> String {
        let (column, filter) = match self {
            Self::Size => ("size".to_owned(), ""),
            Self::Modified => ("mtime_ns".to_owned(), ""),
            Self::Digest(index) => {
                let before: usize =
                    algorithms.iter().take(index).map(hivesum_core::digest::Algorithm::digest_bytes).sum();
                let bytes = algorithms.iter().nth(index).map_or(0, hivesum_core::digest::Algorithm::digest_bytes);
                (format!("substr(digests, {}, {bytes})", before + 1), "AND status = 0")
            }
        };
        format!("SELECT position, status FROM results WHERE run = ? {filter} ORDER BY {column}, position")
    }
}

/// Consecutive ranks of one order.
#[derive(Debug)]
pub(crate) struct Chunk {
    run: i64,
    key: SortKey,
    first_rank: i64,
    /// Position and status.
    rows: Vec<(i64, i64)>,
}

/// The job that ended first among those without a sort index.
pub(crate) fn next_without(connection: &Connection) -> Result<Option<StoredJob>, DbError> {
    let id: Option<String> = connection
        .prepare_cached("SELECT id FROM jobs WHERE indexed = 0 AND ended IS NOT NULL ORDER BY ended LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    job_row::get(connection, parse_id(id)?)
}

/// Whether there is no sort index to wait for: it is there, or the job is gone.
pub(crate) fn has(connection: &Connection, id: JobId) -> Result<bool, DbError> {
    Ok(job_row::get(connection, id)?.is_none_or(|stored| stored.is_indexed))
}

/// Stores a chunk, unless its run was abandoned meanwhile.
pub(crate) fn write(connection: &mut Connection, chunk: &Chunk) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    let is_kept = change.prepare_cached("SELECT 1 FROM runs WHERE run = ? AND abandoned = 0")?.exists([chunk.run])?;
    if is_kept {
        let mut replace =
            change.prepare_cached("REPLACE INTO orders (run, by, rank, position, status) VALUES (?, ?, ?, ?, ?)")?;
        for ((position, status), rank) in chunk.rows.iter().zip(chunk.first_rank..) {
            replace.execute(params![chunk.run, chunk.key.code(), rank, position, status])?;
        }
    }
    change.commit()?;
    Ok(())
}

/// Records that a job's sort index is complete.
pub(crate) fn finish(connection: &mut Connection, id: JobId) -> Result<(), DbError> {
    connection.prepare_cached("UPDATE jobs SET indexed = 1 WHERE id = ?")?.execute([id.to_string()])?;
    Ok(())
}

/// Starts to sort the rows of a run. The chunks arrive in order; the channel closes after the last one, or after an
/// error.
pub(crate) fn sort(
    state_dir: &StateDir,
    run: i64,
    algorithms: Algorithms,
) -> mpsc::Receiver<Result<Chunk, StoreError>> {
    let (chunks, sorted) = mpsc::channel(CHUNKS_AHEAD);
    let state_dir = state_dir.clone();
    let database = state_dir.database().to_owned();
    let failed_to_start = chunks.clone();
    let work = move || {
        crate::hasher::take_priority(hivesum_core::sys::sched::HasherPriority::Idle);
        if let Err(error) = sort_into(&state_dir, run, &algorithms, &chunks) {
            let _ = chunks.blocking_send(Err(error.report(&database)));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("hivesum-orders".to_owned()).spawn(work) {
        let _ = failed_to_start.try_send(Err(StoreError::Failed(Box::new(error))));
    }
    sorted
}

fn sort_into(
    state_dir: &StateDir,
    run: i64,
    algorithms: &Algorithms,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<(), DbError> {
    let connection = connect(state_dir, Access::ReadOnly)?;
    connection.execute_batch("PRAGMA temp_store = FILE")?;
    let digests = (0..algorithms.iter().count()).map(SortKey::Digest);
    for key in [SortKey::Size, SortKey::Modified].into_iter().chain(digests) {
        let mut statement = connection.prepare(&key.select(algorithms))?;
        let mut rows = statement.query([run])?;
        let mut chunk = Chunk { run, key, first_rank: 0, rows: Vec::with_capacity(CHUNK) };
        while let Some(row) = rows.next()? {
            chunk.rows.push((row.get(0)?, row.get(1)?));
            if chunk.rows.len() == CHUNK {
                let first_rank = chunk.first_rank + CHUNK as i64;
                let next = Chunk { run, key, first_rank, rows: Vec::with_capacity(CHUNK) };
                if chunks.blocking_send(Ok(std::mem::replace(&mut chunk, next))).is_err() {
                    return Ok(());
                }
            }
        }
        if chunks.blocking_send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
