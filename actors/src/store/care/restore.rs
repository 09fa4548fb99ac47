//! Puts a backup in the place of the store. What it replaces is kept under another name.
//!
//! The backup is copied beside the database and checked there first. Killed between two steps, the store is refused at
//! its next start, because its journal names another commit or there is no database: the restore is then repeated.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, Transaction};
use rustix::fs::OFlags;

use super::super::error::{DbError, system_failure};
use super::super::state_dir::{StateDir, regular};
use super::super::untouched::open_untouched;
use super::backup::sync;
use super::check::{CheckReport, check_file};
use super::{CareError, adopt, refuse_log_beside, set_aside};

/// What a restore did.
#[derive(Debug)]
pub struct RestoreReport {
    /// What was checked in the backup.
    pub checked: CheckReport,
    /// The name that the former database has now, in the state directory; none if there was none.
    pub kept_as: Option<String>,
    /// Tokens that are valid again: the backup has them, and the former database did not.
    pub revived: Vec<RestoredToken>,
    /// Sessions in the backup. They were dropped: everybody signs in again.
    pub dropped_sessions: u64,
}

/// A token of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredToken {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
}

/// Replaces the store with a backup.
///
/// # Errors
/// [`StoreError::Locked`](crate::error::StoreError::Locked) beside a server; when the backup is not whole, in which
/// case nothing is changed; when the state directory cannot be written.
pub fn restore(state_dir: &Path, file: &Path) -> Result<RestoreReport, CareError> {
    refuse_log_beside(file)?;
    let opened = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(file);
    let mut opened = opened.map_err(CareError::Backup)?;
    regular(&opened, "the backup").map_err(|_| CareError::Backup(io::Error::other("it is not a regular file")))?;
    let state_dir = StateDir::open(state_dir)?;
    let lock = state_dir.lock()?;
    let new = state_dir.beside_database(".restore");
    copy_in(&mut opened, &new).map_err(system_failure)?;
    let checked = match check_file(&new).map_err(CareError::from).and_then(|report| report.or_damaged("the backup")) {
        Ok(checked) => checked,
        Err(error) => {
            // The error to be told is the first one, and the next restore removes the copy, too.
            let _ = fs::remove_file(&new);
            return Err(error);
        }
    };
    let revived = revived(&state_dir, &new).map_err(|error| error.report(&new))?;
    let kept_as = set_former_aside(&state_dir).map_err(system_failure)?;
    fs::rename(&new, state_dir.database()).map_err(system_failure)?;
    state_dir.sync()?;
    let dropped_sessions = adopt(&state_dir, &lock, drop_sessions)?;
    Ok(RestoreReport { checked, kept_as, revived, dropped_sessions })
}

fn copy_in(backup: &mut File, new: &Path) -> io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    io::copy(backup, &mut copy)?;
    sync(new)
}

/// The tokens that the backup has and the present database lacks. All of them, if that one cannot be read.
fn revived(state_dir: &StateDir, new: &Path) -> Result<Vec<RestoredToken>, DbError> {
    let present = match state_dir.database().exists() {
        true => open_untouched(state_dir.database()).and_then(|present| tokens(&present)).unwrap_or_default(),
        false => Vec::new(),
    };
    let present: HashSet<String> = present.into_iter().map(|token| token.id).collect();
    let mut revived = tokens(&open_untouched(new)?)?;
    revived.retain(|token| !present.contains(&token.id));
    Ok(revived)
}

fn tokens(connection: &Connection) -> Result<Vec<RestoredToken>, DbError> {
    let mut statement = connection.prepare("SELECT id, name FROM tokens ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok(RestoredToken { id: row.get(0)?, name: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Renames the database and its log, so that both keep belonging to each other. Returns the database's new name.
fn set_former_aside(state_dir: &StateDir) -> io::Result<Option<String>> {
    let kept = set_aside(state_dir.database(), &state_dir.beside_database(".before-restore"))?;
    let name = kept.as_ref().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "hivesum.db.before-restore".to_owned());
    let log = state_dir.database().with_file_name(format!("{name}-wal"));
    set_aside(&state_dir.beside_database("-wal"), &log)?;
    // An index of the log, which SQLite makes anew.
    match fs::remove_file(state_dir.beside_database("-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok(kept.map(|_| name))
}

fn drop_sessions(change: &Transaction<'_>) -> Result<u64, DbError> {
    let has_sessions = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'sessions'";
    match change.query_row(has_sessions, [], |row| row.get::<_, i64>(0))? {
        0 => Ok(0),
        _ => Ok(change.execute("DELETE FROM sessions", [])? as u64),
    }
}
