//! The file of `-o`: it appears under its name only when it is complete.
//!
//! Until it is committed the file has no name where the file system supports that (`O_TMPFILE`), so that an
//! interrupted run leaves nothing behind; elsewhere it is a temporary file beside its target. A commit syncs the
//! file, renames it over the target and syncs the directory. A target that is not a regular file (`/dev/null`, a
//! FIFO) is written to directly. Results that lack a file are committed under another name, beside the target.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hivesum_core::result::FileIdentity;
use rustix::fs::{AtFlags, CWD, OFlags};
use tempfile::NamedTempFile;

/// The mode of a new file before the umask.
const NEW_FILE_MODE: u32 = 0o666;

/// How many temporary names are tried before a commit gives up.
const NAME_TRIES: u32 = 100;

/// An output file that has not replaced its target yet.
#[derive(Debug)]
pub(super) struct AtomicFile {
    kind: Kind,
    target: PathBuf,
    own_files: Vec<FileIdentity>,
}

#[derive(Debug)]
enum Kind {
    Nameless(File),
    Named(NamedTempFile),
    Direct(File),
}

impl AtomicFile {
    /// Opens a file that will replace `path`. A symbolic link there is followed: its target will be replaced.
    ///
    /// # Errors
    /// If the directory cannot be written to, or `path` is a directory.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let existing = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(io::Error::from_raw_os_error(libc::EISDIR)),
            Ok(metadata) if !metadata.is_file() => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { kind: Kind::Direct(file), target: path.to_owned(), own_files: Vec::new() });
            }
            Ok(metadata) => Some(metadata.permissions()),
            Err(_) => None,
        };
        let target = if path.is_symlink() && existing.is_some() { path.canonicalize()? } else { path.to_owned() };
        let mut own_files = Vec::new();
        if existing.is_some() {
            own_files.push(FileIdentity::of(rustix::fs::openat(
                CWD,
                &target,
                OFlags::PATH | OFlags::CLOEXEC,
                rustix::fs::Mode::empty(),
            )?)?);
        }
        let kind = open_temporary(directory_of(&target))?;
        if let Some(permissions) = existing {
            kind.file().set_permissions(Permissions::from_mode(permissions.mode() & 0o777))?;
        }
        own_files.push(FileIdentity::of(kind.file())?);
        Ok(Self { kind, target, own_files })
    }

    /// Whether this is the regular file that it will replace.
    pub(super) fn replaces(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|meta| {
            let identity = FileIdentity { device: meta.dev(), inode: meta.ino() };
            meta.is_file() && self.own_files.contains(&identity)
        })
    }

    /// The files that a scan skips: this one, and the one it will replace.
    pub(super) fn own_files(&self) -> &[FileIdentity] {
        &self.own_files
    }

    /// What it will replace.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Renames its target: the file will be `NAME.partial` instead, beside the one that stays. `None` if the target is
    /// not a regular file, which has been written to already.
    pub(super) fn partial(mut self) -> Option<(Self, PathBuf)> {
        if matches!(self.kind, Kind::Direct(_)) {
            return None;
        }
        self.target.as_mut_os_string().push(".partial");
        let named = self.target.clone();
        Some((self, named))
    }

    /// Replaces the target.
    ///
    /// # Errors
    /// If it cannot be synced or renamed. The target is unchanged then.
    pub(super) fn commit(self) -> io::Result<()> {
        let directory = directory_of(&self.target);
        match self.kind {
            Kind::Direct(_) => return Ok(()),
            Kind::Nameless(file) => {
                file.sync_all()?;
                name_and_rename(&file, &self.target)?;
            }
            Kind::Named(file) => {
                file.as_file().sync_all()?;
                file.persist(&self.target)?;
            }
        }
        File::open(directory)?.sync_all()
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kind.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.kind.file().flush()
    }
}

impl Kind {
    fn file(&self) -> &File {
        match self {
            Self::Nameless(file) | Self::Direct(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn open_temporary(directory: &Path) -> io::Result<Kind> {
    let nameless = OpenOptions::new().write(true).mode(NEW_FILE_MODE).custom_flags(libc::O_TMPFILE).open(directory);
    match nameless {
        // It gets its name through /proc.
        Ok(file) if Path::new("/proc/self/fd").exists() => return Ok(Kind::Nameless(file)),
        Ok(_) | Err(_) => {}
    }
    let mut named = tempfile::Builder::new();
    named.prefix(".hivesum-").permissions(Permissions::from_mode(NEW_FILE_MODE));
    named.tempfile_in(directory).map(Kind::Named)
}

/// Gives the file a temporary name beside its target, because `linkat` does not replace files, and renames it.
fn name_and_rename(file: &File, target: &Path) -> io::Result<()> {
    let through_proc = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    for number in 0..NAME_TRIES {
        let aside = directory_of(target).join(format!(".hivesum-{}-{number}", std::process::id()));
        match rustix::fs::linkat(CWD, &through_proc, CWD, &aside, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => {}
            Err(rustix::io::Errno::EXIST) => continue,
            Err(errno) => return Err(errno.into()),
        }
        // btrfs does not sync a file without a name, so the sync before this call did nothing there.
        return file.sync_all().and_then(|()| fs::rename(&aside, target)).inspect_err(|_| {
            // The content is lost either way; at worst a temporary name is left over.
            let _ = fs::remove_file(&aside);
        });
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_replaces_its_target_only_when_it_is_committed() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("sums");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(file.own_files().len(), 2);
        drop(file);
        assert_eq!(fs::read(&target).unwrap(), b"old");

        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(directory.path()), ["sums"]);
    }

    #[test]
    fn a_file_with_a_temporary_name_does_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("sums");
        let named = tempfile::Builder::new().tempfile_in(directory.path()).unwrap();
        let mut file = AtomicFile { kind: Kind::Named(named), target: target.clone(), own_files: Vec::new() };
        file.write_all(b"new").unwrap();
        assert!(!target.exists());
        file.commit().unwrap();
        assert_eq!(names(directory.path()), ["sums"]);
    }

    #[test]
    fn the_longest_name_can_be_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let name = "n".repeat(255);
        let mut file = AtomicFile::create(&directory.path().join(&name)).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert_eq!(names(directory.path()), [name]);
    }

    #[test]
    fn a_commit_that_fails_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("sums");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"new").unwrap();
        fs::create_dir(&target).unwrap();
        assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(names(directory.path()), ["sums"]);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("real"), "old").unwrap();
        std::os::unix::fs::symlink("real", directory.path().join("link")).unwrap();
        let mut file = AtomicFile::create(&directory.path().join("link")).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert!(directory.path().join("link").is_symlink());
        assert_eq!(fs::read(directory.path().join("real")).unwrap(), b"new");
    }

    #[test]
    fn a_directory_is_refused_and_a_device_is_written_to() {
        let directory = tempfile::tempdir().unwrap();
        assert!(AtomicFile::create(directory.path()).is_err());
        let mut file = AtomicFile::create(Path::new("/dev/null")).unwrap();
        file.write_all(b"gone").unwrap();
        file.commit().unwrap();
    }
}
