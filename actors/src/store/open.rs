//! Opening the database: created whole or not at all, checked before use, never created over another.
//!
//! A new database is made under another name, synced and renamed, so that an empty or half-made
//! `hivesum.db` can only be a damaged one, even after `kill -9` in the very first start.

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::{DbError, system_failure};
use super::row_checksum;
use super::state_dir::{ServerLock, StateDir};
use crate::error::StoreError;

/// `hive` in ASCII: says to whom the file belongs.
const APPLICATION_ID: i64 = 0x6869_7665;

/// The steps from an empty database to the present schema. A step is never changed once released.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// What every database of the present schema holds.
const TABLES: [&str; 11] = [
    "runs",
    "jobs",
    "directories",
    "results",
    "tokens",
    "orders",
    "checkpoints",
    "attempts",
    "requests",
    "manifests",
    "endings",
];

/// Databases up to this size are checked whole at every start: some tenths of a second.
const CHECKED_WHOLE_BYTES: u64 = 32 << 20;

/// How long a writer waits for another process that writes, such as `hivesum token`.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    ReadOnly,
}

/// Makes sure that there is a sound database of the present schema. Blocks.
///
/// # Errors
/// [`StoreError::Corrupt`] or [`StoreError::Newer`] for a file that is not to be touched.
pub(crate) fn prepare(state_dir: &StateDir, _held: &ServerLock) -> Result<(), StoreError> {
    let run = || -> Result<(), DbError> {
        match fs::symlink_metadata(state_dir.database()) {
            Ok(_) => check_header(state_dir)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(state_dir)?,
            Err(error) => return Err(system_failure(error).into()),
        }
        let mut connection = connect(state_dir, Access::Write)?;
        // What is refused is left as it is: closing it would move its log into it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let version = known_version(&connection)?;
        if version < MIGRATIONS.len() as i64 {
            keep_copy(&connection, state_dir, version)?;
        }
        migrate(&mut connection)?;
        check(&connection, state_dir)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    };
    run().map_err(|error| error.report(state_dir.database()))
}

/// Looks at the first bytes, which SQLite does not where its log has a newer first page. Nobody in this process has
/// the database open yet, so closing the file costs no lock (`fcntl(2)`).
fn check_header(state_dir: &StateDir) -> Result<(), DbError> {
    let mut magic = [0; 16];
    let read = fs::File::open(state_dir.database()).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"SQLite format 3\0" => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(system_failure(error).into()),
        _ => Err(DbError::Inconsistent("the header of another kind of file")),
    }
}

/// Opens a database that [`prepare`] has seen. Blocks.
pub(crate) fn connect(state_dir: &StateDir, access: Access) -> Result<Connection, DbError> {
    // No SQLITE_OPEN_CREATE: a database that vanished is an error, not an empty store.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(state_dir.database(), flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    // Before anything is written to it, were it only the header's WAL mark.
    known_version(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(DbError::Store(StoreError::Failed("the state directory's file system carries no WAL".into())));
    }
    // No mmap: a file cut under a mapping is a signal. A checkpoint every 32 MiB instead of every 8: a third
    // less CPU for a million rows (1.8 s to 1.2 s).
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;",
    )?;
    if access == Access::ReadOnly {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The schema number, once it is clear that the file is ours.
fn known_version(connection: &Connection) -> Result<i64, DbError> {
    let read = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    if read("PRAGMA application_id")? != APPLICATION_ID {
        return Err(DbError::Inconsistent("the application id of another program"));
    }
    let known = MIGRATIONS.len() as i64;
    match read("PRAGMA user_version")? {
        found if found > known => Err(StoreError::Newer { found, known }.into()),
        found if found < 1 => Err(DbError::Inconsistent("no schema number")),
        found => Ok(found),
    }
}

/// A whole database under another name, then in its state_dir.
fn create(state_dir: &StateDir) -> Result<(), DbError> {
    // A log without its database: somebody took the database away. Nothing new is put in its state_dir.
    if state_dir.beside_database("-wal").exists() {
        return Err(DbError::Inconsistent("a write-ahead log without its database"));
    }
    let fresh = state_dir.beside_database(".new");
    for leftover in [fresh.clone(), state_dir.beside_database(".new-journal")] {
        remove_if_there(&leftover)?;
    }
    let mut connection = Connection::open(&fresh)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA page_size = 8192;")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&fresh, state_dir.database()).map_err(system_failure)?;
    state_dir.sync()?;
    Ok(())
}

/// A whole copy of a database of an older schema, beside it as `hivesum.db.v1`, before it is changed. One that
/// a killed start left half-made is made again.
fn keep_copy(connection: &Connection, state_dir: &StateDir, version: i64) -> Result<(), DbError> {
    let copy = state_dir.beside_database(&format!(".v{version}"));
    let fresh = state_dir.beside_database(&format!(".v{version}.new"));
    tracing::info!(version, "the job store is of an older schema: it is copied, then brought up to date");
    remove_if_there(&fresh)?;
    // As text whatever its bytes: SQLite hands file names on as they are.
    let name = ToSqlOutput::Borrowed(ValueRef::Text(fresh.as_os_str().as_bytes()));
    connection.execute("VACUUM INTO ?", [name])?;
    fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(system_failure)?;
    fs::rename(&fresh, &copy).map_err(system_failure)?;
    state_dir.sync()?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), DbError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(system_failure(error).into()),
        _ => Ok(()),
    }
}

/// Takes the steps that are missing, all or none.
fn migrate(connection: &mut Connection) -> Result<(), DbError> {
    row_checksum::add_function(connection)?;
    let steps = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = steps.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let missing = MIGRATIONS.get(version as usize..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        steps.execute_batch(step)?;
    }
    steps.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    steps.commit()?;
    Ok(())
}

/// Looks for damage: always in the schema, in all pages while that is quick.
fn check(connection: &Connection, state_dir: &StateDir) -> Result<(), DbError> {
    for table in TABLES {
        let found = connection.prepare(&format!("SELECT 1 FROM {table} LIMIT 1"));
        match found.and_then(|mut statement| statement.exists([])) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
                return Err(DbError::Inconsistent("a schema with a table missing"));
            }
            found => found?,
        };
    }
    let size = fs::metadata(state_dir.database()).map_err(system_failure)?.len();
    if size > CHECKED_WHOLE_BYTES {
        return Ok(());
    }
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(DbError::Inconsistent("pages that fail SQLite's check")),
    }
}

#[cfg(test)]
mod tests;
