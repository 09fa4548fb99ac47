//! Opens a database for reading without changing a byte of it, of its log or of what lies beside them.
//!
//! Decides how by what is there and by what may be written, because SQLite wants to make an index (`-shm`) of the log,
//! and to keep its locks in it:
//! - No log: the database is all there is, and is opened as immutable.
//! - A log and its index: SQLite reads both, with its locks. Where they cannot be written, it maps the index read-only.
//! - A log without an index, where none can be made, also because the disk is full: nobody has the database open, since whoever had would have made
//!   one. SQLite reads the log's frames through an index in memory, some 12 bytes for each page in the log.
//!
//! Frames of a log are never ignored. Where SQLite takes no locks, [`Untouched::still_as_it_was`] tells afterwards
//! whether somebody began to write nevertheless.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::{DbError, is_full, system_failure};
use super::sealed;
use super::state_dir::may_write;
use crate::error::StoreError;

/// How long to wait for another process that recovers the log.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// SQLite's own file system without locks. Only in it SQLite reads a log of a file that it cannot lock.
const WITHOUT_LOCKS: &str = "unix-none";

/// A database that is only read.
#[derive(Debug)]
pub(crate) struct Untouched {
    pub(crate) connection: Connection,
    /// The file and what it was, where SQLite's locks keep nobody from changing it.
    unlocked: Option<(PathBuf, Stamp)>,
}

/// What changes whenever the database is written to: device, inode, size, mtime and ctime.
#[derive(Debug, PartialEq, Eq)]
struct Stamp([i64; 7]);

impl Stamp {
    fn of(database: &Path) -> Result<Self, DbError> {
        let meta = fs::metadata(database).map_err(system_failure)?;
        let [device, inode, size] = [meta.dev(), meta.ino(), meta.size()].map(|number| number as i64);
        Ok(Self([device, inode, size, meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]))
    }
}

impl Untouched {
    /// Runs work that reads. What it has read was one moment's.
    pub(crate) fn read<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        let answer = work(&mut self.connection)?;
        self.still_as_it_was()?;
        Ok(answer)
    }

    /// Whether what was read up to now was one moment's. Commits that only went to a log since do not count.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if the database was written to.
    fn still_as_it_was(&self) -> Result<(), DbError> {
        match &self.unlocked {
            Some((database, before)) if Stamp::of(database)? != *before => Err(StoreError::Busy.into()),
            Some(_) | None => Ok(()),
        }
    }
}

/// Opens a database for reading where its directory or its files cannot be written, or the disk is full.
pub(crate) fn open_to_read(database: &Path) -> Result<Untouched, DbError> {
    let stamp = Stamp::of(database)?;
    let (connection, takes_locks) = match (is_there(&log_of(database))?, is_there(&beside(database, b"-shm"))?) {
        (false, _) => (open_immutable(database)?, false),
        (true, true) => (open_uri(database, "?readonly_shm=1")?, true),
        (true, false) => (open_without_locks(database)?, false),
    };
    connection.busy_timeout(BUSY_WAIT)?;
    prepare(&connection)?;
    Ok(Untouched { connection, unlocked: (!takes_locks).then(|| (database.to_owned(), stamp)) })
}

/// Opens a database for reading in a way that changes neither it nor its log, also if these are damaged. Without a
/// log, nobody may write to it meanwhile.
pub(crate) fn open_untouched(database: &Path) -> Result<Connection, DbError> {
    let may_be_written = database.parent().is_none_or(may_write) && may_write(database);
    if may_be_written && is_there(&log_of(database))? {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        // On a full disk there is no room for an index. Every other error is told when the database is read.
        let first_read = connection.query_row("PRAGMA user_version", [], |_| Ok(()));
        if !first_read.is_err_and(|error| is_full(&error, database)) {
            prepare(&connection)?;
            return Ok(connection);
        }
    }
    Ok(open_to_read(database)?.connection)
}

/// Opens a database for reading as if it had no log.
pub(crate) fn open_alone(database: &Path) -> Result<Connection, DbError> {
    let connection = open_immutable(database)?;
    sealed::add_functions(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), DbError> {
    sealed::add_functions(connection)?;
    // Closing it would otherwise move what is valid of the log into the database, and remove the log.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    Ok(())
}

fn open_immutable(database: &Path) -> Result<Connection, DbError> {
    // SQLite would create a missing log. As immutable, the database is taken for all there is.
    open_uri(database, "?immutable=1")
}

fn open_without_locks(database: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(database, flags, WITHOUT_LOCKS)?;
    // Before the first read: SQLite then keeps the index of the log in memory (wal.html, section 8).
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

fn open_uri(database: &Path, parameters: &str) -> Result<Connection, DbError> {
    let mut uri = "file:".to_owned();
    for byte in database.as_os_str().as_bytes() {
        uri.push_str(&match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(*byte).to_string(),
            other => format!("%{other:02x}"),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(uri + parameters, flags)?)
}

/// A log that cannot be looked at is not taken for a missing one.
fn is_there(path: &Path) -> Result<bool, DbError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(system_failure(error).into()),
    }
}

/// The path of a database's write-ahead log.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    beside(database, b"-wal")
}

fn beside(database: &Path, suffix: &[u8]) -> PathBuf {
    let mut path = database.as_os_str().to_owned().into_vec();
    path.extend_from_slice(suffix);
    std::ffi::OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::commit_number::read as mark_of;
    use crate::store::testing::Bench;

    /// A database with a commit in its log, under a name that is no plain URI and no UTF-8.
    fn copy_with_log(bench: &Bench) -> (tempfile::TempDir, PathBuf) {
        let database = bench.dir.path().join("hivesum.db");
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join(std::ffi::OsStr::from_bytes(b"a?b%41 \xff#.db"));
        fs::copy(&database, &copy).unwrap();
        fs::copy(log_of(&database), log_of(&copy)).unwrap();
        (copies, copy)
    }

    fn contents(dir: &Path) -> std::collections::BTreeMap<std::ffi::OsString, Vec<u8>> {
        let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
    }

    #[test]
    fn looking_at_a_database_changes_no_file_with_a_log_and_without_one() {
        let mut bench = Bench::new();
        bench.insert_job();
        let (copies, copy) = copy_with_log(&bench);
        let log = fs::read(log_of(&copy)).unwrap();
        fs::remove_file(log_of(&copy)).unwrap();
        let without = mark_of(&open_untouched(&copy).unwrap()).unwrap();
        assert_eq!(contents(copies.path()).len(), 1, "no log is made");
        fs::write(log_of(&copy), &log).unwrap();
        let with = mark_of(&open_untouched(&copy).unwrap()).unwrap();
        assert_eq!((without.number + 1, with), (2, mark_of(&bench.connection).unwrap()));
        assert!(fs::read(log_of(&copy)).unwrap() == log);
        assert!(fs::read(&copy).unwrap() == fs::read(bench.dir.path().join("hivesum.db")).unwrap());
    }

    #[test]
    fn reading_sees_the_commits_in_a_log_without_an_index_and_makes_none() {
        let mut bench = Bench::new();
        bench.insert_job();
        let (copies, copy) = copy_with_log(&bench);
        let before = contents(copies.path());
        let opened = open_to_read(&copy).unwrap();
        assert_eq!(mark_of(&opened.connection).unwrap(), mark_of(&bench.connection).unwrap());
        let refused = opened.connection.execute("DELETE FROM jobs", []).map_err(DbError::from).unwrap_err();
        assert!(matches!(refused.report(&copy), StoreError::ReadOnly));
        opened.still_as_it_was().unwrap();
        drop(opened);
        assert!(contents(copies.path()) == before, "a file was made or changed");
    }

    #[test]
    fn reading_with_an_index_changes_neither_it_nor_the_log() {
        let mut bench = Bench::new();
        bench.insert_job();
        let (copies, copy) = copy_with_log(&bench);
        for index in [fs::read(bench.dir.path().join("hivesum.db-shm")).unwrap(), Vec::new(), vec![0xA5; 32 << 10]] {
            fs::write(beside(&copy, b"-shm"), index).unwrap();
            let before = contents(copies.path());
            let opened = open_to_read(&copy).unwrap();
            assert_eq!(mark_of(&opened.connection).unwrap(), mark_of(&bench.connection).unwrap());
            drop(opened);
            assert!(contents(copies.path()) == before, "a file was made or changed");
        }
    }

    #[test]
    fn a_database_that_was_written_to_while_it_was_read_is_noticed() {
        let mut bench = Bench::new();
        bench.insert_job();
        let (_copies, copy) = copy_with_log(&bench);
        let opened = open_to_read(&copy).unwrap();
        opened.still_as_it_was().unwrap();
        // Moves the log into the database.
        Connection::open(&copy).unwrap().query_row("SELECT count(*) FROM jobs", [], |_| Ok(())).unwrap();
        assert!(matches!(opened.still_as_it_was().unwrap_err().report(&copy), StoreError::Busy));
    }
}
