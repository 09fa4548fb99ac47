//! The outbox: what somebody is to be told of a collection, until their sink has taken it.
//!
//! Decides what is one message, when it is tried, and when a sink is called failing; who sends is elsewhere. Others rely
//! on this:
//! - An alert is queued in the change that commits its event, so none is lost and none is told that is not stored.
//! - A message that was claimed does not change any more: a repeat has the same id and tells of the same events.
//! - There are at most two messages for each sink and collection, one being sent and one being filled. Alerts that come
//!   meanwhile join the second one, however many they are.

mod claim;
mod outcome;
mod row;
#[cfg(test)]
mod tests;

use hivesum_core::fixity::{Event, EventKind};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, params};

pub(super) use self::claim::{claim, next_due};
pub(super) use self::outcome::{delivered, failed};
pub(super) use self::row::deliveries;
use super::super::error::DbError;
use super::stored::StoredCollection;

/// The most sinks that one collection names.
pub const MAX_NOTIFY: usize = 16;

/// The most alerts that one message names; of more it tells their number.
pub const LISTED_ALERTS: usize = 100;

/// A message with more alerts waits for the end of the run, because there may be so many that they are one alert.
const AT_ONCE_ALERTS: u64 = 10;

/// So long at most.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Whether somebody is to be told of an event.
fn is_told(event: &Event, of: &StoredCollection) -> bool {
    let is_alert = || event.after.as_ref().is_some_and(|after| after.condition.is_alert(of.settings.kind));
    event.kind == EventKind::Stopped || (event.kind.is_finding() && is_alert())
}

/// Queues the alerts among these events, which are stored from this number on, for each sink of their collection. A
/// message that is being filled takes them, too.
pub(super) fn queue(
    change: &Transaction<'_>,
    of: &StoredCollection,
    (first, events): (i64, &[&Event]),
    now: Timestamp,
) -> Result<(), DbError> {
    let told = || events.iter().enumerate().filter(|(_, event)| is_told(event, of)).map(|(index, _)| index as i64);
    let (Some(begin), Some(end)) = (told().next(), told().next_back()) else { return Ok(()) };
    let alerts = told().count() as i64;
    let upsert =
        "INSERT INTO outbox (sink, collection, is_claimed, id, first_event, last_event, alerts, queued_at, next_at,
           attempts) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, CASE WHEN ?6 > ?8 THEN ?7 + ?9 ELSE ?7 END, 0)
         ON CONFLICT (sink, collection, is_claimed) DO UPDATE SET
           last_event = excluded.last_event, alerts = alerts + excluded.alerts,
           next_at = CASE WHEN alerts + excluded.alerts > ?8 THEN queued_at + ?9 ELSE excluded.next_at END";
    let now = now.as_microsecond();
    for sink in &of.settings.notify {
        change.prepare_cached(upsert)?.execute(params![
            sink,
            of.number,
            uuid::Uuid::now_v7().to_string(),
            first + begin,
            first + end,
            alerts,
            now,
            AT_ONCE_ALERTS as i64,
            HELD_FOR.as_micros() as i64,
        ])?;
    }
    Ok(())
}

/// The run of a collection has ended: what waited for that is due.
pub(super) fn release(change: &Transaction<'_>, collection: i64, now: Timestamp) -> Result<(), DbError> {
    let release = "UPDATE outbox SET next_at = ?2 WHERE collection = ?1 AND is_claimed = 0 AND next_at > ?2
           AND next_at <= ?2 + ?3 AND tried_at IS NULL";
    change.execute(release, params![collection, now.as_microsecond(), HELD_FOR.as_micros() as i64])?;
    Ok(())
}

/// Forgets all messages for a collection, and how they fared.
pub(super) fn forget(change: &Connection, collection: i64) -> Result<(), DbError> {
    for table in ["outbox", "deliveries"] {
        change.execute(&format!("DELETE FROM {table} WHERE collection = ?"), [collection])?;
    }
    Ok(())
}
