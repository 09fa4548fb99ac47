//! The names of one directory, sorted by bytes, in one allocation.
//!
//! `getdents64` lists the directory through the descriptor that the walk holds, so a directory that was swapped
//! meanwhile is never followed, no path is too long, and no /proc is needed. A descriptor that others may hold as well
//! is opened again first, because its read position is shared. Names are compared as raw bytes.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RawDirEntry, SeekFrom};
use rustix::io::Errno;

use crate::file::retry_open;

/// The kind of an entry, as the directory itself reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or the file system does not report the kind.
    File,
    /// A file whose inode number is that of a file that must not be opened.
    PossiblyOwn,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A block device.
    BlockDevice,
    /// A FIFO, socket or character device.
    Special,
}

impl Kind {
    fn of(file_type: FileType) -> Self {
        match file_type {
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::Fifo | FileType::Socket | FileType::CharacterDevice => Self::Special,
            FileType::RegularFile | FileType::Unknown => Self::File,
        }
    }

    /// The kind of an entry of `dir`. Some file systems store no types in directories: ext4 without `filetype`, XFS with
    /// `ftype=0`. There `lstat` tells, and its error is the error of the listing.
    fn of_entry(dir: BorrowedFd<'_>, entry: &RawDirEntry<'_>) -> Result<Self, Errno> {
        match entry.file_type() {
            FileType::Unknown => {
                let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
                let stat = rustix::fs::statat(dir, entry.file_name(), flags)?;
                Ok(Self::of(FileType::from_raw_mode(stat.st_mode)))
            }
            known => Ok(Self::of(known)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Name {
    at: u32,
    len: u8,
    kind: Kind,
}

/// The names of one directory in byte order.
#[derive(Debug, Default)]
pub struct Listing {
    arena: Vec<u8>,
    names: Vec<Name>,
}

impl Listing {
    /// Lists an open directory, whatever the read position of its descriptor. `keep_going` is called before every name;
    /// when it returns false, the listing ends.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn of(dir: BorrowedFd<'_>, mut keep_going: impl FnMut() -> bool) -> Result<Self, Errno> {
        Lister::new(&[]).list(reopen(dir)?.as_fd(), &mut keep_going)
    }

    fn push(&mut self, name: &[u8], kind: Kind) -> Result<(), Errno> {
        let at = u32::try_from(self.arena.len()).map_err(|_| Errno::OVERFLOW)?;
        let len = u8::try_from(name.len()).map_err(|_| Errno::NAMETOOLONG)?;
        self.arena.extend_from_slice(name);
        self.names.push(Name { at, len, kind });
        Ok(())
    }

    fn sort(&mut self) {
        let arena = &self.arena;
        self.names.sort_unstable_by(|a, b| bytes_of(arena, a).cmp(bytes_of(arena, b)));
    }

    /// The name at this index.
    pub fn get(&self, index: usize) -> Option<(&[u8], Kind)> {
        let name = self.names.get(index)?;
        Some((bytes_of(&self.arena, name), name.kind))
    }

    /// The index of the first name after `cursor`.
    pub fn after(&self, cursor: &[u8]) -> usize {
        self.names.partition_point(|name| bytes_of(&self.arena, name) <= cursor)
    }
}

/// How many bytes of entries one call returns at most: some 2,000 names of ordinary length.
const BUFFER_BYTES: usize = 64 * 1024;

/// Lists directories, one after the other, through one buffer.
#[derive(Debug)]
pub(crate) struct Lister<'a> {
    /// Files with one of these inode numbers are marked [`Kind::PossiblyOwn`].
    own_inodes: &'a [u64],
    buffer: Box<[MaybeUninit<u8>]>,
}

impl<'a> Lister<'a> {
    pub(crate) fn new(own_inodes: &'a [u64]) -> Self {
        Self { own_inodes, buffer: Box::new_uninit_slice(BUFFER_BYTES) }
    }

    /// Lists a directory whose descriptor is at its start and is read by nobody else. `keep_going` is as in
    /// [`Listing::of`].
    pub(crate) fn list(
        &mut self,
        dir: BorrowedFd<'_>,
        keep_going: &mut impl FnMut() -> bool,
    ) -> Result<Listing, Errno> {
        let mut listing = retry_open(|| {
            let listing = self.read(dir, keep_going);
            if listing.is_err() {
                // The next attempt must not miss the names that this one has read.
                rustix::fs::seek(dir, SeekFrom::Start(0))?;
            }
            listing
        })?;
        listing.sort();
        Ok(listing)
    }

    fn read(&mut self, dir: BorrowedFd<'_>, keep_going: &mut impl FnMut() -> bool) -> Result<Listing, Errno> {
        let mut listing = Listing::default();
        let mut entries = RawDir::new(dir, &mut self.buffer);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                // The directory was removed after it was opened: it has no names, as for readdir(3).
                Err(Errno::NOENT) => break,
                entry => entry?,
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if !keep_going() {
                break;
            }
            let kind = match Kind::of_entry(dir, &entry)? {
                Kind::File if self.own_inodes.contains(&entry.ino()) => Kind::PossiblyOwn,
                kind => kind,
            };
            listing.push(name, kind)?;
        }
        Ok(listing)
    }
}

/// Opens a directory once more, with a read position of its own.
pub(crate) fn reopen(dir: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    retry_open(|| match rustix::fs::openat(dir, c".", flags, Mode::empty()) {
        // A directory that may be read and not searched has no `.` to open.
        Err(Errno::ACCESS) => {
            let path = format!("/proc/self/fd/{}", dir.as_raw_fd());
            rustix::fs::open(path, flags, Mode::empty()).map_err(|_| Errno::ACCESS)
        }
        opened => opened,
    })
}

fn bytes_of<'a>(arena: &'a [u8], name: &Name) -> &'a [u8] {
    &arena[name.at as usize..][..name.len as usize]
}

#[cfg(test)]
mod tests;
