//! The base directory of a bag. Everything in it is opened beneath it, without following a symbolic link, and must be
//! a regular file, so that nothing in a bag leads out of it or keeps the check waiting.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Take};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use hivesum_core::file::{self, Dir, OpenFailure, Reach};
use hivesum_core::result::{ErrorCode, Status};
use unicode_normalization::UnicodeNormalization;

use crate::cli::error::{reason, system_text};
use crate::cli::inputs::open_directory;

/// The largest tag file that is read, manifests and `fetch.txt` apart: those are read line by line.
pub(super) const MAX_TAG_FILE_BYTES: u64 = 64 << 20;

/// The base directory, open.
#[derive(Debug)]
pub(super) struct BagDirectory {
    fd: Arc<OwnedFd>,
    dir: Dir,
}

impl BagDirectory {
    /// Opens the directory that the command line names.
    pub(super) fn open(path: &OsStr) -> io::Result<Self> {
        let fd = Arc::new(open_directory(path)?);
        Ok(Self { dir: Dir::Beneath(fd.clone(), Reach::Everywhere), fd })
    }

    /// The descriptor, for a scan.
    pub(super) fn fd(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }

    /// The names in the base directory, sorted.
    pub(super) fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        names_in(&self.fd)
    }

    /// The payload directory, open.
    pub(super) fn payload(&self) -> Result<OwnedFd, Status> {
        file::open_directory(self.fd.as_fd(), b"data", Reach::Everywhere).map_err(OpenFailure::status)
    }

    /// A file that is read line by line. `None` if there is nothing of this name.
    pub(super) fn open_lines(&self, name: &str) -> Result<Option<BufReader<Take<File>>>, String> {
        self.open_up_to(name, u64::MAX)
    }

    /// A tag file. `None` if there is nothing of this name.
    pub(super) fn open_tag_file(&self, name: &str) -> Result<Option<BufReader<Take<File>>>, String> {
        self.open_up_to(name, MAX_TAG_FILE_BYTES)
    }

    /// The content of a file of at most so many bytes. `None` if there is nothing of this name.
    pub(super) fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, String> {
        let Some(mut file) = self.open_up_to(name, max_bytes)? else { return Ok(None) };
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|error| system_text(&error))?;
        Ok(Some(text))
    }

    fn open_up_to(&self, name: &str, max_bytes: u64) -> Result<Option<BufReader<Take<File>>>, String> {
        match self.dir.open_file(name.as_bytes()) {
            Ok((_, meta)) if meta.size > max_bytes => Err(format!("is larger than {max_bytes} bytes")),
            Ok((file, _)) => Ok(Some(BufReader::new(file.take(max_bytes)))),
            Err(status) if is_absent(status) => Ok(None),
            Err(status) => Err(in_words(status)),
        }
    }

    /// Whether there is something of this name, regular file or not.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        !self.dir.open_file(name).is_err_and(is_absent)
    }

    /// The one name that differs from this one only in its Unicode normalisation form.
    pub(super) fn in_other_form(&self, name: &[u8]) -> Option<Vec<u8>> {
        let wanted = std::str::from_utf8(name).ok().filter(|name| !name.is_ascii())?;
        let mut found = Vec::new();
        let mut dir = self.fd.try_clone().ok()?;
        let mut parts = wanted.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_it = |name: &Vec<u8>| normal_form(name) == normal_form(part.as_bytes());
            let mut same = names_in(&dir).ok()?.into_iter().filter(is_it);
            let (Some(one), None) = (same.next(), same.next()) else { return None };
            found.extend_from_slice(&one);
            if parts.peek().is_some() {
                dir = file::open_directory(dir.as_fd(), &one, Reach::Everywhere).map_err(OpenFailure::status).ok()?;
                found.push(b'/');
            }
        }
        Some(found)
    }
}

/// The name in the normalisation form in which names are compared. `None` if it is not UTF-8.
pub(super) fn normal_form(name: &[u8]) -> Option<String> {
    Some(std::str::from_utf8(name).ok()?.nfc().collect())
}

fn names_in(dir: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.to_vec());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether there is nothing of a name.
pub(super) fn is_absent(status: Status) -> bool {
    matches!(status, Status::Error { code: ErrorCode::NotFound, .. })
}

/// Why something cannot be read.
pub(super) fn in_words(status: Status) -> String {
    match status {
        Status::Skipped(_) => format!("cannot be read: {}", reason(status).unwrap_or_default()),
        Status::Hashed(_) | Status::Error { .. } => reason(status).unwrap_or_default(),
    }
}
