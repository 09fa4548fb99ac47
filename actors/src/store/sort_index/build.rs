//! Sorts the rows of an ended job on a thread of its own, and sends the pieces of its sort index in chunks.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{Chunk, Entry, PATHS, PIECE, SortKey};
use crate::error::StoreError;
use crate::job::ResultQuery;
use crate::store::error::DbError;
use crate::store::job_row::{self, StoredJob};
use crate::store::open::Reader;
use crate::store::path_index::PieceWriter;
use crate::store::sealed::snapshot;
use crate::store::selection::Selection;
use crate::store::state_dir::StateDir;

/// Bytes of pieces from which on they are written, in one transaction.
const CHUNK_BYTES: usize = 64 << 10;

/// Chunks that may wait for the writer.
const CHUNKS_AHEAD: usize = 2;

/// Starts to sort the rows of a run. The chunks arrive in order; the channel closes after the last one, or after an
/// error.
pub(crate) fn sort(state_dir: &StateDir, stored: StoredJob) -> mpsc::Receiver<Result<Chunk, StoreError>> {
    let (chunks, sorted) = mpsc::channel(CHUNKS_AHEAD);
    let state_dir = state_dir.clone();
    let database = state_dir.database().to_owned();
    let failed_to_start = chunks.clone();
    let work = move || {
        crate::hasher::take_priority(hivesum_core::sys::sched::HasherPriority::Idle);
        let sorted = catch_unwind(AssertUnwindSafe(|| sort_into(&state_dir, &stored, &chunks)));
        let panicked = |_| Err(StoreError::Failed("the sort of a job's results panicked".into()).into());
        if let Err(error) = sorted.unwrap_or_else(panicked) {
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
    let algorithms = &stored.job.spec.algorithms;
    let digests = (0..algorithms.iter().count()).map(SortKey::Digest);
    for key in [SortKey::Size, SortKey::Modified].into_iter().chain(digests) {
        let mut outgoing = Outgoing::new(chunks, stored.run, key.code());
        let mut statement = connection.prepare(&key.select(algorithms))?;
        let mut rows = statement.query([stored.run])?;
        let (mut sorted, mut piece) = (0, Vec::with_capacity(8 * PIECE));
        while let Some(row) = rows.next()? {
            let entry = Entry { position: row.get::<_, i64>(0)? as u64, status: row.get(1)? };
            piece.extend_from_slice(&entry.to_bytes());
            sorted += 1;
            if piece.len() == 8 * PIECE && !outgoing.push(std::mem::take(&mut piece)) {
                return Ok(());
            }
        }
        if sorted != key.total(stored) {
            return Err(DbError::Inconsistent("fewer or more rows than their job has"));
        }
        if !outgoing.end(piece) {
            return Ok(());
        }
    }
    send_paths(connection, stored, chunks)
}

fn send_paths(
    connection: &Connection,
    stored: &StoredJob,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<(), DbError> {
    let mut outgoing = Outgoing::new(chunks, stored.run, PATHS);
    let mut pieces = PieceWriter::default();
    let mut is_wanted = true;
    Selection::new(connection, stored, &ResultQuery::default())?.each_match(0, |reader, row| {
        if let Some(piece) = pieces.add(reader, row)? {
            is_wanted = outgoing.push(piece);
        }
        Ok(is_wanted)
    })?;
    if is_wanted {
        outgoing.end(pieces.end());
    }
    Ok(())
}

/// Sends the pieces of one order.
struct Outgoing<'a> {
    chunks: &'a mpsc::Sender<Result<Chunk, StoreError>>,
    next: Chunk,
    bytes: usize,
}

impl<'a> Outgoing<'a> {
    const fn new(chunks: &'a mpsc::Sender<Result<Chunk, StoreError>>, run: i64, by: i64) -> Self {
        Self { chunks, next: Chunk { run, by, first_piece: 0, pieces: Vec::new() }, bytes: 0 }
    }

    /// Adds a piece. Returns false if nobody takes them any more.
    fn push(&mut self, piece: Vec<u8>) -> bool {
        self.bytes += piece.len();
        self.next.pieces.push(piece);
        if self.bytes < CHUNK_BYTES {
            return true;
        }
        let first_piece = self.next.first_piece + self.next.pieces.len() as i64;
        let after = Chunk { first_piece, pieces: Vec::new(), ..self.next };
        self.bytes = 0;
        self.chunks.blocking_send(Ok(std::mem::replace(&mut self.next, after))).is_ok()
    }

    /// Adds the last piece, unless it is empty, and sends what is left.
    fn end(mut self, piece: Vec<u8>) -> bool {
        if !piece.is_empty() {
            self.next.pieces.push(piece);
        }
        self.next.pieces.is_empty() || self.chunks.blocking_send(Ok(self.next)).is_ok()
    }
}
