//! Pages of an ended job in another order than the walk's, and the files of one digest.
//!
//! Without a filter a page is a range of ranks. With one, every rank of the order is looked at: its status and
//! position are in the order itself, and paths that hold the bytes looked for are found once, in walk order.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::failure::Fault;
use super::jobs::{self, StoredJob};
use super::orders::Order;
use super::pages::Selection;
use super::row::{ERROR, HASHED, SKIPPED, items_at};
use crate::digest::Digest;
use crate::job::item::Item;
use crate::job::query::{MAX_PAGE, ResultPage, ResultQuery, Sort, SortBy, StatusFilter};
use crate::job::rows::split_digests;
use crate::job::spec::JobId;

/// A page of the results that match; nothing if there is no such job. The job has ended and has its orders.
pub(crate) fn page(connection: &mut Connection, id: JobId, query: &ResultQuery) -> Result<Option<ResultPage>, Fault> {
    let view = connection.transaction()?;
    let Some(stored) = jobs::get(&view, id)? else { return Ok(None) };
    let sorted = Sorted::new(&view, &stored, query)?;
    let (total, positions) = sorted.positions(query)?;
    let items = items_at(&view, &stored, &positions)?;
    if query.digest.is_some_and(|digest| !items.iter().all(|item| has(item, &digest))) {
        // Rows have seals, orders have none.
        return Err(Fault::Nonsense("an order that leads to another digest"));
    }
    Ok(Some(ResultPage { items, total, position: query.position }))
}

fn has(item: &Item, digest: &Digest) -> bool {
    split_digests(&item.digests, &item.algorithms).any(|one| one == *digest)
}

/// The rows of one run by rank.
struct Sorted<'a> {
    view: &'a Connection,
    stored: &'a StoredJob,
    /// None: the walk's own.
    order: Option<Order>,
    ranks: Range<u64>,
    descending: bool,
}

impl<'a> Sorted<'a> {
    fn new(view: &'a Connection, stored: &'a StoredJob, query: &ResultQuery) -> Result<Self, Fault> {
        let all = 0..stored.rows;
        if let Some(digest) = query.digest {
            let place = stored.job.spec.algorithms.iter().position(|algorithm| algorithm == digest.algorithm());
            let order = place.map(Order::Digest);
            let sorted = Self { view, stored, order, ranks: 0..stored.job.progress.files_done, descending: false };
            let ranks = if order.is_some() { sorted.ranks_of(&digest)? } else { 0..0 };
            return Ok(Self { ranks, ..sorted });
        }
        let Sort { by, descending } = query.sort.unwrap_or_default();
        let order = match by {
            SortBy::Path => None,
            SortBy::Size => Some(Order::Size),
            SortBy::ModifiedAt => Some(Order::Modified),
        };
        Ok(Self { view, stored, order, ranks: all, descending })
    }

    /// Where the files of a digest are, found by halving.
    fn ranks_of(&self, digest: &Digest) -> Result<Range<u64>, Fault> {
        let start = self.first_rank(0, |bytes| bytes >= digest.as_bytes())?;
        let end = self.first_rank(start, |bytes| bytes > digest.as_bytes())?;
        Ok(start..end)
    }

    fn first_rank(&self, low: u64, is_past: impl Fn(&[u8]) -> bool) -> Result<u64, Fault> {
        let Some(Order::Digest(place)) = self.order else { return Ok(low) };
        let algorithms = &self.stored.job.spec.algorithms;
        let from: usize = algorithms.iter().take(place).map(crate::Algorithm::digest_bytes).sum();
        let bytes = algorithms.iter().nth(place).map_or(0, crate::Algorithm::digest_bytes);
        let (mut low, mut high) = (low, self.ranks.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let position = self.scan(middle..middle + 1)?.first().map(|(position, _)| *position);
            let position = position.ok_or(Fault::Nonsense("a rank without a row"))?;
            let item = items_at(self.view, self.stored, &[position])?;
            match is_past(&item[0].digests[from..from + bytes]) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Ok(low)
    }

    /// Positions and statuses of some ranks.
    fn scan(&self, ranks: Range<u64>) -> Result<Vec<(u64, i64)>, Fault> {
        let mut found = Vec::new();
        self.each(ranks, |position, status| found.push((position, status)))?;
        Ok(found)
    }

    fn each(&self, ranks: Range<u64>, mut take: impl FnMut(u64, i64)) -> Result<(), Fault> {
        let direction = if self.descending { "DESC" } else { "ASC" };
        let sql = match self.order {
            None => format!(
                "SELECT position, status FROM results
                  WHERE run = ?1 AND ?2 = 0 AND position >= ?3 AND position < ?4 ORDER BY position {direction}"
            ),
            Some(_) => format!(
                "SELECT position, status FROM orders
                  WHERE run = ?1 AND by = ?2 AND rank >= ?3 AND rank < ?4 ORDER BY rank {direction}"
            ),
        };
        let by = self.order.map_or(0, Order::code);
        let mut statement = self.view.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.stored.run, by, ranks.start as i64, ranks.end as i64])?;
        while let Some(row) = rows.next()? {
            take(row.get::<_, i64>(0)? as u64, row.get(1)?);
        }
        Ok(())
    }

    /// How many rows match, and the positions of the page's.
    fn positions(&self, query: &ResultQuery) -> Result<(u64, Vec<u64>), Fault> {
        let limit = query.limit.clamp(1, MAX_PAGE) as u64;
        let looks_at_rows = query.verdict.is_some()
            || [&query.q, &query.path_prefix].into_iter().flatten().any(|bytes| !bytes.is_empty());
        let Range { start, end } = self.ranks;
        if query.status.is_none() && !looks_at_rows {
            let skip = query.position.min(end - start);
            let ranks = match self.descending {
                false => start + skip..end.min((start + skip).saturating_add(limit)),
                true => (end - skip).saturating_sub(limit).max(start)..end - skip,
            };
            return Ok((end - start, self.scan(ranks)?.into_iter().map(|(position, _)| position).collect()));
        }
        let chosen = looks_at_rows.then(|| self.chosen(query)).transpose()?;
        let (mut total, mut page) = (0, Vec::new());
        self.each(start..end, |position, status| {
            let matches = query.status.is_none_or(|wanted| status == code_of(wanted))
                && chosen.as_ref().is_none_or(|chosen| chosen.has(position));
            if matches {
                if total >= query.position && (page.len() as u64) < limit {
                    page.push(position);
                }
                total += 1;
            }
        })?;
        Ok((total, page))
    }

    /// The positions that verdict, prefix and the bytes looked for choose, found in walk order.
    fn chosen(&self, query: &ResultQuery) -> Result<Bits, Fault> {
        let mut bits = Bits(vec![0; (self.stored.rows / 64 + 1) as usize]);
        let selection = Selection::new(self.view, self.stored, &ResultQuery { status: None, ..query.clone() })?;
        let q = query.q.as_deref().unwrap_or_default();
        selection.each_row(selection.start(), 0, usize::MAX, |reader, row| {
            if selection.wants(reader.path(row)?, q) {
                bits.set(reader.position(row)?);
            }
            Ok(true)
        })?;
        Ok(bits)
    }
}

const fn code_of(status: StatusFilter) -> i64 {
    match status {
        StatusFilter::Hashed => HASHED,
        StatusFilter::Error => ERROR,
        StatusFilter::Skipped => SKIPPED,
    }
}

/// A bit for every position.
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, position: u64) {
        if let Some(word) = self.0.get_mut((position / 64) as usize) {
            *word |= 1 << (position % 64);
        }
    }

    fn has(&self, position: u64) -> bool {
        self.0.get((position / 64) as usize).is_some_and(|word| word >> (position % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::rows::{RowRef, Rows, Status};
    use crate::job::spec::JobState;
    use crate::store::testing::{Bench, hashed};

    /// Files whose sizes count down and whose times go up and down; every fifth one is an error.
    fn ended_job(bench: &mut Bench, files: u64) -> JobId {
        let job = bench.take_job();
        let mut rows = Rows::new(job.spec.algorithms);
        for number in 0..files {
            let name = format!("{number:04}");
            let mut row = hashed("d", &name);
            row.meta.size = files - number;
            row.meta.mtime_ns = (number * 7 % files) as i64;
            let digest = [(number % 3) as u8; 32];
            row.digests = &digest;
            if number % 5 == 4 {
                let status = Status::Error { code: crate::error::ErrorCode::Permission, errno: 13 };
                row = RowRef { status, digests: &[], ..row };
            }
            rows.push(row);
        }
        bench.add_rows(&job, rows);
        bench.end(job.id, JobState::Completed);
        bench.index(job.id);
        job.id
    }

    fn numbers(bench: &mut Bench, id: JobId, query: ResultQuery) -> (Vec<u64>, u64) {
        let page = page(&mut bench.connection, id, &ResultQuery { limit: 1000, ..query }).unwrap().unwrap();
        let number = |path: &[u8]| std::str::from_utf8(&path[2..]).unwrap().parse().unwrap();
        (page.items.iter().map(|item| number(&item.path)).collect(), page.total)
    }

    fn sort(word: &str) -> ResultQuery {
        ResultQuery { sort: Some(word.parse().unwrap()), ..ResultQuery::default() }
    }

    #[test]
    fn every_order_is_what_a_plain_sort_gives_forwards_and_backwards_at_every_position() {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, 50);
        let mut by_time: Vec<u64> = (0..50).collect();
        by_time.sort_by_key(|number| (number * 7 % 50, *number));
        for (word, wanted) in
            [("path", (0..50).collect::<Vec<_>>()), ("size", (0..50).rev().collect()), ("modified_at", by_time)]
        {
            let backwards: Vec<u64> = wanted.iter().rev().copied().collect();
            assert_eq!(numbers(&mut bench, id, sort(word)), (wanted.clone(), 50), "{word}");
            assert_eq!(numbers(&mut bench, id, sort(&format!("-{word}"))), (backwards.clone(), 50), "-{word}");
            for position in [1, 49, 50, u64::MAX] {
                let from = (position as usize).min(50);
                let query = ResultQuery { position, ..sort(word) };
                assert_eq!(numbers(&mut bench, id, query).0, wanted[from..]);
                let query = ResultQuery { position, ..sort(&format!("-{word}")) };
                assert_eq!(numbers(&mut bench, id, query).0, backwards[from..]);
            }
        }
    }

    #[test]
    fn filters_hold_in_every_order() {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, 50);
        let errors = ResultQuery { status: Some(StatusFilter::Error), position: 1, ..sort("size") };
        assert_eq!(numbers(&mut bench, id, errors), (vec![44, 39, 34, 29, 24, 19, 14, 9, 4], 10));
        let prefix = ResultQuery { path_prefix: Some(b"d/001".to_vec()), ..sort("-path") };
        assert_eq!(numbers(&mut bench, id, prefix), ((10..20).rev().collect(), 10));
        let q = ResultQuery { q: Some(b"7".to_vec()), status: Some(StatusFilter::Hashed), ..sort("-size") };
        assert_eq!(numbers(&mut bench, id, q), (vec![7, 17, 27, 37, 47], 5));
    }

    #[test]
    fn files_are_found_by_their_digest_and_only_they() {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, 50);
        let digest = |byte: u8| Digest::new(crate::Algorithm::Blake3, &[byte; 32]).unwrap();
        let with = |byte| ResultQuery { digest: Some(digest(byte)), ..ResultQuery::default() };
        let wanted: Vec<u64> = (0..50).filter(|number| number % 3 == 1 && number % 5 != 4).collect();
        assert_eq!(numbers(&mut bench, id, with(1)), (wanted.clone(), wanted.len() as u64));
        let narrowed = ResultQuery { path_prefix: Some(b"d/000".to_vec()), ..with(1) };
        assert_eq!(numbers(&mut bench, id, narrowed), (vec![1, 7], 2));
        assert_eq!(numbers(&mut bench, id, with(9)), (Vec::new(), 0));
        let other = Digest::new(crate::Algorithm::Md5, &[1; 16]).unwrap();
        let other = ResultQuery { digest: Some(other), ..ResultQuery::default() };
        assert_eq!(numbers(&mut bench, id, other), (Vec::new(), 0));
    }

    #[test]
    fn a_damaged_order_leads_to_an_error_or_to_fewer_files_and_never_to_another_digest() {
        let mut bench = Bench::new();
        let id = ended_job(&mut bench, 50);
        let digest = Digest::new(crate::Algorithm::Blake3, &[1; 32]).unwrap();
        let query = ResultQuery { digest: Some(digest), limit: 1000, ..ResultQuery::default() };
        let mut refused = 0;
        for position in (1..50).step_by(3) {
            let swap = |from: u32, to: u32| {
                format!("UPDATE orders SET position = {to} WHERE by = 16 AND position = {from} AND rank > 3")
            };
            bench.connection.execute(&swap(position, 0), []).unwrap();
            match page(&mut bench.connection, id, &query) {
                Ok(page) => assert!(page.unwrap().items.iter().all(|item| item.digests == [1; 32])),
                Err(_) => refused += 1,
            }
            bench.connection.execute(&swap(0, position), []).unwrap();
        }
        assert!(refused > 0);
    }
}
