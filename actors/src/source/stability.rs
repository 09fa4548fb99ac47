//! How far the digest of an opened file can be trusted, and whether the file stayed as it was.
//!
//! Order: open, fstat, probe, read, fstat. The probe (see `sys::lease`) is made where time stamps may not
//! tell of a writer: for mapped files, files touched within the last minute and file systems without
//! write-back. Its cost, some 2 us, is why it is not made for every small file.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

use super::extents::is_sparse;
use super::filesystem::{FilesystemCache, FilesystemKind};
use super::open::{Dir, OpenFailure, meta_of, open_regular};
use crate::guards::Guard;
use crate::job::rows::{FileMeta, Stability};
use crate::sys::lease::{Probe, probe};

/// A file untouched for this long on a file system with write-back has no writer whose time stamp is
/// still to come: the kernel writes dirty mapped pages back, and stamps them, within half of it.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// Probes before a file counts as open for writing.
const PROBES: usize = 3;

/// A regular file, open for reading.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) file: OwnedFd,
    pub(crate) filesystem: FilesystemKind,
    /// Whether it may have holes worth finding.
    pub(crate) sparse: bool,
}

/// The wall clock once for a batch of files, nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now(i64);

impl Now {
    pub(crate) fn read() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_nanos() as i64)
    }

    fn is_long_after(self, meta: &FileMeta) -> bool {
        let touched = meta.mtime_ns.max(meta.ctime_ns);
        self.0.saturating_sub(touched) > SETTLED_AFTER.as_nanos() as i64
    }
}

impl OpenFile {
    /// Opens `name`; whatever is not to be read becomes its status instead.
    pub(crate) fn open(
        dir: &Dir,
        name: &[u8],
        filesystems: &mut FilesystemCache,
    ) -> Result<(Self, FileMeta), OpenFailure> {
        let (file, stat) = open_regular(dir, name)?;
        let meta = meta_of(&stat);
        let filesystem = filesystems.kind(file.as_fd(), meta.device);
        let in_a_tree = matches!(dir, Dir::Beneath(..));
        if in_a_tree && filesystem == FilesystemKind::Pseudo && Guard::PseudoFilesystems.is_up() {
            return Err(OpenFailure::PseudoFilesystem);
        }
        // What a server or a program says of holes is not relied on.
        let sparse = is_sparse(&stat) && filesystem.may_map() && Guard::Holes.is_up();
        Ok((Self { file, filesystem, sparse }, meta))
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// To be asked before the read: can a writer be ruled out?
    pub(crate) fn stability(&self, meta: &FileMeta, now: Now, mapped: bool) -> Stability {
        match self.filesystem {
            FilesystemKind::Local | FilesystemKind::Memory => {}
            _ if !Guard::CarefulFilesystems.is_up() => {}
            FilesystemKind::Network | FilesystemKind::Fuse | FilesystemKind::Pseudo => return Stability::Unverified,
        }
        if !Guard::LeaseProbe.is_up() {
            return Stability::Stable;
        }
        let settled = self.filesystem.has_write_back() && now.is_long_after(meta);
        if settled && !mapped {
            return Stability::Stable;
        }
        for _ in 0..PROBES {
            match probe(self.fd()) {
                Probe::Free => return Stability::Stable,
                Probe::OpenForWriting => {}
                Probe::Unavailable if settled => return Stability::Stable,
                Probe::Unavailable => return Stability::Unverified,
            }
        }
        Stability::Unverified
    }

    /// `fstat` again.
    pub(crate) fn meta_now(&self) -> Result<FileMeta, Errno> {
        rustix::fs::fstat(&self.file).map(|stat| meta_of(&stat))
    }
}

impl FileMeta {
    /// Whether nothing tells of a write between two looks at one open file.
    pub(crate) fn same_content(&self, later: &Self) -> bool {
        let same_size_and_mtime = (self.size, self.mtime_ns) == (later.size, later.mtime_ns);
        let same_ctime = self.ctime_ns == later.ctime_ns || !Guard::ChangeTime.is_up();
        (same_size_and_mtime && same_ctime) || !Guard::SecondLook.is_up()
    }

    /// Whether a name stands for the file that it stood for before, not written to since. Devices are numbered
    /// anew at every start of the system and do not count.
    pub(crate) fn is_same_file(&self, later: &Self) -> bool {
        self.inode == later.inode && self.same_content(later)
    }
}
