//! Results of ended jobs in other orders than the walk's: by size, by time, by each algorithm's digest.
//!
//! Nothing of this is kept while rows pour in; it is built when the job has ended, off the writer: a thread
//! with a connection of its own sorts (SQLite spills to temporary files, so memory stays bounded), and the
//! writer gets the ranks in order, a few thousand at a time, so that others come in between. A build that was cut
//! short is done again over what it left: the same rows have the same ranks.

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::mpsc;

use super::error::DbError;
use super::job_row::{self, StoredJob, parse_id};
use super::open::{Access, connect};
use super::state_dir::StateDir;
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::digest::Algorithms;

/// Ranks that are written in one transaction.
const CHUNK: usize = 8000;

/// Chunks that wait for the writer.
const CHUNKS_AHEAD: usize = 2;

/// An order, as the column `by` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKey {
    Size,
    Modified,
    /// Of the algorithm at this place among the job's; hashed rows alone.
    Digest(usize),
}

impl SortKey {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Size => 1,
            Self::Modified => 2,
            Self::Digest(index) => 16 + index as i64,
        }
    }

    /// Rows and their key, as SQL.
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

/// A stretch of an order.
#[derive(Debug)]
pub(crate) struct Chunk {
    run: i64,
    key: SortKey,
    first_rank: i64,
    /// Position and status.
    rows: Vec<(i64, i64)>,
}

/// The oldest ended job without its orders.
pub(crate) fn next_without(connection: &Connection) -> Result<Option<StoredJob>, DbError> {
    let id: Option<String> = connection
        .prepare_cached("SELECT id FROM jobs WHERE indexed = 0 AND ended IS NOT NULL ORDER BY ended LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    job_row::get(connection, parse_id(id)?)
}

/// Whether a job has its orders.
pub(crate) fn has(connection: &Connection, id: JobId) -> Result<bool, DbError> {
    let indexed: Option<i64> = connection
        .prepare_cached("SELECT indexed FROM jobs WHERE id = ?")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(indexed == Some(1))
}

pub(crate) fn write(connection: &mut Connection, chunk: &Chunk) -> Result<(), DbError> {
    let change = connection.transaction()?;
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

pub(crate) fn finish(connection: &mut Connection, id: JobId) -> Result<(), DbError> {
    connection.prepare_cached("UPDATE jobs SET indexed = 1 WHERE id = ?")?.execute([id.to_string()])?;
    Ok(())
}

/// Starts to sort the rows of a run. The chunks come in order; the last one is followed by nothing, an error by
/// nothing either.
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
