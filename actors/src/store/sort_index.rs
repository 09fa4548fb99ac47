//! The sort index of an ended job: its results by size, by modification time and by each algorithm's digest.
//!
//! It is not kept up to date while results arrive, but built once the job has ended. A separate thread with its own
//! connection sorts (SQLite spills to temporary files, so memory stays bounded), and the writer stores the ranks a
//! few thousand at a time, so that other writes run in between. An interrupted build is repeated over what it left:
//! the same rows get the same ranks. Ranks are stored in sealed pieces, each of which fits into a page of the database.

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::mpsc;

use super::change::Change;
use super::error::DbError;
use super::far_times::SORT_BY_FAR_MTIME;
use super::job_row::{self, StoredJob, parse_id};
use super::open::Reader;
use super::row_checksum::RowChecksum;
use super::sealed::snapshot;
use super::state_dir::StateDir;
use crate::error::StoreError;
use crate::job::JobId;
use hivesum_core::digest::Algorithms;

/// Ranks in a piece. With 8 bytes each, a piece stays within its page of 8 KiB (a quarter of it, SQLite's
/// `maxLocal` of an index page).
const PIECE: usize = 240;

/// Ranks written in one transaction.
const CHUNK: usize = 32 * PIECE;

/// Chunks that may wait for the writer.
const CHUNKS_AHEAD: usize = 2;

/// What results are sorted by: the column `by` of the table `order_pieces`.
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

    /// How many rows of a job have a rank.
    pub(crate) const fn total(self, stored: &StoredJob) -> u64 {
        match self {
            Self::Size | Self::Modified => stored.rows,
            Self::Digest(_) => stored.job.progress.files_done,
        }
    }

    /// The rows in this order, as SQL.
    fn select(self, algorithms: &Algorithms) -> String {
        let (column, filter) = match self {
            Self::Size => ("size".to_owned(), ""),
            Self::Modified => (format!("mtime_ns, {SORT_BY_FAR_MTIME}"), ""),
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
    /// The number of its first piece.
    first_piece: i64,
    /// Position and status.
    rows: Vec<(i64, i64)>,
}

/// An entry of a piece: the position and the status of the row with one rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) status: i64,
}

impl Entry {
    fn to_bytes(self) -> [u8; 8] {
        (self.position << 2 | self.status as u64).to_le_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> Self {
        let number = u64::from_le_bytes(bytes);
        Self { position: number >> 2, status: (number & 3) as i64 }
    }
}

/// The entries of some ranks of one order, of which there are `total`. Checks every piece that it reads.
pub(crate) fn entries(
    view: &Connection,
    (run, key): (i64, SortKey),
    ranks: Range<u64>,
    total: u64,
) -> Result<Vec<Entry>, DbError> {
    let mut found = Vec::new();
    let mut statement =
        view.prepare_cached("SELECT entries, seal FROM order_pieces WHERE run = ?1 AND by = ?2 AND piece = ?3")?;
    let mut at = ranks.start;
    while at < ranks.end.min(total) {
        let piece = at / PIECE as u64;
        let first = piece * PIECE as u64;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
        let stored = statement.query_row(params![run, key.code(), piece as i64], read).optional()?;
        let (bytes, seal) = stored.ok_or(DbError::Inconsistent("a sort index that lacks a piece"))?;
        let length = (total - first).min(PIECE as u64);
        if seal != seal_of(run, key, piece as i64, &bytes) || bytes.len() as u64 != 8 * length {
            return Err(DbError::Inconsistent("a damaged piece of a sort index"));
        }
        let end = ranks.end.min(first + length);
        let (entries, _) = bytes.as_chunks();
        found.extend(entries[(at - first) as usize..(end - first) as usize].iter().copied().map(Entry::from_bytes));
        at = end;
    }
    Ok(found)
}

fn seal_of(run: i64, key: SortKey, piece: i64, entries: &[u8]) -> i64 {
    let table = ValueRef::Text(b"order_pieces");
    let number = ValueRef::Integer;
    RowChecksum::default().of([table, number(run), number(key.code()), number(piece), ValueRef::Blob(entries)])
}

/// The job that ended first among those without a sort index.
pub(crate) fn next_without(connection: &Connection) -> Result<Option<StoredJob>, DbError> {
    let _view = snapshot(connection)?;
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
        let mut replace = change
            .prepare_cached("REPLACE INTO order_pieces (run, by, piece, entries, seal) VALUES (?, ?, ?, ?, ?)")?;
        for (rows, piece) in chunk.rows.chunks(PIECE).zip(chunk.first_piece..) {
            let entry = |&(position, status): &(i64, i64)| Entry { position: position as u64, status }.to_bytes();
            let entries: Vec<u8> = rows.iter().flat_map(entry).collect();
            let seal = seal_of(chunk.run, chunk.key, piece, &entries);
            replace.execute(params![chunk.run, chunk.key.code(), piece, entries, seal])?;
        }
    }
    change.commit()?;
    Ok(())
}

/// Records that a job's sort index is complete.
pub(crate) fn finish(connection: &mut Connection, id: JobId) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    change.prepare_cached("UPDATE jobs SET indexed = 1 WHERE id = ?")?.execute([id.to_string()])?;
    change.commit()
}

/// Starts to sort the rows of a run. The chunks arrive in order; the channel closes after the last one, or after an
/// error.
pub(crate) fn sort(state_dir: &StateDir, stored: StoredJob) -> mpsc::Receiver<Result<Chunk, StoreError>> {
    let (chunks, sorted) = mpsc::channel(CHUNKS_AHEAD);
    let state_dir = state_dir.clone();
    let database = state_dir.database().to_owned();
    let failed_to_start = chunks.clone();
    let work = move || {
        crate::hasher::take_priority(hivesum_core::sys::sched::HasherPriority::Idle);
        if let Err(error) = sort_into(&state_dir, &stored, &chunks) {
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
    stored: &StoredJob,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<(), DbError> {
    Reader::open(state_dir)?.read(|connection| send_sorted(connection, stored, chunks))
}

fn send_sorted(
    connection: &Connection,
    stored: &StoredJob,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<(), DbError> {
    connection.execute_batch("PRAGMA temp_store = FILE")?;
    // A job that is deleted while it is sorted is seen to its end; one that was deleted before has nothing to sort.
    let _view = snapshot(connection)?;
    if job_row::get(connection, stored.job.id)?.is_none() {
        return Ok(());
    }
    let (run, algorithms) = (stored.run, &stored.job.spec.algorithms);
    let digests = (0..algorithms.iter().count()).map(SortKey::Digest);
    for key in [SortKey::Size, SortKey::Modified].into_iter().chain(digests) {
        let mut statement = connection.prepare(&key.select(algorithms))?;
        let mut rows = statement.query([run])?;
        let mut sorted = 0;
        let mut chunk = Chunk { run, key, first_piece: 0, rows: Vec::with_capacity(CHUNK) };
        while let Some(row) = rows.next()? {
            chunk.rows.push((row.get(0)?, row.get(1)?));
            sorted += 1;
            if chunk.rows.len() == CHUNK {
                let first_piece = chunk.first_piece + (CHUNK / PIECE) as i64;
                let next = Chunk { run, key, first_piece, rows: Vec::with_capacity(CHUNK) };
                if chunks.blocking_send(Ok(std::mem::replace(&mut chunk, next))).is_err() {
                    return Ok(());
                }
            }
        }
        if sorted != key.total(stored) {
            return Err(DbError::Inconsistent("fewer or more rows than their job has"));
        }
        if chunks.blocking_send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
