//! Replaces several tag files of a bag as one change.
//!
//! The new files, and copies of the old ones, are first written to a directory of the bag. Renaming that directory to
//! [`PENDING`] decides the change: before, the bag is the old one; from then on it says that it is being updated, and
//! each side can be had from what lies there, however often a program is killed on the way. An undo is decided in the
//! same way, so that the two never mix. Only the last rename ends it; what is left over then means nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A change that is not decided yet, or was never.
const PREPARED: &str = ".hivesum-update.prepared";
/// A change that is decided, and perhaps not done.
const PENDING: &str = ".hivesum-update";
/// A change that is being undone.
const UNDOING: &str = ".hivesum-update.undo";
/// A change that is done or undone.
const DONE: &str = ".hivesum-update.done";
/// The glob of all of them, for a walk of the bag: what a kill left behind is no file of the bag.
pub(super) const OWN_GLOB: &str = "/.hivesum-update*";

/// In these directories: the new files, copies of those that they replace, and the names of those that replace none.
const NEW: &str = "new";
const OLD: &str = "old";
const CREATED: &str = "created";

/// An update that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupted {
    Update,
    Undo,
}

impl Interrupted {
    /// Looks among the names in the base directory of a bag.
    pub(super) fn among<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut found = None;
        for name in names {
            if name == UNDOING.as_bytes() {
                return Some(Self::Undo);
            }
            if name == PENDING.as_bytes() {
                found = Some(Self::Update);
            }
        }
        found
    }

    /// A sentence about the bag.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Update => {
                "is being updated, and the update was interrupted: hivesum bag update --finish completes it, --undo takes \
                 it back"
            }
            Self::Undo => {
                "an update of it is being undone, and that was interrupted: hivesum bag update --undo completes it"
            }
        }
    }
}

/// One call of the file system. A program may be killed between any two.
#[derive(Debug)]
enum Step {
    Remove(PathBuf),
    MakeDirectory(PathBuf),
    /// Writes and syncs a file, with the permissions of another one if there is one.
    Write {
        to: PathBuf,
        content: Vec<u8>,
        like: Option<PathBuf>,
    },
    Copy {
        from: PathBuf,
        to: PathBuf,
    },
    Sync(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
}

impl Step {
    fn perform(&self) -> io::Result<()> {
        match self {
            Self::Remove(path) => match fs::symlink_metadata(path) {
                Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
                Ok(_) => fs::remove_file(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            },
            Self::MakeDirectory(path) => fs::create_dir(path),
            Self::Write { to, content, like } => {
                let mut file = File::create_new(to)?;
                if let Some(like) = like {
                    file.set_permissions(fs::metadata(like)?.permissions())?;
                }
                file.write_all(content)?;
                file.sync_all()
            }
            Self::Copy { from, to } => {
                fs::copy(from, to)?;
                File::open(to)?.sync_all()
            }
            Self::Sync(directory) => File::open(directory)?.sync_all(),
            Self::Rename { from, to } => fs::rename(from, to),
        }
    }
}

fn perform(steps: &[Step]) -> io::Result<()> {
    steps.iter().try_for_each(Step::perform)
}

/// Replaces these files of the base directory, or creates them.
///
/// # Errors
/// The first call that failed. Where the change is decided already, the bag says so.
pub(super) fn replace(bag: &Path, files: Vec<(String, Vec<u8>)>) -> io::Result<()> {
    perform(&steps_to_decide(bag, files))?;
    finish(bag)
}

/// Completes a change that is decided.
///
/// # Errors
/// If there is none, or what lies there was not written by [`replace`], or a call fails.
pub(super) fn finish(bag: &Path) -> io::Result<()> {
    perform(&steps_to_finish(bag)?)
}

/// Takes back a change that is decided and not completed.
///
/// # Errors
/// As for [`finish`].
pub(super) fn undo(bag: &Path) -> io::Result<()> {
    perform(&steps_to_undo(bag)?)
}

fn steps_to_decide(bag: &Path, files: Vec<(String, Vec<u8>)>) -> Vec<Step> {
    let prepared = bag.join(PREPARED);
    let mut steps = vec![Step::Remove(bag.join(DONE)), Step::Remove(prepared.clone())];
    let directories = [prepared.clone(), prepared.join(NEW), prepared.join(OLD), prepared.join(CREATED)];
    steps.extend(directories.clone().into_iter().map(Step::MakeDirectory));
    for (name, content) in files {
        let old = bag.join(&name);
        let like = old.exists().then(|| old.clone());
        steps.push(match like {
            Some(_) => Step::Copy { from: old, to: prepared.join(OLD).join(&name) },
            None => Step::Write { to: prepared.join(CREATED).join(&name), content: Vec::new(), like: None },
        });
        steps.push(Step::Write { to: prepared.join(NEW).join(&name), content, like });
    }
    steps.extend(directories.into_iter().rev().map(Step::Sync));
    steps.push(Step::Rename { from: prepared, to: bag.join(PENDING) });
    steps.push(Step::Sync(bag.to_owned()));
    steps
}

fn steps_to_finish(bag: &Path) -> io::Result<Vec<Step>> {
    let pending = bag.join(PENDING);
    let new = pending.join(NEW);
    let mut steps = Vec::new();
    for name in names_in(&pending, NEW)? {
        steps.push(Step::Rename { from: new.join(&name), to: bag.join(&name) });
    }
    steps.push(Step::Sync(bag.to_owned()));
    steps.extend(steps_to_end(bag, pending));
    Ok(steps)
}

fn steps_to_undo(bag: &Path) -> io::Result<Vec<Step>> {
    let (pending, undoing) = (bag.join(PENDING), bag.join(UNDOING));
    let mut steps = Vec::new();
    let from = match fs::symlink_metadata(&undoing) {
        Ok(_) => undoing.clone(),
        Err(_) => {
            steps.push(Step::Rename { from: pending.clone(), to: undoing.clone() });
            steps.push(Step::Sync(bag.to_owned()));
            pending
        }
    };
    for name in names_in(&from, OLD)? {
        steps.push(Step::Rename { from: undoing.join(OLD).join(&name), to: bag.join(&name) });
    }
    steps.extend(names_in(&from, CREATED)?.into_iter().map(|name| Step::Remove(bag.join(name))));
    steps.push(Step::Sync(bag.to_owned()));
    steps.extend(steps_to_end(bag, undoing));
    Ok(steps)
}

fn steps_to_end(bag: &Path, from: PathBuf) -> [Step; 4] {
    let done = bag.join(DONE);
    [
        Step::Remove(done.clone()),
        Step::Rename { from, to: done.clone() },
        Step::Sync(bag.to_owned()),
        Step::Remove(done),
    ]
}

/// The names of one of the directories. A bag may come from anywhere, so they must be tag files that an update writes.
fn names_in(change: &Path, which: &str) -> io::Result<Vec<String>> {
    let directory = change.join(which);
    for path in [change, &directory] {
        if !fs::symlink_metadata(path)?.is_dir() {
            return Err(io::Error::other(format!("{} is not a directory", path.display())));
        }
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| is_written(name));
        match name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            Some(name) => names.push(name),
            None => return Err(io::Error::other(format!("{} was not written by an update", entry.path().display()))),
        }
    }
    names.sort();
    Ok(names)
}

/// Whether an update writes files of this name.
fn is_written(name: &str) -> bool {
    let is_manifest = ["manifest-", "tagmanifest-"].iter().any(|start| name.starts_with(start));
    name == "bag-info.txt" || (is_manifest && name.ends_with(".txt"))
}

#[cfg(test)]
mod tests;
