//! The rows of one run that a query selects, in walk order.
//!
//! A prefix is a range of positions, found by binary search. Rows without digests are found by their index, which gives
//! positions alone; every other filter reads row by row. Whatever is read is checked: positions are contiguous, the
//! index holds as many rows as the job has counted and leads to rows of that status, and each row on the way has its
//! seal, also one that a filter leaves out. Once a job has its path index, that is searched instead of the rows, and those
//! on the page are checked.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::error::DbError;
use super::job_row::StoredJob;
use super::path_index::{self, Sought};
use super::row::{Contiguous, ERROR, HASHED, ROW_COLUMNS, RowReader, SKIPPED, STATUS, VERDICT};
use crate::job::{JobKind, ResultQuery, StatusFilter};
use hivesum_core::result::{Item, Verdict, walk_order};

/// The rows of one run that a query selects, in walk order.
pub(super) struct Selection<'a> {
    view: &'a Connection,
    stored: &'a StoredJob,
    status: Option<StatusFilter>,
    /// The verdicts of which a row has one. Empty: all rows.
    verdicts: Vec<Verdict>,
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
        Ok(Self { view, stored, status, verdicts: query.verdicts.clone(), prefix, q, range })
    }

    /// Whether every row in the range matches.
    pub(super) const fn is_all(&self) -> bool {
        self.status.is_none() && self.verdicts.is_empty() && self.prefix.is_empty() && self.q.is_empty()
    }

    pub(super) const fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// The first position that may match.
    pub(super) const fn start(&self) -> u64 {
        self.range.start
    }

    /// Whether a row that has been checked matches.
    fn matches(&self, reader: &mut RowReader<'_>, row: &rusqlite::Row<'_>) -> Result<bool, DbError> {
        if self.status.is_some_and(|wanted| row.get(STATUS) != Ok(code_of(wanted))) {
            return Ok(false);
        }
        let has = |wanted: &Verdict| row.get(VERDICT) == Ok(Some(*wanted as i64));
        if !self.verdicts.is_empty() && !self.verdicts.iter().any(has) {
            return Ok(false);
        }
        if self.prefix.is_empty() && self.q.is_empty() {
            return Ok(true);
        }
        let path = reader.checked_path(row)?;
        Ok(path.starts_with(&self.prefix) && (self.q.is_empty() || contains(path, &self.q)))
    }

    /// The first rows from a position on that match, and their positions.
    pub(super) fn first(&self, start: u64, limit: usize) -> Result<Vec<(u64, Item)>, DbError> {
        let mut found = Vec::new();
        self.each_match(start, |reader, row| {
            found.push((reader.position(row)?, reader.checked_item(row)?));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// How many rows match, and `limit` of them after the first `skip`.
    pub(super) fn count_and_first(&self, skip: u64, limit: usize) -> Result<(u64, Vec<(u64, Item)>), DbError> {
        let (mut total, mut found) = (0, Vec::new());
        let known = self.counted();
        if known.is_none() && self.stored.is_indexed {
            let mut positions = Vec::new();
            self.each_position(|position| {
                if total >= skip && positions.len() < limit {
                    positions.push(position);
                }
                total += 1;
            })?;
            let items = self.stored.row_reader(self.view)?.items_at(&positions)?;
            return Ok((total, positions.into_iter().zip(items).collect()));
        }
        self.each_match(self.range.start, |reader, row| {
            if total >= skip && found.len() < limit {
                found.push((reader.position(row)?, reader.checked_item(row)?));
            }
            total += 1;
            Ok(known.is_none() || found.len() < limit)
        })?;
        let Some(known) = known else { return Ok((total, found)) };
        let on_page = known.saturating_sub(skip).min(limit as u64);
        match found.len() as u64 == on_page {
            true => Ok((known, found)),
            false => Err(DbError::Inconsistent("fewer or more rows than their job has")),
        }
    }

    /// Passes the positions of the rows that match to `take`, in walk order.
    pub(super) fn each_position(&self, mut take: impl FnMut(u64)) -> Result<(), DbError> {
        if !self.stored.is_indexed {
            return self.each_match(self.range.start, |reader, row| {
                take(reader.position(row)?);
                Ok(true)
            });
        }
        let status = self.status.map(code_of);
        let sought = Sought { status, verdicts: &self.verdicts, prefix: &self.prefix, part: &self.q };
        path_index::search(self.view, self.stored, self.range.clone(), &sought, take)
    }

    /// How many rows match, where the job has counted them.
    pub(super) fn counted(&self) -> Option<u64> {
        let is_by_status = self.verdicts.is_empty() && self.prefix.is_empty() && self.q.is_empty();
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

    /// Passes the rows that match to `take`, each checked, in walk order from a position on, until it returns false.
    pub(super) fn each_match(
        &self,
        start: u64,
        take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, DbError>,
    ) -> Result<(), DbError> {
        let start = start.max(self.range.start);
        if start >= self.range.end {
            return Ok(());
        }
        match self.status {
            None | Some(StatusFilter::Hashed) => self.each_on_the_walk(start, take),
            Some(status @ (StatusFilter::Error | StatusFilter::Skipped)) => self.each_indexed(status, start, take),
        }
    }

    fn each_on_the_walk(
        &self,
        start: u64,
        mut take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, DbError>,
    ) -> Result<(), DbError> {
        let mut statement = self.view.prepare_cached(&format!(
            "SELECT {ROW_COLUMNS} FROM results WHERE run = ?1 AND position >= ?2 AND position < ?3 ORDER BY position"
        ))?;
        let mut rows = statement.query(params![self.stored.run, start as i64, self.range.end as i64])?;
        let mut reader = self.stored.row_reader(self.view)?;
        let mut positions = Contiguous::from(start);
        while let Some(row) = rows.next()? {
            positions.take(reader.position(row)?)?;
            reader.check(row)?;
            if self.matches(&mut reader, row)? && !take(&mut reader, row)? {
                return Ok(());
            }
        }
        positions.end_at(self.range.end)
    }

    /// Takes positions alone from the index, and the rows from their table: so a row has the status that it is sealed
    /// with, whatever the index says.
    fn each_indexed(
        &self,
        status: StatusFilter,
        start: u64,
        mut take: impl FnMut(&mut RowReader<'_>, &rusqlite::Row<'_>) -> Result<bool, DbError>,
    ) -> Result<(), DbError> {
        // A stream that goes on after a row has had all of them checked already, in the same transaction.
        let positions = match start == self.range.start {
            true => self.all_indexed(status)?,
            false => self.indexed(status, start)?,
        };
        let mut reader = self.stored.row_reader(self.view)?;
        let mut statement = reader.statement_at()?;
        for position in positions.into_iter().filter(|position| (start..self.range.end).contains(position)) {
            let goes_on = reader.read_at(&mut statement, position, |reader, row| {
                if row.get(STATUS) != Ok(code_of(status)) {
                    return Err(DbError::Inconsistent("an index that leads to another row"));
                }
                Ok(!self.matches(reader, row)? || take(reader, row)?)
            })?;
            if !goes_on {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The positions of all rows with this status: as many as the job has counted.
    pub(super) fn all_indexed(&self, status: StatusFilter) -> Result<Vec<u64>, DbError> {
        let positions = self.indexed(status, 0)?;
        match positions.len() as u64 == self.count_of(status) {
            true => Ok(positions),
            false => Err(DbError::Inconsistent("an index with fewer or more rows than their job has")),
        }
    }

    /// The positions of the rows with this status from one on, as the index of the few rows without digests has them.
    /// SQLite uses it only if `status <> 0` is stated too.
    fn indexed(&self, status: StatusFilter, start: u64) -> Result<Vec<u64>, DbError> {
        let mut statement = self.view.prepare_cached(
            "SELECT position FROM results INDEXED BY results_not_hashed
              WHERE run = ?1 AND status = ?2 AND status <> 0 AND position >= ?3",
        )?;
        let mut rows = statement.query(params![self.stored.run, code_of(status), start as i64])?;
        let (mut found, mut order) = (Vec::new(), Contiguous::from(start));
        while let Some(row) = rows.next()? {
            let position = row.get::<_, i64>(0)? as u64;
            order.take_later(position)?;
            found.push(position);
        }
        match found.last() {
            Some(&last) if last >= self.stored.rows => Err(DbError::Inconsistent("an index that leads to no row")),
            _ => Ok(found),
        }
    }
}

/// Whether a result matches a query, whatever its digests.
pub(super) fn matches(item: &Item, query: &ResultQuery) -> bool {
    let has_status = query.status.is_none_or(|wanted| wanted.is_of(item.status));
    let is_wanted = |verdict| query.verdicts.contains(&verdict);
    let has_verdict = query.verdicts.is_empty() || item.fixity.as_ref().is_some_and(|it| is_wanted(it.verdict));
    let has_prefix = query.path_prefix.as_ref().is_none_or(|prefix| item.path.starts_with(prefix));
    let has_part = query.q.as_ref().is_none_or(|part| part.is_empty() || contains(&item.path, part));
    has_status && has_verdict && has_prefix && has_part
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
    let mut statement = reader.statement_at()?;
    while low < high {
        let middle = low + (high - low) / 2;
        match reader.read_at(&mut statement, middle, |reader, row| Ok(is_past(reader.checked_path(row)?)))? {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Ok(low)
}

pub(super) fn contains(path: &[u8], q: &[u8]) -> bool {
    path.windows(q.len()).any(|window| window == q)
}
