//! The latest runs of each collection: when they began, how they ended, and what they read.
//!
//! One process at a time records runs: the one that holds the server's lock. So what has no end when the lock is taken
//! was interrupted, and is told so from then on. A run is recorded when it has begun and once more when it has ended;
//! without its end it never counts as one that ended well. The latest [`MAX_RUNS`] are kept; what they found is in the
//! events.

use hivesum_core::fixity::{RunKind, Starter};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::Store;
use super::super::change::Change;
use super::super::error::DbError;
use super::super::sealed::{COLLECTION_RUNS, snapshot};
use super::service::CollectionService;
use super::stored::StoredCollection;
use super::{Collections, rows};
use crate::error::StoreError;

/// How many runs of a collection are kept.
pub const MAX_RUNS: usize = 30;

/// A run as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id: of version 7, so that later ones sort after it.
    #[serde(skip)]
    pub id: Uuid,
    /// What it reads.
    pub kind: RunKind,
    /// Who has started it.
    pub starter: Starter,
    /// When it was started.
    pub started_at: Timestamp,
    /// How it ended. `None`: it has not, or its process has not told.
    pub end: Option<RunEnded>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// In one word.
    pub outcome: RunOutcome,
    /// When it ended. `None` if that is not known.
    pub at: Option<Timestamp>,
    /// Why it has failed: a stable code, and words without a path.
    pub error: Option<RunError>,
    /// What it has read and found. `None` if that is not known.
    pub counts: Option<RunCounts>,
}

/// Why a run has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// A stable code.
    pub code: String,
    /// The same in words.
    pub detail: String,
}

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything that was due was read.
    Complete,
    /// A limit was reached, and the next run goes on.
    Limited,
    /// Somebody cancelled it, or the service stopped.
    Cancelled,
    /// It broke off.
    Failed,
    /// Its process ended before it did.
    Interrupted,
}

impl RunOutcome {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Limited => "limited",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What a run has read and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Files, each as often as it was read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were read from their devices.
    pub from_device: u64,
    /// Files that may have been read from memory.
    pub from_cache: u64,
    /// Files of which that is not known.
    pub from_unknown: u64,
    /// Events that it has recorded.
    pub events: u64,
}

impl RunRecord {
    /// The same, of a process that has not told its end and is gone.
    #[must_use]
    pub fn interrupted(self) -> Self {
        let end = RunEnded { outcome: RunOutcome::Interrupted, at: None, error: None, counts: None };
        Self { end: Some(end), ..self }
    }
}

/// Keeps a run as it is now, and forgets the oldest that are too many.
fn keep(connection: &mut Connection, collection: i64, run: &RunRecord) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    put(&change, collection, run)?;
    change.execute(
        "DELETE FROM collection_runs WHERE collection = ?1 AND id NOT IN
           (SELECT id FROM collection_runs WHERE collection = ?1 ORDER BY id DESC LIMIT ?2)",
        params![collection, MAX_RUNS as i64],
    )?;
    change.commit()
}

fn put(change: &Connection, collection: i64, run: &RunRecord) -> Result<(), DbError> {
    change.execute(
        "INSERT INTO collection_runs (collection, id, has_ended, body) VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET has_ended = excluded.has_ended, body = excluded.body",
        params![collection, run.id.to_string(), run.end.is_some(), serde_json::to_string(run)?],
    )?;
    Ok(())
}

/// The runs of a collection, the latest first.
fn latest(view: &Connection, collection: i64) -> Result<Vec<RunRecord>, DbError> {
    let mut runs = Vec::new();
    COLLECTION_RUNS.each(view, "WHERE collection = ? ORDER BY id DESC", [collection], |row| {
        runs.push(record(row)?);
        Ok(())
    })?;
    Ok(runs)
}

fn record(row: &rusqlite::Row<'_>) -> Result<RunRecord, DbError> {
    let (id, body): (String, String) = (row.get(1)?, row.get(3)?);
    let id = Uuid::try_parse(&id).map_err(|_| DbError::Inconsistent("a run with an id that is none"))?;
    Ok(RunRecord { id, ..serde_json::from_str(&body)? })
}

/// Records of every run without an end that it was interrupted. Whoever calls this has just taken the server's lock.
pub(super) fn interrupt(connection: &mut Connection) -> Result<(), DbError> {
    let mut open = Vec::new();
    {
        let _view = snapshot(connection)?;
        COLLECTION_RUNS.each(connection, "WHERE has_ended = 0", [], |row| {
            open.push((row.get(0)?, record(row)?));
            Ok(())
        })?;
    }
    if open.is_empty() {
        return Ok(());
    }
    let change = Change::begin(connection)?;
    for (collection, run) in open {
        put(&change, collection, &run.interrupted())?;
    }
    change.commit()
}

impl Collections {
    /// Records a run as it is now, unless its collection is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn record_run(&mut self, of: &StoredCollection, run: RunRecord) -> Result<(), StoreError> {
        self.write_kept(of, move |connection, number| keep(connection, number, &run)).map(drop)
    }

    /// The latest runs, at most [`MAX_RUNS`], the last one first. One without an end goes on if another process holds
    /// the server's lock; otherwise it was interrupted.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn runs(&mut self, of: &StoredCollection) -> Result<Vec<RunRecord>, StoreError> {
        let number = of.number;
        self.access.read(move |connection| latest(connection, number))
    }
}

impl CollectionService {
    /// The latest runs, at most [`MAX_RUNS`], the last one first. `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn runs(&self, id: String) -> Result<Option<Vec<RunRecord>>, StoreError> {
        let look = move |view: &mut Connection| match rows::by_id(view, &id)? {
            Some(of) => latest(view, of.number).map(Some),
            None => Ok(None),
        };
        self.store.read(look).await
    }

    /// Of a service that starts: every run without an end was interrupted.
    pub(crate) async fn begin(store: Store) -> Self {
        // On a full disk it stays without an end, and is told as interrupted all the same.
        if let Err(error) = store.write(interrupt).await {
            tracing::warn!(%error, "runs that a former process has not ended are not recorded as interrupted");
        }
        Self::new(store)
    }
}

#[cfg(test)]
mod tests;
