//! The table of jobs: insert, end, delete, list.
//!
//! Every change of a job's state is one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::change::Change;
use super::error::DbError;
use super::idempotency::{self, IdempotencyKey, IdempotencyOutcome};
use super::job_row::{self, PATH, ROOT, abandon, must_exist, new_run, path_key, stored, unsigned};
use super::sealed::{JOBS, MANIFESTS, snapshot};
use super::{end_order, recovery};
use crate::job::{Job, JobError, JobId, JobKind, JobPage, JobQuery, JobState, MAX_PAGE, StoredRequest};
use hivesum_core::result::{JobVerdict, Summary};

/// Jobs that are read at a time, at least, to find those with a verdict.
const LOOKED_AT: usize = 100;

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

/// Inserts a new job as queued, unless its request has been received before.
pub(crate) fn insert(
    connection: &mut Connection,
    job: &Job,
    manifest: Option<&[u8]>,
    request: Option<&IdempotencyKey>,
) -> Result<IdempotencyOutcome, DbError> {
    let change = Change::begin(connection)?;
    if let Some(request) = request {
        match idempotency::look_up(&change, job.owner.as_deref(), request)? {
            IdempotencyOutcome::New => {}
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
            serde_json::to_string(&StoredRequest { spec: &job.spec, lines_not_read: job.lines_not_read.clone() })?,
            job.owner,
            job.state.name(),
            job.created_at.to_string(),
            run
        ])?;
    if let Some(body) = manifest {
        let mut insert = change.prepare_cached("INSERT INTO manifests (job, body) VALUES (?, ?)")?;
        insert.execute(params![job.id.to_string(), body])?;
    }
    if let Some(request) = request {
        idempotency::remember(&change, job, request)?;
    }
    change.commit()?;
    Ok(IdempotencyOutcome::New)
}

/// Records how a job ended.
pub(crate) fn end(connection: &mut Connection, id: JobId, ending: &Ending) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    recovery::delete_resume_data(&change, id)?;
    end_within(&change, id, ending)?;
    change.commit()?;
    Ok(())
}

/// [`end`] as a part of a larger transaction.
pub(crate) fn end_within(change: &Transaction<'_>, id: JobId, ending: &Ending) -> Result<(), DbError> {
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
    end_order::assign_number(change, id)
}

/// The manifest of a verify job, as it was sent.
pub(crate) fn manifest(connection: &Connection, id: JobId) -> Result<Option<Vec<u8>>, DbError> {
    MANIFESTS.find(connection, "WHERE job = ?", [id.to_string()], |row| Ok(row.get(1)?))
}

/// A page of jobs, newest first.
pub(crate) fn list(connection: &Connection, query: &JobQuery) -> Result<JobPage, DbError> {
    let limit = query.limit.clamp(1, MAX_PAGE);
    let _view = snapshot(connection)?;
    JOBS.verify(connection)?;
    let mut items = Vec::new();
    let mut cursor = query.cursor;
    // A verdict is no column: jobs of older releases have theirs from other figures. So pages are read until this one
    // is full.
    let at_a_time = if query.verdict.is_some() { (limit + 1).max(LOOKED_AT) } else { limit + 1 };
    loop {
        let page = page(connection, query, cursor, at_a_time)?;
        let is_last = page.len() < at_a_time;
        cursor = page.last().map(|job| job.id);
        items.extend(page.into_iter().filter(|job| has_verdict(job, query.verdict)));
        if is_last || items.len() > limit {
            break;
        }
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|job| job.id);
    Ok(JobPage { items, next_cursor })
}

fn has_verdict(job: &Job, wanted: Option<JobVerdict>) -> bool {
    wanted.is_none() || job.summary.and_then(|summary| summary.verdict) == wanted
}

/// Up to `limit` jobs before `cursor`, newest first, whatever their verdict.
fn page(connection: &Connection, query: &JobQuery, cursor: Option<JobId>, limit: usize) -> Result<Vec<Job>, DbError> {
    let mut items = Vec::new();
    let selected = params![
        query.state.map(JobState::name),
        query.owner,
        cursor.map(|id| id.to_string()),
        limit as i64,
        query.kind.map(JobKind::name),
        query.root,
        query.path.as_ref().map(path_key)
    ];
    JOBS.each(connection, &selection(query), selected, |row| {
        let job = stored(row)?.job;
        if !is_on(&job, query) {
            return Err(DbError::Inconsistent("an index that leads to another row"));
        }
        items.push(job);
        Ok(())
    })?;
    Ok(items)
}

/// Which rows [`page`] reads. Those of one root and path are together in an index, the newest last. With one of the
/// two alone, rows are looked at from the newest on: most services have one root, and its jobs would all be sorted.
fn selection(query: &JobQuery) -> String {
    let place = match (&query.root, &query.path) {
        (Some(_), Some(_)) => format!("INDEXED BY jobs_by_place WHERE {ROOT} = ?6 AND {PATH} = ?7"),
        (Some(_), None) => format!("WHERE +{ROOT} = ?6 AND ?7 IS NULL"),
        (None, Some(_)) => format!("WHERE ?6 IS NULL AND +{PATH} = ?7"),
        (None, None) => "WHERE ?6 IS NULL AND ?7 IS NULL".to_owned(),
    };
    format!(
        "{place} AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR owner = ?2) AND (?3 IS NULL OR id < ?3)
         AND (?5 IS NULL OR kind = ?5) ORDER BY id DESC LIMIT ?4"
    )
}

/// Whether the job is on the root and on the path that are asked for.
fn is_on(job: &Job, query: &JobQuery) -> bool {
    query.root.as_ref().is_none_or(|root| job.spec.root == *root)
        && query.path.as_ref().is_none_or(|path| job.spec.path == *path)
}

/// How many jobs there are that are not newer than this one.
pub(crate) fn count_up_to(connection: &Connection, id: JobId) -> Result<u64, DbError> {
    let _view = snapshot(connection)?;
    JOBS.verify(connection)?;
    let mut count = connection.prepare_cached("SELECT count(*) FROM jobs WHERE id <= ?")?;
    unsigned(count.query_row([id.to_string()], |row| row.get(0))?)
}

/// Deletes a job that has ended. Returns whether there was one.
pub(crate) fn delete(connection: &mut Connection, id: JobId) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let run: Option<i64> = change
        .prepare_cached("DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running') RETURNING run")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    let Some(run) = run else {
        // There is none, or it has not ended. Damage is neither.
        job_row::get(&change, id)?;
        return Ok(false);
    };
    abandon(&change, run)?;
    change.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests;
