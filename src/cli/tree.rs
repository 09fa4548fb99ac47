//! The directory that the names of a manifest mean: its spellings, and which of the names are there.
//!
//! Files are looked at without opening them, on a thread that is left behind if the file system does not answer; from
//! then on nothing is there.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use hivesum_core::compare::{Separator, Spelling};
use rustix::fs::{AtFlags, FileType, statat};

use super::inputs::open_directory;
use super::terminal::Terminal;

/// An open directory.
#[derive(Debug)]
pub(super) struct Tree {
    dir: OwnedFd,
    /// Its absolute path without links, with a `/` at its end.
    real_path: Vec<u8>,
    /// The names of the directory, each with a `/` at its end.
    starts: Vec<Vec<u8>>,
    timeout: Duration,
}

impl Tree {
    /// Opens a directory. A symbolic link to one is followed.
    pub(super) fn open(path: &OsStr, timeout: Duration) -> io::Result<Self> {
        let dir = open_directory(path)?;
        let real_path = with_slash(real_path_of(&dir, path)?.into_os_string().into_vec());
        let starts = starts_of(path, &real_path);
        Ok(Self { dir, real_path, starts, timeout })
    }

    /// Its descriptor, once more.
    pub(super) fn dir(&self) -> io::Result<OwnedFd> {
        self.dir.try_clone()
    }

    /// Its absolute path without links, with a `/` at its end.
    pub(super) fn real_path(&self) -> &[u8] {
        &self.real_path
    }

    /// How names are spelled so that they are names in this directory.
    pub(super) fn spelling<'n>(&self, names: impl Iterator<Item = &'n [u8]> + Clone) -> io::Result<Spelling> {
        let mut look = Look::start(self)?;
        Ok(Spelling::meeting(names, &self.starts, |name| look.at(name).is_some()))
    }

    /// Says what a spelling changes, unless it is the name of the directory that is taken off.
    pub(super) fn tell(&self, spelling: &Spelling, manifest: &[u8], terminal: &Terminal) {
        let is_own = self.starts.contains(&spelling.taken_off);
        let told = Spelling { taken_off: if is_own { Vec::new() } else { spelling.taken_off.clone() }, ..*spelling };
        tell(&told, manifest, terminal);
    }

    /// The sizes of the regular files among these names.
    pub(super) fn sizes<'n>(&self, names: impl Iterator<Item = &'n [u8]>) -> io::Result<Vec<(u64, &'n [u8])>> {
        let mut look = Look::start(self)?;
        Ok(names.filter_map(|name| Some((look.at(name)?.size_of_regular?, name))).collect())
    }
}

/// Says what a spelling changes.
pub(super) fn tell(spelling: &Spelling, manifest: &[u8], terminal: &Terminal) {
    if spelling.separator == Separator::Backslash {
        terminal.message_about(manifest, "directories are separated by \\ in all names: read as /");
    }
    if !spelling.taken_off.is_empty() {
        let shown = terminal.quoted(&spelling.taken_off);
        terminal.message_about(manifest, &format!("all names begin with {shown}: taken off"));
    }
}

/// The absolute path without links of an open directory. Without /proc it is that of the path as it was given, while
/// that is the same directory.
fn real_path_of(dir: &OwnedFd, path: &OsStr) -> io::Result<PathBuf> {
    let told = std::fs::read_link(format!("/proc/self/fd/{}", dir.as_raw_fd()));
    if !told.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return told;
    }
    let real_path = std::fs::canonicalize(path)?;
    let (opened, found) = (rustix::fs::fstat(dir)?, rustix::fs::stat(&real_path)?);
    match (opened.st_dev, opened.st_ino) == (found.st_dev, found.st_ino) {
        true => Ok(real_path),
        false => Err(io::Error::other("another directory is at this path now")),
    }
}

/// The directory as it was given, its real path, and as it was given from `/` on.
fn starts_of(path: &OsStr, real_path: &[u8]) -> Vec<Vec<u8>> {
    let from_root = std::path::absolute(path).ok().map(|path| with_slash(path.into_os_string().into_vec()));
    let given = with_slash(without_dots(path.as_bytes()).to_vec());
    let mut starts = Vec::new();
    for start in [Some(given), Some(real_path.to_vec()), from_root].into_iter().flatten() {
        if start != b"./" && !starts.contains(&start) {
            starts.push(start);
        }
    }
    starts
}

/// The path with one `/` at its end.
fn with_slash(mut path: Vec<u8>) -> Vec<u8> {
    while path.ends_with(b"/") {
        path.pop();
    }
    path.push(b'/');
    path
}

/// The path without leading `./`; a lone `.` stays.
fn without_dots(mut path: &[u8]) -> &[u8] {
    while let Some(rest) = path.strip_prefix(b"./").filter(|rest| !rest.is_empty()) {
        path = rest;
    }
    path
}

/// What is at a name.
#[derive(Debug, Clone, Copy)]
struct Seen {
    size_of_regular: Option<u64>,
}

/// Looks at names, one at a time.
struct Look {
    names: SyncSender<Vec<u8>>,
    seen: Receiver<Option<Seen>>,
    timeout: Duration,
    gave_up: bool,
}

impl Look {
    fn start(tree: &Tree) -> io::Result<Self> {
        let (names, asked) = sync_channel::<Vec<u8>>(1);
        let (answer, seen) = sync_channel(1);
        let dir = tree.dir()?;
        let look = move || {
            for name in asked {
                if answer.send(look_at(&dir, &name)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("hivesum-look".to_owned()).spawn(look)?;
        Ok(Self { names, seen, timeout: tree.timeout, gave_up: false })
    }

    fn at(&mut self, name: &[u8]) -> Option<Seen> {
        if self.gave_up || self.names.send(name.to_vec()).is_err() {
            return None;
        }
        let seen = self.seen.recv_timeout(self.timeout);
        self.gave_up = seen.is_err();
        seen.ok().flatten()
    }
}

/// What is at a name in the directory. An absolute name is not in it.
fn look_at(dir: &OwnedFd, name: &[u8]) -> Option<Seen> {
    if name.is_empty() || name.starts_with(b"/") {
        return None;
    }
    let stat = statat(dir.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    Some(Seen { size_of_regular: is_regular.then(|| u64::try_from(stat.st_size).unwrap_or_default()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_known_by_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(directory.path()).unwrap();
        let link = real.join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let starts = |path: &OsStr| {
            let starts = Tree::open(path, Duration::from_secs(60)).unwrap().starts;
            starts.into_iter().map(|start| String::from_utf8(start).unwrap()).collect::<Vec<_>>()
        };
        let (real, link) = (format!("{}/", real.display()), format!("{}/", link.display()));
        assert_eq!(starts(OsStr::new(&real)), std::slice::from_ref(&real));
        assert_eq!(starts(OsStr::new(&link)), [link, real]);
        let here = format!("{}/", std::env::current_dir().unwrap().display());
        assert_eq!(starts(OsStr::new(".")), std::slice::from_ref(&here));
        assert_eq!(starts(OsStr::new("./src//")), ["src/".to_owned(), format!("{here}src/")]);
        assert_eq!(starts(OsStr::new("/")), ["/"]);
    }

    #[test]
    fn only_what_is_in_the_directory_is_there() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a"), "123").unwrap();
        std::fs::create_dir(directory.path().join("d")).unwrap();
        let tree = Tree::open(directory.path().as_os_str(), Duration::from_secs(60)).unwrap();
        let names = [&b"a"[..], b"d", b"gone", b"", b"/etc/passwd"];
        assert_eq!(tree.sizes(names.into_iter()).unwrap(), [(3, &b"a"[..])]);
    }
}
