//! Safe opening: `openat2`, or what stands for it, beneath a descriptor, then `fstat`.
//!
//! Every open has the flags `O_NONBLOCK`, so that a FIFO does not block, `O_NOCTTY`, so that a terminal does not become
//! the controlling one, and `O_CLOEXEC`. `EAGAIN` of `openat2` (a rename during the lookup) is retried.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, SeekFrom, Stat};
use rustix::io::Errno;

use super::resolve::open_resolved;
use crate::guard_is_out;
use crate::result::{FileMeta, SkipReason, Status, nanoseconds};

/// How often `openat2` is retried after `EAGAIN` or `EINTR`.
const OPEN_RETRIES: usize = 64;

/// How often an open waits for a free descriptor, and how long each time.
const DESCRIPTOR_WAITS: usize = 64;
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(5);

/// The directory in which names are opened.
#[derive(Debug, Clone)]
pub enum Dir {
    /// An open directory of a tree: names are single components, opened beneath it.
    Beneath(Arc<OwnedFd>, Reach),
    /// The working directory: names are opened as given (absolute, `..`, links), as `sha256sum` does. A block device
    /// that is named so is read.
    AsGiven,
    /// A directory of another machine: nothing in it can be opened here.
    Elsewhere,
}

impl Dir {
    /// Opens a regular file for reading. Anything else is refused and never waited for.
    ///
    /// # Errors
    /// The status that the file has in a scan.
    pub fn open_file(&self, name: &[u8]) -> Result<(std::fs::File, FileMeta), Status> {
        let (file, stat) = open_content(self, name, Devices::Skip).map_err(OpenFailure::status)?;
        Ok((file.into(), meta_of(&stat)))
    }
}

/// What happens to the block devices in a tree. Character devices are never read: they may have no end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Devices {
    /// They are skipped.
    #[default]
    Skip,
    /// They are read to their end.
    Read,
}

/// Whether an open may cross mount points.
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
    /// The path contains a symlink.
    Symlink,
    /// The path crosses a mount point, which was not allowed.
    OtherFilesystem,
    /// Neither a regular file nor a directory.
    NotRegular,
    /// On a file system without stored content, such as `/proc`.
    PseudoFilesystem,
    /// The operating system refused; its `errno`.
    System(Errno),
}

impl OpenFailure {
    pub(crate) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::LOOP => Self::Symlink,
            Errno::XDEV => Self::OtherFilesystem,
            // A socket, or a device without a driver.
            Errno::NXIO | Errno::NODEV => Self::NotRegular,
            errno => Self::System(errno),
        }
    }

    /// The status of an entry of a tree that cannot be opened.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Symlink => Status::Skipped(SkipReason::Symlink),
            Self::OtherFilesystem => Status::Skipped(SkipReason::OtherFilesystem),
            Self::NotRegular => Status::Skipped(SkipReason::NotRegular),
            Self::PseudoFilesystem => Status::Skipped(SkipReason::PseudoFilesystem),
            Self::System(errno) => Status::of_errno(errno),
        }
    }
}

/// An open without links, confined beneath `dir`, with the flags of this module.
pub(crate) fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    reach: Reach,
) -> Result<OwnedFd, OpenFailure> {
    let path_only = flags.contains(OFlags::PATH);
    let base = if path_only { OFlags::empty() } else { nonblocking() };
    let flags = flags | base | OFlags::RDONLY | OFlags::CLOEXEC;
    retry_open(|| open_resolved(dir, path, flags, reach.flags())).map_err(OpenFailure::from_errno)
}

/// Opens a directory of a walk by its name in its parent. Fails on a symlink, and on anything else.
///
/// # Errors
/// Why it was not opened.
pub fn open_directory(parent: BorrowedFd<'_>, name: &[u8], reach: Reach) -> Result<OwnedFd, OpenFailure> {
    open_beneath(parent, name, OFlags::DIRECTORY, reach)
}

/// Opens `name` for reading; anything but a regular file, or a block device that is wanted, is refused.
pub(crate) fn open_content(dir: &Dir, name: &[u8], devices: Devices) -> Result<(OwnedFd, Stat), OpenFailure> {
    let file = match dir {
        Dir::Beneath(dir, reach) => open_beneath(dir.as_fd(), name, OFlags::empty(), *reach)?,
        Dir::AsGiven => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | nonblocking();
            let opened = retry_open(|| rustix::fs::openat(CWD, name, flags, Mode::empty()));
            opened.map_err(|errno| match OpenFailure::from_errno(errno) {
                OpenFailure::NotRegular => OpenFailure::NotRegular,
                // Links are followed here, so too many of them are an error and not a symlink to skip.
                _ => OpenFailure::System(errno),
            })?
        }
        Dir::Elsewhere => return Err(OpenFailure::System(Errno::NOENT)),
    };
    let stat = rustix::fs::fstat(&file).map_err(OpenFailure::System)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file, stat)),
        FileType::BlockDevice if matches!((dir, devices), (Dir::AsGiven, _) | (_, Devices::Read)) => Ok((file, stat)),
        _ if guard_is_out!(RegularFilesOnly) => Ok((file, stat)),
        FileType::Directory => Err(OpenFailure::System(Errno::ISDIR)),
        _ => Err(OpenFailure::NotRegular),
    }
}

/// An open of a FIFO does not block, and a terminal does not become the controlling one.
fn nonblocking() -> OFlags {
    match guard_is_out!(NonBlockingOpen) {
        false => OFlags::NONBLOCK | OFlags::NOCTTY,
        true => OFlags::NOCTTY,
    }
}

/// Retries an open that failed for a temporary reason: a rename during the lookup, a signal, or no free descriptor
/// until other files are closed. Blocks for at most a third of a second.
pub(crate) fn retry_open<T>(mut open: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    let (mut retries, mut waits) = (OPEN_RETRIES, DESCRIPTOR_WAITS);
    loop {
        match open() {
            Err(Errno::AGAIN | Errno::INTR) if retries > 0 && !guard_is_out!(OpenRetry) => retries -= 1,
            Err(Errno::MFILE | Errno::NFILE) if waits > 0 && !guard_is_out!(DescriptorRetry) => {
                waits -= 1;
                std::thread::sleep(DESCRIPTOR_WAIT);
            }
            opened => return opened,
        }
    }
}

/// The metadata of an entry, without opening it.
pub(crate) fn stat_entry(dir: &Dir, name: &[u8]) -> Result<Stat, Errno> {
    match dir {
        Dir::Beneath(dir, _) => rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW),
        Dir::AsGiven => rustix::fs::statat(CWD, name, AtFlags::empty()),
        Dir::Elsewhere => Err(Errno::NOENT),
    }
}

/// [`meta_of`] an open file. The size of a block device is where it ends: `fstat` reports 0.
pub(crate) fn meta_of_open(file: BorrowedFd<'_>, stat: &Stat) -> Result<FileMeta, Errno> {
    let meta = meta_of(stat);
    match is_device(stat) {
        true => Ok(FileMeta { size: rustix::fs::seek(file, SeekFrom::End(0))?, ..meta }),
        false => Ok(meta),
    }
}

/// Whether this is a block device.
pub(crate) fn is_device(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::BlockDevice
}

/// The parts of `fstat` that tell whether a file is unchanged.
pub(crate) fn meta_of(stat: &rustix::fs::Stat) -> FileMeta {
    FileMeta {
        size: stat.st_size as u64,
        mtime_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
        ctime_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
        inode: stat.st_ino,
        device: stat.st_dev,
    }
}
