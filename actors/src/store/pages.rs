//! Reading results: pages by position, streams of all rows, and the errors since some row.
//!
//! Positions are without gaps and in walk order, so a page is a range of keys, and the paths with one
//! prefix are a range too, found by halving. Only a substring is looked for row by row. Memory follows the
//! page, never the job.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use super::failure::Fault;
use super::jobs::{self, StoredJob};
use super::ledger::NumberedItem;
use super::row::{ERROR, HASHED, ROW_COLUMNS, RowReader, SKIPPED};
use crate::compare::Verdict;
use crate::job::item::Item;
use crate::job::query::{MAX_PAGE, ResultPage, ResultQuery, RowPage, StatusFilter};
use crate::job::rows::walk_order;
use crate::job::spec::{JobId, JobKind};

/// A page of the results that match; nothing if there is no such job.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, Fault> {
    // One transaction: the rows counted are the rows read, whatever is committed meanwhile.
    let view = connection.transaction()?;
    let Some(stored) = jobs::get(&view, id)? else { return Ok(None) };
    let selection = Selection::new(&view, &stored, query)?;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let q = query.q.as_deref().unwrap_or_default();
    let (total, rows) = match selection.looks_at_paths(q) {
        true => selection.search(q, query.position, limit)?,
        false => (selection.count(query)?, selection.nth(query.position, limit)?),
    };
    let items = rows.into_iter().map(|(_, item)| item).collect();
    Ok(Some(ResultPage { items, total, position: query.position }))
}

/// The next rows that match, after a row or from the first; none at the end, or without such a job.
pub(crate) fn rows_after(
    connection: &mut Connection,
    id: JobId,
    query: &ResultQuery,
    after: Option<u64>,
    limit: usize,
) -> Result<RowPage, Fault> {
    let view = connection.transaction()?;
    let Some(stored) = jobs::get(&view, id)? else { return Ok(RowPage::default()) };
    let mut selection = Selection::new(&view, &stored, query)?;
    selection.range.start = selection.range.start.max(after.map_or(0, |row| row.saturating_add(1)));
    let limit = limit.clamp(1, MAX_PAGE);
    let q = query.q.as_deref().unwrap_or_default();
    let rows = match selection.looks_at_paths(q) {
        true => selection.first_with(q, limit)?,
        false => selection.nth(0, limit)?,
    };
    let last_row = rows.last().map(|(row, _)| *row);
    Ok(RowPage { items: rows.into_iter().map(|(_, item)| item).collect(), last_row })
}

/// Errors of a job among its rows from `from` on, numbered as events are, and how many rows it has.
pub(crate) struct ErrorsSince {
    pub(crate) items: Vec<NumberedItem>,
    pub(crate) rows: u64,
}

/// The first errors from a row on.
pub(crate) fn errors_since(
    connection: &mut Connection,
    id: JobId,
    from: u64,
    limit: usize,
) -> Result<ErrorsSince, Fault> {
    let view = connection.transaction()?;
    let Some(stored) = jobs::get(&view, id)? else { return Ok(ErrorsSince { items: Vec::new(), rows: 0 }) };
    let range = from..stored.rows;
    let selection = Selection {
        view: &view,
        stored: &stored,
        status: Some(StatusFilter::Error),
        verdict: None,
        prefix: Vec::new(),
        range,
    };
    let items = selection.nth(0, limit)?.into_iter().map(|(row, item)| (row + 1, item)).collect();
    Ok(ErrorsSince { items, rows: stored.rows })
}

/// Rows of one run by position and status.
pub(super) struct Selection<'a> {
    view: &'a Connection,
    stored: &'a StoredJob,
    status: Option<StatusFilter>,
    verdict: Option<Verdict>,
    /// What a path must begin with, where its range is not found by halving: an audit's missing files come
    /// after its walk.
    prefix: Vec<u8>,
    range: Range<u64>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(view: &'a Connection, stored: &'a StoredJob, query: &ResultQuery) -> Result<Self, Fault> {
        let is_in_order = stored.job.kind == JobKind::Hash;
        let (range, prefix) = match &query.path_prefix {
            Some(prefix) if !prefix.is_empty() && is_in_order => (range_of_prefix(view, stored, prefix)?, Vec::new()),
            Some(prefix) => (0..stored.rows, prefix.clone()),
            None => (0..stored.rows, Vec::new()),
        };
        Ok(Self { view, stored, status: query.status, verdict: query.verdict, prefix, range })
    }

    /// Whether each path must be looked at.
    fn looks_at_paths(&self, q: &[u8]) -> bool {
        !q.is_empty() || !self.prefix.is_empty()
    }

    pub(super) fn wants(&self, path: &[u8], q: &[u8]) -> bool {
        path.starts_with(&self.prefix) && (q.is_empty() || contains(path, q))
    }

    /// The first position that may match.
    pub(super) fn start(&self) -> u64 {
        self.range.start
    }

    /// The rows of the range `?2..?3` of the run `?1` that have the status, as SQL. The second term on the
    /// status says that the index of the few holds them.
    fn clause(&self) -> String {
        let (index, status) = match self.status {
            None => ("", ""),
            Some(StatusFilter::Hashed) => ("", "AND status = 0"),
            Some(StatusFilter::Error) => ("INDEXED BY results_not_hashed", "AND status = 1 AND status <> 0"),
            Some(StatusFilter::Skipped) => ("INDEXED BY results_not_hashed", "AND status = 2 AND status <> 0"),
        };
        let verdict = self.verdict.map_or(String::new(), |verdict| format!("AND verdict = {}", verdict as i64));
        format!("FROM results {index} WHERE run = ?1 AND position >= ?2 AND position < ?3 {status} {verdict}")
    }

    fn count(&self, query: &ResultQuery) -> Result<u64, Fault> {
        if self.verdict.is_some() {
            return self.count_rows();
        }
        let Some(status) = self.status else { return Ok(self.range.end.saturating_sub(self.range.start)) };
        let progress = &self.stored.job.progress;
        if query.path_prefix.as_ref().is_none_or(Vec::is_empty) {
            return Ok(match status {
                StatusFilter::Hashed => progress.files_done,
                StatusFilter::Error => progress.files_failed,
                StatusFilter::Skipped => progress.files_skipped,
            });
        }
        self.count_rows()
    }

    fn count_rows(&self) -> Result<u64, Fault> {
        let count: i64 = self
            .view
            .prepare_cached(&format!("SELECT count(*) {}", self.clause()))?
            .query_row(params![self.stored.run, self.range.start as i64, self.range.end as i64], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// `limit` rows after the first `skip`.
    fn nth(&self, skip: u64, limit: usize) -> Result<Vec<(u64, Item)>, Fault> {
        let mut found = Vec::new();
        let (mut start, mut offset) = (self.range.start, 0);
        match (self.status, self.verdict) {
            // Every position counts: go straight to the row.
            (None, None) => start = start.saturating_add(skip),
            _ => offset = skip,
        }
        self.each_row(start, offset, limit, |reader, row| {
            found.push((reader.position(row)?, reader.item(row)?));
            Ok(true)
        })?;
        Ok(found)
    }

    /// How many rows have these bytes in their path, and `limit` of them after the first `skip`.
    fn search(&self, q: &[u8], skip: u64, limit: usize) -> Result<(u64, Vec<(u64, Item)>), Fault> {
        let mut total = 0;
        let mut found = Vec::new();
        self.each_row(self.range.start, 0, usize::MAX, |reader, row| {
            if self.wants(reader.path(row)?, q) {
                if total >= skip && found.len() < limit {
                    found.push((reader.position(row)?, reader.item(row)?));
                }
                total += 1;
            }
            Ok(true)
        })?;
        Ok((total, found))
    }

    /// The first rows with these bytes in their path.
    fn first_with(&self, q: &[u8], limit: usize) -> Result<Vec<(u64, Item)>, Fault> {
        let mut found = Vec::new();
        self.each_row(self.range.start, 0, usize::MAX, |reader, row| {
            if self.wants(reader.path(row)?, q) {
                found.push((reader.position(row)?, reader.item(row)?));
            }
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// Hands rows to `take` in walk order until it says that it has enough.
    pub(super) fn each_row(
        &self,
        start: u64,
        offset: u64,
        limit: usize,
        mut take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        if start >= self.range.end || offset > i64::MAX as u64 {
            return Ok(());
        }
        let mut statement = self
            .view
            .prepare_cached(&format!("SELECT {ROW_COLUMNS} {} ORDER BY position LIMIT ?4 OFFSET ?5", self.clause()))?;
        let limit = i64::try_from(limit).unwrap_or(-1);
        let (start, end) = (start as i64, self.range.end as i64);
        let mut rows = statement.query(params![self.stored.run, start, end, limit, offset as i64])?;
        let mut reader = RowReader::new(self.view, self.stored.run, self.stored.job.spec.algorithms)?;
        while let Some(row) = rows.next()? {
            if !take(&mut reader, row)? {
                break;
            }
        }
        Ok(())
    }
}

/// Where the paths with this prefix are.
fn range_of_prefix(view: &Connection, stored: &StoredJob, prefix: &[u8]) -> Result<Range<u64>, Fault> {
    let start = first_where(view, stored, 0, |path| walk_order(path, prefix).is_ge())?;
    let end = first_where(view, stored, start, |path| !path.starts_with(prefix))?;
    Ok(start..end)
}

/// The first position from `low` on whose path is past some point in walk order.
fn first_where(view: &Connection, stored: &StoredJob, low: u64, is_past: impl Fn(&[u8]) -> bool) -> Result<u64, Fault> {
    let (mut low, mut high) = (low, stored.rows);
    while low < high {
        let middle = low + (high - low) / 2;
        match is_past(&path_at(view, stored.run, middle)?) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Ok(low)
}

fn path_at(view: &Connection, run: i64, position: u64) -> Result<Vec<u8>, Fault> {
    let parts: Option<(Vec<u8>, Vec<u8>)> = view
        .prepare_cached(
            "SELECT path, name FROM results JOIN directories ON directories.run = results.run AND id = directory
             WHERE results.run = ?1 AND position = ?2",
        )?
        .query_row(params![run, position as i64], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (mut path, name) = parts.ok_or(Fault::Nonsense("a position without a row"))?;
    super::row::append_name(&mut path, &name);
    Ok(path)
}

fn contains(path: &[u8], q: &[u8]) -> bool {
    path.windows(q.len()).any(|window| window == q)
}

const _: () = assert!(HASHED == 0 && ERROR == 1 && SKIPPED == 2, "`clause` spells them out");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, SkipReason};
    use crate::job::rows::{RowRef, Rows, Status};
    use crate::store::testing::{Bench, hashed};

    /// In walk order.
    const TREE: [&str; 9] = ["a/x", "a/y/1", "a/z", "a b/1", "a.c", "ab", "ab.d/e", "abc/d", "b"];

    fn all() -> ResultQuery {
        ResultQuery { limit: MAX_PAGE, ..ResultQuery::default() }
    }

    fn paths(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| std::str::from_utf8(&item.path).unwrap()).collect()
    }

    /// A job with a hashed row, an error and a skip, over and over.
    fn mixed(bench: &mut Bench, rounds: usize) -> JobId {
        let job = bench.take_job();
        let mut rows = Rows::new(job.spec.algorithms);
        for round in 0..rounds {
            let (ok, no, skip) = (format!("{round:05}a"), format!("{round:05}b"), format!("{round:05}c"));
            rows.push(hashed("d", &ok));
            let status = Status::Error { code: ErrorCode::Permission, errno: 13 };
            rows.push(RowRef { status, digests: &[], ..hashed("d", &no) });
            rows.push(RowRef { status: Status::Skipped(SkipReason::Symlink), digests: &[], ..hashed("d", &skip) });
        }
        bench.add_rows(&job, rows);
        job.id
    }

    #[test]
    fn a_page_is_a_range_of_positions_in_walk_order() {
        let mut bench = Bench::new();
        let id = bench.job_with_rows(&TREE);
        let page = page(&mut bench.connection, id, &ResultQuery { position: 2, limit: 3, ..all() }).unwrap().unwrap();
        assert_eq!(paths(&page.items), &TREE[2..5]);
        assert_eq!((page.total, page.position), (9, 2));
    }

    #[test]
    fn a_row_comes_back_byte_for_byte() {
        let mut bench = Bench::new();
        let id = mixed(&mut bench, 1);
        let page = page(&mut bench.connection, id, &all()).unwrap().unwrap();
        let row = hashed("d", "00000a");
        assert_eq!((page.items[0].meta, page.items[0].status), (row.meta, row.status));
        assert_eq!((&page.items[0].digests[..], &page.items[0].path[..]), (row.digests, &b"d/00000a"[..]));
        assert_eq!(page.items[1].status, Status::Error { code: ErrorCode::Permission, errno: 13 });
        assert_eq!(page.items[2].status, Status::Skipped(SkipReason::Symlink));
    }

    #[test]
    fn every_prefix_gives_what_a_plain_filter_gives() {
        let mut bench = Bench::new();
        let id = bench.job_with_rows(&TREE);
        for prefix in ["", "a", "a/", "a/y", "a/y/", "a ", "ab", "ab.", "abc", "b", "c", "a/y/1x"] {
            let wanted: Vec<_> = TREE.into_iter().filter(|path| path.starts_with(prefix)).collect();
            let query = ResultQuery { path_prefix: Some(prefix.into()), ..all() };
            let page = page(&mut bench.connection, id, &query).unwrap().unwrap();
            assert_eq!(paths(&page.items), wanted, "{prefix:?}");
            assert_eq!(page.total, wanted.len() as u64);
        }
    }

    #[test]
    fn status_search_and_prefix_narrow_each_other() {
        let mut bench = Bench::new();
        let id = mixed(&mut bench, 10);
        let errors = ResultQuery { status: Some(StatusFilter::Error), position: 8, limit: 5, ..all() };
        let found = page(&mut bench.connection, id, &errors).unwrap().unwrap();
        assert_eq!((paths(&found.items), found.total), (vec!["d/00008b", "d/00009b"], 10));
        let skipped = ResultQuery { status: Some(StatusFilter::Skipped), path_prefix: Some("d/00003".into()), ..all() };
        let found = page(&mut bench.connection, id, &skipped).unwrap().unwrap();
        assert_eq!((paths(&found.items), found.total), (vec!["d/00003c"], 1));
        let searched = ResultQuery { q: Some("7a".into()), status: Some(StatusFilter::Hashed), ..all() };
        let found = page(&mut bench.connection, id, &searched).unwrap().unwrap();
        assert_eq!((paths(&found.items), found.total), (vec!["d/00007a"], 1));
        let searched = ResultQuery { q: Some("a".into()), position: 4, limit: 2, ..all() };
        let found = page(&mut bench.connection, id, &searched).unwrap().unwrap();
        assert_eq!((paths(&found.items), found.total), (vec!["d/00004a", "d/00005a"], 10));
    }

    #[test]
    fn a_stream_passes_every_row_once_whatever_the_filter() {
        let mut bench = Bench::new();
        let id = mixed(&mut bench, 5);
        let error = Some(StatusFilter::Error);
        for (query, expected) in [
            (all(), 15),
            (ResultQuery { status: error, ..all() }, 5),
            (ResultQuery { q: Some("b".into()), ..all() }, 5),
            (ResultQuery { path_prefix: Some("d/00001".into()), ..all() }, 3),
        ] {
            let (mut after, mut seen) = (None, 0);
            loop {
                let rows = rows_after(&mut bench.connection, id, &query, after, 2).unwrap();
                seen += rows.items.len();
                after = rows.last_row;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{query:?}");
        }
    }

    #[test]
    fn a_page_is_never_longer_than_its_bound_and_past_the_end_it_is_empty() {
        let mut bench = Bench::new();
        let id = mixed(&mut bench, 400);
        let endless = ResultQuery { limit: usize::MAX, ..all() };
        assert_eq!(page(&mut bench.connection, id, &endless).unwrap().unwrap().items.len(), MAX_PAGE);
        assert_eq!(rows_after(&mut bench.connection, id, &endless, None, usize::MAX).unwrap().items.len(), MAX_PAGE);
        for status in [None, Some(StatusFilter::Error)] {
            let past = ResultQuery { position: u64::MAX, status, ..all() };
            assert_eq!(page(&mut bench.connection, id, &past).unwrap().unwrap().items, []);
        }
        assert_eq!(rows_after(&mut bench.connection, id, &all(), Some(u64::MAX), 1).unwrap().items, []);
    }

    #[test]
    fn errors_are_read_from_a_row_on_with_their_event_ids() {
        let mut bench = Bench::new();
        let id = mixed(&mut bench, 4);
        let since = errors_since(&mut bench.connection, id, 5, 2).unwrap();
        assert_eq!(since.items.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [8, 11]);
        assert_eq!(since.rows, 12);
    }

    #[test]
    fn values_that_were_never_written_are_damage() {
        for damage in ["status = 9", "stability = 7", "digests = x'00'", "directory = 99", "code = 'x', status = 1"] {
            let mut bench = Bench::new();
            let id = bench.job_with_rows(&["a"]);
            bench.connection.execute(&format!("UPDATE results SET {damage}"), []).unwrap();
            assert!(page(&mut bench.connection, id, &all()).is_err(), "{damage}");
        }
    }
}
