//! One row of the table of jobs: how it is read, and how it gets and loses its run.
//!
//! A job's results belong to its run. Deleting a job or starting it over only marks the run as abandoned;
//! [`sweep`](super::sweep) removes the rows later.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction};

use super::error::DbError;
use super::row::RowReader;
use super::sealed::JOBS;
use super::stored_json;
use crate::job::{Job, JobId, JobSpec, JobState, StoredRequest};
use hivesum_core::file::RelPath;
use hivesum_core::result::Progress;

/// A job with what only the store knows about it.
#[derive(Debug, Clone)]
pub(crate) struct StoredJob {
    pub(crate) job: Job,
    /// The run that its rows belong to.
    pub(crate) run: i64,
    /// Results committed.
    pub(crate) rows: u64,
    /// The run from which unchanged files are taken.
    pub(crate) former_run: Option<i64>,
    /// Working time over all starts.
    pub(crate) elapsed: Duration,
    /// Its number among the ended jobs.
    pub(crate) ended: Option<u64>,
    /// Whether its sort index is complete.
    pub(crate) is_indexed: bool,
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
    JOBS.find(connection, "WHERE id = ?", [id.to_string()], stored)
}

/// The job whose results are in this run.
pub(crate) fn of_run(connection: &Connection, run: i64) -> Result<Option<StoredJob>, DbError> {
    JOBS.find(connection, "WHERE run = ?", [run], stored)
}

/// Every job in a state, oldest first.
pub(crate) fn all_in(connection: &Connection, state: JobState) -> Result<Vec<StoredJob>, DbError> {
    JOBS.verify(connection)?;
    let mut found = Vec::new();
    JOBS.each(connection, "WHERE state = ? ORDER BY id", [state.name()], |row| {
        found.push(stored(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// Marks a run as abandoned: its rows are removed later, in pieces.
pub(crate) fn abandon(change: &Transaction<'_>, run: i64) -> Result<(), DbError> {
    match change.prepare_cached("UPDATE runs SET abandoned = 1 WHERE run = ?")?.execute([run])? {
        1 => Ok(()),
        _ => Err(DbError::Inconsistent("a run without its row")),
    }
}

/// The job in a checked row of [`JOBS`].
pub(super) fn stored(row: &Row<'_>) -> Result<StoredJob, DbError> {
    let request = stored_json::parse(row.get_ref(2)?.as_str().map_err(not_text)?, &["root", "algorithms"])?;
    let StoredRequest::<JobSpec> { spec, lines_not_read } = request;
    if row.get_ref(1)?.as_str().map_err(not_text)? != spec.kind.name() {
        return Err(DbError::Inconsistent("a job of two kinds"));
    }
    let state = JobState::from_name(row.get_ref(4)?.as_str().map_err(not_text)?);
    let json = |column| row.get::<_, Option<String>>(column);
    let mut job = Job {
        id: parse_id(row.get(0)?)?,
        kind: spec.kind,
        spec,
        state: state.ok_or(DbError::Inconsistent("an unknown job state"))?,
        created_at: time(row.get(5)?)?,
        started_at: row.get::<_, Option<String>>(6)?.map(time).transpose()?,
        finished_at: row.get::<_, Option<String>>(7)?.map(time).transpose()?,
        progress: progress(row)?,
        summary: json(16)?.map(|summary| stored_json::parse(&summary, &[])).transpose()?,
        error: json(17)?.map(|error| stored_json::parse(&error, &[])).transpose()?,
        lines_not_read,
        waits_for: None,
        owner: row.get(3)?,
    };
    let kept = job.summary.and_then(|summary| summary.verdict.or_else(|| job.verdict(&summary)));
    if let Some(summary) = &mut job.summary {
        summary.verdict = kept;
    }
    Ok(StoredJob {
        job,
        run: row.get(8)?,
        rows: count(row, 9)?,
        former_run: row.get(18)?,
        elapsed: Duration::from_millis(count(row, 19)?),
        ended: optional_count(row, 20)?,
        is_indexed: row.get::<_, i64>(21)? == 1,
    })
}

/// The name of a job's root, as the index `jobs_by_place` has it: an expression on the column `spec`.
pub(super) const ROOT: &str = "(CASE WHEN json_valid(spec) THEN json_extract(spec, '$.root') END)";

/// Its path, as the index has it; see [`path_key`].
pub(super) const PATH: &str = "(CASE WHEN json_valid(spec)
     THEN coalesce('b' || json_extract(spec, '$.path_b64'), 'p' || coalesce(json_extract(spec, '$.path'), '')) END)";

/// The path of a job as the index `jobs_by_place` has it.
pub(super) fn path_key(path: &RelPath) -> String {
    match std::str::from_utf8(path.as_bytes()) {
        Ok(text) => format!("p{text}"),
        Err(_) => format!("b{}", STANDARD.encode(path.as_bytes())),
    }
}

fn progress(row: &Row<'_>) -> Result<Progress, DbError> {
    Ok(Progress {
        files_done: count(row, 10)?,
        files_failed: count(row, 11)?,
        files_skipped: count(row, 12)?,
        files_total: optional_count(row, 13)?,
        bytes_done: count(row, 14)?,
        bytes_total: optional_count(row, 15)?,
        bytes_per_second: 0,
        eta_seconds: None,
        bytes_under_way: 0,
    })
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
