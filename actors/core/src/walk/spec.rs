//! The targets and options of a walk.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::globs::Filters;
use crate::file::{DEFAULT_READ_TIMEOUT, Devices, Reach};
use crate::result::{FileIdentity, NameList};

/// What to hash.
#[derive(Debug)]
pub enum Target {
    /// A tree below an open directory.
    Directory {
        /// The directory.
        dir: OwnedFd,
        /// Results show this before the relative part of every path.
        shown: Vec<u8>,
    },
    /// Files by name, opened as they are given, from the working directory.
    Names {
        /// The names, in order.
        names: NameList,
    },
    /// Files by their paths beneath an open directory, in walk order. Links in the paths are not followed.
    Listed {
        /// The directory.
        dir: OwnedFd,
        /// The paths.
        names: NameList,
    },
    /// One file in an open directory.
    File {
        /// The directory.
        parent: OwnedFd,
        /// Its name there.
        name: Vec<u8>,
        /// Results show this before its name.
        shown: Vec<u8>,
    },
}

impl Target {
    /// The tree below a directory. Paths in its results are relative to it.
    ///
    /// ```
    /// # use hivesum_core::Target;
    /// let tree = Target::directory("/usr/share")?;
    /// assert!(Target::directory("/no/such/directory").is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the path is not a directory or cannot be opened.
    pub fn directory(path: impl AsRef<Path>) -> io::Result<Self> {
        let dir = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path)?;
        Ok(Self::Directory { dir: dir.into(), shown: Vec::new() })
    }

    /// The same target, for a second walk.
    fn try_clone(&self) -> std::io::Result<Self> {
        Ok(match self {
            Self::Directory { dir, shown } => Self::Directory { dir: dir.try_clone()?, shown: shown.clone() },
            Self::Names { names } => Self::Names { names: names.clone() },
            Self::Listed { dir, names } => Self::Listed { dir: dir.try_clone()?, names: names.clone() },
            Self::File { parent, name, shown } => {
                Self::File { parent: parent.try_clone()?, name: name.clone(), shown: shown.clone() }
            }
        })
    }
}

/// The targets and options of a walk.
#[derive(Debug)]
pub struct WalkSpec {
    /// What to walk, in this order.
    pub targets: Vec<Target>,
    /// Which entries of trees are wanted.
    pub filters: Filters,
    /// Whether the walk stops at mount points.
    pub reach: Reach,
    /// What happens to block devices.
    pub devices: Devices,
    /// hivesum's own files and directories, which are skipped.
    pub leave_out: Vec<FileIdentity>,
    /// How long a directory may make no progress.
    pub timeout: Duration,
}

impl WalkSpec {
    /// All entries of these targets, across mount points, with the default timeout.
    #[must_use]
    pub fn new(targets: Vec<Target>) -> Self {
        let (filters, leave_out, reach) = (Filters::default(), Vec::new(), Reach::Everywhere);
        Self { targets, filters, reach, devices: Devices::Skip, leave_out, timeout: DEFAULT_READ_TIMEOUT }
    }

    /// The same walk again. `None` if no descriptors are left.
    pub fn try_clone(&self) -> Option<Self> {
        let targets = self.targets.iter().map(Target::try_clone).collect::<Result<_, _>>().ok()?;
        let (filters, leave_out) = (self.filters.clone(), self.leave_out.clone());
        Some(Self { targets, filters, leave_out, ..*self })
    }
}

/// How much a walk finds to hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Files to hash.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_is_a_tree() {
        let dir = tempfile::tempdir().unwrap();
        let Target::Directory { shown, .. } = Target::directory(dir.path()).unwrap() else { panic!("a tree") };
        assert!(shown.is_empty());
        std::fs::write(dir.path().join("file"), "").unwrap();
        let refused = Target::directory(dir.path().join("file")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotADirectory);
    }
}
