//! A directory of the command line, listed and opened beneath itself, without following a symbolic link.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use hivesum_core::file::{self, Dir, Reach};
use hivesum_core::manifest::documents::found::Tree;

use crate::cli::error::{path_error, reason};
use crate::cli::inputs::open_directory;

/// The largest document that is read whole.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// How many names of one directory are looked at.
const MAX_NAMES: usize = 1_000_000;

/// The directory, open.
pub(super) struct Beneath {
    fd: Arc<OwnedFd>,
    dir: Dir,
    /// Names of directories that are still looked at.
    names_left: Cell<usize>,
}

impl Beneath {
    /// Opens the directory that the command line names.
    pub(super) fn open(path: &OsStr) -> anyhow::Result<Self> {
        let fd = Arc::new(open_directory(path).map_err(|error| path_error(path, &error))?);
        let dir = Dir::Beneath(fd.clone(), Reach::Everywhere);
        Ok(Self { fd, dir, names_left: Cell::new(MAX_NAMES) })
    }

    /// A file in it.
    pub(super) fn open_file(&self, name: &[u8]) -> anyhow::Result<File> {
        let failed = |status| anyhow!("{}", reason(status).unwrap_or_default());
        self.dir.open_file(name).map(|(file, _)| file).map_err(failed)
    }

    /// The content of a document in it.
    pub(super) fn read(&self, name: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.open_file(name)?.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MAX_DOCUMENT_BYTES {
            bail!("it is larger than {MAX_DOCUMENT_BYTES} bytes");
        }
        Ok(text)
    }
}

impl Tree for Beneath {
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>> {
        let dir = match directory {
            b"" => rustix::fs::Dir::read_from(self.fd.as_fd()),
            directory => {
                let opened = file::open_directory(self.fd.as_fd(), directory, Reach::Everywhere).ok()?;
                rustix::fs::Dir::read_from(opened)
            }
        };
        let mut names = Vec::new();
        for entry in dir.ok()?.flatten().take(self.names_left.get()) {
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name.to_vec());
            }
        }
        self.names_left.set(self.names_left.get().saturating_sub(names.len()));
        Some(names)
    }

    fn is_file(&self, name: &[u8]) -> bool {
        self.dir.open_file(name).is_ok()
    }

    fn link(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name.contains(&b'/') {
            return None;
        }
        Some(rustix::fs::readlinkat(self.fd.as_fd(), name, Vec::new()).ok()?.into_bytes())
    }
}
