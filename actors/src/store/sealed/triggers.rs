//! The triggers that keep seals and ledger, made anew for each connection that writes.
//!
//! They are TEMP triggers: in a schema, they would call functions that only hivesum defines, and `sqlite3 hivesum.db`
//! could not write at all. Whatever statement changes a row, also a cascade, the row that was there is checked, the
//! new one is sealed, and the ledger is moved, all within the same change. Damage fails it with `SQLITE_CORRUPT`.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, ffi};

use super::super::error::DbError;
use super::super::row_checksum::RowChecksum;
use super::{LEDGER, SEALED, SealedTable, whole};

/// Defines the SQL functions of this module and of `whole`:
/// - `seal_of(table, values...)`: the seal of a row.
/// - `checked(seal, table, values...)`: the seal, if it is that of the row; otherwise the statement fails.
/// - `moved_sum(sum, old, new)`: a sum of seals after one of them has changed. It wraps, where `+` fails.
pub(in crate::store) fn add_functions(connection: &Connection) -> Result<(), DbError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let deterministic = flags | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("seal_of", -1, deterministic, |context| Ok(seal_of(context, 0)))?;
    // Not deterministic: SQLite computes constants before it knows whether it needs them.
    connection.create_scalar_function("checked", -1, flags, |context| match context.get_raw(0) {
        ValueRef::Integer(seal) if seal == seal_of(context, 1) => Ok(seal),
        // With a text, the code would be lost.
        _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)),
    })?;
    connection.create_scalar_function("moved_sum", 3, deterministic, |context| {
        let [sum, old, new] = [context.get::<i64>(0)?, context.get(1)?, context.get(2)?];
        Ok(sum.wrapping_sub(old).wrapping_add(new))
    })?;
    whole::add_functions(connection)
}

fn seal_of(context: &Context<'_>, first: usize) -> i64 {
    RowChecksum::default().of((first..context.len()).map(|index| context.get_raw(index)))
}

/// Makes the triggers. The database must have the current schema, and the connection the functions.
pub(in crate::store) fn keep_seals(connection: &Connection) -> Result<(), DbError> {
    // Without it, REPLACE deletes a row in silence.
    connection.pragma_update(None, "recursive_triggers", true)?;
    let triggers: String = SEALED.iter().map(of_table).chain([of_ledger()]).collect();
    match connection.execute_batch(&triggers) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            Err(DbError::Inconsistent("a schema with a table or column missing"))
        }
        made => Ok(made?),
    }
}

/// A new row is found by all of its columns: the first are its key. The trigger for changes does not see that the
/// seal is set. Rows whose seal a statement sets itself are left alone, see `by_caller`.
fn of_table(table: &SealedTable) -> String {
    let (name, columns) = (table.name, table.columns.join(", "));
    let (new, is_new, check_old) = (seal(table, "NEW"), is_new(table), checked(table, "OLD"));
    let ledger = format!("WHERE table_name = '{name}'; SELECT checked(NULL) WHERE changes() <> 1;");
    let set_seal = format!("UPDATE {name} SET seal = {new} WHERE {is_new};");
    let stored = format!("(SELECT seal FROM {name} WHERE {is_new})");
    format!(
        "CREATE TEMP TRIGGER {name}_inserted AFTER INSERT ON main.{name} WHEN NEW.seal = 0 BEGIN
           {set_seal}
           UPDATE ledger SET rows = rows + 1, sum = moved_sum(sum, 0, {stored}) {ledger}
         END;
         CREATE TEMP TRIGGER {name}_updated AFTER UPDATE OF {columns} ON main.{name} WHEN NEW.seal IS OLD.seal BEGIN
           {check_old}
           {set_seal}
           UPDATE ledger SET sum = moved_sum(sum, OLD.seal, {stored}) {ledger}
         END;
         CREATE TEMP TRIGGER {name}_deleted AFTER DELETE ON main.{name} BEGIN
           {check_old}
           UPDATE ledger SET rows = rows - 1, sum = moved_sum(sum, OLD.seal, 0) {ledger}
         END;"
    )
}

fn of_ledger() -> String {
    let (check_old, new, is_new) = (checked(&LEDGER, "OLD"), seal(&LEDGER, "NEW"), is_new(&LEDGER));
    format!(
        "CREATE TEMP TRIGGER ledger_updated AFTER UPDATE OF {} ON main.ledger BEGIN
           {check_old}
           UPDATE ledger SET seal = {new} WHERE {is_new};
         END;",
        LEDGER.columns.join(", ")
    )
}

/// `row` is NEW or OLD.
fn values(table: &SealedTable, row: &str) -> String {
    table.columns.iter().map(|column| format!(", {row}.{column}")).collect()
}

fn seal(table: &SealedTable, row: &str) -> String {
    format!("seal_of('{}'{})", table.name, values(table, row))
}

fn checked(table: &SealedTable, row: &str) -> String {
    format!("SELECT checked({row}.seal, '{}'{});", table.name, values(table, row))
}

fn is_new(table: &SealedTable) -> String {
    let equal: Vec<_> = table.columns.iter().map(|column| format!("{column} IS NEW.{column}")).collect();
    equal.join(" AND ")
}
