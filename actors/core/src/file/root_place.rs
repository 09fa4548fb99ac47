//! The directory that a root stands for: what tells it from another one, and how it is opened.
//!
//! In one run of the system a directory is its device and its inode. Over a restart some file systems get another
//! device number, so the file system's own id counts where it has one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::filesystem::FilesystemKind;
use super::open::{OpenFailure, Reach, open_beneath, retry_open};
use super::path::RelPath;
use super::resolve::open_resolved;

/// The directory that a root stands for at present.
#[derive(Debug)]
pub struct RootPlace {
    /// The path without links.
    path: PathBuf,
    dir: OwnedFd,
    filesystem: FilesystemKind,
    identity: RootIdentity,
    is_empty: bool,
}

/// What tells a root's directory from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootIdentity {
    /// `st_dev`. It may change when the system restarts.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
    /// `f_fsid` of `statvfs(3)`; 0 if the file system has none.
    pub filesystem_id: u64,
}

impl RootIdentity {
    /// Of an open directory.
    ///
    /// # Errors
    /// If its file system does not tell.
    pub fn of(dir: BorrowedFd<'_>) -> std::io::Result<Self> {
        let stat = rustix::fs::fstat(dir)?;
        let filesystem_id = rustix::fs::fstatvfs(dir).map_or(0, |statvfs| statvfs.f_fsid);
        Ok(Self { device: stat.st_dev, inode: stat.st_ino, filesystem_id })
    }

    /// Whether this is the directory that was recorded, perhaps before the system restarted: the same inode of the same
    /// file system, which its id tells if both have one, and otherwise its device.
    #[must_use]
    pub const fn is_same_directory(&self, recorded: &Self) -> bool {
        let same_filesystem = match self.has_filesystem_ids(recorded) {
            true => self.filesystem_id == recorded.filesystem_id,
            false => self.device == recorded.device,
        };
        same_filesystem && self.inode == recorded.inode
    }

    /// What [`is_same_directory`](Self::is_same_directory) compares, in words.
    #[must_use]
    pub const fn compared_by(&self, recorded: &Self) -> &'static str {
        match self.has_filesystem_ids(recorded) {
            true => "the id of the file system and the inode",
            false => "the device and the inode",
        }
    }

    pub(crate) const fn has_filesystem_ids(&self, recorded: &Self) -> bool {
        self.filesystem_id != 0 && recorded.filesystem_id != 0
    }
}

impl RootPlace {
    pub(crate) fn open(given: &Path) -> std::io::Result<Self> {
        let path = given.canonicalize()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::openat(CWD, &path, flags, Mode::empty())?;
        let filesystem = FilesystemKind::of(dir.as_fd());
        let identity = RootIdentity::of(dir.as_fd())?;
        let is_empty = std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        Ok(Self { path, dir, filesystem, identity, is_empty })
    }

    /// Its absolute path without links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn filesystem(&self) -> FilesystemKind {
        self.filesystem
    }

    /// What tells it from other directories.
    #[must_use]
    pub fn identity(&self) -> RootIdentity {
        self.identity
    }

    /// Whether it had no entries when it was opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Fails unless the path still names this directory.
    pub(crate) fn check(&self, given: &Path) -> Result<(), EnterFailure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let no_links = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let found = retry_open(|| open_resolved(CWD, self.path.as_os_str().as_bytes(), flags, no_links));
        let found = found.and_then(rustix::fs::fstat).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => EnterFailure::Changed,
            errno => EnterFailure::Open(OpenFailure::System(errno)),
        })?;
        let is_same = (found.st_dev, found.st_ino) == (self.identity.device, self.identity.inode);
        // A link that was given may lead elsewhere by now.
        let leads_here = given == self.path || given.canonicalize().is_ok_and(|path| path == self.path);
        if is_same && leads_here { Ok(()) } else { Err(EnterFailure::Changed) }
    }

    pub(crate) fn open_beneath(&self, path: &RelPath) -> Result<Opened, OpenFailure> {
        let dir = self.dir.as_fd();
        if path.is_root() {
            return Ok(Opened::Directory(open_beneath(dir, b".", OFlags::DIRECTORY, Reach::Everywhere)?));
        }
        let target = open_beneath(dir, path.as_bytes(), OFlags::PATH, Reach::Everywhere)?;
        let stat = rustix::fs::fstat(&target).map_err(OpenFailure::from_errno)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                open_beneath(dir, path.as_bytes(), OFlags::DIRECTORY, Reach::Everywhere).map(Opened::Directory)
            }
            FileType::RegularFile => self.parent_of(path),
            _ => Err(OpenFailure::NotRegular),
        }
    }

    fn parent_of(&self, path: &RelPath) -> Result<Opened, OpenFailure> {
        let name = path.file_name().to_vec();
        let parent = match path.as_bytes().len() - name.len() {
            0 => b".".as_slice(),
            with_slash => &path.as_bytes()[..with_slash - 1],
        };
        let parent = open_beneath(self.dir.as_fd(), parent, OFlags::DIRECTORY, Reach::Everywhere)?;
        Ok(Opened::File { parent, name })
    }
}

/// Why a path beneath a root is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnterFailure {
    /// The root's path names another directory than the one that was opened, or none.
    Changed,
    /// The path beneath it cannot be opened.
    Open(OpenFailure),
}

impl From<OpenFailure> for EnterFailure {
    fn from(failure: OpenFailure) -> Self {
        Self::Open(failure)
    }
}

/// What is at a path beneath a root.
#[derive(Debug)]
pub enum Opened {
    /// A directory, open for listing.
    Directory(OwnedFd),
    /// A regular file, by its directory and its name there.
    File {
        /// The directory.
        parent: OwnedFd,
        /// Its name in that directory.
        name: Vec<u8>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_told_by_its_id_where_it_has_one_and_by_its_device_otherwise() {
        let disk = RootIdentity { device: 1, inode: 2, filesystem_id: 3 };
        let cases = [
            (RootIdentity { device: 9, ..disk }, true, "the device's number changed with a restart"),
            (RootIdentity { filesystem_id: 4, ..disk }, false, "another disk in the same place"),
            (RootIdentity { inode: 5, ..disk }, false, "another directory"),
            (RootIdentity { filesystem_id: 0, ..disk }, true, "no id is known: the device is the same"),
            (RootIdentity { filesystem_id: 0, device: 9, ..disk }, false, "no id is known: another device"),
        ];
        for (now, is_same, why) in cases {
            assert_eq!(now.is_same_directory(&disk), is_same, "{why}");
        }
    }
}
