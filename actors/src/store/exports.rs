//! All results of a job in one read transaction: what is deleted or added meanwhile is not seen.
//!
//! In a service each export has a thread and a connection of its own, since it lasts as long as its client reads. Both
//! are bounded in number. The rows come through a channel of bounded length; an export whose client reads too slowly or
//! not at all, or has gone away, ends, so that its snapshot does not keep the write-ahead log from shrinking. The last message says
//! that all rows have come, so a thread that fails is never taken for the end.

use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::open::Reader;
use super::{Store, pages, sorted_pages};
use crate::error::StoreError;
use crate::job::{Job, JobId, MAX_PAGE, ResultQuery};
use hivesum_core::result::Item;

/// Exports at a time.
pub(super) const EXPORTS: usize = 8;

/// Exports that may wait for their turn; further ones are refused.
pub(super) const WAITING: usize = 64;

/// How long an export waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(30);

/// Pieces that are read before the client asks for them.
const PIECES_AHEAD: usize = 2;

/// All results of a job, as they were when the export began.
#[derive(Debug)]
pub struct Export {
    job: Job,
    pieces: mpsc::Receiver<Result<Piece, StoreError>>,
    is_complete: bool,
}

/// What the thread of an export sends.
#[derive(Debug)]
enum Piece {
    Job(Box<Job>),
    /// The job does not exist.
    NoJob,
    Items(Vec<Item>),
    /// All rows have come.
    End,
}

impl Export {
    /// The job as it was when the export began.
    #[must_use]
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// The next results in the requested order; none after the last one.
    ///
    /// # Errors
    /// When the store fails or the export was given up. It is never complete then.
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, StoreError> {
        if self.is_complete {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Ok(Piece::Items(items))) => Ok(Some(items)),
            Some(Ok(Piece::End)) => {
                self.is_complete = true;
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            Some(Ok(Piece::Job(_) | Piece::NoJob)) | None => Err(broken_off()),
        }
    }
}

fn broken_off() -> StoreError {
    StoreError::Failed("an export was broken off".into())
}

impl Store {
    /// Starts to read all results of a job that match; nothing if there is no such job. The query's position and
    /// limit are ignored.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while too many exports are under way, and when the store cannot be read.
    pub(crate) async fn export(&self, id: JobId, query: ResultQuery) -> Result<Option<Export>, StoreError> {
        let permit = self.export_permit().await?;
        let (sender, mut pieces) = mpsc::channel(PIECES_AHEAD);
        let state_dir = self.state_dir.clone();
        let work = move || {
            let sending = Sending { sender, _permit: permit };
            let mut take = |piece| sending.send(Ok(piece));
            let read = Reader::open(&state_dir)
                .and_then(|mut reader| reader.read(|connection| each_page(connection, id, &query, &mut take)));
            let last = match read {
                // Only now: what was read may turn out not to be one moment's.
                Ok(Passed::All) => Ok(Piece::End),
                Ok(Passed::NotAll) => return,
                Err(error) => Err(error.report(state_dir.database())),
            };
            sending.send(last);
        };
        let thread = std::thread::Builder::new().name("hivesum-export".to_owned()).spawn(work);
        thread.map_err(|error| StoreError::Failed(Box::new(error)))?;
        match pieces.recv().await {
            Some(Ok(Piece::Job(job))) => Ok(Some(Export { job: *job, pieces, is_complete: false })),
            Some(Ok(Piece::NoJob)) => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok(Piece::Items(_) | Piece::End)) | None => Err(broken_off()),
        }
    }

    async fn export_permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let _waits = self.waiting_exports.try_acquire().map_err(|_| StoreError::Busy)?;
        let turn = tokio::time::timeout(TURN_WAIT, self.exports.clone().acquire_owned()).await;
        turn.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)
    }
}

/// The sending end of an export.
struct Sending {
    sender: mpsc::Sender<Result<Piece, StoreError>>,
    /// Released with the thread.
    _permit: OwnedSemaphorePermit,
}

impl Sending {
    /// Waits until the client takes it. Returns false once the client has gone, or has lost its connection because it
    /// read nothing for the time of a write stall.
    fn send(&self, piece: Result<Piece, StoreError>) -> bool {
        self.sender.blocking_send(piece).is_ok()
    }
}

/// Whether every matching result was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    All,
    NotAll,
}

/// Passes the job and its matching results to `take`, in one transaction, until it returns false.
fn each_page(
    connection: &mut Connection,
    id: JobId,
    query: &ResultQuery,
    take: &mut dyn FnMut(Piece) -> bool,
) -> Result<Passed, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else {
        take(Piece::NoJob);
        return Ok(Passed::NotAll);
    };
    if !take(Piece::Job(Box::new(stored.job.clone()))) {
        return Ok(Passed::NotAll);
    }
    let is_taken = each_piece(&view, &stored, query, &mut |items| Ok::<_, DbError>(take(Piece::Items(items))))?;
    Ok(if is_taken { Passed::All } else { Passed::NotAll })
}

/// Passes all matching results of a job to `take`, until it returns false. Returns whether it took all of them.
pub(super) fn each_piece<E: From<DbError>>(
    view: &Connection,
    stored: &StoredJob,
    query: &ResultQuery,
    take: &mut dyn FnMut(Vec<Item>) -> Result<bool, E>,
) -> Result<bool, E> {
    let query = ResultQuery { limit: MAX_PAGE, ..query.clone() };
    let (mut after, mut count) = (None, 0);
    loop {
        let page = match query.needs_sort_index() {
            true => sorted_pages::rows_after(view, stored, &query, after)?,
            false => pages::rows_after(view, stored, &query, after)?,
        };
        after = page.last_row;
        if page.items.is_empty() {
            return match pages::count_of(view, stored, &query)?.is_none_or(|rows| rows == count) {
                true => Ok(true),
                false => Err(DbError::Inconsistent("fewer or more rows than their job has").into()),
            };
        }
        count += page.items.len() as u64;
        if !take(page.items)? {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests;
