//! The rows of the outbox and of the deliveries as plain values.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::super::super::error::DbError;
use super::super::super::sealed::{DELIVERIES, OUTBOX, snapshot};
use super::super::events::at;
use super::super::messages::Delivery;

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueuedRow {
    pub(super) sink: String,
    pub(super) collection: i64,
    pub(super) is_claimed: bool,
    pub(super) id: String,
    /// Numbers of events.
    pub(super) range: (u64, u64),
    pub(super) alerts: u64,
    pub(super) files: Option<u64>,
    pub(super) queued_at: Timestamp,
    pub(super) tried_at: Option<Timestamp>,
    pub(super) next_at: Timestamp,
    pub(super) attempts: u32,
}

impl QueuedRow {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
        Ok(Self {
            sink: row.get(0)?,
            collection: row.get(1)?,
            is_claimed: row.get::<_, i64>(2)? == 1,
            id: row.get(3)?,
            range: (number(4)?, number(5)?),
            alerts: number(6)?,
            files: row.get::<_, Option<i64>>(7)?.map(|files| files as u64),
            queued_at: at(row.get(8)?)?,
            tried_at: row.get::<_, Option<i64>>(9)?.map(at).transpose()?,
            next_at: at(row.get(10)?)?,
            attempts: u32::try_from(number(11)?).unwrap_or(u32::MAX),
        })
    }
}

/// All messages for a sink. The table is verified before others are believed not to be there.
pub(super) fn of_sink(view: &Connection, sink: &str) -> Result<Vec<QueuedRow>, DbError> {
    let _view = snapshot(view)?;
    OUTBOX.verify(view)?;
    let mut rows = Vec::new();
    OUTBOX.each(view, "WHERE sink = ? ORDER BY next_at, collection, is_claimed DESC", [sink], |row| {
        rows.push(QueuedRow::read(row)?);
        Ok(())
    })?;
    Ok(rows)
}

/// The claimed message with this id.
pub(super) fn claimed(view: &Connection, id: &str) -> Result<Option<QueuedRow>, DbError> {
    OUTBOX.find(view, "WHERE id = ? AND is_claimed = 1", [id], QueuedRow::read)
}

/// When a sink took a message of each of its collections last.
pub(super) fn sent_at(view: &Connection, sink: &str, collection: i64) -> Result<Option<Timestamp>, DbError> {
    let read = |row: &Row<'_>| row.get::<_, Option<i64>>(2)?.map(at).transpose();
    Ok(DELIVERIES.find(view, "WHERE sink = ? AND collection = ?", (sink, collection), read)?.flatten())
}

/// How all sinks have done, by the number of the collection and the name of the sink.
pub(in super::super) fn deliveries(view: &Connection) -> Result<Vec<(i64, Delivery)>, DbError> {
    let _view = snapshot(view)?;
    DELIVERIES.verify(view)?;
    let mut all = Vec::new();
    DELIVERIES.each(view, "ORDER BY collection, sink", [], |row| {
        let moment = |column| row.get::<_, Option<i64>>(column)?.map(at).transpose();
        let delivery = Delivery {
            sink: row.get(0)?,
            sent_at: moment(2)?,
            failures: row.get::<_, i64>(3)? as u64,
            failing_since: moment(4)?,
            error: row.get(5)?,
        };
        all.push((row.get(1)?, delivery));
        Ok(())
    })?;
    Ok(all)
}
