//! Compares stored jobs and finds duplicates in one. Reads row by row in one transaction, on a reader thread.
//!
//! Memory grows with the differences or the duplicates, and with the rows read by 8 bytes for each, in the search for
//! duplicates.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::row::{Contiguous, ROW_COLUMNS, RowReader};
use super::selection;
use crate::error::CompareError;
use crate::job::{DuplicateQuery, JobId};
use hivesum_core::compare::{self, Comparison, ComparisonError, Copy, Fact, Group};
use hivesum_core::result::{FileIdentity, Item};

/// Compares two jobs; nothing if one of them does not exist.
pub(crate) fn compare_jobs(
    connection: &mut Connection,
    old: JobId,
    new: JobId,
) -> Result<Option<Result<Comparison, CompareError>>, DbError> {
    let view = connection.transaction()?;
    let (Some(old), Some(new)) = (job_row::get(&view, old)?, job_row::get(&view, new)?) else { return Ok(None) };
    let (mut of_old, mut of_new) = (statement(&view)?, statement(&view)?);
    let then = FactReader::new(&view, &mut of_old, &old)?;
    let now = FactReader::new(&view, &mut of_new, &new)?;
    match compare::compare(then, now) {
        Ok(mut comparison) => {
            if comparison.may_have_copies() {
                comparison.find_copies(FactReader::new(&view, &mut of_new, &new)?)?;
            }
            Ok(Some(Ok(comparison)))
        }
        Err(ComparisonError::Source(error)) => Err(error),
        // The digests of a job always name their algorithm.
        Err(ComparisonError::NothingInCommon | ComparisonError::Undecided) => {
            Ok(Some(Err(CompareError::NothingInCommon)))
        }
        Err(ComparisonError::TooMany) => Ok(Some(Err(CompareError::TooMany))),
    }
}

/// Passes what a job knows about each of its files to `take`, in walk order. Returns whether the job exists.
pub(crate) fn each_fact(connection: &mut Connection, id: JobId, mut take: impl FnMut(Fact)) -> Result<bool, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(false) };
    let mut statement = statement(&view)?;
    for fact in FactReader::new(&view, &mut statement, &stored)? {
        take(fact?);
    }
    Ok(true)
}

/// Groups a job's files with equal content; nothing if there is no such job.
pub(crate) fn duplicates(
    connection: &mut Connection,
    id: JobId,
    query: &DuplicateQuery,
) -> Result<Option<Vec<Group>>, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let (algorithms, by) = (stored.job.spec.algorithms, query.by);
    let Some(at) = algorithms.position(by) else { return Ok(Some(Vec::new())) };
    let repeated = repeated_starts(&view, &stored, at..at + by.digest_bytes())?;
    let mut statement = statement(&view)?;
    let mut rows = statement.query(params![stored.run])?;
    let mut reader = stored.row_reader(&view)?;
    let (mut copies, mut positions) = (Vec::new(), Contiguous::from(0));
    while let Some(row) = rows.next()? {
        let item = reader.item(row)?;
        positions.take(reader.position(row)?)?;
        let digest = item.digests.get(at..at + by.digest_bytes());
        let may_repeat = |digest: &&[u8]| repeated.binary_search(&start_of(digest)).is_ok();
        if let (Some(digest), true) = (digest.filter(may_repeat), item.meta.size >= query.min_size) {
            let identity = FileIdentity { device: item.meta.device, inode: item.meta.inode };
            let copy = Copy::new(reader.position(row)?, item.meta.size, digest, identity);
            let is_sought = query.q.is_empty() || selection::contains(&item.path, &query.q);
            copies.push(if is_sought { copy } else { copy.unsought() });
        }
    }
    positions.end_at(stored.rows)?;
    let mut groups = compare::groups(copies, query.min_size);
    compare::sort_groups(&mut groups, query.order);
    Ok(Some(groups))
}

/// The first bytes of the digests at this place that more than one row has, in order. The rows are not checked: who
/// reads them once more checks all of them, and damage has its own error there.
fn repeated_starts(view: &Connection, stored: &StoredJob, place: Range<usize>) -> Result<Vec<u64>, DbError> {
    let mut statement = view.prepare_cached("SELECT digests FROM results WHERE run = ? AND digests IS NOT NULL")?;
    let mut rows = statement.query(params![stored.run])?;
    let mut starts = Vec::with_capacity(stored.job.progress.files_done as usize);
    while let Some(row) = rows.next()? {
        let digests = row.get_ref(0)?.as_blob().unwrap_or_default();
        starts.push(start_of(digests.get(place.clone()).unwrap_or_default()));
    }
    drop(rows);
    starts.sort_unstable();
    let mut repeated: Vec<u64> = starts.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    repeated.dedup();
    Ok(repeated)
}

/// The first 8 bytes of a digest, or all of a shorter one.
fn start_of(digest: &[u8]) -> u64 {
    let mut start = [0; 8];
    let bytes = digest.len().min(8);
    start[..bytes].copy_from_slice(&digest[..bytes]);
    u64::from_le_bytes(start)
}

/// The results at these positions of a job, in this order.
pub(crate) fn items_at(connection: &mut Connection, id: JobId, positions: &[u64]) -> Result<Vec<Item>, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(Vec::new()) };
    stored.row_reader(&view)?.items_at(positions)
}

fn statement<'a>(view: &'a Connection) -> Result<rusqlite::CachedStatement<'a>, DbError> {
    Ok(view.prepare_cached(&format!("SELECT {ROW_COLUMNS} FROM results WHERE run = ? ORDER BY position"))?)
}

/// Iterates over what a job knows about its files: over all of them, or it ends with an error.
struct FactReader<'a, 's> {
    rows: rusqlite::Rows<'s>,
    reader: RowReader<'a>,
    positions: Contiguous,
    /// The number of rows that have to come.
    count: u64,
}

impl<'a, 's> FactReader<'a, 's> {
    fn new(
        view: &'a Connection,
        statement: &'s mut rusqlite::Statement<'_>,
        stored: &StoredJob,
    ) -> Result<Self, DbError> {
        let reader = stored.row_reader(view)?;
        let (positions, count) = (Contiguous::from(0), stored.rows);
        Ok(Self { rows: statement.query(params![stored.run])?, reader, positions, count })
    }

    /// The next fact of a row that has one; nothing after the last row.
    fn next_fact(&mut self) -> Result<Option<Fact>, DbError> {
        while let Some(row) = self.rows.next()? {
            let item = self.reader.item(row)?;
            self.positions.take(self.reader.position(row)?)?;
            if let Some(fact) = Fact::of_item(item) {
                return Ok(Some(fact));
            }
        }
        self.positions.end_at(self.count)?;
        Ok(None)
    }
}

impl Iterator for FactReader<'_, '_> {
    type Item = Result<Fact, DbError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_fact().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::prior_rows::{self, PriorRowsQuery};
    use crate::store::testing::{Bench, hashed};
    use hivesum_core::compare::Change;
    use hivesum_core::digest::Algorithm;
    use hivesum_core::result::{RowRef, Rows};

    #[test]
    fn two_jobs_are_compared_row_by_row() {
        let mut bench = Bench::new();
        let old = bench.job_with_rows(&["a/x", "b", "c"]);
        let job = bench.insert_job();
        let mut rows = Rows::new(job.spec.algorithms);
        rows.push(hashed("a", "x"));
        rows.push(RowRef { digests: &[0xCD; 32], ..hashed("", "b") });
        rows.push(RowRef { digests: &[0xEF; 32], ..hashed("", "d") });
        rows.push(hashed("", "e"));
        bench.add_rows(&job, rows);
        let compared = compare_jobs(&mut bench.connection, old, job.id).unwrap().unwrap().unwrap();
        let shown: Vec<_> = compared.items.iter().map(|item| (&item.path[..], item.change)).collect();
        assert_eq!(shown, [(&b"b"[..], Change::SuspectedRot), (b"d", Change::Added), (b"e", Change::Moved)]);
        assert_eq!(compared.counts.unchanged, 1);
        let nobody = crate::store::testing::job().id;
        assert!(compare_jobs(&mut bench.connection, old, nobody).unwrap().is_none());
    }

    fn all(min_size: u64) -> DuplicateQuery {
        DuplicateQuery::all(Algorithm::Blake3, min_size)
    }

    #[test]
    fn duplicates_are_groups_of_positions() {
        let mut bench = Bench::new();
        let job = bench.insert_job();
        let mut rows = Rows::new(job.spec.algorithms);
        for (name, inode, byte) in [("a", 1, 1), ("b", 2, 2), ("c", 3, 1), ("d", 1, 1)] {
            let row = hashed("", name);
            let meta = hivesum_core::result::FileMeta { inode, ..row.meta };
            rows.push(RowRef { meta, digests: &[byte; 32], ..row });
        }
        bench.add_rows(&job, rows);
        let groups = duplicates(&mut bench.connection, job.id, &all(1)).unwrap().unwrap();
        assert_eq!(
            groups.iter().map(|group| (group.count, &group.places[..])).collect::<Vec<_>>(),
            [(2, &[0, 2, 3][..])]
        );
        let items = items_at(&mut bench.connection, job.id, &groups[0].places).unwrap();
        assert_eq!(items.iter().map(|item| &item.path[..]).collect::<Vec<_>>(), [b"a", b"c", b"d"]);
        assert_eq!(duplicates(&mut bench.connection, job.id, &all(8)).unwrap().unwrap(), []);
        let with = |q: &[u8]| DuplicateQuery { q: q.to_vec(), ..all(1) };
        assert_eq!(duplicates(&mut bench.connection, job.id, &with(b"c")).unwrap().unwrap(), groups, "the whole group");
        assert_eq!(duplicates(&mut bench.connection, job.id, &with(b"b")).unwrap().unwrap(), []);
    }

    #[test]
    fn a_row_that_is_missing_is_damage_and_not_a_file_that_is_missing() {
        for which in ["position = 0", "position = 1", "position = 2", "true"] {
            let mut bench = Bench::new();
            let other = bench.job_with_rows(&["a/x", "b", "c"]);
            let id = bench.job_with_rows(&["a/x", "b", "c"]);
            let stored = job_row::get(&bench.connection, id).unwrap().unwrap();
            let (run, algorithms) = (stored.run, stored.job.spec.algorithms);
            bench.connection.execute(&format!("DELETE FROM results WHERE run = {run} AND {which}"), []).unwrap();
            let is_damage = |error: DbError| matches!(error, DbError::Inconsistent(_));
            let connection = &mut bench.connection;
            assert!(is_damage(each_fact(connection, id, drop).unwrap_err()), "{which}");
            assert!(is_damage(compare_jobs(connection, other, id).unwrap_err()), "{which}");
            assert!(is_damage(duplicates(connection, id, &all(1)).unwrap_err()), "{which}");
            let query = PriorRowsQuery { run, stored: algorithms, wanted: algorithms };
            assert!(is_damage(prior_rows::rows(connection, &query, 0).unwrap_err()), "{which}");
        }
    }

    #[test]
    fn a_row_of_another_run_is_damage() {
        let mut bench = Bench::new();
        let [kept, id] = ["a", "b"].map(|path| bench.job_with_rows(&[path]));
        let kept = job_row::get(&bench.connection, kept).unwrap().unwrap().run;
        let run = job_row::get(&bench.connection, id).unwrap().unwrap().run;
        for table in ["results", "directories"] {
            bench.connection.execute(&format!("DELETE FROM {table} WHERE run = {run}"), []).unwrap();
            bench.connection.execute(&format!("UPDATE {table} SET run = {run} WHERE run = {kept}"), []).unwrap();
            assert!(matches!(each_fact(&mut bench.connection, id, drop), Err(DbError::Inconsistent(_))), "{table}");
        }
    }
}
