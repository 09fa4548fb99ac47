//! Reads stored results back for a resumed or repeated scan, in walk order, in batches.

use rusqlite::{Connection, params};

use super::error::DbError;
use super::job_row;
use super::row::{Contiguous, ROW_COLUMNS, RowReader};
use super::sealed::{RUNS, snapshot};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Item, RowRef, Rows, split_digests};

/// Rows read at a time.
const BATCH_ROWS: i64 = 2000;

/// Selects the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PriorRowsQuery {
    pub(crate) run: i64,
    /// The algorithms of the stored digests.
    pub(crate) stored: Algorithms,
    /// The algorithms to read, all of them stored.
    pub(crate) wanted: Algorithms,
}

/// Some rows from a position on, and the position after them; nothing at the end, and once their job has been deleted:
/// its rows are being removed, so the other files are to be read again.
///
/// # Errors
/// [`DbError::Inconsistent`] where a row is missing.
pub(crate) fn rows(connection: &Connection, query: &PriorRowsQuery, from: i64) -> Result<Option<(Rows, i64)>, DbError> {
    let _view = snapshot(connection)?;
    if RUNS.find(connection, "WHERE run = ?", [query.run], |row| Ok(row.get::<_, i64>(1)?))? != Some(0) {
        return Ok(None);
    }
    // The former run of a job has no count: a row that is missing at its end is a file to be read again.
    let end = job_row::of_run(connection, query.run)?.map(|job| job.rows);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {ROW_COLUMNS} FROM results WHERE run = ?1 AND position >= ?2 ORDER BY position LIMIT ?3"
    ))?;
    let mut stored = statement.query(params![query.run, from, BATCH_ROWS])?;
    let mut reader = RowReader::new(connection, query.run, query.stored)?;
    let mut rows = Rows::new(query.wanted);
    let mut positions = Contiguous::from(from as u64);
    let (mut next, mut digests) = (from, Vec::new());
    while let Some(row) = stored.next()? {
        let Item { path, meta, status, digests: all, origin, .. } = reader.item(row)?;
        positions.take(reader.position(row)?)?;
        next += 1;
        digests.clear();
        narrow(&all, query, &mut digests);
        let (directory, name) = split(&path);
        rows.push(RowRef { directory, name, meta, status, digests: &digests, origin });
    }
    if let Some(end) = end
        && next - from < BATCH_ROWS
    {
        positions.end_at(end.max(from as u64))?;
    }
    Ok((!rows.is_empty()).then_some((rows, next)))
}

/// Appends the wanted ones of concatenated digests to `into`.
fn narrow(all: &[u8], query: &PriorRowsQuery, into: &mut Vec<u8>) {
    if query.wanted == query.stored {
        return into.extend_from_slice(all);
    }
    for wanted in query.wanted.iter() {
        let found = split_digests(all, &query.stored).find(|digest| digest.algorithm() == wanted);
        into.extend(found.iter().flat_map(|digest| digest.as_bytes()));
    }
}

/// Splits at the last slash. It need not be where the writer split: the reader compares full paths.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobState;
    use crate::store::testing::{Bench, job};
    use crate::store::{jobs, sweep};

    #[test]
    fn rows_of_a_job_that_is_deleted_while_they_are_reused_end_and_are_not_taken_for_damage() {
        let mut bench = Bench::new();
        let id = bench.job_with_rows(&["a/1", "a/2", "b/1", "b/2", "b/3"]);
        bench.end(id, JobState::Completed);
        let algorithms = job().spec.algorithms;
        let run = job_row::get(&bench.connection, id).unwrap().unwrap().run;
        let query = PriorRowsQuery { run, stored: algorithms, wanted: algorithms };
        let from = |connection: &Connection, from| rows(connection, &query, from).unwrap().map(|(_, next)| next);
        assert_eq!(from(&bench.connection, 1), Some(5));
        assert!(jobs::delete(&mut bench.connection, id).unwrap());
        assert_eq!(from(&bench.connection, 1), None);
        while sweep::sweep(&mut bench.connection, 2).unwrap() {
            assert_eq!(from(&bench.connection, 1), None);
        }
    }
}
