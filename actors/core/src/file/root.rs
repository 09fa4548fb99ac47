//! Named roots: the only directories below which a service reads.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::filesystem::FilesystemKind;
use super::open::{OpenFailure, Reach, open_beneath};
use super::path::RelPath;

/// A directory of the server with a public name. Cheap to clone. Its absolute path is only for the log.
#[derive(Debug, Clone)]
pub struct Root {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    path: PathBuf,
    dir: OwnedFd,
    filesystem: FilesystemKind,
}

/// Why a directory cannot be a root.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// It does not exist, is not a directory, or may not be opened.
    #[error("{path}: {source}")]
    Open {
        /// The path as it was given.
        path: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Its path has no last component that can be the name.
    #[error("{path}: give this directory a name, as in NAME={path}")]
    Nameless {
        /// The path as it was given.
        path: String,
    },
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

impl Root {
    /// Opens `path` as a root. Without a name, the last component of the resolved path is the name.
    ///
    /// # Errors
    /// If the directory cannot be opened, or if it needs a name.
    pub fn open(name: Option<&str>, path: &Path) -> Result<Self, RootError> {
        let shown = || path.display().to_string();
        let failed = |source: std::io::Error| RootError::Open { path: shown(), source };
        let resolved = path.canonicalize().map_err(failed)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => {
                let last = resolved.file_name().ok_or_else(|| RootError::Nameless { path: shown() })?;
                last.to_str().ok_or_else(|| RootError::Nameless { path: shown() })?.to_owned()
            }
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::openat(CWD, &resolved, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        let filesystem = FilesystemKind::of(dir.as_fd());
        Ok(Self { inner: Arc::new(Inner { name, path: resolved, dir, filesystem }) })
    }

    /// Its public name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its absolute path, only for the log.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The kind of file system it is on.
    #[must_use]
    pub fn filesystem(&self) -> FilesystemKind {
        self.inner.filesystem
    }

    /// The descriptor of the directory.
    #[must_use]
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.inner.dir.as_fd()
    }

    /// Opens the file or directory that a request names. It blocks, so it must not be called on an event loop.
    ///
    /// # Errors
    /// If it does not exist, if the path contains a symlink, or if it is neither a directory nor a regular file.
    pub fn open_beneath(&self, path: &RelPath) -> Result<Opened, OpenFailure> {
        if path.is_root() {
            let dir = open_beneath(self.dir(), b".", OFlags::DIRECTORY, Reach::Everywhere)?;
            return Ok(Opened::Directory(dir));
        }
        let target = open_beneath(self.dir(), path.as_bytes(), OFlags::PATH, Reach::Everywhere)?;
        let stat = rustix::fs::fstat(&target).map_err(OpenFailure::from_errno)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                open_beneath(self.dir(), path.as_bytes(), OFlags::DIRECTORY, Reach::Everywhere).map(Opened::Directory)
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
        let parent = open_beneath(self.dir(), parent, OFlags::DIRECTORY, Reach::Everywhere)?;
        Ok(Opened::File { parent, name })
    }
}
