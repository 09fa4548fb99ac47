//! The table of jobs: plain functions on a connection.
//!
//! Every change of a job's state is one transaction. A job's rows belong to its run, so deleting a job or
//! starting it over only gives its run up; [`sweep`](super::sweep) removes the rows.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::error::Fault;
use super::idempotency::{self, Before, RequestKey};
use super::row::RowReader;
use super::row_checksum::Sealer;
use super::{end_order, recovery};
use crate::error::StoreError;
use crate::job::{Job, JobError, JobId, JobPage, JobQuery, JobState, MAX_PAGE};
use hivesum_core::result::{Progress, Summary};

/// Columns in the order that [`stored`] reads them.
const COLUMNS: &str = "id, spec, owner, state, created_at, started_at, finished_at, run, row_count, \
     files_done, files_failed, files_skipped, files_total, bytes_done, bytes_total, summary, error";

/// A job with what only the store knows of it.
#[derive(Debug, Clone)]
pub(crate) struct StoredJob {
    pub(crate) job: Job,
    /// Where its rows are.
    pub(crate) run: i64,
    /// Results committed.
    pub(crate) rows: u64,
}

impl StoredJob {
    /// Reads the rows of the job's run.
    pub(crate) fn row_reader<'a>(&self, view: &'a Connection) -> Result<RowReader<'a>, Fault> {
        RowReader::new(view, self.run, self.job.spec.algorithms)
    }
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) state: JobState,
    pub(crate) finished_at: Timestamp,
    pub(crate) files_total: Option<u64>,
    pub(crate) bytes_total: Option<u64>,
    pub(crate) summary: Summary,
    pub(crate) error: Option<JobError>,
}

/// Takes a new job in, queued, unless its request has come before.
pub(crate) fn insert(
    connection: &mut Connection,
    job: &Job,
    manifest: Option<&[u8]>,
    request: Option<&RequestKey>,
) -> Result<Before, Fault> {
    let change = connection.transaction()?;
    if let Some(request) = request {
        match idempotency::look(&change, job.owner.as_deref(), request)? {
            Before::New => {}
            before => return Ok(before),
        }
    }
    let run = new_run(&change)?;
    change
        .prepare_cached(
            "INSERT INTO jobs (id, kind, spec, owner, state, created_at, run) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job.id.to_string(),
            job.kind.name(),
            serde_json::to_string(&job.spec)?,
            job.owner,
            job.state.name(),
            job.created_at.to_string(),
            run
        ])?;
    if let Some(body) = manifest {
        let id = job.id.to_string();
        let seal = Sealer::default().seal([ValueRef::from(&*id), ValueRef::Blob(body)]);
        let mut insert = change.prepare_cached("INSERT INTO manifests (job, body, seal) VALUES (?, ?, ?)")?;
        insert.execute(params![id, body, seal])?;
    }
    if let Some(request) = request {
        idempotency::remember(&change, job, request)?;
    }
    change.commit()?;
    Ok(Before::New)
}

pub(crate) fn new_run(change: &Transaction<'_>) -> Result<i64, Fault> {
    change.prepare_cached("INSERT INTO runs DEFAULT VALUES")?.execute([])?;
    Ok(change.last_insert_rowid())
}

/// Writes down how a job ended.
pub(crate) fn end(connection: &mut Connection, id: JobId, ending: &Ending) -> Result<(), Fault> {
    let change = connection.transaction()?;
    recovery::forget_what_was_for_going_on(&change, id)?;
    end_within(&change, id, ending)?;
    change.commit()?;
    Ok(())
}

/// [`end`] as a part of a larger change.
pub(crate) fn end_within(change: &Transaction<'_>, id: JobId, ending: &Ending) -> Result<(), Fault> {
    let error = ending.error.as_ref().map(serde_json::to_string).transpose()?;
    let changed = change
        .prepare_cached(
            "UPDATE jobs SET state = ?2, finished_at = ?3, files_total = ?4, bytes_total = ?5, summary = ?6, error = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            id.to_string(),
            ending.state.name(),
            ending.finished_at.to_string(),
            ending.files_total.map(|files| files as i64),
            ending.bytes_total.map(|bytes| bytes as i64),
            serde_json::to_string(&ending.summary)?,
            error
        ])?;
    must_exist(changed)?;
    end_order::count(change, id)
}

/// A job that is written to is in the store: nothing else deletes one that has not ended.
pub(crate) fn must_exist(changed: usize) -> Result<(), Fault> {
    match changed {
        1 => Ok(()),
        _ => Err(Fault::Nonsense("a job under way that is not in the store")),
    }
}

/// What a verify job holds its files against, as it was sent.
pub(crate) fn manifest(connection: &Connection, id: JobId) -> Result<Option<Vec<u8>>, Fault> {
    let mut statement = connection.prepare_cached("SELECT job, body, seal FROM manifests WHERE job = ?")?;
    let mut rows = statement.query([id.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Sealer::default().check(row, 2)?;
    Ok(Some(row.get(1)?))
}

/// One job.
pub(crate) fn get(connection: &Connection, id: JobId) -> Result<Option<StoredJob>, Fault> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE id = ?"))?
        .query_row([id.to_string()], |row| Ok(stored(row)))
        .optional()?
        .transpose()
}

/// A page of jobs, newest first.
pub(crate) fn list(connection: &Connection, query: &JobQuery) -> Result<JobPage, Fault> {
    let limit = query.limit.clamp(1, MAX_PAGE);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM jobs
          WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR owner = ?2) AND (?3 IS NULL OR id < ?3)
          ORDER BY id DESC LIMIT ?4"
    ))?;
    let mut rows = statement.query(params![
        query.state.map(JobState::name),
        query.owner,
        query.cursor.map(|id| id.to_string()),
        limit as i64 + 1
    ])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(stored(row)?.job);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|job| job.id);
    Ok(JobPage { items, next_cursor })
}

/// Every job in a state, oldest first.
pub(crate) fn all_in(connection: &Connection, state: JobState) -> Result<Vec<StoredJob>, Fault> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE state = ? ORDER BY id"))?;
    let rows = statement.query_map([state.name()], |row| Ok(stored(row)))?;
    rows.map(|row| row?).collect()
}

/// Gives a run up: its rows are removed later, piece by piece.
pub(crate) fn abandon(change: &Transaction<'_>, run: i64) -> Result<(), Fault> {
    change.prepare_cached("UPDATE runs SET abandoned = 1 WHERE run = ?")?.execute([run])?;
    Ok(())
}

/// Deletes a job that has ended. Whether there was one.
pub(crate) fn delete(connection: &mut Connection, id: JobId) -> Result<bool, Fault> {
    let change = connection.transaction()?;
    let run: Option<i64> = change
        .prepare_cached("DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running') RETURNING run")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    let Some(run) = run else { return Ok(false) };
    abandon(&change, run)?;
    change.commit()?;
    Ok(true)
}

fn stored(row: &Row<'_>) -> Result<StoredJob, Fault> {
    let spec: crate::job::JobSpec = serde_json::from_str(row.get_ref(1)?.as_str().map_err(not_text)?)?;
    let state = JobState::from_name(row.get_ref(3)?.as_str().map_err(not_text)?);
    let summary: Option<String> = row.get(15)?;
    let error: Option<String> = row.get(16)?;
    let job = Job {
        id: row.get::<_, String>(0)?.parse().map_err(|_| Fault::Nonsense("a job id that is no UUID"))?,
        kind: spec.kind,
        spec,
        state: state.ok_or(Fault::Nonsense("an unknown job state"))?,
        created_at: time(row.get(4)?)?,
        started_at: row.get::<_, Option<String>>(5)?.map(time).transpose()?,
        finished_at: row.get::<_, Option<String>>(6)?.map(time).transpose()?,
        progress: Progress {
            files_done: count(row, 9)?,
            files_failed: count(row, 10)?,
            files_skipped: count(row, 11)?,
            files_total: row.get::<_, Option<i64>>(12)?.map(|files| files as u64),
            bytes_done: count(row, 13)?,
            bytes_total: row.get::<_, Option<i64>>(14)?.map(|bytes| bytes as u64),
            bytes_per_second: 0,
            eta_seconds: None,
            bytes_under_way: 0,
        },
        summary: summary.map(|summary| serde_json::from_str(&summary)).transpose()?,
        error: error.map(|error| serde_json::from_str(&error)).transpose()?,
        owner: row.get(2)?,
    };
    Ok(StoredJob { job, run: row.get(7)?, rows: count(row, 8)? })
}

fn not_text(_: rusqlite::types::FromSqlError) -> Fault {
    Fault::Nonsense("a value that is no text")
}

fn count(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Fault::Nonsense("a negative count"))
}

/// A time of day as the store writes it.
pub(crate) fn time(text: String) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_| Fault::Nonsense("a time that does not parse"))
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => "store_full",
            StoreError::Corrupt => "store_corrupt",
            StoreError::Locked
            | StoreError::Newer { .. }
            | StoreError::SyncFailed
            | StoreError::Closed
            | StoreError::Failed(_) => "internal",
        };
        Self { code: code.to_owned(), detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests;
