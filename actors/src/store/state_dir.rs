//! The state directory: the files in it, and the lock that lets one process serve it.
//!
//! One file, `hivesum.db`, holds everything; SQLite keeps `-wal` and `-shm` beside it. The server holds a lock on
//! `hivesum.lock` as long as it runs; the kernel releases it however the process ends. `hivesum.journal` names the
//! latest commit, and `hivesum.slots` the file that each hasher is reading. None of them is ever a FIFO or a device:
//! these are refused, because opening one may never return. Whoever writes holds the lock: the server, or a command
//! while no server runs.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, OFlags};

use super::error::system_failure;
use super::preparation::Preparation;
use super::rights::close_to_others;
use crate::error::StoreError;
use hivesum_core::result::FileIdentity;

/// The files in a state directory that are opened by these names.
const FILES: [&str; 8] = [
    "hivesum.db",
    "hivesum.db-wal",
    "hivesum.db-shm",
    "hivesum.db-journal",
    "hivesum.journal",
    "hivesum.lock",
    "hivesum.slots",
    "tokens.changed",
];

/// How long a server that starts waits for a command that holds the lock.
pub(crate) const SERVER_WAITS: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 2_000 });

/// How often the lock is tried while another process holds it.
const TRY_AGAIN_EVERY: Duration = Duration::from_millis(5);

/// The paths of the files in a state directory. Clones share what a service knows of its database.
#[derive(Debug, Clone)]
pub(crate) struct StateDir {
    path: PathBuf,
    database: PathBuf,
    preparation: Preparation,
}

/// The lock of the one process that serves a state directory.
#[derive(Debug)]
pub(crate) struct ServerLock {
    _file: OwnedFd,
}

impl StateDir {
    /// Creates the directory if it is missing, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::NotAFile`] if something else is in the place of one of its files.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(write_failure)?;
        close_to_others(path);
        Self::at(path)
    }

    /// The directory as it is; nothing if there is none.
    ///
    /// # Errors
    /// When it cannot be looked at, and those of [`open`](Self::open).
    pub(crate) fn existing(path: &Path) -> Result<Option<Self>, StoreError> {
        match std::fs::metadata(path) {
            Ok(_) => Self::at(path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(system_failure(error)),
        }
    }

    fn at(path: &Path) -> Result<Self, StoreError> {
        for name in FILES {
            if std::fs::metadata(path.join(name)).is_ok_and(|meta| !meta.is_file()) {
                return Err(StoreError::NotAFile { name });
            }
        }
        Ok(Self { path: path.to_owned(), database: path.join("hivesum.db"), preparation: Preparation::default() })
    }

    /// Whether there is a database.
    ///
    /// # Errors
    /// When that cannot be told: a directory that may not be searched is not one without a database.
    pub(crate) fn has_database(&self) -> Result<bool, StoreError> {
        match std::fs::metadata(&self.database) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(system_failure(error)),
        }
    }

    /// Whether this process may write to the directory and to every file in it.
    pub(crate) fn may_be_written(&self) -> bool {
        let mut files = FILES.iter().map(|name| self.path.join(name));
        may_write(&self.path) && files.all(|file| may_write(&file) || std::fs::symlink_metadata(&file).is_err())
    }

    /// Whether its service has prepared the database.
    pub(crate) fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// The database's path with a suffix.
    pub(crate) fn beside_database(&self, suffix: &str) -> PathBuf {
        self.path.join(format!("hivesum.db{suffix}"))
    }

    /// The file that names the latest commit.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join("hivesum.journal")
    }

    /// A file that grows by one byte whenever the tokens change.
    pub(crate) fn token_changes(&self) -> PathBuf {
        self.path.join("tokens.changed")
    }

    /// The sizes of the database and of its log.
    pub(crate) fn database_and_log_bytes(&self) -> [u64; 2] {
        ["", "-wal"].map(|suffix| std::fs::metadata(self.beside_database(suffix)).map_or(0, |meta| meta.len()))
    }

    /// The size of both together.
    pub(crate) fn database_bytes(&self) -> u64 {
        self.database_and_log_bytes().iter().sum()
    }

    /// The file in which hashers note what they read.
    pub(crate) fn slots(&self) -> PathBuf {
        self.path.join("hivesum.slots")
    }

    /// Acquires the server's lock.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process holds it; [`StoreError::ReadOnly`] where it cannot be written.
    pub(crate) fn lock(&self) -> Result<ServerLock, StoreError> {
        let path = self.path.join("hivesum.lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let opened = options.custom_flags(OFlags::NONBLOCK.bits() as i32).open(path).map_err(write_failure)?;
        regular(&opened, "hivesum.lock")?;
        let file = OwnedFd::from(opened);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(ServerLock { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked),
            Err(errno) => Err(system_failure(errno.into())),
        }
    }

    /// Acquires the server's lock as soon as it is free, for at most this long. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process holds it all the time.
    pub(crate) fn lock_within(&self, wait: Duration) -> Result<ServerLock, StoreError> {
        let deadline = Instant::now() + wait;
        loop {
            match self.lock() {
                Err(StoreError::Locked) if Instant::now() < deadline => std::thread::sleep(TRY_AGAIN_EVERY),
                locked => return locked,
            }
        }
    }

    /// Makes new and renamed files durable: syncs the directory.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(system_failure)
    }

    /// The directory and every file in it, by device and inode, so that a walk can leave them out under any
    /// name.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the directory cannot be read: a walk that opened these files would drop locks.
    pub(crate) fn identities(&self) -> Result<Vec<FileIdentity>, StoreError> {
        let mut identities = Vec::new();
        let mut add = |path: &Path| match std::fs::symlink_metadata(path) {
            Ok(meta) => {
                identities.push(FileIdentity { device: meta.dev(), inode: meta.ino() });
                Ok(())
            }
            // Removed since the directory was read, as SQLite does with its files.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(system_failure(error)),
        };
        add(&self.path)?;
        for entry in std::fs::read_dir(&self.path).map_err(system_failure)? {
            add(&entry.map_err(system_failure)?.path())?;
        }
        Ok(identities)
    }
}

/// Whether this process may write to a file or a directory.
pub(crate) fn may_write(path: &Path) -> bool {
    // The parent of a plain name.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    rustix::fs::accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

fn write_failure(error: std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::PermissionDenied => StoreError::ReadOnly,
        _ => system_failure(error),
    }
}

/// Refuses an opened file that is none.
///
/// # Errors
/// [`StoreError::NotAFile`].
pub(crate) fn regular(file: &File, name: &'static str) -> Result<(), StoreError> {
    match file.metadata().map_err(system_failure)?.is_file() {
        true => Ok(()),
        false => Err(StoreError::NotAFile { name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_test_support::LONGEST_WAIT;

    #[test]
    fn a_fifo_or_a_directory_in_the_place_of_a_file_is_refused_at_once() {
        for name in FILES {
            for make in ["mkfifo", "mkdir"] {
                let dir = tempfile::tempdir().unwrap();
                let made = std::process::Command::new(make).arg(dir.path().join(name)).status().unwrap();
                assert!(made.success());
                let refused = StateDir::open(dir.path()).unwrap_err();
                assert!(matches!(refused, StoreError::NotAFile { name: told } if told == name), "{refused:?}");
            }
        }
    }

    #[test]
    fn a_second_server_is_refused_until_the_first_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(&dir.path().join("a/b")).unwrap();
        let lock = state.lock().unwrap();
        assert!(matches!(state.lock(), Err(StoreError::Locked)));
        drop(lock);
        // A process that another test starts holds it, too, until its program runs.
        state.lock_within(LONGEST_WAIT).unwrap();
    }

    #[test]
    fn a_server_waits_for_a_command_that_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let lock = state.lock().unwrap();
        assert!(matches!(state.lock_within(SERVER_WAITS), Err(StoreError::Locked)));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| state.lock_within(LONGEST_WAIT));
            drop(lock);
            waits.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_new_state_directory_is_accessible_to_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        StateDir::open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_state_directory_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(&dir.path().join("state")).unwrap();
        assert_eq!(state.identities().unwrap().len(), 1);
        std::fs::remove_dir(dir.path().join("state")).unwrap();
        assert!(matches!(state.identities(), Err(StoreError::Failed(_))));
    }
}
