//! Remembers for each connection which tables it has found whole, so that many look-ups that find nothing do not each
//! read a table that nobody has changed.
//!
//! It is forgotten with any change, by whatever connection, and after some seconds: damage on the disk is no change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::super::error::DbError;
use super::SealedTable;

/// How long a table counts as whole without being read again.
const KNOWN_FOR: Duration = Duration::from_secs(10);

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

/// When each table was found whole, by its name: at most one for each sealed table.
type Known = HashMap<String, (State, Instant)>;

/// Defines `is_whole(table, state...)` and `remember_whole(table, state...)`: a connection has no other place for what
/// belongs to it.
pub(super) fn add_functions(connection: &Connection) -> Result<(), DbError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let known: Arc<Mutex<Known>> = Arc::default();
    let remembered = known.clone();
    connection.create_scalar_function("is_whole", 3, flags, move |context| {
        let state = State { by_others: context.get(1)?, by_itself: context.get(2)? };
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(context.get_raw(0).as_str()?);
        Ok(found.is_some_and(|(then, at)| *then == state && at.elapsed() < KNOWN_FOR))
    })?;
    connection.create_scalar_function("remember_whole", 3, flags, move |context| {
        let state = State { by_others: context.get(1)?, by_itself: context.get(2)? };
        let mut known = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(context.get(0)?, (state, Instant::now()));
        Ok(true)
    })?;
    Ok(())
}

/// Whether the table was found whole in this state.
pub(super) fn is_known(view: &Connection, table: &SealedTable, state: State) -> Result<bool, DbError> {
    call(view, "SELECT is_whole(?, ?, ?)", table, state)
}

/// Remembers that the table was found whole in this state.
pub(super) fn remember(view: &Connection, table: &SealedTable, state: State) -> Result<(), DbError> {
    call(view, "SELECT remember_whole(?, ?, ?)", table, state).map(drop)
}

fn call(view: &Connection, function: &str, table: &SealedTable, state: State) -> Result<bool, DbError> {
    let arguments = (table.name, state.by_others, state.by_itself);
    Ok(view.prepare_cached(function)?.query_row(arguments, |row| row.get(0))?)
}
