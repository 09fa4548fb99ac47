//! Reads results in walk order: pages by position, streams of all rows, and the errors since a row.
//!
//! Positions have no gaps and follow the walk order, so a page is a range of keys, and so are the paths with
//! one prefix: a binary search finds them. Every other filter reads row by row. Memory grows with the page, never
//! with the job.
//!
//! The job's row says how many rows there are and how many of them failed, so a row that a damaged page hides is
//! noticed: positions must be contiguous, every row on the way is checked, and the index of the rows without digests
//! must hold as many as were counted.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use super::batcher::NumberedItem;
use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::row::{Contiguous, ERROR, HASHED, ROW_COLUMNS, RowReader, SKIPPED, VERDICT};
use crate::job::{JobId, JobKind, MAX_PAGE, ResultPage, ResultQuery, StatusFilter};
use hivesum_core::result::{Item, Verdict, walk_order};

/// A page of the results that match; nothing if there is no such job.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, DbError> {
    // One transaction, so that the count and the rows agree, whatever is committed meanwhile.
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let selection = Selection::new(&view, &stored, query)?;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let (total, rows) = match selection.is_all() {
        true => (selection.length(), selection.first(selection.range.start.saturating_add(query.position), limit)?),
        false => selection.count_and_first(query.position, limit)?,
    };
    let items = rows.into_iter().map(|(_, item)| item).collect();
    Ok(Some(ResultPage { items, total, position: query.position }))
}

/// A page of results while all are read.
#[derive(Debug, Default)]
pub(super) struct RowPage {
    /// The results; empty at the end.
    pub(super) items: Vec<Item>,
    /// The row of the last item, to continue after it; none at the end.
    pub(super) last_row: Option<u64>,
}

/// The next rows of a job that match, after a row or from the first; none at the end. Whoever continues after a row
/// does so in the transaction of the first rows: the index of a status is counted only for those, since counting it
/// for every page would take time that grows with the square of the rows.
pub(super) fn rows_after(
    view: &Connection,
    stored: &StoredJob,
    query: &ResultQuery,
    after: Option<u64>,
) -> Result<RowPage, DbError> {
    let selection = Selection::new(view, stored, query)?;
    let start = selection.range.start.max(after.map_or(0, |row| row.saturating_add(1)));
    let rows = selection.first(start, query.limit.clamp(1, MAX_PAGE))?;
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
    let query = ResultQuery { status: Some(StatusFilter::Error), ..ResultQuery::default() };
    let selection = Selection::new(&view, &stored, &query)?;
    if from > 0 {
        selection.check_index(StatusFilter::Error)?;
    }
    let items = selection.first(from, limit)?.into_iter().map(|(row, item)| (row + 1, item)).collect();
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
    /// What a path must contain.
    q: Vec<u8>,
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
        let all_are_hashed = stored.job.progress.files_done == stored.rows;
        let status = query.status.filter(|status| *status != StatusFilter::Hashed || !all_are_hashed);
        let q = query.q.clone().unwrap_or_default();
        Ok(Self { view, stored, status, verdict: query.verdict, prefix, q, range })
    }

    /// Whether every row in the range matches.
    const fn is_all(&self) -> bool {
        self.status.is_none() && self.verdict.is_none() && self.prefix.is_empty() && self.q.is_empty()
    }

    const fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// The first position that may match.
    pub(super) const fn start(&self) -> u64 {
        self.range.start
    }

    /// Whether a row matches. Refused unless its checksum does.
    fn matches(&self, reader: &mut RowReader<'_>, row: &rusqlite::Row<'_>) -> Result<bool, DbError> {
        reader.check(row)?;
        if self.status.is_some_and(|wanted| row.get(STATUS) != Ok(code_of(wanted))) {
            return Ok(false);
        }
        if self.verdict.is_some_and(|wanted| row.get(VERDICT) != Ok(Some(wanted as i64))) {
            return Ok(false);
        }
        if self.prefix.is_empty() && self.q.is_empty() {
            return Ok(true);
        }
        let path = reader.path(row)?;
        Ok(path.starts_with(&self.prefix) && (self.q.is_empty() || contains(path, &self.q)))
    }

    /// The first rows from a position on that match, and their positions.
    fn first(&self, start: u64, limit: usize) -> Result<Vec<(u64, Item)>, DbError> {
        let mut found = Vec::new();
        self.each_match(start, |reader, row| {
            found.push((reader.position(row)?, reader.item(row)?));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// How many rows match, and `limit` of them after the first `skip`.
    fn count_and_first(&self, skip: u64, limit: usize) -> Result<(u64, Vec<(u64, Item)>), DbError> {
        let (mut total, mut found) = (0, Vec::new());
        let known = self.counted();
        self.each_match(self.range.start, |reader, row| {
            if total >= skip && found.len() < limit {
                found.push((reader.position(row)?, reader.item(row)?));
            }
            total += 1;
            Ok(known.is_none() || found.len() < limit)
        })?;
        Ok((known.unwrap_or(total), found))
    }

    /// How many rows match, where the job has counted them.
    fn counted(&self) -> Option<u64> {
        let is_by_status = self.verdict.is_none() && self.prefix.is_empty() && self.q.is_empty();
        let is_whole = self.range == (0..self.stored.rows);
        self.status.filter(|_| is_by_status && is_whole).map(|status| self.count_of(status))
    }

    const fn count_of(&self, status: StatusFilter) -> u64 {
        match status {
            StatusFilter::Hashed => self.stored.job.progress.files_done,
            StatusFilter::Error => self.stored.job.progress.files_failed,
            StatusFilter::Skipped => self.stored.job.progress.files_skipped,
        }
    }

    /// Passes the rows that match to `take`, in walk order from a position on, until it returns false.
    pub(super) fn each_match(
        &self,
        start: u64,
        mut take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, DbError>,
    ) -> Result<(), DbError> {
        let start = start.max(self.range.start);
        if start >= self.range.end {
            return Ok(());
        }
        let filter = match self.status {
            None | Some(StatusFilter::Hashed) => "FROM results WHERE run = ?1".to_owned(),
            Some(status @ (StatusFilter::Error | StatusFilter::Skipped)) => {
                // A stream that goes on after a row has checked it already, in the same transaction.
                if start == self.range.start {
                    self.check_index(status)?;
                }
                from_index(status)
            }
        };
        let is_walk = matches!(self.status, None | Some(StatusFilter::Hashed));
        let sql = format!("SELECT {ROW_COLUMNS} {filter} AND position >= ?2 AND position < ?3 ORDER BY position");
        let mut statement = self.view.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.stored.run, start as i64, self.range.end as i64])?;
        let mut reader = self.stored.row_reader(self.view)?;
        let mut positions = Contiguous::from(start);
        while let Some(row) = rows.next()? {
            let position = reader.position(row)?;
            match is_walk {
                true => positions.take(position)?,
                false => positions.take_later(position)?,
            }
            if self.matches(&mut reader, row)? && !take(&mut reader, row)? {
                return Ok(());
            }
        }
        if is_walk { positions.end_at(self.range.end) } else { Ok(()) }
    }

    /// Checks that the index holds as many rows of this status as the job has.
    fn check_index(&self, status: StatusFilter) -> Result<(), DbError> {
        let sql = format!("SELECT count(*) {}", from_index(status));
        let found: i64 = self.view.prepare_cached(&sql)?.query_row([self.stored.run], |row| row.get(0))?;
        match found as u64 == self.count_of(status) {
            true => Ok(()),
            false => Err(DbError::Inconsistent("an index with fewer or more rows than their job has")),
        }
    }
}

/// The index of `status` in [`ROW_COLUMNS`].
pub(super) const STATUS: usize = 8;

/// The rows of the run `?1` with this status, of the few without digests, as SQL. SQLite uses the partial index only
/// if `status <> 0` is stated too.
fn from_index(status: StatusFilter) -> String {
    let code = code_of(status);
    format!("FROM results INDEXED BY results_not_hashed WHERE run = ?1 AND status = {code} AND status <> 0")
}

/// The value of the column `status`.
pub(super) const fn code_of(status: StatusFilter) -> i64 {
    match status {
        StatusFilter::Hashed => HASHED,
        StatusFilter::Error => ERROR,
        StatusFilter::Skipped => SKIPPED,
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
    let mut reader = stored.row_reader(view)?;
    while low < high {
        let middle = low + (high - low) / 2;
        match is_past(&path_at(&mut reader, view, stored.run, middle)?) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Ok(low)
}

fn path_at(reader: &mut RowReader<'_>, view: &Connection, run: i64, position: u64) -> Result<Vec<u8>, DbError> {
    let sql = format!("SELECT {ROW_COLUMNS} FROM results WHERE run = ?1 AND position = ?2");
    let path = view
        .prepare_cached(&sql)?
        .query_row(params![run, position as i64], |row| Ok(reader.path(row).map(<[u8]>::to_vec)))
        .optional()?;
    path.ok_or(DbError::Inconsistent("a position without a row"))?
}

pub(super) fn contains(path: &[u8], q: &[u8]) -> bool {
    path.windows(q.len()).any(|window| window == q)
}

#[cfg(test)]
mod tests;
