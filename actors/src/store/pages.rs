//! Reads results in walk order: pages by position, streams of all rows, and the errors since a row.
//!
//! Positions have no gaps and follow the walk order, so a page is a range of keys. Memory grows with the page, never
//! with the job. What matches, and that no row is missing, is up to `selection`.

use rusqlite::Connection;

use super::batcher::NumberedItem;
use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::row::VERDICT;
use super::selection::{Selection, matches};
use crate::job::{JobId, MAX_PAGE, ResultPage, ResultQuery, StatusFilter};
use hivesum_core::result::{AuditCounts, Item, Verdict};

/// A page of the results that match; nothing if there is no such job.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, DbError> {
    // One transaction, so that the count and the rows agree, whatever is committed meanwhile.
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let selection = Selection::new(&view, &stored, query)?;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let (total, rows) = match selection.is_all() {
        true => (selection.length(), selection.first(selection.start().saturating_add(query.position), limit)?),
        false => selection.count_and_first(query.position, limit)?,
    };
    let items: Vec<_> = rows.into_iter().map(|(_, item)| item).collect();
    check_matches(query, &items)?;
    Ok(Some(ResultPage { items, total, position: query.position }))
}

/// A result that does not match is damage of an index.
pub(super) fn check_matches(query: &ResultQuery, items: &[Item]) -> Result<(), DbError> {
    match items.iter().all(|item| matches(item, query)) {
        true => Ok(()),
        false => Err(DbError::Inconsistent("an index that leads to a row that does not match")),
    }
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
    let start = selection.start().max(after.map_or(0, |row| row.saturating_add(1)));
    let rows = selection.first(start, query.limit.clamp(1, MAX_PAGE))?;
    let last_row = rows.last().map(|(row, _)| *row);
    Ok(RowPage { items: rows.into_iter().map(|(_, item)| item).collect(), last_row })
}

/// How many rows match, where the job has counted them.
pub(super) fn count_of(view: &Connection, stored: &StoredJob, query: &ResultQuery) -> Result<Option<u64>, DbError> {
    if query.digest.is_some() {
        return Ok(None);
    }
    let selection = Selection::new(view, stored, query)?;
    Ok(if selection.is_all() { Some(selection.length()) } else { selection.counted() })
}

/// How many of a job's results have which verdict; nothing if there is no such job. Reads every row.
pub(crate) fn verdict_counts(connection: &mut Connection, id: JobId) -> Result<Option<AuditCounts>, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let mut counts = AuditCounts::default();
    Selection::new(&view, &stored, &ResultQuery::default())?.each_match(0, |_, row| {
        if let Some(number) = row.get::<_, Option<i64>>(VERDICT)? {
            let verdict = Verdict::ALL.into_iter().find(|verdict| *verdict as i64 == number);
            counts.count(verdict.ok_or(DbError::Inconsistent("an unknown verdict"))?);
        }
        Ok(true)
    })?;
    Ok(Some(counts))
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
        selection.all_indexed(StatusFilter::Error)?;
    }
    let items = selection.first(from, limit)?.into_iter().map(|(row, item)| (row + 1, item)).collect();
    Ok(ErrorsSince { items, rows: stored.rows })
}

#[cfg(test)]
mod tests;
