//! Whether a database is whole: SQLite's own check, every seal, no row too few or too many, and the journal.
//!
//! [`sealed::check_all`] stops at the first damage. What is then read job by job says where it is.

use std::path::Path;

use rusqlite::Connection;

use super::super::completeness::{judge, mark_of};
use super::super::error::DbError;
use super::super::open::{TABLES, is_current};
use super::super::row::ROW_COLUMNS;
use super::super::untouched::open_untouched;
use super::super::{job_row, jobs, journal, sealed};
use super::{CareError, existing};
use crate::error::StoreError;

/// Sentences about what is wrong that a report has at most.
const MAX_FAULTS: usize = 100;

/// What counts up without gaps within its group: table, group, counter.
const SEQUENCES: [(&str, &str, &str); 3] =
    [("results", "run", "position"), ("directories", "run", "id"), ("order_pieces", "run, by", "piece")];

/// One part of a check. Its error is damage too, unless the database cannot be read at all.
type Step = fn(&Connection, &mut CheckReport) -> Result<(), DbError>;

/// What was checked, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// The number of the latest commit; none if it cannot be read.
    pub commits: Option<u64>,
    /// Tables, and the rows in each.
    pub rows: Vec<(&'static str, u64)>,
    /// What is wrong, a sentence each; at most 100. Empty: nothing.
    pub faults: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// Notes damage. Any other error ends the check: it says nothing about the database.
    fn note(&mut self, checked: Result<(), DbError>, database: &Path) -> Result<(), StoreError> {
        let Err(error) = checked else { return Ok(()) };
        let fault = error.to_string();
        match error.report(database) {
            StoreError::Corrupt => self.fault(fault),
            other => return Err(other),
        }
        Ok(())
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    pub(super) fn or_damaged(self, what: &'static str) -> Result<Self, CareError> {
        if self.is_whole() { Ok(self) } else { Err(CareError::Damaged { what, report: self }) }
    }
}

/// Checks the store in a state directory, beside a running server or without one, and changes nothing.
///
/// # Errors
/// When it cannot be read, or was written by a newer hivesum. Damage is no error but a fault in the report.
pub fn check(state_dir: &Path) -> Result<CheckReport, CareError> {
    let state_dir = existing(state_dir)?;
    let database = state_dir.database();
    // Before the database, which a running server only takes further ahead.
    let journal = journal::read(&state_dir).map_err(|error| error.report(database))?;
    let connection = open_untouched(database).map_err(|error| error.report(database))?;
    let mut report = check_database(&connection, database)?;
    if let Ok(mark) = mark_of(&connection)
        && let Err(incomplete) = judge(journal.as_ref(), mark.as_ref())
    {
        report.fault(format!("the store is not complete: {incomplete}"));
    }
    if journal.is_some_and(|journal| journal.is_damaged) {
        report.fault("half of the journal is damaged, so whether the last commits are missing is not known".to_owned());
    }
    Ok(report)
}

/// Checks all that one file can tell.
pub(super) fn check_file(file: &Path) -> Result<CheckReport, StoreError> {
    let connection = open_untouched(file).map_err(|error| error.report(file))?;
    check_database(&connection, file)
}

/// Checks everything in a database, as one moment had it.
pub(super) fn check_database(connection: &Connection, path: &Path) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport::default();
    let view = connection.unchecked_transaction().map_err(|error| DbError::from(error).report(path))?;
    let pages = check_pages(&view, &mut report);
    report.note(pages, path)?;
    // What only the current schema has is checked after the migration.
    let is_current = is_current(&view);
    if matches!(is_current, Ok(true)) {
        let steps: [Step; 5] = [count_commits, count_rows, find_gaps, check_seals, read_jobs];
        for step in steps {
            let checked = step(&view, &mut report);
            report.note(checked, path)?;
        }
    }
    report.note(is_current.map(|_| ()), path)?;
    Ok(report)
}

fn check_pages(view: &Connection, report: &mut CheckReport) -> Result<(), DbError> {
    let mut statement = view.prepare(&format!("PRAGMA integrity_check({MAX_FAULTS})"))?;
    let mut answers = statement.query([])?;
    while let Some(answer) = answers.next()? {
        let answer: String = answer.get(0)?;
        if answer != "ok" {
            report.fault(format!("SQLite: {answer}"));
        }
    }
    let orphans: i64 = view.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if orphans > 0 {
        report.fault(format!("{orphans} rows name a row of another table that does not exist"));
    }
    Ok(())
}

fn count_commits(view: &Connection, report: &mut CheckReport) -> Result<(), DbError> {
    report.commits = mark_of(view)?.map(|mark| mark.number);
    Ok(())
}

fn count_rows(view: &Connection, report: &mut CheckReport) -> Result<(), DbError> {
    for table in TABLES {
        let rows: i64 = view.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        report.rows.push((table, rows as u64));
    }
    Ok(())
}

fn check_seals(view: &Connection, _: &mut CheckReport) -> Result<(), DbError> {
    sealed::check_all(view).map(|_| ())
}

/// Rows are removed from the start of a sequence, so it may begin anywhere, but has no gap.
fn find_gaps(view: &Connection, report: &mut CheckReport) -> Result<(), DbError> {
    for (table, group, counter) in SEQUENCES {
        let gaps = format!(
            "SELECT run, max({counter}) - min({counter}) + 1 - count(*) FROM {table} GROUP BY {group}
             HAVING max({counter}) - min({counter}) + 1 <> count(*) LIMIT {MAX_FAULTS}"
        );
        let mut statement = view.prepare(&gaps)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (run, missing): (i64, i64) = (row.get(0)?, row.get(1)?);
            report.fault(format!("{missing} rows of run {run} are missing in the table {table}"));
        }
    }
    Ok(())
}

/// Names the jobs that are damaged, if anything is: reads each with all of its results as the service does.
fn read_jobs(view: &Connection, report: &mut CheckReport) -> Result<(), DbError> {
    if report.is_whole() {
        return Ok(());
    }
    let mut statement = view.prepare("SELECT id FROM jobs ORDER BY id")?;
    let mut ids = statement.query([])?;
    while let Some(row) = ids.next()? {
        let id: String = row.get(0)?;
        if let Err(error) = read_job(view, &id) {
            // Only damage is a fault of the job; SQLite's own errors end the check.
            match error {
                DbError::Inconsistent(_) => report.fault(format!("job {id}: {error}")),
                DbError::Sql(_) | DbError::Store(_) => return Err(error),
            }
        }
    }
    Ok(())
}

fn read_job(view: &Connection, id: &str) -> Result<(), DbError> {
    let id = job_row::parse_id(id.to_owned())?;
    let stored = job_row::get(view, id)?.ok_or(DbError::Inconsistent("an index without its row"))?;
    jobs::manifest(view, id)?;
    let mut reader = stored.row_reader(view)?;
    let sql = format!("SELECT {ROW_COLUMNS} FROM results WHERE run = ? ORDER BY position");
    let mut statement = view.prepare_cached(&sql)?;
    let (mut rows, mut count) = (statement.query([stored.run])?, 0);
    while let Some(row) = rows.next()? {
        if reader.position(row)? != count {
            return Err(DbError::Inconsistent("a result that is missing"));
        }
        reader.item(row)?;
        count += 1;
    }
    match count == stored.rows {
        true => Ok(()),
        false => Err(DbError::Inconsistent("fewer or more results than it counts")),
    }
}
