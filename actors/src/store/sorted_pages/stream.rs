//! All results in another order than the walk's, a bounded stretch of ranks after the other, each looked at once.

use rusqlite::Connection;

use super::super::error::Fault;
use super::super::job_row;
use super::super::pages::contains;
use super::super::row::items_at;
use crate::job::{JobId, MAX_PAGE, ResultQuery, RowPage};
use crate::store::sorted_pages::{Sorted, check_digests, code_of};
use hivesum_core::result::Item;

/// The next results that match, after so many steps in the order or from its first; none at the end, or without such
/// a job. The job has ended and has its orders.
pub(crate) fn rows_after(
    connection: &mut Connection,
    id: JobId,
    query: &ResultQuery,
    after: Option<u64>,
    limit: usize,
) -> Result<RowPage, Fault> {
    let view = connection.transaction()?;
    let Some(stored) = job_row::get(&view, id)? else { return Ok(RowPage::default()) };
    let sorted = Sorted::new(&view, &stored, query)?;
    let (limit, length) = (limit.clamp(1, MAX_PAGE), sorted.ranks.end - sorted.ranks.start);
    let mut step = after.map_or(0, |after| after.saturating_add(1));
    let mut page = RowPage::default();
    while step < length && page.items.len() < limit {
        let end = length.min(step + limit as u64);
        let ranks = match sorted.descending {
            false => sorted.ranks.start + step..sorted.ranks.start + end,
            true => sorted.ranks.end - end..sorted.ranks.end - step,
        };
        let stretch = (step..).zip(sorted.scan(ranks)?);
        let of_status = stretch.filter(|(_, (_, status))| query.status.is_none_or(|wanted| *status == code_of(wanted)));
        let (steps, positions): (Vec<_>, Vec<_>) = of_status.map(|(step, (position, _))| (step, position)).unzip();
        let found = steps.into_iter().zip(items_at(&view, &stored, &positions)?);
        for (step, item) in found.filter(|(_, item)| matches(item, query)).take(limit - page.items.len()) {
            page.items.push(item);
            page.last_row = Some(step);
        }
        step = end;
    }
    check_digests(query, &page.items)?;
    Ok(page)
}

fn matches(item: &Item, query: &ResultQuery) -> bool {
    let has_verdict = query.verdict.is_none_or(|wanted| item.fixity.as_ref().is_some_and(|it| it.verdict == wanted));
    let has_prefix = query.path_prefix.as_ref().is_none_or(|prefix| item.path.starts_with(prefix));
    let has_part = query.q.as_ref().is_none_or(|part| part.is_empty() || contains(&item.path, part));
    has_verdict && has_prefix && has_part
}
