//! A database that a command has opened, beside a running server or without one, to write or only to read.
//!
//! Decides by the permissions: where the directory or a file in it cannot be written (a read-only mount, the files of
//! another user, a copy on a read-only medium), the database is read without changing a byte, its log included, and a
//! work that writes fails with [`StoreError::ReadOnly`]. It is complete and undamaged in either case, or refused.

use rusqlite::Connection;

use super::super::completeness;
use super::super::error::DbError;
use super::super::journal::{Journal, NoteKind};
use super::super::sealed;
use super::super::state_dir::StateDir;
use super::super::untouched::{Untouched, open_to_read};
use super::{Access, MIGRATIONS, check, connect, schema_version};
use crate::error::StoreError;

/// A database that a command has opened. Every call blocks.
#[derive(Debug)]
pub(crate) struct Database {
    opened: Opened,
    state_dir: StateDir,
}

#[derive(Debug)]
enum Opened {
    ToWrite { connection: Connection, journal: Journal },
    ToRead(Untouched),
}

impl Database {
    /// Opens a database that [`prepare`](super::prepare) has checked, now or at some time before.
    ///
    /// # Errors
    /// [`StoreError::Incomplete`] if it lacks commits. [`StoreError::Older`] if it must be migrated and cannot be
    /// written.
    pub(crate) fn open(state_dir: StateDir) -> Result<Self, StoreError> {
        let open = || match state_dir.may_be_written() {
            true => {
                completeness::check(&state_dir)?;
                let (connection, journal) = (connect(&state_dir, Access::Write)?, Journal::open(&state_dir)?);
                Ok::<_, DbError>(Opened::ToWrite { connection, journal })
            }
            false => untouched(&state_dir).map(Opened::ToRead),
        };
        let opened = open().map_err(|error| error.report(state_dir.database()))?;
        Ok(Self { opened, state_dir })
    }

    pub(crate) fn state_dir(&self) -> &StateDir {
        &self.state_dir
    }

    /// Runs work on the connection. What it has committed is in the journal when it returns; what it has read was one
    /// moment's.
    pub(crate) fn run<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, DbError>) -> Result<T, StoreError> {
        let (done, kept) = match &mut self.opened {
            Opened::ToWrite { connection, journal } => {
                let done = work(connection);
                (done, journal.keep_up(connection, NoteKind::Synced))
            }
            Opened::ToRead(untouched) => {
                let done = work(&mut untouched.connection);
                (done, untouched.still_as_it_was())
            }
        };
        done.and_then(|answer| kept.map(|()| answer)).map_err(|error| error.report(self.state_dir.database()))
    }
}

/// Opens a complete database for reading, in whatever way its directory allows.
pub(crate) fn connect_to_read(state_dir: &StateDir) -> Result<Connection, DbError> {
    match state_dir.may_be_written() {
        true => {
            completeness::check(state_dir)?;
            connect(state_dir, Access::ReadOnly)
        }
        false => untouched(state_dir).map(|untouched| untouched.connection),
    }
}

/// Opens a complete database of the current schema, checks it, and changes nothing.
fn untouched(state_dir: &StateDir) -> Result<Untouched, DbError> {
    completeness::check(state_dir)?;
    let untouched = open_to_read(state_dir.database())?;
    let connection = &untouched.connection;
    let (found, known) = (schema_version(connection)?, MIGRATIONS.len() as i64);
    if found < known {
        return Err(StoreError::Older { found, known }.into());
    }
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA query_only = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    sealed::add_functions(connection)?;
    check(connection, state_dir)?;
    Ok(untouched)
}
