//! Turns what SQLite answers into what the caller can do about it.
//!
//! Decides only by error codes and by the free space on the file system, never by message texts. The cause
//! is logged here once; a [`StoreError`] carries no SQL and no path.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;
use crate::job::JobError;

/// With less free space than this, a failed write counts as a full disk: some file systems then answer
/// "input/output error".
const MIN_FREE_BYTES: u64 = 1 << 20;

/// The disk did not confirm that it has what was written. Trying again does not help: the kernel drops the
/// pages that it could not write and reports that only once (`fsync(2)`).
const SYNC_FAILURES: [i32; 2] = [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC];

/// A reader that cannot write finds the index of the log as no writer has left it.
const INDEX_NOT_READY: [i32; 2] = [rusqlite::ffi::SQLITE_READONLY_CANTINIT, rusqlite::ffi::SQLITE_READONLY_RECOVERY];

/// The error of the store's functions on a connection, before it is logged and turned into a [`StoreError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    /// SQLite failed.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The database can be read but holds a value that hivesum never writes.
    #[error("the database holds a value that hivesum never writes: {0}")]
    Inconsistent(&'static str),
    /// Any other error, already in the caller's terms.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<serde_json::Error> for DbError {
    fn from(_: serde_json::Error) -> Self {
        Self::Inconsistent("a JSON value that does not parse")
    }
}

impl DbError {
    /// Logs the error and gives the caller's. `database` is the path of the database that it came from.
    pub(crate) fn report(self, database: &Path) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Inconsistent(what) => {
                tracing::error!(what, "the job store is damaged");
                return StoreError::Corrupt;
            }
            Self::Sql(error) => classify(error, free_bytes(database)),
        };
        match error {
            StoreError::Busy => tracing::warn!("another process keeps the job store busy"),
            _ => tracing::error!(?error, "the job store failed"),
        }
        error
    }
}

/// Whether SQLite failed because the disk is full.
pub(crate) fn is_full(error: &rusqlite::Error, database: &Path) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => !has_room(database),
        _ => false,
    }
}

/// Whether there is so much free space that a failed write has other reasons.
pub(crate) fn has_room(database: &Path) -> bool {
    free_bytes(database) >= MIN_FREE_BYTES
}

/// `free_bytes` is the space left on the database's file system.
fn classify(error: rusqlite::Error, free_bytes: u64) -> StoreError {
    use rusqlite::Error;
    let extended = error.sqlite_error().map(|error| error.extended_code);
    if extended.is_some_and(|code| SYNC_FAILURES.contains(&code)) {
        return StoreError::SyncFailed;
    }
    match (&error, error.sqlite_error_code()) {
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) => StoreError::Corrupt,
        (_, Some(ErrorCode::DiskFull)) => StoreError::Full,
        (_, Some(ErrorCode::DatabaseBusy)) => StoreError::Busy,
        // A log whose index another process is about to make.
        (_, Some(ErrorCode::ReadOnly)) if extended.is_some_and(|code| INDEX_NOT_READY.contains(&code)) => {
            StoreError::Busy
        }
        (_, Some(ErrorCode::ReadOnly)) => StoreError::ReadOnly,
        (_, Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)) if free_bytes < MIN_FREE_BYTES => {
            StoreError::Full
        }
        (
            Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..),
            _,
        ) => StoreError::Corrupt,
        _ => StoreError::Failed(Box::new(error)),
    }
}

/// Unlimited where the file system does not tell.
fn free_bytes(database: &Path) -> u64 {
    let directory = database.parent().unwrap_or(database);
    rustix::fs::statvfs(directory).map_or(u64::MAX, |space| space.f_bavail.saturating_mul(space.f_frsize))
}

/// Classifies an input or output error from outside SQLite.
pub(crate) fn system_failure(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
        std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::Failed(Box::new(error)),
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => "store_full",
            StoreError::Corrupt | StoreError::Incomplete(_) => "store_corrupt",
            StoreError::Locked
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::ReadOnly
            | StoreError::NotAFile { .. }
            | StoreError::SyncFailed
            | StoreError::Busy
            | StoreError::HeldUp { .. }
            | StoreError::Closed
            | StoreError::Failed(_) => "internal",
        };
        Self { code: code.to_owned(), detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u64 = MIN_FREE_BYTES;

    fn sql(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn error_codes_become_what_the_caller_can_act_on() {
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_FULL), PLENTY), StoreError::Full));
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_NOTADB), PLENTY), StoreError::Corrupt));
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_CORRUPT), PLENTY), StoreError::Corrupt));
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_MISUSE), MIN_FREE_BYTES - 1), StoreError::Failed(_)));
    }

    #[test]
    fn an_input_output_error_without_free_space_is_a_full_disk() {
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_IOERR_WRITE), MIN_FREE_BYTES - 1), StoreError::Full));
        assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_IOERR_WRITE), PLENTY), StoreError::Failed(_)));
    }

    #[test]
    fn a_store_that_others_use_is_busy_and_has_not_failed() {
        for code in
            [rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_BUSY_SNAPSHOT, rusqlite::ffi::SQLITE_BUSY_RECOVERY]
        {
            assert!(matches!(classify(sql(code), PLENTY), StoreError::Busy));
        }
    }

    #[test]
    fn a_failed_sync_is_never_a_full_disk() {
        for free_bytes in [0, PLENTY] {
            assert!(matches!(classify(sql(rusqlite::ffi::SQLITE_IOERR_FSYNC), free_bytes), StoreError::SyncFailed));
        }
    }

    #[test]
    fn texts_for_clients_contain_no_cause() {
        let shown = DbError::Sql(sql(rusqlite::ffi::SQLITE_MISUSE)).report(Path::new("/srv/secret/db")).to_string();
        assert_eq!(shown, "the job store failed");
    }
}
