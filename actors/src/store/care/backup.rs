//! A backup: one file with everything, made beside a running server, and checked before it is said to be one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::super::error::DbError;
use super::super::open::connect_to_read;
use super::check::{CheckReport, check_file};
use super::{CareError, existing, refuse_log_beside};
use crate::error::StoreError;

/// Copies the store, as one moment has it, into a new file that only its owner can read. Returns what was checked in
/// the copy.
///
/// # Errors
/// When the file exists, the store is not complete, or the copy is not whole. No file is left then.
pub fn backup(state_dir: &Path, file: &Path) -> Result<CheckReport, CareError> {
    let state_dir = existing(state_dir)?;
    let database = state_dir.database();
    let source = connect_to_read(&state_dir).map_err(|error| error.report(database))?;
    refuse_log_beside(file)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(CareError::Backup)?;
    let made = copy(&source, file).map_err(|error| error.report(file).into()).and_then(|()| {
        sync(file).map_err(CareError::Backup)?;
        check_file(file)?.or_damaged("the job store")
    });
    if made.is_err() {
        // The error to be told is the first one. What is left of the file is refused by a restore.
        let _ = std::fs::remove_file(file);
    }
    made
}

/// In one step, so in one snapshot: a server that writes meanwhile would make SQLite begin again after each.
fn copy(source: &Connection, file: &Path) -> Result<(), DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(file, flags)?;
    // The file is synced once, at the end, and is removed if anything fails before.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    match Backup::new(source, &mut copy)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(StoreError::Failed("the database was busy for too long".into()).into()),
    }
}

/// Makes a new file durable, with its name.
pub(super) fn sync(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}
