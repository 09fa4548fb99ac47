//! What a glob that begins with `/` is for a directory: anchored in it, an absolute path below it, or of no use.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::cli::quote::quoted;

/// A directory of the command line.
pub(super) struct Tree {
    pub(super) given: Vec<u8>,
    /// Its absolute paths: as it was given, and without symbolic links.
    absolute: Vec<PathBuf>,
}

/// What a glob that begins with `/` is for one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// As it was given.
    Anchored,
    /// An absolute path below the directory; the glob relative to it.
    Below(String),
    /// An absolute path below another directory.
    Elsewhere,
}

impl Tree {
    pub(super) fn at(path: &OsStr) -> Option<Self> {
        let path = Path::new(path);
        if !path.is_dir() {
            return None;
        }
        let has_parents = |path: &PathBuf| path.components().any(|component| component == Component::ParentDir);
        let given = std::path::absolute(path).ok().filter(|path| !has_parents(path));
        let absolute = given.into_iter().chain(path.canonicalize().ok()).collect();
        Some(Self { given: path.as_os_str().as_bytes().to_vec(), absolute })
    }

    /// The rest of an absolute glob after the path of this directory, with a `/` before it.
    fn rest_of<'a>(&self, glob: &'a str) -> Option<&'a str> {
        self.absolute.iter().find_map(|path| rest_after(path, glob))
    }
}

/// The rest of the glob after all components of the path.
fn rest_after<'a>(path: &Path, glob: &'a str) -> Option<&'a str> {
    let mut rest = glob;
    for component in path.components() {
        let Component::Normal(name) = component else { continue };
        let relative = rest.trim_start_matches('/');
        let end = relative.find('/').unwrap_or(relative.len());
        if !names(&relative[..end], name) {
            return None;
        }
        rest = &relative[end..];
    }
    Some(rest)
}

/// Whether a component of a glob is this name, with or without backslashes before its letters.
fn names(component: &str, name: &OsStr) -> bool {
    let mut letters = component.chars();
    let mut unescaped = String::with_capacity(component.len());
    while let Some(letter) = letters.next() {
        unescaped.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    component.as_bytes() == name.as_bytes() || unescaped.as_bytes() == name.as_bytes()
}

impl Place {
    /// What the glob is for each of the directories.
    pub(super) fn of_each(glob: &str, trees: &[Tree]) -> Result<Vec<Self>, String> {
        if !glob.starts_with('/') {
            return Ok(vec![Self::Anchored; trees.len()]);
        }
        let rests: Vec<Option<&str>> = trees.iter().map(|tree| tree.rest_of(glob)).collect();
        if let Some(tree) = trees.iter().zip(&rests).find_map(|(tree, rest)| is_whole((*rest)?).then_some(tree)) {
            let shown = quoted(OsStr::from_bytes(&tree.given));
            return Err(format!("the glob {glob:?} stands for all of {shown}, not for anything in it"));
        }
        if rests.iter().any(Option::is_some) {
            let place = |rest: Option<&str>| rest.map_or(Self::Elsewhere, |rest| Self::Below(rest.to_owned()));
            return Ok(rests.into_iter().map(place).collect());
        }
        match trees.is_empty() || may_be_anchored(glob, trees) {
            true => Ok(vec![Self::Anchored; trees.len()]),
            false => Err(format!(
                "the glob {glob:?} can never match: the path is outside of every directory that is read, and none of them \
                 has an entry of this name"
            )),
        }
    }

    /// The glob relative to the directory, where it is another one than was given.
    pub(super) fn glob(&self) -> Option<&str> {
        match self {
            Self::Below(rest) => Some(rest),
            Self::Anchored | Self::Elsewhere => None,
        }
    }
}

fn is_whole(rest: &str) -> bool {
    rest.split('/').all(|component| matches!(component, "" | "."))
}

/// Whether the first component of the glob can be an entry of one of the directories. If none has it, and the root of
/// the system does, an absolute path is meant.
fn may_be_anchored(glob: &str, trees: &[Tree]) -> bool {
    let first = glob.split('/').find(|component| !matches!(*component, "" | ".")).unwrap_or_default();
    if first.is_empty() || first.contains(['*', '?', '[', '{', '\\']) {
        return true;
    }
    let exists_in = |dir: &Path| dir.join(first).symlink_metadata().is_ok();
    trees.iter().any(|tree| exists_in(Path::new(OsStr::from_bytes(&tree.given)))) || !exists_in(Path::new("/"))
}
