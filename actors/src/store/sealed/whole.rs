//! Remembers for each connection which tables it has found whole, so that many look-ups that find nothing do not each
//! read a table that nobody has changed.
//!
//! It is forgotten after some seconds, and with any change, by whatever connection, unless the table is large: a change
//! of a row checks that row, so what remains unseen for so long is damage that has just come to another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::super::error::DbError;
use super::SealedTable;

/// How long a table counts as whole without being read again: damage on the disk is no change.
const KNOWN_FOR: Duration = Duration::from_secs(10);

/// Tables with more rows than this are not read again after each change. About 5 microseconds a row.
const SMALL_ROWS: u64 = 500;

/// The database as one connection sees it, until any other changes it, or it does itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    by_others: i64,
    by_itself: i64,
}

impl State {
    /// The current state, within a transaction.
    pub(super) fn of(view: &Connection) -> Result<Self, DbError> {
        let by_others = view.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        let by_itself = view.prepare_cached("SELECT total_changes()")?.query_row([], |row| row.get(0))?;
        Ok(Self { by_others, by_itself })
    }
}

/// A table that was found whole.
#[derive(Debug, Clone, Copy)]
struct Found {
    state: State,
    rows: u64,
    at: Instant,
}

impl Found {
    /// Whether it still counts.
    fn holds(&self, state: State, now: Instant) -> bool {
        now.duration_since(self.at) < KNOWN_FOR && (self.state == state || self.rows > SMALL_ROWS)
    }
}

/// The tables that were found whole, by their names: at most one for each sealed table.
type Known = HashMap<String, Found>;

/// Defines `is_whole(table, state...)` and `remember_whole(table, state..., rows)`: a connection has no other place for what
/// belongs to it.
pub(super) fn add_functions(connection: &Connection) -> Result<(), DbError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let known: Arc<Mutex<Known>> = Arc::default();
    let remembered = known.clone();
    connection.create_scalar_function("is_whole", 3, flags, move |context| {
        let state = State { by_others: context.get(1)?, by_itself: context.get(2)? };
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(context.get_raw(0).as_str()?);
        Ok(found.is_some_and(|found| found.holds(state, Instant::now())))
    })?;
    connection.create_scalar_function("remember_whole", 4, flags, move |context| {
        let state = State { by_others: context.get(1)?, by_itself: context.get(2)? };
        let mut known = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(context.get(0)?, Found { state, rows: context.get::<i64>(3)? as u64, at: Instant::now() });
        Ok(true)
    })?;
    Ok(())
}

/// Whether the table was found whole in this state.
pub(super) fn is_known(view: &Connection, table: &SealedTable, state: State) -> Result<bool, DbError> {
    let arguments = (table.name, state.by_others, state.by_itself);
    Ok(view.prepare_cached("SELECT is_whole(?, ?, ?)")?.query_row(arguments, |row| row.get(0))?)
}

/// Remembers that the table was found whole in this state, with so many rows.
pub(super) fn remember(view: &Connection, table: &SealedTable, state: State, rows: u64) -> Result<(), DbError> {
    let arguments = (table.name, state.by_others, state.by_itself, rows as i64);
    Ok(view.prepare_cached("SELECT remember_whole(?, ?, ?, ?)")?.query_row(arguments, |_| Ok(()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_found_whole_counts_until_it_changes_or_for_seconds_if_it_is_large() {
        let at = Instant::now();
        let [then, since] = [1, 2].map(|by_itself| State { by_others: 0, by_itself });
        let [soon, late] = [KNOWN_FOR / 2, KNOWN_FOR].map(|after| at + after);
        for (rows, after_a_change) in [(0, false), (SMALL_ROWS, false), (SMALL_ROWS + 1, true)] {
            let found = Found { state: then, rows, at };
            assert!(found.holds(then, soon));
            assert_eq!(found.holds(since, soon), after_a_change);
            assert!(!found.holds(then, late) && !found.holds(since, late));
        }
    }
}
