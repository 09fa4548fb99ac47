//! Checks everything that is sealed, results and directories of every run among it, and counts it.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::super::error::DbError;
use super::super::row::{self, Contiguous};
use super::super::row_checksum::RowChecksum;
use super::{JOBS, RUNS, SEALED, snapshot};

/// What was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Rows by table.
    pub(crate) rows: BTreeMap<&'static str, u64>,
}

/// Checks every row of every table, that no row is missing or repeated, and that each job has its results at the
/// positions from 0 on without a gap. Reads the whole database in one view.
///
/// # Errors
/// [`DbError::Inconsistent`] at the first damage.
pub(crate) fn check_all(view: &Connection) -> Result<Report, DbError> {
    let _view = snapshot(view)?;
    let mut report = Report::default();
    for table in SEALED {
        report.rows.insert(table.name, table.verify_now(view)?);
    }
    let mut jobs = BTreeMap::new();
    JOBS.each(view, "", [], |row| {
        jobs.insert(row.get::<_, i64>(8)?, row.get::<_, i64>(9)? as u64);
        Ok(())
    })?;
    let (mut results, mut directories) = (0, 0);
    RUNS.each(view, "ORDER BY run", [], |row| {
        let run: i64 = row.get(0)?;
        let is_abandoned = row.get::<_, i64>(1)? == 1;
        let known = directories_of(view, run, is_abandoned)?;
        directories += known;
        results += results_of(view, run, RunShape { is_abandoned, directories: known, rows: jobs.get(&run).copied() })?;
        Ok(())
    })?;
    for (table, rows) in [("results", results), ("directories", directories)] {
        let count: i64 = view.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        if count as u64 != rows {
            return Err(DbError::Inconsistent("rows without their run"));
        }
        report.rows.insert(table, rows);
    }
    Ok(report)
}

/// What is known of a run before its results are read.
#[derive(Clone, Copy)]
struct RunShape {
    /// Its first rows may have been removed.
    is_abandoned: bool,
    directories: u64,
    /// The number of results, if it is the run of a job.
    rows: Option<u64>,
}

fn directories_of(view: &Connection, run: i64, is_abandoned: bool) -> Result<u64, DbError> {
    let mut statement = view.prepare_cached("SELECT run, id, path, seal FROM directories WHERE run = ? ORDER BY id")?;
    let mut rows = statement.query([run])?;
    let (mut checksum, mut ids, mut count) = (RowChecksum::default(), Contiguous::from(0), 0);
    while let Some(row) = rows.next()? {
        checksum.check_sealed("directories", row, 3)?;
        let id = row.get::<_, i64>(1)? as u64;
        if is_abandoned && count == 0 {
            ids = Contiguous::from(id);
        }
        ids.take(id)?;
        count += 1;
    }
    Ok(count)
}

fn results_of(view: &Connection, run: i64, shape: RunShape) -> Result<u64, DbError> {
    let mut statement =
        view.prepare_cached(&format!("SELECT {} FROM results WHERE run = ? ORDER BY position", row::ROW_COLUMNS))?;
    let mut rows = statement.query(params![run])?;
    let (mut checksum, mut positions, mut count) = (RowChecksum::default(), Contiguous::from(0), 0);
    while let Some(found) = rows.next()? {
        row::check(&mut checksum, run, found)?;
        let position = found.get::<_, i64>(0)? as u64;
        if shape.is_abandoned && count == 0 {
            positions = Contiguous::from(position);
        }
        positions.take(position)?;
        if !shape.is_abandoned && !(0..shape.directories).contains(&(found.get::<_, i64>(1)? as u64)) {
            return Err(DbError::Inconsistent("a row without its directory"));
        }
        count += 1;
    }
    match shape.rows {
        Some(rows) if !shape.is_abandoned => positions.end_at(rows).map(|()| count),
        _ => Ok(count),
    }
}
