//! Care of a state directory by its administrator: check it, back it up, restore a backup, go on after a loss.
//!
//! Decides what counts as whole (`check`) and that nothing is ever overwritten: what a restore replaces is kept under
//! another name. Checking and backing up work beside a running server; the others need its lock. Every call blocks.

mod backup;
mod check;
mod recover;
mod restore;

use std::io;
use std::path::{Path, PathBuf};

pub use backup::backup;
pub use check::{CheckReport, check};
pub use recover::{RecoverReport, recover};
pub use restore::{RestoreReport, RestoredToken, restore};

use rusqlite::Transaction;

use super::change::Change;
use super::error::DbError;
use super::journal;
use super::open::{self, Access, connect, migrate};
use super::state_dir::{ServerLock, StateDir};
use super::untouched::log_of;
use crate::error::StoreError;

/// Why a state directory was not taken care of.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A store or a backup that must be whole is not. Nothing was changed.
    #[error("{what} is damaged; nothing was changed")]
    Damaged {
        /// What was checked.
        what: &'static str,
        /// What is wrong with it.
        report: CheckReport,
    },
    /// There is no database in the state directory.
    #[error("there is no job store in this directory")]
    NoStore,
    /// The backup cannot be read or written.
    #[error("the backup: {0}")]
    Backup(io::Error),
    /// A log lies beside the backup: without it the file is not all, and a backup is one file.
    #[error("the backup: a write-ahead log lies beside it, so it is not a file that hivesum state backup made")]
    LogBeside,
}

/// A state directory with a database.
fn existing(path: &Path) -> Result<StateDir, CareError> {
    match StateDir::existing(path)? {
        Some(state_dir) if state_dir.has_database()? => Ok(state_dir),
        Some(_) | None => Err(CareError::NoStore),
    }
}

/// Refuses the path of a backup that SQLite would read together with another file.
fn refuse_log_beside(file: &Path) -> Result<(), CareError> {
    match std::fs::symlink_metadata(log_of(file)) {
        Ok(_) => Err(CareError::LogBeside),
        Err(_) => Ok(()),
    }
}

/// Renames a file to a name that nothing has: this one, or this one with a number. Returns the new path; none if
/// there is no such file.
fn set_aside(file: &Path, name: &Path) -> io::Result<Option<PathBuf>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    for number in 1..=MAX_SET_ASIDE {
        let mut free = name.as_os_str().to_owned();
        if number > 1 {
            free.push(format!("-{number}"));
        }
        match renameat_with(CWD, file, CWD, &free, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(Some(free.into())),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files that were set aside"))
}

/// Makes a database that was put in its place the store's: migrates it, does some work in a change that parts it from
/// every other copy of it, and writes its journal anew. Blocks.
fn adopt<T>(
    state_dir: &StateDir,
    _held: &ServerLock,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, DbError>,
) -> Result<T, StoreError> {
    let run = || {
        migrate(&mut connect(state_dir, Access::Write)?, state_dir)?;
        // Only a connection to the current schema keeps the seals.
        let mut connection = connect(state_dir, Access::Write)?;
        open::check(&connection, state_dir)?;
        let change = Change::begin(&mut connection)?;
        let done = work(&change)?;
        journal::replace(state_dir, &change.commit_numbered()?)?;
        Ok(done)
    };
    run().map_err(|error: DbError| error.report(state_dir.database()))
}

/// How many files of one kind are kept beside the database.
const MAX_SET_ASIDE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Bench;

    #[test]
    fn a_report_names_a_hundred_faults_at_most() {
        let mut bench = Bench::new();
        let jobs = 60;
        for _ in 0..jobs {
            bench.job_with_rows(&["a", "b", "c"]);
        }
        assert!(check(bench.dir.path()).unwrap().is_whole());
        bench.connection.execute("DELETE FROM results WHERE position = 1 AND run > 1", []).unwrap();
        // One for the gap, and one for the job.
        let report = check(bench.dir.path()).unwrap();
        assert_eq!(report.faults.len(), 100, "{:?}", report.faults);
        let fault = "1 rows of run 2 are missing in the table results";
        assert_eq!(report.faults[0], fault);
        assert_eq!(report.rows.iter().find(|(table, _)| *table == "jobs"), Some(&("jobs", jobs)));
    }

    #[test]
    fn a_database_that_is_further_without_its_damaged_log_is_kept_and_the_log_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let made = StateDir::open(dir.path()).unwrap();
        open::prepare(&made, &made.lock().unwrap()).unwrap();
        let mut database = open::Database::open(made).unwrap();
        for _ in 0..3 {
            let job = crate::store::testing::job();
            database.run(|connection| crate::store::jobs::insert(connection, &job, None, None)).unwrap();
        }
        // Moves all of the log into the database, and leaves the log there.
        let checkpoint = "PRAGMA wal_checkpoint(FULL)";
        database.run(|connection| Ok(connection.query_row(checkpoint, [], |_| Ok(()))?)).unwrap();
        let killed = tempfile::tempdir().unwrap();
        for name in ["hivesum.db", "hivesum.db-wal", "hivesum.journal"] {
            std::fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
        }
        let log = killed.path().join("hivesum.db-wal");
        let mut damaged = std::fs::read(&log).unwrap();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(&log, &damaged).unwrap();
        let refused = open::Database::open(StateDir::open(killed.path()).unwrap());
        assert!(matches!(refused, Err(StoreError::Incomplete(_))), "{refused:?}");
        let report = recover(killed.path()).unwrap();
        assert_eq!((report.incomplete, report.checked.commits), (None, Some(4)));
        let kept = killed.path().join(report.log_kept_as.unwrap());
        assert!(std::fs::read(kept).unwrap() == damaged);
        assert_eq!(check(killed.path()).unwrap().rows.iter().find(|(table, _)| *table == "jobs"), Some(&("jobs", 3)));
    }

    #[test]
    fn a_file_is_set_aside_under_a_free_name_until_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let (file, name) = (dir.path().join("file"), dir.path().join("kept"));
        assert_eq!(set_aside(&file, &name).unwrap(), None);
        for number in 1..=MAX_SET_ASIDE {
            std::fs::write(&file, number.to_string()).unwrap();
            let kept = set_aside(&file, &name).unwrap().unwrap();
            assert_eq!(std::fs::read_to_string(kept).unwrap(), number.to_string());
        }
        std::fs::write(&file, "one more").unwrap();
        assert_eq!(set_aside(&file, &name).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one more");
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "1");
    }
}
