//! The rules of a walk, and the checks of a directory before the walk enters it.
//!
//! hivesum's own files are never opened, and file systems without stored content are not entered. All checks can run on
//! a thread of their own, because a file system may never answer.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, Stat};
use rustix::io::Errno;

use super::directory::{Lister, Listing, reopen};
use super::globs::Filters;
use super::plan::Fate;
use crate::file::{Devices, FilesystemCache, FilesystemKind, OpenFailure, ProgressCounter, Reach, meta_of};
use crate::guard_is_out;
use crate::result::{ErrorCode, FileIdentity, SkipReason, Status};

/// The rules of a whole walk.
pub(crate) struct Rules {
    pub(crate) filters: Filters,
    pub(crate) reach: Reach,
    pub(crate) devices: Devices,
    pub(crate) leave_out: Vec<FileIdentity>,
    /// The inode numbers of `leave_out`.
    pub(crate) own_inodes: Vec<u64>,
    pub(crate) timeout: Duration,
}

/// The status of a directory whose file system does not answer.
pub(crate) const TIMEOUT: Status = Status::error(ErrorCode::Timeout);

/// What happens to hivesum's own files and directories.
pub(crate) const OWN_FILE: Fate = Fate::Settled(Status::Skipped(SkipReason::Internal));

/// A directory that may be entered, and its names.
pub(crate) struct Entered {
    pub(crate) dir: Arc<OwnedFd>,
    pub(crate) listing: Listing,
    pub(crate) is_remote: bool,
}

impl Rules {
    /// Checks and lists a directory that may be on any file system.
    pub(crate) fn check_and_list(&self, dir: Arc<OwnedFd>, progress: &ProgressCounter) -> Result<Entered, Status> {
        let kind = self.check(&dir, &mut FilesystemCache::default())?;
        self.list_checked(dir, kind, progress)
    }

    /// The same for a target, whose descriptor others may hold and read as well.
    pub(crate) fn check_and_list_target(&self, dir: &OwnedFd, progress: &ProgressCounter) -> Result<Entered, Status> {
        let kind = self.check(dir, &mut FilesystemCache::default())?;
        let own = reopen(dir.as_fd()).map_err(|errno| OpenFailure::System(errno).status())?;
        self.list_checked(Arc::new(own), kind, progress)
    }

    fn list_checked(
        &self,
        dir: Arc<OwnedFd>,
        kind: FilesystemKind,
        progress: &ProgressCounter,
    ) -> Result<Entered, Status> {
        let listing = list(&mut Lister::new(&self.own_inodes), &dir, &mut || progress.advance())?;
        Ok(Entered { dir, listing, is_remote: !kind.may_map() })
    }

    /// Refuses hivesum's own directories and pseudo file systems.
    pub(crate) fn check(&self, dir: &OwnedFd, filesystems: &mut FilesystemCache) -> Result<FilesystemKind, Status> {
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
}

pub(crate) fn list(
    lister: &mut Lister<'_>,
    dir: &OwnedFd,
    keep_going: &mut impl FnMut() -> bool,
) -> Result<Listing, Status> {
    lister.list(dir.as_fd(), keep_going).map_err(|errno| OpenFailure::System(errno).status())
}

/// Whether the name refers to one of hivesum's own files. The file is not opened: closing any descriptor of a database
/// would release the locks that this process holds on it (`fcntl(2)`).
pub(crate) fn is_own_file(dir: BorrowedFd<'_>, name: &[u8], rules: &Rules) -> bool {
    let is_own = |stat: &Stat| rules.leave_out.contains(&FileIdentity::of_meta(&meta_of(stat)));
    !rules.leave_out.is_empty()
        && !guard_is_out!(OwnFiles)
        && rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| is_own(&stat))
}
