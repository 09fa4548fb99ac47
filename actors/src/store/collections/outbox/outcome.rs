//! What becomes of a message after an attempt: it is gone, or is tried later, or its sink is called failing.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, params};

use super::super::super::change::Change;
use super::super::super::error::DbError;
use super::super::messages::{AfterFailure, SendFailure};
use super::row::{QueuedRow, claimed};

/// The wait after the first failure. Each wait is four times as long as the one before.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Up to this.
const WAIT_AT_MOST: SignedDuration = SignedDuration::from_hours(2);

/// A message is tried for so long before its sink is called failing, and then once in such a time.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Bytes of the words that are kept of a failure.
const MAX_ERROR_BYTES: usize = 200;

/// A sink has taken a message. Does nothing if it is known already.
pub(in super::super) fn delivered(connection: &mut Connection, id: &str, now: Timestamp) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    let Some(row) = claimed(&change, id)? else { return Ok(()) };
    change.execute("DELETE FROM outbox WHERE id = ?", [id])?;
    change.execute(
        "INSERT INTO deliveries (sink, collection, sent_at, failures) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT DO UPDATE SET sent_at = excluded.sent_at, failing_since = NULL, error = NULL",
        params![row.sink, row.collection, now.as_microsecond()],
    )?;
    change.commit()
}

/// A sink has not taken a message. It is tried again later, and after a day the sink is called failing. `None` if there
/// is no such message any more.
pub(in super::super) fn failed(
    connection: &mut Connection,
    id: &str,
    failure: &SendFailure,
    now: Timestamp,
) -> Result<Option<AfterFailure>, DbError> {
    let change = Change::begin(connection)?;
    let Some(row) = claimed(&change, id)? else { return Ok(None) };
    let tried_for = now.duration_since(row.tried_at.unwrap_or(now));
    let is_failing = failure.is_gone || tried_for >= TRIED_FOR;
    let next_at = if is_failing { now + TRIED_FOR } else { now + wait(row.attempts, failure) };
    change.execute(
        "INSERT INTO deliveries (sink, collection, failures, failing_since, error) VALUES (?1, ?2, 1, ?3, ?4)
         ON CONFLICT DO UPDATE SET failures = failures + 1, error = excluded.error,
           failing_since = coalesce(failing_since, excluded.failing_since)",
        params![row.sink, row.collection, is_failing.then(|| now.as_microsecond()), shortened(&failure.error)],
    )?;
    if is_failing {
        give_up(&change, &row, next_at)?;
    } else {
        let later = "UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE id = ?";
        change.execute(later, params![next_at.as_microsecond(), id])?;
    }
    change.commit()?;
    Ok(Some(AfterFailure { next_at, is_failing }))
}

fn wait(attempts: u32, failure: &SendFailure) -> SignedDuration {
    let growing = FIRST_WAIT.saturating_mul(4_i32.saturating_pow(attempts));
    growing.max(failure.retry_after.unwrap_or_default()).min(WAIT_AT_MOST)
}

/// What was not taken is told together with what comes next, or alone a day later, and under an id of its own.
fn give_up(change: &Transaction<'_>, row: &QueuedRow, next_at: Timestamp) -> Result<(), DbError> {
    let join = "UPDATE outbox SET first_event = ?3, alerts = alerts + ?4, queued_at = ?5
           WHERE sink = ?1 AND collection = ?2 AND is_claimed = 0";
    let (first, alerts) = (row.range.0 as i64, row.alerts as i64);
    let values = params![row.sink, row.collection, first, alerts, row.queued_at.as_microsecond()];
    if change.execute(join, values)? > 0 {
        change.execute("DELETE FROM outbox WHERE id = ?", [&row.id])?;
        return Ok(());
    }
    let wait = "UPDATE outbox SET is_claimed = 0, id = ?2, files = NULL, tried_at = NULL, attempts = 0, next_at = ?3
           WHERE id = ?1";
    change.execute(wait, params![row.id, uuid::Uuid::now_v7().to_string(), next_at.as_microsecond()])?;
    Ok(())
}

fn shortened(error: &str) -> &str {
    error.get(..error.floor_char_boundary(MAX_ERROR_BYTES)).unwrap_or(error)
}
