//! Resuming after a restart: the unfinished jobs, what their runs already hold, and which files killed the process.
//!
//! A run is resumed where it stopped. Only if the tree has changed meanwhile, the job gets a new run; the run it had
//! becomes the former run, and unchanged files are taken from there.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::batcher::{RowCounts, RunState};
use super::change::Change;
use super::checkpoints;
use super::error::DbError;
use super::job_row::{self, StoredJob, must_exist};
use super::root_rows;
use super::sealed::ATTEMPTS;
use crate::job::{JobId, JobState};
use hivesum_core::file::RootIdentity;
use hivesum_core::result::Checkpoint;
use hivesum_core::sys::slots::Note;

/// What a job resumes from.
#[derive(Debug, Default)]
pub(crate) struct ResumePoint {
    pub(crate) run_state: RunState,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) former_run: Option<i64>,
    /// How often the process died while it read a file.
    pub(crate) deaths: HashMap<Vec<u8>, u32>,
    pub(crate) checkpoints: Vec<Checkpoint>,
}

/// Queues every job that has not ended, and returns them, oldest first. For each file that was being read when the
/// last process died, that death is counted.
pub(crate) fn unfinished(connection: &mut Connection, notes: &[Note]) -> Result<Vec<StoredJob>, DbError> {
    let change = Change::begin(connection)?;
    change.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'", [])?;
    for note in notes {
        change
            .prepare_cached(
                "INSERT INTO attempts (job, path, bytes, deaths)
                 SELECT id, ?2, ?3, 1 FROM jobs WHERE id = ?1 AND state = 'queued'
                 ON CONFLICT DO UPDATE SET deaths = deaths + 1",
            )?
            .execute(params![JobId::from_bytes(note.job_tag).to_string(), note.path, note.offset as i64])?;
    }
    let unfinished = job_row::all_in(&change, JobState::Queued)?;
    change.commit()?;
    Ok(unfinished)
}

/// Marks a job as running on this directory of its root, and reads what it resumes from.
pub(crate) fn begin(
    connection: &mut Connection,
    id: JobId,
    at: Timestamp,
    root: Option<RootIdentity>,
) -> Result<ResumePoint, DbError> {
    let change = Change::begin(connection)?;
    if let Some(root) = root {
        root_rows::note_of_job(&change, id, root)?;
    }
    let changed = change
        .prepare_cached("UPDATE jobs SET state = 'running', started_at = coalesce(started_at, ?2) WHERE id = ?1")?
        .execute(params![id.to_string(), at.to_string()])?;
    must_exist(changed)?;
    let stored = job_row::get(&change, id)?.ok_or(DbError::Inconsistent("an unfinished job without a row"))?;
    let progress = stored.job.progress;
    let counts = RowCounts {
        rows: stored.rows,
        files_done: progress.files_done,
        files_failed: progress.files_failed,
        files_skipped: progress.files_skipped,
        bytes_done: progress.bytes_done,
    };
    let directories = next_directory_id(&change, stored.run)?;
    let run_state = RunState { run: stored.run, counts, directories, elapsed: stored.elapsed };
    let resumed = ResumePoint {
        run_state,
        started_at: stored.job.started_at,
        former_run: stored.former_run,
        deaths: deaths(&change, id)?,
        checkpoints: checkpoints::of_run(&change, stored.run)?,
    };
    change.commit()?;
    Ok(resumed)
}

fn next_directory_id(connection: &Connection, run: i64) -> Result<i64, DbError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM directories WHERE run = ?")?
        .query_row([run], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last + 1))
}

/// How often the process died while it read a file of the job.
pub(super) fn deaths(connection: &Connection, id: JobId) -> Result<HashMap<Vec<u8>, u32>, DbError> {
    ATTEMPTS.verify(connection)?;
    let mut deaths = HashMap::new();
    ATTEMPTS.each(connection, "WHERE job = ?", [id.to_string()], |row| {
        // For each file the offset with the most deaths: if each try gets further, the file is not the cause.
        let most: &mut u32 = deaths.entry(row.get(1)?).or_default();
        *most = (*most).max(row.get(3)?);
        Ok(())
    })?;
    Ok(deaths)
}

/// Gives a job a new run. Of its run and its former run, the longer one becomes the former run.
pub(crate) fn start_over(connection: &mut Connection, id: JobId) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    start_over_within(&change, id)?;
    change.commit()
}

/// [`start_over`] as a part of a larger transaction.
fn start_over_within(change: &Transaction<'_>, id: JobId) -> Result<(), DbError> {
    let stored = job_row::get(change, id)?.ok_or(DbError::Inconsistent("an unfinished job without a row"))?;
    let (run, former) = (stored.run, stored.former_run);
    let (mut kept, mut other) = (run, former);
    if let Some(former) = former
        && last_position(change, former)? > last_position(change, run)?
    {
        (kept, other) = (former, Some(run));
    }
    let new = job_row::new_run(change)?;
    let changed = change
        .prepare_cached(
            "UPDATE jobs SET run = ?2, former_run = ?3, row_count = 0, files_done = 0, files_failed = 0,
                    files_skipped = 0, files_total = NULL, bytes_done = 0, bytes_total = NULL WHERE id = ?1",
        )?
        .execute(params![id.to_string(), new, kept])?;
    must_exist(changed)?;
    change.prepare_cached("UPDATE checkpoints SET run = ?2 WHERE run = ?1")?.execute([run, new])?;
    if let Some(other) = other {
        job_row::abandon(change, other)?;
    }
    Ok(())
}

/// Gives a job a new run and forgets all that it had: its results are of another directory.
pub(crate) fn start_afresh(connection: &mut Connection, id: JobId) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    start_over_within(&change, id)?;
    delete_resume_data(&change, id)?;
    change.commit()
}

fn last_position(connection: &Connection, run: i64) -> Result<Option<i64>, DbError> {
    let mut last = connection.prepare_cached("SELECT max(position) FROM results WHERE run = ?")?;
    Ok(last.query_row([run], |row| row.get(0)).optional()?.flatten())
}

/// Deletes what an ending job would have resumed from.
pub(crate) fn delete_resume_data(change: &Transaction<'_>, id: JobId) -> Result<(), DbError> {
    let stored = job_row::get(change, id)?.ok_or(DbError::Inconsistent("an unfinished job without a row"))?;
    let id = id.to_string();
    change.prepare_cached("DELETE FROM attempts WHERE job = ?")?.execute([&id])?;
    change.prepare_cached("DELETE FROM checkpoints WHERE run = ?")?.execute([stored.run])?;
    root_rows::forget_of_job(change, &id)?;
    if let Some(former) = stored.former_run {
        change.prepare_cached("UPDATE jobs SET former_run = NULL WHERE id = ?")?.execute([&id])?;
        job_row::abandon(change, former)?;
    }
    Ok(())
}
