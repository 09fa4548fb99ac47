//! An opened database: of a command, to write or only to read, and of a service that reads.
//!
//! Decides by the permissions and by the room: where the directory or a file in it cannot be written (a read-only mount,
//! the files of another user, a copy on a read-only medium), or the disk is full, the database is read without changing
//! a byte, its log included, and a work that writes fails with [`StoreError::ReadOnly`] or [`StoreError::Full`]. It is
//! complete and undamaged in either case, or refused.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::completeness;
use super::super::error::DbError;
use super::super::journal::{Journal, NoteKind};
use super::super::preparation::ReadsWithoutLocks;
use super::super::sealed;
use super::super::state_dir::StateDir;
use super::super::untouched::{Untouched, open_to_read};
use super::{Access, MIGRATIONS, check, connect, schema_version};
use crate::error::StoreError;

/// A database that a command has opened, beside a running server or without one. Every call blocks.
#[derive(Debug)]
pub(crate) struct Database {
    opened: Opened,
    state_dir: StateDir,
}

#[derive(Debug)]
enum Opened {
    ToWrite { connection: Connection, journal: Journal },
    ToRead { untouched: Untouched, because: CannotWrite },
}

/// Why a database is only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CannotWrite {
    ReadOnly,
    Full,
}

impl CannotWrite {
    /// What a work that writes is told.
    fn tell(self, error: StoreError) -> StoreError {
        match (self, error) {
            (Self::Full, StoreError::ReadOnly) => StoreError::Full,
            (Self::Full | Self::ReadOnly, error) => error,
        }
    }
}

impl Database {
    /// Opens a database that [`prepare`](super::prepare) has checked, now or at some time before.
    ///
    /// # Errors
    /// [`StoreError::Incomplete`] if it lacks commits. [`StoreError::Older`] if it must be migrated and cannot be
    /// written.
    pub(crate) fn open(state_dir: StateDir) -> Result<Self, StoreError> {
        let report = |error: DbError| error.report(state_dir.database());
        let to_write = || {
            completeness::check(&state_dir)?;
            let (connection, journal) = (connect(&state_dir, Access::Write)?, Journal::open(&state_dir)?);
            Ok(Opened::ToWrite { connection, journal })
        };
        let to_read = |because| {
            let untouched = checked(&state_dir).map_err(report)?;
            Ok(Opened::ToRead { untouched, because })
        };
        let opened = match state_dir.may_be_written() {
            false => to_read(CannotWrite::ReadOnly),
            true => match to_write().map_err(report) {
                Err(StoreError::Full) => to_read(CannotWrite::Full),
                opened => opened,
            },
        };
        let opened = opened?;
        Ok(Self { opened, state_dir })
    }

    pub(crate) fn state_dir(&self) -> &StateDir {
        &self.state_dir
    }

    /// Runs work on the connection. What it has committed is in the journal when it returns; what it has read was one
    /// moment's.
    pub(crate) fn run<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, DbError>) -> Result<T, StoreError> {
        let report = |error: DbError| error.report(self.state_dir.database());
        match &mut self.opened {
            Opened::ToWrite { connection, journal } => {
                let done = work(connection);
                let noted = journal.keep_up(connection, NoteKind::Synced);
                done.and_then(|answer| noted.map(|()| answer)).map_err(report)
            }
            Opened::ToRead { untouched, because } => {
                untouched.read(work).map_err(report).map_err(|error| because.tell(error))
            }
        }
    }
}

/// Opens a complete database for reading, in whatever way its directory allows.
pub(crate) fn connect_to_read(state_dir: &StateDir) -> Result<Connection, DbError> {
    match state_dir.may_be_written() {
        true => {
            completeness::check(state_dir)?;
            connect(state_dir, Access::ReadOnly)
        }
        false => checked(state_dir).map(|untouched| untouched.connection),
    }
}

/// Checks whether a service can start for reading where it could not prepare its database, and changes nothing.
pub(crate) fn check_to_read(state_dir: &StateDir) -> Result<(), StoreError> {
    checked(state_dir).map(drop).map_err(|error| error.report(state_dir.database()))
}

/// A complete and undamaged database of the current schema, opened in a way that changes nothing.
fn checked(state_dir: &StateDir) -> Result<Untouched, DbError> {
    completeness::check(state_dir)?;
    let untouched = unlocked(state_dir)?;
    check(&untouched.connection, state_dir)?;
    Ok(untouched)
}

fn unlocked(state_dir: &StateDir) -> Result<Untouched, DbError> {
    let untouched = open_to_read(state_dir.database())?;
    let connection = &untouched.connection;
    let (found, known) = (schema_version(connection)?, MIGRATIONS.len() as i64);
    if found < known {
        return Err(StoreError::Older { found, known }.into());
    }
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA query_only = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    sealed::add_functions(connection)?;
    Ok(untouched)
}

/// A connection of a running service that only reads.
#[derive(Debug)]
pub(crate) enum Reader {
    /// Reads as often as it is asked.
    Ordinary(Connection),
    /// Reads once: the database is not prepared yet. The fields are dropped in this order.
    WithoutLocks { untouched: Untouched, _token: Arc<ReadsWithoutLocks> },
}

impl Reader {
    /// Opens a connection as the preparation of the database allows.
    pub(crate) fn open(state_dir: &StateDir) -> Result<Self, DbError> {
        match state_dir.preparation().token() {
            None => connect(state_dir, Access::ReadOnly).map(Self::Ordinary),
            Some(_token) => Ok(Self::WithoutLocks { untouched: unlocked(state_dir)?, _token }),
        }
    }

    /// Runs work that reads.
    pub(crate) fn read<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        match self {
            Self::Ordinary(connection) => work(connection),
            Self::WithoutLocks { untouched, .. } => untouched.read(work),
        }
    }
}
