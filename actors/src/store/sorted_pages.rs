//! Reads the results of an ended job through its sort index: pages and streams in another order than the walk's, and
//! the files with one digest.
//!
//! Without a filter a page is a range of ranks. With one, every rank is read: the index itself holds status and
//! position, and the positions whose paths match are found once, in the path index. Then memory grows with the job, by 16
//! bytes a row.

use std::ops::Range;

use rusqlite::Connection;

use super::error::DbError;
use super::job_row::{self, StoredJob};
use super::pages::{RowPage, check_matches};
use super::row::STATUS;
use super::selection::{Selection, code_of, matches};
use super::sort_index::{self, Entry, SortKey};
use crate::job::{JobId, MAX_PAGE, ResultPage, ResultQuery, Sort, SortBy, StatusFilter};
use hivesum_core::digest::Digest;
use hivesum_core::result::{Item, split_digests};

/// A page of the results that match; nothing if there is no such job. The job has ended and has its sort index.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, DbError> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(None) };
    let sorted = SortedRows::new(&view, &stored, query)?;
    let (total, positions) = sorted.positions(query)?;
    let items = stored.row_reader(&view)?.items_at(&positions)?;
    check_matches(query, &items)?;
    check_digests(query, &items)?;
    Ok(Some(ResultPage { items, total, position: query.position }))
}

/// The next results of a job that match, after the result with index `after` in this order, or from the first;
/// none at the end. The job has ended and has its sort index.
pub(super) fn rows_after(
    view: &Connection,
    stored: &StoredJob,
    query: &ResultQuery,
    after: Option<u64>,
) -> Result<RowPage, DbError> {
    let sorted = SortedRows::new(view, stored, query)?;
    let (limit, length) = (query.limit.clamp(1, MAX_PAGE), sorted.ranks.end - sorted.ranks.start);
    let mut index = after.map_or(0, |after| after.saturating_add(1));
    let mut page = RowPage::default();
    while index < length && page.items.len() < limit {
        let end = length.min(index + limit as u64);
        let ranks = match sorted.descending {
            false => sorted.ranks.start + index..sorted.ranks.start + end,
            true => sorted.ranks.end - end..sorted.ranks.end - index,
        };
        let scanned = (index..).zip(sorted.scan(ranks)?);
        let of_status = scanned.filter(|(_, entry)| query.status.is_none_or(|wanted| entry.has(wanted)));
        let (indexes, positions): (Vec<_>, Vec<_>) = of_status.map(|(index, entry)| (index, entry.position)).unzip();
        let found = indexes.into_iter().zip(stored.row_reader(view)?.items_at(&positions)?);
        for (index, item) in found.filter(|(_, item)| matches(item, query)).take(limit - page.items.len()) {
            page.items.push(item);
            page.last_row = Some(index);
        }
        index = end;
    }
    check_digests(query, &page.items)?;
    Ok(page)
}

/// A result with another digest is damage of the index.
fn check_digests(query: &ResultQuery, items: &[Item]) -> Result<(), DbError> {
    let Some(digest) = query.digest else { return Ok(()) };
    let has = |item: &Item| split_digests(&item.digests, &item.algorithms).any(|one| one == digest);
    match items.iter().all(has) {
        true => Ok(()),
        false => Err(DbError::Inconsistent("a sort index that leads to another digest")),
    }
}

/// The rows of one run in the order of a query.
struct SortedRows<'a> {
    view: &'a Connection,
    stored: &'a StoredJob,
    /// None: the walk order.
    key: Option<SortKey>,
    ranks: Range<u64>,
    descending: bool,
}

impl<'a> SortedRows<'a> {
    fn new(view: &'a Connection, stored: &'a StoredJob, query: &ResultQuery) -> Result<Self, DbError> {
        let all = 0..stored.rows;
        if let Some(digest) = query.digest {
            let index = stored.job.spec.algorithms.iter().position(|algorithm| algorithm == digest.algorithm());
            let key = index.map(SortKey::Digest);
            let sorted = Self { view, stored, key, ranks: 0..stored.job.progress.files_done, descending: false };
            let ranks = if key.is_some() { sorted.ranks_of(&digest)? } else { 0..0 };
            return Ok(Self { ranks, ..sorted });
        }
        let Sort { by, descending } = query.sort.unwrap_or_default();
        let key = match by {
            SortBy::Path => None,
            SortBy::Size => Some(SortKey::Size),
            SortBy::ModifiedAt => Some(SortKey::Modified),
        };
        Ok(Self { view, stored, key, ranks: all, descending })
    }

    /// The ranks of the files with a digest, found by binary search.
    fn ranks_of(&self, digest: &Digest) -> Result<Range<u64>, DbError> {
        let start = self.first_rank(0, |bytes| bytes >= digest.as_bytes())?;
        let end = self.first_rank(start, |bytes| bytes > digest.as_bytes())?;
        Ok(start..end)
    }

    /// The first rank from `low` on whose digest satisfies `is_past`.
    fn first_rank(&self, low: u64, is_past: impl Fn(&[u8]) -> bool) -> Result<u64, DbError> {
        let Some(SortKey::Digest(index)) = self.key else { return Ok(low) };
        let algorithms = &self.stored.job.spec.algorithms;
        let from: usize = algorithms.iter().take(index).map(hivesum_core::digest::Algorithm::digest_bytes).sum();
        let bytes = algorithms.iter().nth(index).map_or(0, hivesum_core::digest::Algorithm::digest_bytes);
        let (mut low, mut high) = (low, self.ranks.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let position = self.scan(middle..middle + 1)?.first().map(|entry| entry.position);
            let position = position.ok_or(DbError::Inconsistent("a rank without a row"))?;
            let items = self.stored.row_reader(self.view)?.items_at(&[position])?;
            let digest = items.first().and_then(|item| item.digests.get(from..from + bytes));
            match is_past(digest.ok_or(DbError::Inconsistent("a sort index that leads to a row without digests"))?) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Ok(low)
    }

    /// The entries of some ranks, in the order of the query.
    fn scan(&self, ranks: Range<u64>) -> Result<Vec<Entry>, DbError> {
        let mut found = match self.key {
            None => self.walk(ranks)?,
            Some(key) => sort_index::entries(self.view, (self.stored.run, key), ranks, key.total(self.stored))?,
        };
        if self.descending {
            found.reverse();
        }
        Ok(found)
    }

    /// The entries of some positions, in walk order.
    fn walk(&self, positions: Range<u64>) -> Result<Vec<Entry>, DbError> {
        let all = Selection::new(self.view, self.stored, &ResultQuery::default())?;
        let (mut found, length) = (Vec::new(), positions.end.saturating_sub(positions.start) as usize);
        if length == 0 {
            return Ok(found);
        }
        all.each_match(positions.start, |reader, row| {
            found.push(Entry { position: reader.position(row)?, status: row.get(STATUS)? });
            Ok(found.len() < length)
        })?;
        Ok(found)
    }

    /// How many rows match, and the positions of those on the page.
    fn positions(&self, query: &ResultQuery) -> Result<(u64, Vec<u64>), DbError> {
        let limit = query.limit.clamp(1, MAX_PAGE) as u64;
        let reads_rows = !query.verdicts.is_empty()
            || [&query.q, &query.path_prefix].into_iter().flatten().any(|bytes| !bytes.is_empty());
        let Range { start, end } = self.ranks;
        if query.status.is_none() && !reads_rows {
            let skip = query.position.min(end - start);
            let ranks = match self.descending {
                false => start + skip..end.min((start + skip).saturating_add(limit)),
                true => (end - skip).saturating_sub(limit).max(start)..end - skip,
            };
            return Ok((end - start, self.scan(ranks)?.into_iter().map(|entry| entry.position).collect()));
        }
        let matching = reads_rows.then(|| self.matching(query)).transpose()?;
        let (mut total, mut page) = (0, Vec::new());
        for entry in self.scan(start..end)? {
            let matches = query.status.is_none_or(|wanted| entry.has(wanted))
                && matching.as_ref().is_none_or(|matching| matching.contains(entry.position));
            if matches {
                if total >= query.position && (page.len() as u64) < limit {
                    page.push(entry.position);
                }
                total += 1;
            }
        }
        Ok((total, page))
    }

    /// The positions that match by verdict, prefix and substring.
    fn matching(&self, query: &ResultQuery) -> Result<PositionSet, DbError> {
        let mut positions = PositionSet(vec![0; (self.stored.rows / 64 + 1) as usize]);
        let selection = Selection::new(self.view, self.stored, &ResultQuery { status: None, ..query.clone() })?;
        selection.each_position(|position| positions.insert(position))?;
        Ok(positions)
    }
}

impl Entry {
    fn has(self, status: StatusFilter) -> bool {
        self.status == code_of(status)
    }
}

/// A set of positions, as one bit for each.
struct PositionSet(Vec<u64>);

impl PositionSet {
    fn insert(&mut self, position: u64) {
        if let Some(word) = self.0.get_mut((position / 64) as usize) {
            *word |= 1 << (position % 64);
        }
    }

    fn contains(&self, position: u64) -> bool {
        self.0.get((position / 64) as usize).is_some_and(|word| word >> (position % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
