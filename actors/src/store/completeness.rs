//! Whether the database has every commit that it has acknowledged: it is compared with its journal.
//!
//! Decides which stores are refused, before anything is written: opening a database as usual would overwrite what is
//! left of a damaged log, or move it into the database when it is closed. So the database is looked at first through
//! [`open_untouched`], which leaves it and its log as they are.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::commit_number::{self, CommitMark, NUMBERED_SCHEMA};
use super::error::DbError;
use super::journal::{self, JournalState};
use super::sealed;
use super::state_dir::StateDir;
use crate::error::{Incomplete, StoreError};

/// How long to wait for another process that recovers the log.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Refuses a store that lacks commits, and leaves its files as they are.
///
/// # Errors
/// [`StoreError::Incomplete`].
pub(crate) fn check(state_dir: &StateDir) -> Result<(), DbError> {
    // The journal first: beside a running server, the database only gets further ahead of it.
    let journal = journal::read(state_dir)?;
    let mark = mark_of(&open_untouched(state_dir.database())?)?;
    judge(journal.as_ref(), mark.as_ref()).map_err(refused)?;
    if journal.is_some_and(|journal| journal.is_damaged) {
        tracing::warn!(
            "half of the store's journal is damaged: whether the last commits are missing cannot be told; \
             hivesum state check checks the rest"
        );
    }
    Ok(())
}

/// Refuses to take a missing database for a store that never was, if its journal or its log is there.
///
/// # Errors
/// [`StoreError::Incomplete`].
pub(crate) fn check_absent(state_dir: &StateDir) -> Result<(), DbError> {
    if state_dir.beside_database("-wal").exists() {
        return Err(DbError::Inconsistent("a write-ahead log without its database"));
    }
    match journal::read(state_dir)? {
        None => Ok(()),
        Some(JournalState { newest: Some(mark), .. }) if mark.number == 0 => Ok(()),
        Some(_) => Err(refused(Incomplete::NoDatabase)),
    }
}

fn refused(incomplete: Incomplete) -> DbError {
    tracing::error!(%incomplete, "the job store is not complete");
    StoreError::Incomplete(incomplete).into()
}

/// Compares what the journal says with the database's own mark. A database before [`NUMBERED_SCHEMA`] has none.
pub(crate) fn judge(journal: Option<&JournalState>, mark: Option<&CommitMark>) -> Result<(), Incomplete> {
    let journal = match (journal, mark) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(Incomplete::JournalMissing),
        (Some(journal), _) => journal.newest.as_ref().ok_or(Incomplete::JournalDamaged)?,
    };
    let behind = |number: u64| Incomplete::Behind { missing: journal.number - number };
    match mark {
        // Where the number is 0, a start was killed before it had numbered the database.
        None if journal.number == 0 => Ok(()),
        None => Err(behind(0)),
        Some(mark) if mark.state != journal.state => Err(Incomplete::JournalOfAnother),
        Some(mark) if mark.number < journal.number => Err(behind(mark.number)),
        Some(mark) if mark.number == journal.number && mark.chain != journal.chain => Err(Incomplete::Diverged),
        Some(_) => Ok(()),
    }
}

/// The mark of a database; none if its schema has no numbers yet.
pub(crate) fn mark_of(connection: &Connection) -> Result<Option<CommitMark>, DbError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < NUMBERED_SCHEMA {
        return Ok(None);
    }
    commit_number::read(connection).map(Some)
}

/// Opens a database for reading in a way that changes neither it nor its log, also if these are damaged. Without a
/// log, nobody may write to it meanwhile.
pub(crate) fn open_untouched(database: &Path) -> Result<Connection, DbError> {
    // SQLite would create a missing log. As immutable, the database is taken for all there is.
    let connection = match fs::symlink_metadata(log_of(database)) {
        Ok(_) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(database, flags)?
        }
        Err(_) => open_alone(database)?,
    };
    connection.busy_timeout(BUSY_WAIT)?;
    sealed::add_functions(&connection)?;
    // Closing it would otherwise move what is valid of the log into the database, and remove the log.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    Ok(connection)
}

/// Opens a database for reading as if it had no log.
pub(crate) fn open_alone(database: &Path) -> Result<Connection, DbError> {
    let mut uri = "file:".to_owned();
    for byte in database.as_os_str().as_bytes() {
        uri.push_str(&match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(*byte).to_string(),
            other => format!("%{other:02x}"),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri + "?immutable=1", flags)?;
    sealed::add_functions(&connection)?;
    Ok(connection)
}

/// The path of a database's write-ahead log.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned().into_vec();
    path.extend_from_slice(b"-wal");
    std::ffi::OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Bench;

    fn mark(number: u64, chain: u8) -> CommitMark {
        CommitMark { state: [1; 16], number, chain: [chain; 32] }
    }

    #[test]
    fn a_database_may_be_ahead_of_its_journal_and_never_behind_or_beside_it() {
        let bench = Bench::new();
        let state_dir = StateDir::open(bench.dir.path()).unwrap();
        let state = |mark: CommitMark| {
            journal::replace(&state_dir, &mark).unwrap();
            journal::read(&state_dir).unwrap()
        };
        let other = CommitMark { state: [2; 16], ..mark(5, 5) };
        for (journal, database, expected) in [
            (None, None, Ok(())),
            (None, Some(mark(5, 5)), Err(Incomplete::JournalMissing)),
            (state(mark(0, 0)), None, Ok(())),
            (state(mark(3, 3)), None, Err(Incomplete::Behind { missing: 3 })),
            (state(mark(5, 5)), Some(mark(5, 5)), Ok(())),
            (state(mark(5, 5)), Some(mark(6, 6)), Ok(())),
            (state(mark(5, 5)), Some(mark(4, 4)), Err(Incomplete::Behind { missing: 1 })),
            (state(mark(5, 5)), Some(mark(5, 4)), Err(Incomplete::Diverged)),
            (state(other), Some(mark(5, 5)), Err(Incomplete::JournalOfAnother)),
        ] {
            assert_eq!(judge(journal.as_ref(), database.as_ref()), expected, "{journal:?} {database:?}");
        }
        fs::write(state_dir.journal(), "").unwrap();
        let damaged = journal::read(&state_dir).unwrap();
        assert_eq!(judge(damaged.as_ref(), Some(&mark(5, 5))), Err(Incomplete::JournalDamaged));
    }

    #[test]
    fn looking_at_a_database_changes_no_file_with_a_log_and_without_one() {
        let mut bench = Bench::new();
        bench.insert_job();
        let database = bench.dir.path().join("hivesum.db");
        let copies = tempfile::tempdir().unwrap();
        // A name that is no plain URI and no UTF-8.
        let copy = copies.path().join(std::ffi::OsStr::from_bytes(b"a?b%41 \xff#.db"));
        fs::copy(&database, &copy).unwrap();
        let names = || fs::read_dir(copies.path()).unwrap().count();
        let without = mark_of(&open_untouched(&copy).unwrap()).unwrap().unwrap();
        assert_eq!(names(), 1, "no log is made");
        let log = fs::read(log_of(&database)).unwrap();
        fs::write(log_of(&copy), &log).unwrap();
        let with = mark_of(&open_untouched(&copy).unwrap()).unwrap().unwrap();
        assert_eq!((without.number + 1, with), (2, commit_number::read(&bench.connection).unwrap()));
        assert!(fs::read(log_of(&copy)).unwrap() == log);
        assert!(fs::read(&copy).unwrap() == fs::read(&database).unwrap());
    }
}
