//! Whether the database has every commit that it has acknowledged: it is compared with its journal.
//!
//! Decides which stores are refused, before anything is written: opening a database as usual would overwrite what is
//! left of a damaged log, or move it into the database when it is closed. So the database is looked at first through
//! [`open_untouched`], which leaves it and its log as they are.

use rusqlite::Connection;

use super::commit_number::{self, CommitMark, NUMBERED_SCHEMA};
use super::error::DbError;
use super::journal::{self, JournalState};
use super::state_dir::StateDir;
use super::untouched::open_untouched;
use crate::error::{Incomplete, StoreError};

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
        std::fs::write(state_dir.journal(), "").unwrap();
        let damaged = journal::read(&state_dir).unwrap();
        assert_eq!(judge(damaged.as_ref(), Some(&mark(5, 5))), Err(Incomplete::JournalDamaged));
    }
}
