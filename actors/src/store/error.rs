//! From what SQLite says to what the caller can do about it.
//!
//! Decides only by error codes and by the room left on the file system, never by message texts. The
//! cause is logged here once; a [`StoreError`] carries no SQL and no path.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;
use crate::job::JobError;

/// With less room than this a failed write is for want of it: some file systems say "input/output error".
const NO_ROOM_BYTES: u64 = 1 << 20;

/// The disk did not say that it has what was written. To try again is no use: the kernel drops what it could not
/// write and tells of it once (`fsync(2)`).
const SYNC_FAILURES: [i32; 2] = [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC];

/// What a plain function of the store fails with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite failed.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The database can be read but says what we never wrote.
    #[error("the database says what was never written: {0}")]
    Nonsense(&'static str),
    /// Anything else, already in the caller's terms.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<serde_json::Error> for Fault {
    fn from(_: serde_json::Error) -> Self {
        Self::Nonsense("a JSON value that does not parse")
    }
}

impl Fault {
    /// The same for the caller, after a line in the log. `database` is where it happened.
    pub(crate) fn explain(self, database: &Path) -> StoreError {
        let explained = match self {
            Self::Store(error) => return error,
            Self::Nonsense(what) => {
                tracing::error!(what, "the job store is damaged");
                return StoreError::Corrupt;
            }
            Self::Sql(error) => explain_sql(error, has_no_room(database)),
        };
        tracing::error!(error = ?explained, "the job store failed");
        explained
    }
}

fn explain_sql(error: rusqlite::Error, no_room: bool) -> StoreError {
    use rusqlite::Error;
    if error.sqlite_error().is_some_and(|error| SYNC_FAILURES.contains(&error.extended_code)) {
        return StoreError::SyncFailed;
    }
    match (&error, error.sqlite_error_code()) {
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) => StoreError::Corrupt,
        (_, Some(ErrorCode::DiskFull)) => StoreError::Full,
        (_, Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)) if no_room => StoreError::Full,
        (
            Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..),
            _,
        ) => StoreError::Corrupt,
        _ => StoreError::Failed(Box::new(error)),
    }
}

fn has_no_room(database: &Path) -> bool {
    let directory = database.parent().unwrap_or(database);
    rustix::fs::statvfs(directory).is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) < NO_ROOM_BYTES)
}

/// An input or output failure outside of SQLite.
pub(crate) fn system_failure(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(Box::new(error)),
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => "store_full",
            StoreError::Corrupt => "store_corrupt",
            StoreError::Locked
            | StoreError::Newer { .. }
            | StoreError::SyncFailed
            | StoreError::Closed
            | StoreError::Failed(_) => "internal",
        };
        Self { code: code.to_owned(), detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn codes_become_what_the_caller_can_do() {
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_FULL), false), StoreError::Full));
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_NOTADB), false), StoreError::Corrupt));
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_CORRUPT), false), StoreError::Corrupt));
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_BUSY), true), StoreError::Failed(_)));
    }

    #[test]
    fn an_input_output_error_without_room_is_a_full_disk() {
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_IOERR_WRITE), true), StoreError::Full));
        assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_IOERR_WRITE), false), StoreError::Failed(_)));
    }

    #[test]
    fn a_failed_sync_is_never_a_full_disk() {
        for no_room in [true, false] {
            assert!(matches!(explain_sql(sql(rusqlite::ffi::SQLITE_IOERR_FSYNC), no_room), StoreError::SyncFailed));
        }
    }

    #[test]
    fn texts_for_clients_carry_no_cause() {
        let shown = Fault::Sql(sql(rusqlite::ffi::SQLITE_BUSY)).explain(Path::new("/srv/secret/db")).to_string();
        assert_eq!(shown, "the job store failed");
    }
}
