//! What holds for a whole walk, and how it looks at a directory before it goes in.
//!
//! Nothing of hivesum's own is opened, no file system that the kernel makes up is entered. All of this can
//! run on a thread of its own, for the file system may never answer.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, Stat};
use rustix::io::Errno;

use super::directory::Listing;
use super::globs::Filters;
use super::plan::Fate;
use crate::file::{FilesystemCache, FilesystemKind, OpenFailure, Reach, Steps, meta_of, trying_again};
use crate::guard_is_out;
use crate::result::{ErrorCode, FileIdentity, SkipReason, Status};

/// What holds for the whole walk.
pub(crate) struct Rules {
    pub(crate) filters: Filters,
    pub(crate) reach: Reach,
    pub(crate) leave_out: Vec<FileIdentity>,
    /// The inode numbers of `leave_out`.
    pub(crate) own_inodes: Vec<u64>,
    pub(crate) timeout: Duration,
}

/// What becomes of a directory whose file system does not answer.
pub(crate) const TIMEOUT: Status = Status::error(ErrorCode::Timeout);

/// What becomes of files and directories of hivesum's own.
pub(crate) const OURS: Fate = Fate::Settled(Status::Skipped(SkipReason::Internal));

/// A directory that may be entered, and what is in it.
pub(crate) struct Entered {
    pub(crate) dir: Arc<OwnedFd>,
    pub(crate) listing: Listing,
    pub(crate) is_remote: bool,
}

impl Rules {
    /// Checks and lists a directory that may be on any file system.
    pub(crate) fn look_with_care(&self, dir: Arc<OwnedFd>, steps_of: &Steps) -> Result<Entered, Status> {
        let kind = self.check_place(&dir, &mut FilesystemCache::default())?;
        let listing = self.list(&dir, &mut || steps_of.step())?;
        Ok(Entered { dir, listing, is_remote: !kind.may_map() })
    }

    /// Refuses directories of ours and pseudo file systems.
    pub(crate) fn check_place(
        &self,
        dir: &OwnedFd,
        filesystems: &mut FilesystemCache,
    ) -> Result<FilesystemKind, Status> {
        let stat = rustix::fs::fstat(dir).map_err(|errno: Errno| OpenFailure::System(errno).status())?;
        let meta = meta_of(&stat);
        if self.leave_out.contains(&FileIdentity::of_meta(&meta)) && !guard_is_out!(OwnFiles) {
            return Err(Status::Skipped(SkipReason::Internal));
        }
        match filesystems.kind(dir.as_fd(), meta.device) {
            FilesystemKind::Pseudo if !guard_is_out!(PseudoFilesystems) => {
                Err(Status::Skipped(SkipReason::PseudoFilesystem))
            }
            kind => Ok(kind),
        }
    }

    pub(crate) fn list(&self, dir: &OwnedFd, keep_going: &mut impl FnMut() -> bool) -> Result<Listing, Status> {
        let listing = trying_again(|| Listing::marking(dir.as_fd(), &self.own_inodes, keep_going));
        listing.map_err(|errno| OpenFailure::System(errno).status())
    }
}

/// Whether the name stands for a file of our own. Asked without opening it: closing any descriptor of a
/// database would drop the locks that this process holds on it (`fcntl(2)`).
pub(crate) fn is_ours(dir: BorrowedFd<'_>, name: &[u8], rules: &Rules) -> bool {
    let is_own = |stat: &Stat| rules.leave_out.contains(&FileIdentity::of_meta(&meta_of(stat)));
    !rules.leave_out.is_empty()
        && !guard_is_out!(OwnFiles)
        && rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| is_own(&stat))
}
