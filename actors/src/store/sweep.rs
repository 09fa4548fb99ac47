//! Removes the rows of abandoned runs, in pieces, so that the writer stays free for other work.

use rusqlite::{Connection, OptionalExtension, params};

use super::change::Change;
use super::error::DbError;
use super::sealed::RUNS;

/// Rows removed in one transaction: about ten milliseconds.
pub(crate) const SWEEP_ROWS: i64 = 4000;

/// Removes some rows of one abandoned run, or the empty run itself. Returns whether there may be more.
pub(crate) fn sweep(connection: &mut Connection, rows: i64) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let run: Option<i64> = change
        .prepare_cached("SELECT run FROM runs WHERE abandoned = 1 ORDER BY run LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(run) = run else { return Ok(false) };
    // The index could lead to the run of a job.
    match RUNS.find(&change, "WHERE run = ?", [run], |row| Ok(row.get::<_, i64>(1)?))? {
        Some(1) => {}
        _ => return Err(DbError::Inconsistent("an index that leads to another row")),
    }
    let mut removed = 0;
    // A piece of a sort index is as long as a dozen rows.
    let pieces = (rows / 16).max(1);
    for (table, key, rows) in
        [("order_pieces", "piece", pieces), ("results", "position", rows), ("directories", "id", rows)]
    {
        if removed > 0 {
            break;
        }
        // The keys count up without gaps from the first remaining row.
        let sql = format!(
            "DELETE FROM {table} WHERE run = ?1 AND {key} < (SELECT min({key}) FROM {table} WHERE run = ?1) + ?2"
        );
        removed = change.prepare_cached(&sql)?.execute(params![run, rows])?;
    }
    if removed == 0 {
        change.prepare_cached("DELETE FROM runs WHERE run = ?")?.execute([run])?;
    }
    change.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobState;
    use crate::store::testing::Bench;
    use crate::store::{job_row, jobs};

    fn count(bench: &Bench, table: &str) -> i64 {
        bench.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_deleted_job_is_removed_in_pieces_and_others_stay() {
        let mut bench = Bench::new();
        let gone = bench.job_with_rows(&["a/1", "a/2", "b/1", "b/2", "b/3"]);
        let kept = bench.job_with_rows(&["a/1", "x/2"]);
        bench.end(gone, JobState::Completed);
        jobs::delete(&mut bench.connection, gone).unwrap();
        let mut left = Vec::new();
        while sweep(&mut bench.connection, 2).unwrap() {
            left.push(count(&bench, "results"));
        }
        assert_eq!(left, [5, 3, 2, 2, 2]);
        assert_eq!((count(&bench, "directories"), count(&bench, "runs")), (2, 1));
        assert_eq!(job_row::get(&bench.connection, kept).unwrap().unwrap().rows, 2);
    }
}
