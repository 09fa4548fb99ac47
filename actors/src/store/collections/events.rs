//! The table of events: numbered without gaps in each collection, added to and never changed.

use hivesum_core::fixity::{Event, EventKind};
use hivesum_core::result::walk_key;
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};

use super::super::error::DbError;
use super::super::sealed::{COLLECTION_EVENTS, snapshot};
use super::MAX_ROWS;
use super::json::{body_text, event};
use super::stored::StoredEvent;

/// A path that is stored as its [key](walk_key).
pub(super) fn read_path(stored: Vec<u8>) -> Vec<u8> {
    stored.into_iter().map(|byte| if byte == 0 { b'/' } else { byte }).collect()
}

/// The time of a column of microseconds.
pub(super) fn at(microseconds: i64) -> Result<Timestamp, DbError> {
    Timestamp::from_microsecond(microseconds).map_err(|_| DbError::Inconsistent("a time beyond all calendars"))
}

/// The number of the last event.
pub(super) fn last(view: &Connection, collection: i64) -> Result<i64, DbError> {
    let mut statement =
        view.prepare_cached("SELECT coalesce(max(n), 0) FROM collection_events WHERE collection = ?")?;
    Ok(statement.query_row([collection], |row| row.get(0))?)
}

/// The number of the last event before the first one after this time.
pub(super) fn last_until(view: &Connection, collection: i64, time: Timestamp) -> Result<i64, DbError> {
    let _view = snapshot(view)?;
    let mut statement = view.prepare_cached("SELECT min(n) FROM collection_events WHERE collection = ? AND at > ?")?;
    let first: Option<i64> = statement.query_row((collection, time.as_microsecond()), |row| row.get(0))?;
    // A damaged row may not match any more.
    COLLECTION_EVENTS.verify(view)?;
    first.map_or_else(|| last(view, collection), |first| Ok(first - 1))
}

/// Adds an event under a number.
pub(super) fn add(change: &Transaction<'_>, (collection, n): (i64, i64), event: &Event) -> Result<(), DbError> {
    change
        .prepare_cached(
            "INSERT INTO collection_events (collection, n, at, path, kind, body) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            collection,
            n,
            event.at.as_microsecond(),
            walk_key(&event.path),
            event.kind as u8,
            body_text(event)?,
        ])?;
    Ok(())
}

/// The event of a row.
pub(super) fn stored_event(row: &Row<'_>) -> Result<StoredEvent, DbError> {
    let (kind, body): (u8, String) = (row.get(4)?, row.get(5)?);
    let kind = EventKind::from_number(kind).ok_or(DbError::Inconsistent("an unknown kind of event"))?;
    let event = event(&body, kind, (at(row.get(2)?)?, read_path(row.get(3)?)))?;
    Ok(StoredEvent { n: row.get::<_, i64>(1)? as u64, event })
}

/// Events after a number, in order. One that is lost is damage: numbers have no gaps.
pub(super) fn page(view: &Connection, collection: i64, after: u64, limit: usize) -> Result<Vec<StoredEvent>, DbError> {
    let _view = snapshot(view)?;
    let mut events: Vec<StoredEvent> = Vec::new();
    let rest = "WHERE collection = ? AND n > ? ORDER BY n LIMIT ?";
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    COLLECTION_EVENTS.each(view, rest, (collection, after, limit.min(MAX_ROWS) as i64), |row| {
        let stored = stored_event(row)?;
        if stored.n != (after + 1) as u64 + events.len() as u64 {
            return Err(DbError::Inconsistent("events with a gap"));
        }
        events.push(stored);
        Ok(())
    })?;
    if events.len() < limit.min(MAX_ROWS) {
        // The last ones may be lost.
        COLLECTION_EVENTS.verify(view)?;
    }
    Ok(events)
}
