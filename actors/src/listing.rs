//! Lists a directory beneath a root, in pages, so that people can choose what to hash.
//!
//! Reads names and `lstat`, never contents. The directory is opened beneath the root as a job opens it, on a
//! thread that is abandoned if the file system does not answer. Each page lists the whole directory again: there is
//! no state between requests, and a name that stays is neither missed nor listed twice.

pub(crate) mod ask;

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::AtFlags;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use self::ask::{NoAnswer, ask};
use hivesum_core::file::{EnterFailure, OpenFailure, Opened, RelPath, Root};
use hivesum_core::result::{FileTime, nanoseconds};
use hivesum_core::walk::{Kind, Listing};

/// The most entries on one page.
pub const MAX_ENTRIES: usize = 1000;

/// Some entries of a directory, sorted by the bytes of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries.
    pub items: Vec<Entry>,
    /// The cursor of the next page: the last name on this one. Nothing on the last page.
    pub next_cursor: Option<Vec<u8>>,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The exact bytes of its name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes, from `lstat`.
    pub size: u64,
    /// Last modification.
    pub modified_at: Option<FileTime>,
}

/// What an entry is. Symlinks are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, whatever its target.
    Symlink,
    /// A FIFO, socket or device.
    Other,
}

impl EntryKind {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File => "file",
            Self::Symlink => "symlink",
            Self::Other => "other",
        }
    }
}

impl From<Kind> for EntryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File | Kind::PossiblyOwn => Self::File,
            Kind::Directory => Self::Directory,
            Kind::Symlink => Self::Symlink,
            Kind::BlockDevice | Kind::Special => Self::Other,
        }
    }
}

/// Why there is no listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Nothing is there, or the path leads through a symlink.
    #[error("no directory is at this path")]
    NotFound,
    /// Permission to list it is denied.
    #[error("the directory may not be listed")]
    Permission,
    /// It is something else.
    #[error("the path is not a directory")]
    NotADirectory,
    /// The root's file system does not answer, or fails.
    #[error("the root does not answer")]
    RootUnavailable,
    /// The root's path names another directory by now.
    #[error("another directory is in the place of the root")]
    RootChanged,
    /// As many requests as allowed already wait for this root.
    #[error("the root is busy")]
    Busy,
}

impl From<EnterFailure> for ListError {
    fn from(failure: EnterFailure) -> Self {
        match failure {
            EnterFailure::Changed => Self::RootChanged,
            EnterFailure::Open(failure) => failure.into(),
        }
    }
}

impl From<NoAnswer> for ListError {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Busy => Self::Busy,
            NoAnswer::TimedOut => Self::RootUnavailable,
        }
    }
}

impl From<Errno> for ListError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NAMETOOLONG => Self::NotFound,
            Errno::NOTDIR => Self::NotADirectory,
            Errno::ACCESS | Errno::PERM => Self::Permission,
            _ => Self::RootUnavailable,
        }
    }
}

impl From<OpenFailure> for ListError {
    fn from(failure: OpenFailure) -> Self {
        match failure {
            OpenFailure::Symlink | OpenFailure::OtherFilesystem | OpenFailure::PseudoFilesystem => Self::NotFound,
            OpenFailure::NotRegular => Self::NotADirectory,
            // A component of the path is a file: nothing is beneath it.
            OpenFailure::System(Errno::NOTDIR) => Self::NotFound,
            OpenFailure::System(errno) => errno.into(),
        }
    }
}

/// Lists a directory beneath the root: the entries after `cursor`, at most `limit` and [`MAX_ENTRIES`].
///
/// # Errors
/// Why there is no listing; after 5 s without an answer [`ListError::RootUnavailable`].
pub async fn entries(
    root: &Root,
    path: RelPath,
    cursor: Option<Vec<u8>>,
    limit: usize,
) -> Result<EntryPage, ListError> {
    let limit = limit.clamp(1, MAX_ENTRIES);
    let listed = ask(root, move |root, caller| {
        let (Opened::Directory(dir), _) = root.enter(&path)? else { return Err(ListError::NotADirectory) };
        let listing = Listing::of(dir.as_fd(), || caller.is_waiting())?;
        Ok(page_of(dir.as_fd(), &listing, &cursor.unwrap_or_default(), limit))
    });
    listed.await?
}

fn page_of(dir: BorrowedFd<'_>, listing: &Listing, cursor: &[u8], limit: usize) -> EntryPage {
    let first = listing.after(cursor);
    let names = (first..first + limit).map_while(|index| listing.get(index));
    // A name that has disappeared meanwhile is left out.
    let items = names.filter_map(|(name, kind)| entry_of(dir, name, kind)).collect();
    let last = listing.get(first + limit - 1).filter(|_| listing.get(first + limit).is_some());
    EntryPage { items, next_cursor: last.map(|(name, _)| name.to_vec()) }
}

fn entry_of(dir: BorrowedFd<'_>, name: &[u8], kind: Kind) -> Option<Entry> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT).ok()?;
    let modified_at = FileTime::from_ns(nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64));
    Some(Entry { name: name.to_vec(), kind: kind.into(), size: stat.st_size as u64, modified_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[actix::test]
    async fn a_directory_is_listed_in_pages_that_join_without_a_gap() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("below");
        std::fs::create_dir(&below).unwrap();
        std::fs::create_dir(below.join("d")).unwrap();
        std::fs::write(below.join("a"), "four").unwrap();
        std::fs::write(below.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        std::os::unix::fs::symlink("/", below.join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, below.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let root = Root::open(None, dir.path()).unwrap();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = entries(&root, path("below"), cursor, 2).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let seen: Vec<_> = seen.iter().map(|entry| (&entry.name[..], entry.kind.name(), entry.size)).collect();
        assert_eq!(seen[0], (&b"a"[..], "file", 4));
        assert_eq!((seen[1].0, seen[1].1), (&b"d"[..], "directory"));
        assert_eq!(seen[2..].iter().map(|entry| entry.1).collect::<Vec<_>>(), ["symlink", "other", "file"]);
        assert_eq!(seen[4].0, b"\xff");
    }

    #[actix::test]
    async fn each_reason_why_a_path_cannot_be_listed_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("link")).unwrap();
        let root = Root::open(None, dir.path()).unwrap();
        for (asked, expected) in [
            ("file", ListError::NotADirectory),
            ("file/x", ListError::NotFound),
            ("nothing", ListError::NotFound),
            ("link", ListError::NotFound),
            ("link/etc", ListError::NotFound),
        ] {
            assert_eq!(entries(&root, path(asked), None, 10).await, Err(expected), "{asked}");
        }
        assert_eq!(entries(&root, path(""), None, 10).await.unwrap().items.len(), 2);
    }

    #[actix::test]
    async fn a_page_is_never_longer_than_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..=MAX_ENTRIES {
            std::fs::write(dir.path().join(format!("{number:05}")), "").unwrap();
        }
        let root = Root::open(None, dir.path()).unwrap();
        let page = entries(&root, path(""), None, usize::MAX).await.unwrap();
        assert_eq!(page.items.len(), MAX_ENTRIES);
        assert_eq!(page.next_cursor, Some(b"00999".to_vec()));
        let rest = entries(&root, path(""), page.next_cursor, usize::MAX).await.unwrap();
        assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
    }
}
