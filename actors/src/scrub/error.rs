//! Why a run ends before its end, or does not begin. What was committed before stays, and the next run goes on.

use std::io;

use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::PassStopped;
use hivesum_core::result::system_text;
use hivesum_core::walk::GlobInvalid;

use crate::error::{Refused, StoreError};
use crate::store::collections::MAX_COLLECTIONS;

/// Why a run ended. The texts follow the name of the directory and a colon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScrubError {
    /// The directory cannot be opened.
    #[error("{}: nothing was looked at, and no file is called missing", system_text(.0))]
    Open(#[source] io::Error),
    /// Its root cannot be listed.
    #[error("the directory cannot be listed: nothing was looked at, and no file is called missing")]
    NotListed,
    /// Files would be called missing by mistake.
    #[error("{}. If that is right, {}", .0, way_on(*.0))]
    Stopped(PassStopped),
    /// Other digests are asked for than those that are kept.
    #[error("the digests are {0}: to change them, forget the collection and take a new baseline")]
    OtherAlgorithms(Box<Algorithms>),
    /// Other globs are asked for than those of the first run.
    #[error(
        "the globs of the first run stay, see hivesum collections show: to change them, forget the collection and take a \
         new baseline"
    )]
    OtherGlobs,
    /// A baseline is given for a collection that has one.
    #[error(
        "it has a baseline already: compare with another one by hivesum audit, or forget the collection and begin again"
    )]
    HasBaseline,
    /// A glob is not valid.
    #[error(transparent)]
    Glob(#[from] GlobInvalid),
    /// There is no room for another collection.
    #[error("there are {MAX_COLLECTIONS} collections already: forget one first")]
    TooMany,
    /// The collection was forgotten while the run went on.
    #[error("the collection was forgotten meanwhile, or its directory is another one")]
    Forgotten,
    /// The engine does not take any work.
    #[error(transparent)]
    Engine(#[from] Refused),
    /// Another run reads the directory.
    #[error("another scrub of this directory is running: wait for its end, and start it again if need be")]
    Busy,
    /// Somebody stopped the run.
    #[error("the scrub was stopped: the next one goes on with it")]
    Cancelled,
    /// The scan broke off: a defect of hivesum.
    #[error("the scan was aborted: not everything was read")]
    Aborted,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ScrubError {
    /// Why no file was looked at, if it is the place of the files that kept the run from beginning.
    pub(super) const fn stopped(&self) -> Option<PassStopped> {
        match self {
            Self::Open(_) | Self::NotListed => Some(PassStopped::Unreachable),
            Self::Stopped(stopped) => Some(*stopped),
            _ => None,
        }
    }

    /// A stable code for what is kept of a run.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) | Self::NotListed => PassStopped::Unreachable.name(),
            Self::Stopped(stopped) => stopped.name(),
            Self::OtherAlgorithms(_) | Self::OtherGlobs | Self::HasBaseline | Self::Glob(_) => "invalid_request",
            Self::TooMany => "too_many_collections",
            Self::Forgotten => "not_found",
            Self::Busy => "collection_busy",
            Self::Cancelled => "cancelled",
            Self::Aborted => "aborted",
            Self::Engine(_) | Self::Store(_) => "internal",
        }
    }

    /// Why a run has failed, for everyone. What the store says goes to the log alone.
    #[must_use]
    pub fn in_public(&self) -> String {
        match self {
            Self::Store(_) | Self::Engine(_) => "the service failed: its log says why".to_owned(),
            error => error.to_string(),
        }
    }

    /// Whether something else has to be asked for: the run has not begun.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::OtherAlgorithms(_) | Self::OtherGlobs | Self::HasBaseline | Self::Glob(_))
    }
}

/// What to do if the directory is right as it is.
const fn way_on(stopped: PassStopped) -> &'static str {
    match stopped {
        PassStopped::Another => "go on with --rebind",
        _ => "forget it: hivesum collections forget",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_a_run_says_what_to_do_if_it_is_right() {
        let text = |stopped| ScrubError::Stopped(stopped).to_string();
        assert!(
            text(PassStopped::Another).ends_with("no file is called missing. If that is right, go on with --rebind")
        );
        assert!(text(PassStopped::Empty).ends_with("forget it: hivesum collections forget"));
        let open = ScrubError::Open(io::Error::from_raw_os_error(20)).to_string();
        assert_eq!(open, "Not a directory: nothing was looked at, and no file is called missing");
    }
}
