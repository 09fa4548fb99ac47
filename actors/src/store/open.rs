//! Opens the database: creates it completely or not at all, checks it before use, never replaces another file.
//!
//! A new database is created under another name, synced and renamed. So an empty or incomplete `hivesum.db` is
//! always a damaged one, even after `kill -9` during the first start. A database that lacks commits is refused before
//! anything is written, see [`completeness`].

mod database;

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub(crate) use self::database::{Database, Reader, check_to_read, connect_to_read};
use super::commit_number::{self, NUMBERED_SCHEMA};
use super::completeness;
use super::error::{DbError, system_failure};
use super::journal::{self, Journal, NoteKind};
use super::rights::create_private;
use super::sealed::{self, SEALED, SEALED_SCHEMA, SealedTable};
use super::state_dir::{ServerLock, StateDir, regular};
use crate::error::StoreError;

/// `hive` in ASCII: marks the file as ours.
const APPLICATION_ID: i64 = 0x6869_7665;

/// The steps from an empty database to the current schema. The SQL of a released step is never changed.
const MIGRATIONS: [&str; 15] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
    include_str!("schema/10.sql"),
    include_str!("schema/11.sql"),
    include_str!("schema/12.sql"),
    include_str!("schema/13.sql"),
    include_str!("schema/14.sql"),
    include_str!("schema/15.sql"),
];

/// The tables of the current schema.
pub(crate) const TABLES: [&str; 24] = [
    "runs",
    "jobs",
    "directories",
    "results",
    "tokens",
    "order_pieces",
    "checkpoints",
    "attempts",
    "requests",
    "manifests",
    "endings",
    "ledger",
    "commits",
    "roots",
    "job_roots",
    "sessions",
    "state",
    "collections",
    "collection_files",
    "collection_events",
    "outbox",
    "deliveries",
    "collection_pieces",
    "collection_runs",
];

/// Databases up to this size are checked completely at every start: a tenth of a second.
const CHECKED_WHOLE_BYTES: u64 = 8 << 20;

/// How long a write waits for another process that is writing, such as `hivesum token`.
const BUSY_WAIT: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    ReadOnly,
}

/// Makes sure that there is an undamaged database of the current schema: creates, migrates and checks it. Blocks.
///
/// # Errors
/// [`StoreError::Corrupt`], [`StoreError::Newer`] or [`StoreError::Incomplete`] for files that must not be changed.
pub(crate) fn prepare(state_dir: &StateDir, _held: &ServerLock) -> Result<(), StoreError> {
    let run = || -> Result<(), DbError> {
        match fs::symlink_metadata(state_dir.database()) {
            Ok(_) => {
                check_header(state_dir)?;
                completeness::check(state_dir)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(state_dir)?,
            Err(error) => return Err(system_failure(error).into()),
        }
        let mut connection = connect(state_dir, Access::Write)?;
        // A refused database is left as it is: closing it would move its log into it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let version = schema_version(&connection)?;
        if version < MIGRATIONS.len() as i64 {
            back_up(&connection, state_dir, version)?;
        }
        migrate(&mut connection, state_dir)?;
        check(&connection, state_dir)?;
        // Nobody is told of anything yet.
        Journal::open(state_dir)?.raise(&commit_number::read(&connection)?, NoteKind::Written)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    };
    run().map_err(|error| error.report(state_dir.database()))
}

/// Checks the first bytes. SQLite does not if its log has a newer first page. Nothing in this process has opened the
/// database yet, so closing the file releases no lock (`fcntl(2)`).
fn check_header(state_dir: &StateDir) -> Result<(), DbError> {
    let mut magic = [0; 16];
    let mut file = fs::File::open(state_dir.database()).map_err(system_failure)?;
    regular(&file, "hivesum.db")?;
    match file.read_exact(&mut magic) {
        Ok(()) if &magic == b"SQLite format 3\0" => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(system_failure(error).into()),
        _ => Err(DbError::Inconsistent("the header of another kind of file")),
    }
}

/// Opens a database that [`prepare`] has checked. Blocks.
pub(crate) fn connect(state_dir: &StateDir, access: Access) -> Result<Connection, DbError> {
    // No SQLITE_OPEN_CREATE: a database that vanished is an error, not an empty store.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(state_dir.database(), flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    // Before anything is written to it, even the header's WAL flag.
    let version = schema_version(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(DbError::Store(StoreError::Failed(
            "the state directory's file system does not support WAL".into(),
        )));
    }
    // No mmap: truncating a mapped file raises SIGBUS. A checkpoint every 32 MiB instead of every 8 needs a third
    // less CPU for a million rows (1.8 s to 1.2 s).
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;",
    )?;
    sealed::add_functions(&connection)?;
    match access {
        // There are several readers, and what they search through is longer than any cache.
        Access::ReadOnly => connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA query_only = ON")?,
        Access::Write if version == MIGRATIONS.len() as i64 => sealed::keep_seals(&connection)?,
        // The migration seals the rows.
        Access::Write => {}
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The schema number, after checking that the file is ours and not newer.
fn schema_version(connection: &Connection) -> Result<i64, DbError> {
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

/// Whether a database has the current schema, and not an older one.
pub(crate) fn is_current(connection: &Connection) -> Result<bool, DbError> {
    Ok(schema_version(connection)? == MIGRATIONS.len() as i64)
}

/// Creates a complete database under another name, then renames it.
fn create(state_dir: &StateDir) -> Result<(), DbError> {
    // Someone removed the database: it is not replaced by a new one.
    completeness::check_absent(state_dir)?;
    let new = state_dir.beside_database(".new");
    for leftover in [new.clone(), state_dir.beside_database(".new-journal")] {
        remove_if_there(&leftover)?;
    }
    create_private(&new)?;
    let mut connection = Connection::open(&new)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA page_size = 8192;")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    sealed::add_functions(&connection)?;
    migrate(&mut connection, state_dir)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&new, state_dir.database()).map_err(system_failure)?;
    state_dir.sync()?;
    Ok(())
}

/// Copies a database of an older schema beside it, as `hivesum.db.v1`, before it is migrated. An incomplete copy that
/// a killed start left is made again.
fn back_up(connection: &Connection, state_dir: &StateDir, version: i64) -> Result<(), DbError> {
    let copy = state_dir.beside_database(&format!(".v{version}"));
    let new = state_dir.beside_database(&format!(".v{version}.new"));
    tracing::info!(version, "the job store has an older schema: it is copied, then migrated");
    remove_if_there(&new)?;
    create_private(&new)?;
    // As text, whatever its bytes: SQLite passes file names on unchanged.
    let name = ToSqlOutput::Borrowed(ValueRef::Text(new.as_os_str().as_bytes()));
    connection.execute("VACUUM INTO ?", [name])?;
    fs::File::open(&new).and_then(|file| file.sync_all()).map_err(system_failure)?;
    fs::rename(&new, &copy).map_err(system_failure)?;
    state_dir.sync()?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), DbError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(system_failure(error).into()),
        _ => Ok(()),
    }
}

/// Runs the missing migrations in one transaction, which has a number like every other.
pub(crate) fn migrate(connection: &mut Connection, state_dir: &StateDir) -> Result<(), DbError> {
    let steps = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = steps.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let missing = MIGRATIONS.get(version as usize..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    if version >= SEALED_SCHEMA {
        sealed::verify_present(&steps)?;
    }
    for step in missing {
        steps.execute_batch(step)?;
    }
    sealed::seal_all(&steps)?;
    steps.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    if version < NUMBERED_SCHEMA {
        // Before the commit: no numbered database is ever without its journal.
        journal::replace(state_dir, &commit_number::start(&steps)?.before_the_first())?;
    } else {
        commit_number::advance(&steps)?;
    }
    steps.commit()?;
    Ok(())
}

/// Checks for damage: always the schema and the sealed tables that stay small, and all pages and tables while that is
/// quick.
pub(crate) fn check(connection: &Connection, state_dir: &StateDir) -> Result<(), DbError> {
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
    // Files and events of collections may be millions: the passes that rely on them verify them.
    let is_checked = |table: &SealedTable| size <= CHECKED_WHOLE_BYTES || !sealed::GROWING.contains(&table.name);
    for table in SEALED.iter().filter(|table| is_checked(table)) {
        table.verify(connection)?;
    }
    if size > CHECKED_WHOLE_BYTES {
        return Ok(());
    }
    let answer: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match answer.as_str() {
        "ok" => Ok(()),
        _ => Err(DbError::Inconsistent("pages that fail SQLite's check")),
    }
}

#[cfg(test)]
mod schema_10;
#[cfg(test)]
mod tests;
