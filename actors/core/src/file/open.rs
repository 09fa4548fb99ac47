//! Opening without being led astray: `openat2` beneath a descriptor, then `fstat`.
//!
//! Flags of every open: `O_NONBLOCK` so that a FIFO never hangs, `O_NOCTTY` so that no terminal is
//! taken, `O_CLOEXEC`. `EAGAIN` of `openat2` (a rename somewhere while it resolved) is tried again.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::guard_is_out;
use crate::result::{FileMeta, SkipReason, Status};

/// How often `openat2` is tried again after `EAGAIN` or `EINTR`.
const OPEN_TRIES: usize = 64;

/// How often, and how long each time, a free descriptor is waited for.
const DESCRIPTOR_WAITS: usize = 64;
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(5);

/// The directory that names are opened in.
#[derive(Debug, Clone)]
pub enum Dir {
    /// An open directory of a tree: names are single components, opened beneath it.
    Beneath(Arc<OwnedFd>, Reach),
    /// The working directory: names are opened as given (absolute, `..`, links), as `sha256sum` does.
    AsGiven,
}

/// How far an open may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Stop at mount points.
    OneFilesystem,
    /// Cross them.
    Everywhere,
}

impl Reach {
    fn flags(self) -> ResolveFlags {
        let confined = match guard_is_out!(Confinement) {
            false => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
            true => ResolveFlags::empty(),
        };
        match self {
            Self::OneFilesystem if !guard_is_out!(OneFilesystem) => confined | ResolveFlags::NO_XDEV,
            Self::OneFilesystem | Self::Everywhere => confined,
        }
    }
}

/// Why something was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFailure {
    /// A symlink is in the way.
    Symlink,
    /// A mount point is in the way and was not to be crossed.
    OtherFilesystem,
    /// Neither a regular file nor a directory.
    NotRegular,
    /// On a file system that the kernel makes up.
    PseudoFilesystem,
    /// The operating system refused; its `errno`.
    System(Errno),
}

impl OpenFailure {
    pub(crate) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::LOOP => Self::Symlink,
            Errno::XDEV => Self::OtherFilesystem,
            // A socket, or a device with no driver behind it.
            Errno::NXIO | Errno::NODEV => Self::NotRegular,
            errno => Self::System(errno),
        }
    }

    /// What becomes of an entry of a tree that cannot be opened.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Symlink => Status::Skipped(SkipReason::Symlink),
            Self::OtherFilesystem => Status::Skipped(SkipReason::OtherFilesystem),
            Self::NotRegular => Status::Skipped(SkipReason::NotRegular),
            Self::PseudoFilesystem => Status::Skipped(SkipReason::PseudoFilesystem),
            Self::System(errno) => Status::of_errno(errno),
        }
    }
}

/// `openat2` confined beneath `dir`, with the flags of this module added.
pub(crate) fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    reach: Reach,
) -> Result<OwnedFd, OpenFailure> {
    let path_only = flags.contains(OFlags::PATH);
    let base = if path_only { OFlags::empty() } else { never_waiting() };
    let flags = flags | base | OFlags::RDONLY | OFlags::CLOEXEC;
    trying_again(|| rustix::fs::openat2(dir, path, flags, Mode::empty(), reach.flags()))
        .map_err(OpenFailure::from_errno)
}

/// Opens a directory that a walk met, by its name in its parent.
pub(crate) fn open_directory(parent: BorrowedFd<'_>, name: &[u8], reach: Reach) -> Result<OwnedFd, OpenFailure> {
    open_beneath(parent, name, OFlags::DIRECTORY, reach)
}

/// Opens `name` for reading; anything but a regular file is refused.
pub(crate) fn open_regular(dir: &Dir, name: &[u8]) -> Result<(OwnedFd, Stat), OpenFailure> {
    let file = match dir {
        Dir::Beneath(dir, reach) => open_beneath(dir.as_fd(), name, OFlags::empty(), *reach)?,
        Dir::AsGiven => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | never_waiting();
            let opened = trying_again(|| rustix::fs::openat(CWD, name, flags, Mode::empty()));
            opened.map_err(|errno| match OpenFailure::from_errno(errno) {
                OpenFailure::NotRegular => OpenFailure::NotRegular,
                // A name is followed wherever it leads: too many links are an error of its own.
                _ => OpenFailure::System(errno),
            })?
        }
    };
    let stat = rustix::fs::fstat(&file).map_err(OpenFailure::System)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file, stat)),
        _ if guard_is_out!(RegularFilesOnly) => Ok((file, stat)),
        FileType::Directory => Err(OpenFailure::System(Errno::ISDIR)),
        _ => Err(OpenFailure::NotRegular),
    }
}

/// A FIFO never hangs, and no terminal becomes ours.
fn never_waiting() -> OFlags {
    match guard_is_out!(NonBlockingOpen) {
        false => OFlags::NONBLOCK | OFlags::NOCTTY,
        true => OFlags::NOCTTY,
    }
}

/// Opens again what did not work for a reason that passes: a rename while the path was resolved, a
/// signal, or no descriptor left until other files are done. Blocks meanwhile, for a third of a second at most.
pub(crate) fn trying_again<T>(mut open: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    let (mut tries, mut waits) = (OPEN_TRIES, DESCRIPTOR_WAITS);
    loop {
        match open() {
            Err(Errno::AGAIN | Errno::INTR) if tries > 0 && !guard_is_out!(OpenRetry) => tries -= 1,
            Err(Errno::MFILE | Errno::NFILE) if waits > 0 && !guard_is_out!(DescriptorRetry) => {
                waits -= 1;
                std::thread::sleep(DESCRIPTOR_WAIT);
            }
            opened => return opened,
        }
    }
}

/// What `name` stands for, looked at without opening it.
pub(crate) fn stat_entry(dir: &Dir, name: &[u8]) -> Result<Stat, Errno> {
    match dir {
        Dir::Beneath(dir, _) => rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW),
        Dir::AsGiven => rustix::fs::statat(CWD, name, AtFlags::empty()),
    }
}

/// The parts of `fstat` that identify a file's content.
pub(crate) fn meta_of(stat: &rustix::fs::Stat) -> FileMeta {
    let nanoseconds = |seconds: i64, part: i64| seconds.saturating_mul(1_000_000_000).saturating_add(part);
    FileMeta {
        size: stat.st_size as u64,
        mtime_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
        ctime_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
        inode: stat.st_ino,
        device: stat.st_dev,
    }
}
