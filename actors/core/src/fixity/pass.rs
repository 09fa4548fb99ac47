//! What a pass as a whole tells: whether it may begin, and whether so much has changed that it is one alert.
//!
//! A disk that is not mounted and another one in its place look like an archive whose files were all deleted. Neither is
//! ever told that way: the pass stops before anything is called missing.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::file::RootIdentity;

/// More changed paths in one pass than this are one alert.
const MASS_PATHS: u64 = 1000;

/// So is this share of all paths, in percent.
const MASS_PERCENT: u64 = 10;

/// In a small collection a share alone says little: up to so many paths are told one by one.
const FEW_PATHS: u64 = 10;

/// Which files a run reads beside those that are new or changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunKind {
    /// Those that are due, up to the limits.
    #[default]
    Scrub,
    /// None.
    Survey,
}

impl RunKind {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who starts a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Starter {
    /// Somebody does, by a command.
    Command,
    /// Somebody does, by a request to the API.
    Request,
    /// The schedule of the collection does.
    Schedule,
}

impl Starter {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The directory of a collection, as it is found when a pass begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What tells it from another directory.
    pub identity: RootIdentity,
    /// Whether it has no entries.
    pub is_empty: bool,
}

/// Why files are not looked at. The first three keep a pass from beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PassStopped {
    /// The directory cannot be reached.
    #[error("the directory cannot be reached: nothing was looked at, and no file is called missing")]
    Unreachable,
    /// There were files, and the directory is empty.
    #[error("the directory is empty, as the place of a disk that is not mounted is: no file is called missing")]
    Empty,
    /// It is another directory, or on another device, than before.
    #[error(
        "another directory or disk is in the place of the one that was looked at before: no file is called missing"
    )]
    Another,
    /// What was mounted beneath the directory is not there, or something else is.
    #[error(
        "a disk that was mounted beneath the directory is not there, or something else is in its place: it was not looked \
         at, and no file of it is called missing"
    )]
    Unmounted,
    /// No run has done for long what the schedule asks for.
    #[error(
        "files were not looked at for longer than the schedule allows: no window was long enough, the rate is too low, or \
         no run could be started"
    )]
    Late,
}

impl PassStopped {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Whether a pass may begin: `recorded` is the directory of the passes before, `files` how many files it had, and `now`
/// what is there, if it can be reached.
///
/// # Errors
/// [`PassStopped`]: what is known of the files stays as it is.
pub fn may_begin(recorded: Option<RootIdentity>, files: u64, now: Option<Place>) -> Result<(), PassStopped> {
    let now = now.ok_or(PassStopped::Unreachable)?;
    if recorded.is_some_and(|recorded| !now.identity.is_same_directory(&recorded)) {
        return Err(PassStopped::Another);
    }
    if now.is_empty && files > 0 {
        return Err(PassStopped::Empty);
    }
    Ok(())
}

/// Whether so many changed paths, of all that there were before the pass, are one alert instead of one each.
#[must_use]
pub const fn is_mass_change(changed: u64, files: u64) -> bool {
    changed > MASS_PATHS || (changed > FEW_PATHS && changed.saturating_mul(100) > files.saturating_mul(MASS_PERCENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_another_or_unreachable_directory_stops_a_pass() {
        let disk = RootIdentity { device: 1, inode: 2, filesystem_id: 3 };
        let here = Place { identity: disk, is_empty: false };
        let empty = Place { is_empty: true, ..here };
        let another = Place { identity: RootIdentity { filesystem_id: 4, ..disk }, ..here };
        assert_eq!(may_begin(Some(disk), 5, Some(here)), Ok(()));
        assert_eq!(may_begin(Some(disk), 5, None), Err(PassStopped::Unreachable));
        assert_eq!(may_begin(Some(disk), 5, Some(empty)), Err(PassStopped::Empty));
        assert_eq!(may_begin(Some(disk), 5, Some(another)), Err(PassStopped::Another));
        assert_eq!(may_begin(None, 0, Some(empty)), Ok(()), "a first pass may find nothing");
        let restarted = Place { identity: RootIdentity { device: 9, ..disk }, ..here };
        assert_eq!(may_begin(Some(disk), 5, Some(restarted)), Ok(()), "numbers of devices change with a restart");
    }

    #[test]
    fn a_mass_change_is_over_a_thousand_paths_or_over_a_tenth_and_not_a_few() {
        for (changed, files, is_mass) in [
            (1000, 1_000_000, false),
            (1001, 1_000_000, true),
            (11, 110, false),
            (12, 110, true),
            (10, 10, false),
            (11, 11, true),
            (0, 0, false),
        ] {
            assert_eq!(is_mass_change(changed, files), is_mass, "{changed} of {files}");
        }
    }
}
