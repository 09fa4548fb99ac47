//! Claiming: which message is tried now, as it will stay until its sink has taken it.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::super::change::Change;
use super::super::super::error::DbError;
use super::super::conditions;
use super::super::events;
use super::super::messages::{Message, SinkPace};
use super::super::rows;
use super::super::stored::{StoredCollection, StoredEvent};
use super::row::{QueuedRow, of_sink, sent_at};
use super::{LISTED_ALERTS, is_told};

/// No message waits longer, so a time beyond is of a clock that was ahead.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// How long after a message the next one of the same collection goes to a sink that takes digests.
const DIGEST_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Events that are read at a time to list the alerts among them.
const PAGE: usize = 1000;

/// When a message is to be tried.
fn due_at(view: &Connection, row: &QueuedRow, pace: SinkPace, now: Timestamp) -> Result<Timestamp, DbError> {
    let no_later = |at: Timestamp, wait| if at.duration_since(now) > wait { now } else { at };
    let mut due = no_later(row.next_at, LONGEST_WAIT);
    if pace == SinkPace::Digests
        && !row.is_claimed
        && let Some(sent_at) = sent_at(view, &row.sink, row.collection)?
        && sent_at <= now
    {
        due = due.max(sent_at + DIGEST_EVERY);
    }
    Ok(due)
}

/// The messages for a sink that may be tried, with their times, earliest first: of each collection the claimed one, or
/// else the one that is being filled.
fn candidates(
    view: &Connection,
    sink: (&str, SinkPace),
    now: Timestamp,
) -> Result<Vec<(Timestamp, QueuedRow)>, DbError> {
    let rows = of_sink(view, sink.0)?;
    let claimed: std::collections::HashSet<i64> =
        rows.iter().filter(|row| row.is_claimed).map(|row| row.collection).collect();
    let first = rows.into_iter().filter(|row| row.is_claimed || !claimed.contains(&row.collection));
    let timed = first.map(|row| Ok((due_at(view, &row, sink.1, now)?, row)));
    let mut timed = timed.collect::<Result<Vec<_>, DbError>>()?;
    timed.sort_by_key(|(due, _)| *due);
    Ok(timed)
}

/// When the next message for a sink is to be tried.
pub(in super::super) fn next_due(
    view: &Connection,
    sink: (&str, SinkPace),
    now: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    Ok(candidates(view, sink, now)?.first().map(|(due, _)| *due))
}

/// Claims the message for a sink that has been due longest. Messages of a collection that does not name the sink any more
/// are dropped.
pub(in super::super) fn claim(
    connection: &mut Connection,
    sink: (&str, SinkPace),
    now: Timestamp,
) -> Result<Option<Message>, DbError> {
    let due = candidates(connection, sink, now)?.into_iter().filter(|(due, _)| *due <= now);
    for (_, row) in due {
        let change = Change::begin(connection)?;
        let named = rows::get(&change, row.collection)?;
        let Some(of) = named.filter(|of| of.settings.notify.contains(&row.sink)) else {
            change
                .execute("DELETE FROM outbox WHERE sink = ? AND collection = ?", params![row.sink, row.collection])?;
            change.commit()?;
            continue;
        };
        let files = match row.files {
            Some(files) => files,
            None => conditions::count(&change, row.collection)?,
        };
        // Nobody sends two messages of one collection to one sink at a time, so this is free.
        let claim = "UPDATE outbox SET is_claimed = 1, files = ?2, tried_at = coalesce(tried_at, ?3)
               WHERE id = ?1 RETURNING 1";
        let values = params![row.id, files as i64, now.as_microsecond()];
        let is_claimed = change.query_row(claim, values, |_| Ok(())).optional()?.is_some();
        change.commit()?;
        if is_claimed {
            return message(connection, row, of, files).map(Some);
        }
    }
    Ok(None)
}

fn message(view: &Connection, row: QueuedRow, of: StoredCollection, files: u64) -> Result<Message, DbError> {
    let (first, last) = row.range;
    let (mut listed, mut after): (Vec<StoredEvent>, u64) = (Vec::new(), first.saturating_sub(1));
    while listed.len() < LISTED_ALERTS && after < last {
        let page = events::page(view, of.number, after, PAGE)?;
        let Some(end) = page.last() else { break };
        after = end.n;
        let told = page.into_iter().filter(|stored| stored.n <= last && is_told(&stored.event, &of));
        listed.extend(told.take(LISTED_ALERTS - listed.len()));
    }
    let QueuedRow { id, sink, alerts, attempts, queued_at, .. } = row;
    Ok(Message { id, sink, collection: of, range: row.range, alerts, files, listed, queued_at, attempts })
}
