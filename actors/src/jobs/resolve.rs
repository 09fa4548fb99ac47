//! Opens a job's path beneath its root, off the event loop.

use crate::listing::ask::{NoAnswer, ask};
use hivesum_core::file::{OpenFailure, Opened, RelPath, Root};

/// Why a job's path cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is nothing to hash; the sentence says why.
    NotFound(&'static str),
    /// The file system fails or does not answer.
    RootUnavailable,
}

/// Opens a job's path, off the event loop.
pub(super) async fn open_beneath(root: &Root, path: RelPath) -> Result<Opened, Missing> {
    match ask(root, move |root, _| root.open_beneath(&path)).await {
        Ok(opened) => opened.map_err(Missing::from),
        Err(NoAnswer::Busy | NoAnswer::TimedOut) => Err(Missing::RootUnavailable),
    }
}

impl From<OpenFailure> for Missing {
    fn from(failure: OpenFailure) -> Self {
        use rustix::io::Errno;
        match failure {
            OpenFailure::Symlink | OpenFailure::System(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => {
                Self::NotFound("nothing is at this path beneath the root")
            }
            OpenFailure::NotRegular => Self::NotFound("the path is neither a directory nor a regular file"),
            OpenFailure::OtherFilesystem | OpenFailure::PseudoFilesystem => {
                Self::NotFound("the path is on a file system that is not hashed")
            }
            OpenFailure::System(Errno::ACCESS | Errno::PERM) => Self::NotFound("the path may not be opened"),
            OpenFailure::System(_) => Self::RootUnavailable,
        }
    }
}
