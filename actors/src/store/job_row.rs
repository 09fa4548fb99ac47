//! One row of the table of jobs: how it is read, and how it gets and loses its run.
//!
//! A job's results belong to its run. Deleting a job or starting it over only marks the run as abandoned;
//! [`sweep`](super::sweep) removes the rows later.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::error::DbError;
use super::row::RowReader;
use crate::job::{Job, JobId, JobSpec, JobState, StoredRequest};
use hivesum_core::result::Progress;

/// Columns in the order that [`stored`] reads them.
pub(super) const COLUMNS: &str = "id, spec, owner, state, created_at, started_at, finished_at, run, row_count, \
     files_done, files_failed, files_skipped, files_total, bytes_done, bytes_total, summary, error";

/// A job with what only the store knows about it.
#[derive(Debug, Clone)]
pub(crate) struct StoredJob {
    pub(crate) job: Job,
    /// The run that its rows belong to.
    pub(crate) run: i64,
    /// Results committed.
    pub(crate) rows: u64,
}

impl StoredJob {
    /// A reader for the rows of the job's run.
    pub(crate) fn row_reader<'a>(&self, view: &'a Connection) -> Result<RowReader<'a>, DbError> {
        RowReader::new(view, self.run, self.job.spec.algorithms)
    }
}

/// Makes a new, empty run.
pub(crate) fn new_run(change: &Transaction<'_>) -> Result<i64, DbError> {
    change.prepare_cached("INSERT INTO runs DEFAULT VALUES")?.execute([])?;
    Ok(change.last_insert_rowid())
}

/// Checks that a change of an unfinished job changed its row: nothing deletes a job that has not ended.
pub(crate) fn must_exist(changed: usize) -> Result<(), DbError> {
    match changed {
        1 => Ok(()),
        _ => Err(DbError::Inconsistent("an unfinished job without a row")),
    }
}

/// One job.
pub(crate) fn get(connection: &Connection, id: JobId) -> Result<Option<StoredJob>, DbError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE id = ?"))?
        .query_row([id.to_string()], |row| Ok(stored(row)))
        .optional()?
        .transpose()
}

/// Every job in a state, oldest first.
pub(crate) fn all_in(connection: &Connection, state: JobState) -> Result<Vec<StoredJob>, DbError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE state = ? ORDER BY id"))?;
    let rows = statement.query_map([state.name()], |row| Ok(stored(row)))?;
    rows.map(|row| row?).collect()
}

/// Marks a run as abandoned: its rows are removed later, in pieces.
pub(crate) fn abandon(change: &Transaction<'_>, run: i64) -> Result<(), DbError> {
    change.prepare_cached("UPDATE runs SET abandoned = 1 WHERE run = ?")?.execute([run])?;
    Ok(())
}

/// The job in a row of [`COLUMNS`].
pub(super) fn stored(row: &Row<'_>) -> Result<StoredJob, DbError> {
    let request: StoredRequest<JobSpec> = serde_json::from_str(row.get_ref(1)?.as_str().map_err(not_text)?)?;
    let StoredRequest { spec, lines_not_read } = request;
    let state = JobState::from_name(row.get_ref(3)?.as_str().map_err(not_text)?);
    let summary: Option<String> = row.get(15)?;
    let error: Option<String> = row.get(16)?;
    let job = Job {
        id: parse_id(row.get(0)?)?,
        kind: spec.kind,
        spec,
        state: state.ok_or(DbError::Inconsistent("an unknown job state"))?,
        created_at: time(row.get(4)?)?,
        started_at: row.get::<_, Option<String>>(5)?.map(time).transpose()?,
        finished_at: row.get::<_, Option<String>>(6)?.map(time).transpose()?,
        progress: Progress {
            files_done: count(row, 9)?,
            files_failed: count(row, 10)?,
            files_skipped: count(row, 11)?,
            files_total: optional_count(row, 12)?,
            bytes_done: count(row, 13)?,
            bytes_total: optional_count(row, 14)?,
            bytes_per_second: 0,
            eta_seconds: None,
            bytes_under_way: 0,
        },
        summary: summary.map(|summary| serde_json::from_str(&summary)).transpose()?,
        error: error.map(|error| serde_json::from_str(&error)).transpose()?,
        lines_not_read,
        owner: row.get(2)?,
    };
    Ok(StoredJob { job, run: row.get(7)?, rows: count(row, 8)? })
}

fn not_text(_: rusqlite::types::FromSqlError) -> DbError {
    DbError::Inconsistent("a value that is not text")
}

fn count(row: &Row<'_>, column: usize) -> Result<u64, DbError> {
    unsigned(row.get(column)?)
}

fn optional_count(row: &Row<'_>, column: usize) -> Result<Option<u64>, DbError> {
    row.get::<_, Option<i64>>(column)?.map(unsigned).transpose()
}

/// A count as the store writes it: SQLite's integers are signed.
pub(super) fn unsigned(count: i64) -> Result<u64, DbError> {
    u64::try_from(count).map_err(|_| DbError::Inconsistent("a negative count"))
}

/// A job id as the store writes it.
pub(super) fn parse_id(text: String) -> Result<JobId, DbError> {
    text.parse().map_err(|_| DbError::Inconsistent("a job id that is not a UUID"))
}

/// A timestamp as the store writes it.
pub(crate) fn time(text: String) -> Result<Timestamp, DbError> {
    text.parse().map_err(|_| DbError::Inconsistent("a timestamp that does not parse"))
}
