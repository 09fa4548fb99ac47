//! Goes on with what is left of a store that lacks commits, once somebody knows about it and says so.

use std::path::Path;

use super::super::completeness::{judge, mark_of};
use super::super::error::{DbError, system_failure};
use super::super::journal;
use super::super::state_dir::StateDir;
use super::super::untouched::{log_of, open_alone, open_untouched};
use super::check::{CheckReport, check_database};
use super::{CareError, adopt, existing, set_aside};
use crate::error::Incomplete;

/// What a recovery found and did.
#[derive(Debug)]
pub struct RecoverReport {
    /// What is missing. None: nothing is known to be, and nothing was changed.
    pub incomplete: Option<Incomplete>,
    /// What was checked of the rest.
    pub checked: CheckReport,
    /// Where the damaged write-ahead log was put, if the database is further without it.
    pub log_kept_as: Option<String>,
}

/// Takes the database as it is for the truth, if it is whole, and writes its journal anew.
///
/// # Errors
/// [`StoreError::Locked`](crate::error::StoreError::Locked) beside a server; when what is left is damaged; when it
/// cannot be written.
pub fn recover(state_dir: &Path) -> Result<RecoverReport, CareError> {
    let state_dir = existing(state_dir)?;
    let lock = state_dir.lock()?;
    let database = state_dir.database();
    let in_words = |error: DbError| CareError::Store(error.report(database));
    let journal = journal::read(&state_dir).map_err(in_words)?;
    let is_further_alone = is_further_alone(&state_dir).map_err(in_words)?;
    let rest = if is_further_alone { open_alone(database) } else { open_untouched(database) }.map_err(in_words)?;
    let checked = check_database(&rest, database)?.or_damaged("what is left of the job store")?;
    let mark = mark_of(&rest).map_err(in_words)?;
    drop(rest);
    let incomplete = judge(journal.as_ref(), mark.as_ref()).err();
    if incomplete.is_none() && !is_further_alone && journal.is_none_or(|journal| !journal.is_damaged) {
        return Ok(RecoverReport { incomplete, checked, log_kept_as: None });
    }
    let log_kept_as = if is_further_alone { set_log_aside(&state_dir)? } else { None };
    adopt(&state_dir, &lock, |_| Ok(())).map_err(CareError::Store)?;
    Ok(RecoverReport { incomplete, checked, log_kept_as })
}

/// Whether the database has later commits without its log. Where all of a log had been moved into the database, the
/// frames before a damaged one are older than what the database has.
fn is_further_alone(state_dir: &StateDir) -> Result<bool, DbError> {
    if std::fs::symlink_metadata(log_of(state_dir.database())).is_err() {
        return Ok(false);
    }
    let number = |opened: Result<_, DbError>| Ok::<_, DbError>(mark_of(&opened?)?.map_or(0, |mark| mark.number));
    // A database that cannot be read at all without its log is not further.
    let alone = number(open_alone(state_dir.database())).unwrap_or(0);
    Ok(alone > number(open_untouched(state_dir.database())).unwrap_or(0))
}

fn set_log_aside(state_dir: &StateDir) -> Result<Option<String>, CareError> {
    let kept = set_aside(&state_dir.beside_database("-wal"), &state_dir.beside_database(".before-recover-wal"));
    let kept = kept.map_err(system_failure)?;
    state_dir.sync()?;
    Ok(kept.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())))
}
