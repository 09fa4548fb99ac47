//! Pages of files that match, and the latest events of files.
//!
//! Rows that match are found by SQL and then checked. A damaged row may not match any more, so the table is verified
//! before rows that do not match are believed not to be there.

use std::collections::HashMap;

use hivesum_core::fixity::{Condition, Event, EventKind, FileState};
use hivesum_core::result::walk_key;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::error::DbError;
use super::super::sealed::{COLLECTION_EVENTS, COLLECTION_FILES, snapshot};
use super::MAX_ROWS;
use super::events::stored_event;
use super::files::select;
use super::json::IS_ACKNOWLEDGED;
use super::stored::StoredEvent;

/// Which files of a collection are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileQuery {
    /// Only files in one of these conditions; all if there is none.
    pub conditions: Vec<Condition>,
    /// Only files that somebody has acknowledged, or only others.
    pub is_acknowledged: Option<bool>,
    /// Only files whose path begins with these bytes.
    pub path_prefix: Option<Vec<u8>>,
    /// Only files whose path contains these bytes.
    pub q: Option<Vec<u8>>,
    /// Only files after this path, in walk order.
    pub after: Option<Vec<u8>>,
    /// The most files, at most [`MAX_ROWS`].
    pub limit: usize,
}

impl FileQuery {
    /// Whether many rows may have to be read for few files.
    pub(super) fn reads_many_rows(&self) -> bool {
        !self.conditions.is_empty() || self.is_acknowledged.is_some() || self.q.is_some()
    }
}

/// Files that match, in walk order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePage {
    /// The files.
    pub files: Vec<FileState>,
    /// Whether there are more after them.
    pub has_more: bool,
}

pub(super) fn page(view: &Connection, collection: i64, query: &FileQuery) -> Result<FilePage, DbError> {
    let _view = snapshot(view)?;
    let limit = query.limit.min(MAX_ROWS);
    let mut rest = "WHERE collection = ?".to_owned();
    let mut values = vec![Value::Integer(collection)];
    let mut and = |condition: &str, value: Value| {
        rest.push_str(" AND ");
        rest.push_str(condition);
        values.push(value);
    };
    if let Some(after) = &query.after {
        and("path > ?", Value::Blob(walk_key(after)));
    }
    if let Some(prefix) = query.path_prefix.as_ref().map(|prefix| walk_key(prefix)) {
        and("path >= ?", Value::Blob(prefix.clone()));
        if let Some(end) = end_of_prefix(prefix) {
            and("path < ?", Value::Blob(end));
        }
    }
    if let Some(q) = &query.q {
        and("instr(path, ?) > 0", Value::Blob(walk_key(q)));
    }
    if !query.conditions.is_empty() {
        let numbers: Vec<_> = query.conditions.iter().map(|condition| (*condition as u8).to_string()).collect();
        rest.push_str(&format!(" AND condition IN ({})", numbers.join(", ")));
    }
    match query.is_acknowledged {
        Some(true) => rest.push_str(&format!(" AND ({IS_ACKNOWLEDGED})")),
        Some(false) => rest.push_str(&format!(" AND NOT ({IS_ACKNOWLEDGED})")),
        None => {}
    }
    rest.push_str(&format!(" ORDER BY path LIMIT {}", limit + 1));
    let mut files = select(view, &rest, params_from_iter(values))?;
    let has_more = files.len() > limit;
    files.truncate(limit);
    if query.reads_many_rows() || !has_more {
        COLLECTION_FILES.verify(view)?;
    }
    Ok(FilePage { files, has_more })
}

/// The first bytes that come after all that begin with these; none if nothing does.
fn end_of_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// The last event of each of these files, in their order, that has made them what they are; that somebody knows of them is
/// none. Reads events from the newest on until all are found.
pub(super) fn last_events(
    view: &Connection,
    collection: i64,
    files: &[FileState],
) -> Result<Vec<Option<StoredEvent>>, DbError> {
    let _view = snapshot(view)?;
    let wanted: HashMap<Vec<u8>, usize> =
        files.iter().enumerate().map(|(index, state)| (walk_key(&state.path), index)).collect();
    let mut numbers = vec![None; files.len()];
    let mut left = wanted.len();
    {
        let newest_first = "SELECT path, n FROM collection_events WHERE collection = ? AND kind != ? ORDER BY n DESC";
        let mut statement = view.prepare_cached(newest_first)?;
        let mut rows = statement.query((collection, EventKind::Acknowledged as u8))?;
        while left > 0
            && let Some(row) = rows.next()?
        {
            let path: Vec<u8> = row.get(0)?;
            if let Some(number) = wanted.get(&path).and_then(|&index| numbers.get_mut(index))
                && number.is_none()
            {
                *number = Some(row.get::<_, i64>(1)?);
                left -= 1;
            }
        }
    }
    if left > 0 {
        COLLECTION_EVENTS.verify(view)?;
    }
    let numbered = files.iter().zip(numbers);
    let event = |(state, n): (&FileState, Option<i64>)| n.map(|n| last_event(view, (collection, n), state)).transpose();
    numbered.map(event).collect()
}

/// The event with this number, which has led to this state.
fn last_event(view: &Connection, (collection, n): (i64, i64), state: &FileState) -> Result<StoredEvent, DbError> {
    let rest = "WHERE collection = ? AND n = ?";
    let found = COLLECTION_EVENTS.find(view, rest, [collection, n], stored_event)?;
    let leads_here = |event: &Event| event.after.as_ref().is_some_and(|after| after.condition == state.condition);
    found
        .filter(|found| found.event.path == state.path && leads_here(&found.event))
        .ok_or(DbError::Inconsistent("a file in another condition than its last event says"))
}

/// Up to `limit` events of one file after a number, in order: those at this path, and a move away from it.
pub(super) fn events_of(
    view: &Connection,
    collection: i64,
    (path, after): (&[u8], u64),
    limit: usize,
) -> Result<Vec<StoredEvent>, DbError> {
    let _view = snapshot(view)?;
    let rest = "WHERE collection = ?1 AND n > ?2 AND (path = ?3 OR (kind = 3 AND instr(body, ?4) > 0))
        ORDER BY n LIMIT ?5";
    // As the path of the state before is written in the body.
    let was_at = format!("\"path\":\"{}\"", hex::encode(path));
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut events = Vec::new();
    let values = (collection, after, walk_key(path), was_at, limit.min(MAX_ROWS) as i64);
    COLLECTION_EVENTS.each(view, rest, values, |row| {
        events.push(stored_event(row)?);
        Ok(())
    })?;
    COLLECTION_EVENTS.verify(view)?;
    Ok(events)
}
