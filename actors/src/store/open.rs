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

use super::failure::{Fault, system_failure};
use super::place::{ServerLock, StateDir};
use super::seal;
use crate::error::StoreError;

/// `hive` in ASCII: says to whom the file belongs.
const APPLICATION_ID: i64 = 0x6869_7665;

/// The steps from an empty database to the present schema. A step is never changed once released.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// What every database of the present schema holds.
const TABLES: [&str; 10] =
    ["runs", "jobs", "directories", "results", "tokens", "orders", "checkpoints", "attempts", "requests", "manifests"];

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
pub(crate) fn prepare(place: &StateDir, _held: &ServerLock) -> Result<(), StoreError> {
    let run = || -> Result<(), Fault> {
        match fs::symlink_metadata(place.database()) {
            Ok(_) => check_header(place)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(place)?,
            Err(error) => return Err(system_failure(error).into()),
        }
        let mut connection = connect(place, Access::Write)?;
        // What is refused is left as it is: closing it would move its log into it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let version = known_version(&connection)?;
        if version < MIGRATIONS.len() as i64 {
            keep_copy(&connection, place, version)?;
        }
        migrate(&mut connection)?;
        check(&connection, place)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    };
    run().map_err(|fault| fault.explain(place.database()))
}

/// Looks at the first bytes, which SQLite does not where its log has a newer first page. Nobody in this process has
/// the database open yet, so closing the file costs no lock (`fcntl(2)`).
fn check_header(place: &StateDir) -> Result<(), Fault> {
    let mut magic = [0; 16];
    let read = fs::File::open(place.database()).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"SQLite format 3\0" => Ok(()),
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(system_failure(error).into()),
        _ => Err(Fault::Nonsense("the header of another kind of file")),
    }
}

/// Opens a database that [`prepare`] has seen. Blocks.
pub(crate) fn connect(place: &StateDir, access: Access) -> Result<Connection, Fault> {
    // No SQLITE_OPEN_CREATE: a database that vanished is an error, not an empty store.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(place.database(), flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    // Before anything is written to it, were it only the header's WAL mark.
    known_version(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Store(StoreError::Failed("the state directory's file system carries no WAL".into())));
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
fn known_version(connection: &Connection) -> Result<i64, Fault> {
    let read = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    if read("PRAGMA application_id")? != APPLICATION_ID {
        return Err(Fault::Nonsense("the application id of another program"));
    }
    let known = MIGRATIONS.len() as i64;
    match read("PRAGMA user_version")? {
        found if found > known => Err(StoreError::Newer { found, known }.into()),
        found if found < 1 => Err(Fault::Nonsense("no schema number")),
        found => Ok(found),
    }
}

/// A whole database under another name, then in its place.
fn create(place: &StateDir) -> Result<(), Fault> {
    // A log without its database: somebody took the database away. Nothing new is put in its place.
    if place.beside_database("-wal").exists() {
        return Err(Fault::Nonsense("a write-ahead log without its database"));
    }
    let fresh = place.beside_database(".new");
    for leftover in [fresh.clone(), place.beside_database(".new-journal")] {
        remove_if_there(&leftover)?;
    }
    let mut connection = Connection::open(&fresh)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA page_size = 8192;")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&fresh, place.database()).map_err(system_failure)?;
    place.sync()?;
    Ok(())
}

/// A whole copy of a database of an older schema, beside it as `hivesum.db.v1`, before it is changed. One that
/// a killed start left half-made is made again.
fn keep_copy(connection: &Connection, place: &StateDir, version: i64) -> Result<(), Fault> {
    let copy = place.beside_database(&format!(".v{version}"));
    let fresh = place.beside_database(&format!(".v{version}.new"));
    tracing::info!(version, "the job store is of an older schema: it is copied, then brought up to date");
    remove_if_there(&fresh)?;
    // As text whatever its bytes: SQLite hands file names on as they are.
    let name = ToSqlOutput::Borrowed(ValueRef::Text(fresh.as_os_str().as_bytes()));
    connection.execute("VACUUM INTO ?", [name])?;
    fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(system_failure)?;
    fs::rename(&fresh, &copy).map_err(system_failure)?;
    place.sync()?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(system_failure(error).into()),
        _ => Ok(()),
    }
}

/// Takes the steps that are missing, all or none.
fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    seal::add_function(connection)?;
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
fn check(connection: &Connection, place: &StateDir) -> Result<(), Fault> {
    for table in TABLES {
        let found = connection.prepare(&format!("SELECT 1 FROM {table} LIMIT 1"));
        match found.and_then(|mut statement| statement.exists([])) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
                return Err(Fault::Nonsense("a schema with a table missing"));
            }
            found => found?,
        };
    }
    let size = fs::metadata(place.database()).map_err(system_failure)?.len();
    if size > CHECKED_WHOLE_BYTES {
        return Ok(());
    }
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(Fault::Nonsense("pages that fail SQLite's check")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(dir: &Path) -> StateDir {
        let place = StateDir::open(dir).unwrap();
        prepare(&place, &place.lock().unwrap()).unwrap();
        place
    }

    fn again(place: &StateDir) -> Result<(), StoreError> {
        prepare(place, &place.lock().unwrap())
    }

    #[test]
    fn a_new_database_says_whose_it_is_and_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let place = fresh(dir.path());
        let connection = connect(&place, Access::Write).unwrap();
        let pragma =
            |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("application_id"), APPLICATION_ID);
        assert_eq!(pragma("user_version"), MIGRATIONS.len() as i64);
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("foreign_keys"), 1);
        again(&place).unwrap();
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let connection = connect(&fresh(dir.path()), Access::ReadOnly).unwrap();
        assert!(connection.execute("INSERT INTO runs DEFAULT VALUES", []).is_err());
    }

    #[test]
    fn damaged_foreign_and_empty_files_are_refused_and_left_as_they_are() {
        let other = {
            let file = tempfile::NamedTempFile::new().unwrap();
            Connection::open(file.path()).unwrap().execute_batch("CREATE TABLE jobs (id)").unwrap();
            fs::read(file.path()).unwrap()
        };
        for content in [&b""[..], b"SQLite format 3\0 and then nothing", &[7; 9000], &other] {
            let dir = tempfile::tempdir().unwrap();
            let place = StateDir::open(dir.path()).unwrap();
            fs::write(place.database(), content).unwrap();
            assert!(matches!(again(&place), Err(StoreError::Corrupt)), "{} bytes", content.len());
            assert_eq!(fs::read(place.database()).unwrap(), content);
        }
    }

    #[test]
    fn a_cut_database_and_a_damaged_page_are_refused() {
        for damage in [|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2), |bytes: &mut Vec<u8>| bytes[8192] ^= 0x55]
        {
            let dir = tempfile::tempdir().unwrap();
            let place = fresh(dir.path());
            let mut bytes = fs::read(place.database()).unwrap();
            damage(&mut bytes);
            fs::write(place.database(), &bytes).unwrap();
            assert!(matches!(again(&place), Err(StoreError::Corrupt)));
            assert_eq!(fs::read(place.database()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_schema_without_one_of_its_tables_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let place = fresh(dir.path());
        connect(&place, Access::Write).unwrap().execute_batch("DROP TABLE tokens").unwrap();
        assert!(matches!(again(&place), Err(StoreError::Corrupt)));
    }

    /// A database as the first release made it, with a job and a row.
    fn of_the_first_schema(dir: &Path) -> StateDir {
        let place = StateDir::open(dir).unwrap();
        let connection = Connection::open(place.database()).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let rows = r#"INSERT INTO runs (run) VALUES (1);
            INSERT INTO jobs (id, kind, spec, state, created_at, run, row_count, files_done, bytes_done)
              VALUES ('0191b0a8-0000-7000-8000-000000000000', 'hash', '{"root":"here","algorithms":["blake3"]}',
                      'completed', '2026-01-01T00:00:00Z', 1, 1, 1, 7);
            INSERT INTO directories VALUES (1, 0, x'64');
            INSERT INTO results VALUES (1, 0, 0, x'66', 7, 1, 2, 3, 4, 0, NULL, NULL, 0, zeroblob(32));"#;
        connection.execute_batch(rows).unwrap();
        place
    }

    #[test]
    fn an_older_database_is_copied_first_and_then_brought_up_to_date_with_all_its_rows() {
        let dir = tempfile::tempdir().unwrap();
        let place = of_the_first_schema(dir.path());
        // What a start killed while it copied leaves behind.
        fs::write(place.beside_database(".v1.new"), "half a copy").unwrap();
        again(&place).unwrap();
        let mut connection = connect(&place, Access::Write).unwrap();
        let id = "0191b0a8-0000-7000-8000-000000000000".parse().unwrap();
        let query = crate::job::query::ResultQuery { limit: 10, ..Default::default() };
        let page = crate::store::pages::page(&mut connection, id, &query).unwrap().unwrap();
        assert_eq!((page.total, &page.items[0].path[..]), (1, &b"d/f"[..]));
        let copy = Connection::open(place.beside_database(".v1")).unwrap();
        let rows: i64 = copy.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
        let version: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!((rows, version), (1, 1));
        assert!(!place.beside_database(".v1.new").exists());
    }

    #[test]
    fn a_newer_schema_is_refused_with_both_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let place = fresh(dir.path());
        connect(&place, Access::Write).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(again(&place), Err(StoreError::Newer { found: 99, known: 2 })));
    }

    #[test]
    fn a_database_taken_away_from_its_log_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let place = StateDir::open(dir.path()).unwrap();
        fs::write(place.beside_database("-wal"), "frames").unwrap();
        assert!(matches!(again(&place), Err(StoreError::Corrupt)));
        assert!(!place.database().exists());
    }

    #[test]
    fn a_start_killed_half_way_through_making_the_database_is_made_good() {
        let dir = tempfile::tempdir().unwrap();
        let place = StateDir::open(dir.path()).unwrap();
        fs::write(place.beside_database(".new"), "half a data").unwrap();
        fs::write(place.beside_database(".new-journal"), "and its journal").unwrap();
        again(&place).unwrap();
    }
}
