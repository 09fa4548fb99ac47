//! The directories whose files are compared, and what lies in them.
//!
//! Names of several directories begin with that of their directory as it was given; of one alone they are relative to
//! it. A directory that lies in another one is refused: each of its files would appear to be a hard link to itself.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use hivesum_core::result::{FileMeta, NameList};
use hivesum_core::walk::{Inventory, Target};

use crate::cli::error::{UsageError, path_error};
use crate::cli::inputs::open_directory;
use crate::cli::quote::quoted;

/// The files of all directories, in the order of these.
#[derive(Debug, Default)]
pub(super) struct Trees {
    pub(super) names: NameList,
    pub(super) files: Vec<FileMeta>,
    trees: Vec<Tree>,
}

/// One directory.
#[derive(Debug)]
struct Tree {
    dir: OwnedFd,
    /// The index of its first file.
    first: usize,
    /// Bytes of a name before the path in this directory.
    prefix_len: usize,
}

impl Trees {
    /// Walks each directory with `walk`, which gets its path, what stands before its names, and the directory.
    pub(super) fn of(
        paths: &[OsString],
        mut walk: impl FnMut(&OsString, &[u8], Target) -> anyhow::Result<Inventory>,
    ) -> anyhow::Result<Self> {
        refuse_nested(paths)?;
        let mut all = Self::default();
        for path in paths {
            let open = || open_directory(path).map_err(|error| path_error(path, &error));
            let mut prefix = Vec::new();
            if paths.len() > 1 {
                prefix.extend_from_slice(path.as_bytes());
                if !prefix.ends_with(b"/") {
                    prefix.push(b'/');
                }
            }
            let found = walk(path, &prefix, Target::Directory { dir: open()?, shown: Vec::new() })?;
            all.trees.push(Tree { dir: open()?, first: all.files.len(), prefix_len: prefix.len() });
            found.names.iter().for_each(|name| all.names.push(&[&prefix, name].concat()));
            all.files.extend(found.files);
        }
        Ok(all)
    }

    pub(super) fn name(&self, index: usize) -> &[u8] {
        self.names.get(index).unwrap_or_default()
    }

    /// The files with these indexes, which ascend, in this order.
    pub(super) fn targets(&self, indexes: &[usize]) -> io::Result<Vec<Target>> {
        let tree_of = |index: usize| self.trees.partition_point(|tree| tree.first <= index).saturating_sub(1);
        let of_each = indexes.chunk_by(|&one, &other| tree_of(one) == tree_of(other));
        let target = |of_one: &[usize]| {
            let tree = &self.trees[tree_of(of_one[0])];
            let names = of_one.iter().map(|&index| &self.name(index)[tree.prefix_len..]).collect();
            Ok(Target::Listed { dir: tree.dir.try_clone()?, names })
        };
        of_each.map(target).collect()
    }
}

fn refuse_nested(paths: &[OsString]) -> anyhow::Result<()> {
    if paths.len() < 2 {
        return Ok(());
    }
    let real = |path: &OsString| fs::canonicalize(path).map_err(|error| path_error(path, &error));
    let real: Vec<PathBuf> = paths.iter().map(real).collect::<Result<_, _>>()?;
    for (inner, path) in real.iter().zip(paths) {
        let in_it = |(outer, other): &(&PathBuf, &OsString)| !std::ptr::eq(*other, path) && inner.starts_with(outer);
        if let Some((_, other)) = real.iter().zip(paths).find(in_it) {
            let (path, other) = (quoted(path), quoted(other));
            let message = format!("{path} lies in {other}: its files would be compared with themselves");
            return Err(UsageError::of("duplicates", message).into());
        }
    }
    Ok(())
}
