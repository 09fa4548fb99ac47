//! Reads results in walk order: pages by position, streams of all rows, and the errors since a row.
//!
//! Positions have no gaps and follow the walk order, so a page is a range of keys, and so are the paths with
//! one prefix: a binary search finds them. Only a substring search reads row by row. Memory grows with the
//! page, never with the job.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use super::batcher::NumberedItem;
use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::row::{ERROR, HASHED, ROW_COLUMNS, RowReader, SKIPPED};
use crate::job::{JobId, JobKind, MAX_PAGE, ResultPage, ResultQuery, RowPage, StatusFilter};
use hivesum_core::result::{Item, Verdict, append_path, walk_order};

/// A page of the results that match; nothing if there is no such job.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, DbError> {
    // One transaction, so that the count and the rows agree, whatever is committed meanwhile.
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let selection = Selection::new(&view, &stored, query)?;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let q = query.q.as_deref().unwrap_or_default();
    let (total, rows) = match selection.checks_paths(q) {
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
) -> Result<RowPage, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(RowPage::default()) };
    let mut selection = Selection::new(&view, &stored, query)?;
    selection.range.start = selection.range.start.max(after.map_or(0, |row| row.saturating_add(1)));
    let limit = query.limit.clamp(1, MAX_PAGE);
    let q = query.q.as_deref().unwrap_or_default();
    let rows = match selection.checks_paths(q) {
        true => selection.first_matching(q, limit)?,
        false => selection.nth(0, limit)?,
    };
    let last_row = rows.last().map(|(row, _)| *row);
    Ok(RowPage { items: rows.into_iter().map(|(_, item)| item).collect(), last_row })
}

/// Errors of a job from a row on, with their event ids, and how many rows the job has.
pub(crate) struct ErrorsSince {
    pub(crate) items: Vec<NumberedItem>,
    pub(crate) rows: u64,
}

/// The first errors from row `from` on.
pub(crate) fn errors_since(
    connection: &mut Connection,
    id: JobId,
    from: u64,
    limit: usize,
) -> Result<ErrorsSince, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(ErrorsSince { items: Vec::new(), rows: 0 }) };
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

/// The rows of one run that a query selects, in walk order.
pub(super) struct Selection<'a> {
    view: &'a Connection,
    stored: &'a StoredJob,
    status: Option<StatusFilter>,
    verdict: Option<Verdict>,
    /// What a path must begin with, where a binary search cannot find the range: the missing files of an
    /// audit come after its walk.
    prefix: Vec<u8>,
    range: Range<u64>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(view: &'a Connection, stored: &'a StoredJob, query: &ResultQuery) -> Result<Self, DbError> {
        let is_in_order = stored.job.kind == JobKind::Hash;
        let (range, prefix) = match &query.path_prefix {
            Some(prefix) if !prefix.is_empty() && is_in_order => (range_of_prefix(view, stored, prefix)?, Vec::new()),
            Some(prefix) => (0..stored.rows, prefix.clone()),
            None => (0..stored.rows, Vec::new()),
        };
        Ok(Self { view, stored, status: query.status, verdict: query.verdict, prefix, range })
    }

    /// Whether each path must be checked.
    fn checks_paths(&self, q: &[u8]) -> bool {
        !q.is_empty() || !self.prefix.is_empty()
    }

    /// Whether a path has the prefix and contains `q`.
    pub(super) fn matches(&self, path: &[u8], q: &[u8]) -> bool {
        path.starts_with(&self.prefix) && (q.is_empty() || contains(path, q))
    }

    /// The first position that may match.
    pub(super) fn start(&self) -> u64 {
        self.range.start
    }

    /// The rows of the run `?1` in the range `?2..?3` with the status and verdict, as SQL. SQLite uses the
    /// partial index only if `status <> 0` is stated too.
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

    fn count(&self, query: &ResultQuery) -> Result<u64, DbError> {
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

    fn count_rows(&self) -> Result<u64, DbError> {
        let count: i64 = self
            .view
            .prepare_cached(&format!("SELECT count(*) {}", self.clause()))?
            .query_row(params![self.stored.run, self.range.start as i64, self.range.end as i64], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// `limit` rows after the first `skip`.
    fn nth(&self, skip: u64, limit: usize) -> Result<Vec<(u64, Item)>, DbError> {
        let mut found = Vec::new();
        let (mut start, mut offset) = (self.range.start, 0);
        match (self.status, self.verdict) {
            // Every position matches: go straight to the row.
            (None, None) => start = start.saturating_add(skip),
            _ => offset = skip,
        }
        self.each_row(start, offset, limit, |reader, row| {
            found.push((reader.position(row)?, reader.item(row)?));
            Ok(true)
        })?;
        Ok(found)
    }

    /// How many rows match, and `limit` of them after the first `skip`.
    fn search(&self, q: &[u8], skip: u64, limit: usize) -> Result<(u64, Vec<(u64, Item)>), DbError> {
        let mut total = 0;
        let mut found = Vec::new();
        self.each_row(self.range.start, 0, usize::MAX, |reader, row| {
            if self.matches(reader.path(row)?, q) {
                if total >= skip && found.len() < limit {
                    found.push((reader.position(row)?, reader.item(row)?));
                }
                total += 1;
            }
            Ok(true)
        })?;
        Ok((total, found))
    }

    /// The first rows that match.
    fn first_matching(&self, q: &[u8], limit: usize) -> Result<Vec<(u64, Item)>, DbError> {
        let mut found = Vec::new();
        self.each_row(self.range.start, 0, usize::MAX, |reader, row| {
            if self.matches(reader.path(row)?, q) {
                found.push((reader.position(row)?, reader.item(row)?));
            }
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// Passes rows to `take` in walk order until it returns false.
    pub(super) fn each_row(
        &self,
        start: u64,
        offset: u64,
        limit: usize,
        mut take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, DbError>,
    ) -> Result<(), DbError> {
        if start >= self.range.end || offset > i64::MAX as u64 {
            return Ok(());
        }
        let mut statement = self
            .view
            .prepare_cached(&format!("SELECT {ROW_COLUMNS} {} ORDER BY position LIMIT ?4 OFFSET ?5", self.clause()))?;
        let limit = i64::try_from(limit).unwrap_or(-1);
        let (start, end) = (start as i64, self.range.end as i64);
        let mut rows = statement.query(params![self.stored.run, start, end, limit, offset as i64])?;
        let mut reader = self.stored.row_reader(self.view)?;
        while let Some(row) = rows.next()? {
            if !take(&mut reader, row)? {
                break;
            }
        }
        Ok(())
    }
}

/// The positions of the paths with this prefix.
fn range_of_prefix(view: &Connection, stored: &StoredJob, prefix: &[u8]) -> Result<Range<u64>, DbError> {
    let start = first_where(view, stored, 0, |path| walk_order(path, prefix).is_ge())?;
    let end = first_where(view, stored, start, |path| !path.starts_with(prefix))?;
    Ok(start..end)
}

/// The first position from `low` on whose path satisfies `is_past`, found by binary search.
fn first_where(
    view: &Connection,
    stored: &StoredJob,
    low: u64,
    is_past: impl Fn(&[u8]) -> bool,
) -> Result<u64, DbError> {
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

fn path_at(view: &Connection, run: i64, position: u64) -> Result<Vec<u8>, DbError> {
    let parts: Option<(Vec<u8>, Vec<u8>)> = view
        .prepare_cached(
            "SELECT path, name FROM results JOIN directories ON directories.run = results.run AND id = directory
             WHERE results.run = ?1 AND position = ?2",
        )?
        .query_row(params![run, position as i64], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (directory, name) = parts.ok_or(DbError::Inconsistent("a position without a row"))?;
    let mut path = Vec::new();
    append_path(&mut path, &directory, &name);
    Ok(path)
}

pub(super) fn contains(path: &[u8], q: &[u8]) -> bool {
    path.windows(q.len()).any(|window| window == q)
}

const _: () = assert!(HASHED == 0 && ERROR == 1 && SKIPPED == 2, "`clause` has them as numbers");

#[cfg(test)]
mod tests;
