//! Named roots: the only directories below which a service reads.
//!
//! A root is opened once and read through its descriptor. Its path may come to name another directory: one that was
//! renamed into its place, or a file system that was mounted over it. So every request resolves the path anew, without
//! following links, and is refused where the two differ, until somebody accepts the other directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::filesystem::FilesystemKind;
use super::open::OpenFailure;
use super::path::RelPath;
use super::root_place::{EnterFailure, Opened, RootIdentity, RootPlace};

/// A directory of the server with a public name. Cheap to clone. Its absolute path is only for the log.
#[derive(Debug, Clone)]
pub struct Root {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    /// As it was given, absolute: it may lead through links.
    given: PathBuf,
    place: RwLock<Arc<RootPlace>>,
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
        let given = std::path::absolute(path).map_err(failed)?;
        let place = RootPlace::open(&given).map_err(failed)?;
        Ok(Self { inner: Arc::new(Inner { name, given, place: RwLock::new(Arc::new(place)) }) })
    }

    /// Its public name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its absolute path without links, only for the log.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.place().path().to_owned()
    }

    /// Its absolute path as it was given. It may lead through links.
    #[must_use]
    pub fn given_path(&self) -> &Path {
        &self.inner.given
    }

    /// The kind of file system it is on.
    #[must_use]
    pub fn filesystem(&self) -> FilesystemKind {
        self.place().filesystem()
    }

    /// The directory that it stands for at present.
    #[must_use]
    pub fn place(&self) -> Arc<RootPlace> {
        self.inner.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the directory that its path names by now, to be accepted with [`replace`](Self::replace). Blocks.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn look_anew(&self) -> std::io::Result<RootPlace> {
        RootPlace::open(&self.inner.given)
    }

    /// From now on stands for this directory.
    pub fn replace(&self, place: RootPlace) {
        *self.inner.place.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(place);
    }

    /// Fails unless its path still names the directory that it stands for. Blocks.
    ///
    /// # Errors
    /// [`EnterFailure::Changed`]; or the failure of the look.
    pub fn check(&self) -> Result<(), EnterFailure> {
        self.place().check(&self.inner.given)
    }

    /// Opens the file or directory that a request names, if the root's path still names its directory. Returns which
    /// directory that is, too. It blocks, so it must not be called on an event loop.
    ///
    /// # Errors
    /// If the root has changed; otherwise as [`open_beneath`](Self::open_beneath).
    pub fn enter(&self, path: &RelPath) -> Result<(Opened, RootIdentity), EnterFailure> {
        let place = self.place();
        place.check(&self.inner.given)?;
        Ok((place.open_beneath(path)?, place.identity()))
    }

    /// Opens the file or directory that a request names. It blocks, so it must not be called on an event loop.
    ///
    /// # Errors
    /// If it does not exist, if the path contains a symlink, or if it is neither a directory nor a regular file.
    pub fn open_beneath(&self, path: &RelPath) -> Result<Opened, OpenFailure> {
        self.place().open_beneath(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_in(dir: &Path) -> Root {
        std::fs::create_dir(dir.join("root")).unwrap();
        Root::open(None, &dir.join("root")).unwrap()
    }

    fn enter(root: &Root) -> Result<(), EnterFailure> {
        root.enter(&RelPath::new("").unwrap()).map(|_| ())
    }

    #[test]
    fn a_directory_that_took_the_root_s_place_is_not_entered_until_it_is_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let (root, at) = (root_in(dir.path()), dir.path().join("root"));
        assert_eq!(enter(&root), Ok(()));
        std::fs::rename(&at, dir.path().join("away")).unwrap();
        assert_eq!(enter(&root), Err(EnterFailure::Changed), "nothing is there");
        std::os::unix::fs::symlink("away", &at).unwrap();
        assert_eq!(enter(&root), Err(EnterFailure::Changed), "a link, even to the same directory");
        std::fs::remove_file(&at).unwrap();
        std::fs::create_dir(&at).unwrap();
        assert_eq!(enter(&root), Err(EnterFailure::Changed), "another directory");
        let old = root.place().identity();
        root.replace(root.look_anew().unwrap());
        assert_eq!(enter(&root), Ok(()));
        assert!(!root.place().identity().is_same_directory(&old));
    }

    #[test]
    fn a_link_that_was_given_and_leads_elsewhere_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["v1", "v2"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let link = dir.path().join("current");
        std::os::unix::fs::symlink("v1", &link).unwrap();
        let root = Root::open(Some("root"), &link).unwrap();
        assert_eq!(enter(&root), Ok(()));
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("v2", &link).unwrap();
        assert_eq!(enter(&root), Err(EnterFailure::Changed));
    }
}
