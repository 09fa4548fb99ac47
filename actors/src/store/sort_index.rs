//! The sort index of an ended job: its results by size, by modification time and by each algorithm's digest.
//!
//! It is not kept up to date while results arrive, but built once the job has ended. A separate thread with its own
//! connection sorts (SQLite spills to temporary files, so memory stays bounded), and the writer stores the ranks a
//! few thousand at a time, so that other writes run in between. An interrupted build is repeated over what it left:
//! the same rows get the same ranks. Ranks are stored in sealed pieces, each of which fits into a page of the database.
//! With them come the pieces of the [path index](super::path_index).

mod build;

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) use self::build::sort;
use super::change::Change;
use super::error::DbError;
use super::far_times::SORT_BY_FAR_MTIME;
use super::job_row::{self, StoredJob, parse_id};
use super::row_checksum::RowChecksum;
use super::sealed::snapshot;
use crate::job::JobId;
use hivesum_core::digest::Algorithms;

/// Ranks in a piece. With 8 bytes each, a piece stays within its page of 8 KiB (a quarter of it, SQLite's
/// `maxLocal` of an index page).
const PIECE: usize = 240;

/// The column `by` of the pieces with paths.
pub(crate) const PATHS: i64 = 3;

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

/// Consecutive pieces of one order.
#[derive(Debug)]
pub(crate) struct Chunk {
    run: i64,
    /// The column `by`.
    by: i64,
    /// The number of its first piece.
    first_piece: i64,
    pieces: Vec<Vec<u8>>,
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
        if seal != seal_of(run, key.code(), piece as i64, &bytes) || bytes.len() as u64 != 8 * length {
            return Err(DbError::Inconsistent("a damaged piece of a sort index"));
        }
        let end = ranks.end.min(first + length);
        let (entries, _) = bytes.as_chunks();
        found.extend(entries[(at - first) as usize..(end - first) as usize].iter().copied().map(Entry::from_bytes));
        at = end;
    }
    Ok(found)
}

/// The seal of a piece.
pub(super) fn seal_of(run: i64, by: i64, piece: i64, entries: &[u8]) -> i64 {
    let table = ValueRef::Text(b"order_pieces");
    let number = ValueRef::Integer;
    RowChecksum::default().of([table, number(run), number(by), number(piece), ValueRef::Blob(entries)])
}

/// The job without a sort index that ended first after the one with this number.
pub(crate) fn next_without(connection: &Connection, after: u64) -> Result<Option<StoredJob>, DbError> {
    let _view = snapshot(connection)?;
    let id: Option<String> = connection
        .prepare_cached("SELECT id FROM jobs WHERE indexed = 0 AND ended > ? ORDER BY ended LIMIT 1")?
        .query_row([after as i64], |row| row.get(0))
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
        for (entries, piece) in chunk.pieces.iter().zip(chunk.first_piece..) {
            let seal = seal_of(chunk.run, chunk.by, piece, entries);
            replace.execute(params![chunk.run, chunk.by, piece, entries, seal])?;
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
