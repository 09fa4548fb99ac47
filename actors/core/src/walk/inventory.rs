//! The files of a tree with their sizes and identities: nothing is opened but directories.

use rustix::fs::Stat;

use super::plan::{Fate, Plan};
use crate::file::meta_of;
use crate::result::{FileIdentity, NameList, Status};

/// What a tree holds: files with their sizes and identities, in walk order.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Their paths, relative to the tree.
    pub names: NameList,
    /// Bytes of each, and which file it is.
    pub files: Vec<(u64, FileIdentity)>,
    /// Directories that could not be listed, and files of which nothing is known.
    pub unreadable: NameList,
}

impl Inventory {
    fn push(&mut self, path: &[u8], size: u64, identity: FileIdentity) {
        self.names.push(path);
        self.files.push((size, identity));
    }

    /// Takes the entries of a plan over, with what `lstat` says of each.
    pub(crate) fn take(&mut self, plan: &Plan, stats: &[Option<Stat>]) {
        let mut path = Vec::new();
        for (index, entry) in plan.entries.iter().enumerate() {
            path.clear();
            plan.path_into(entry, &mut path);
            match entry.fate {
                Fate::Settled(Status::Error { .. }) => self.unreadable.push(&path),
                Fate::Settled(_) => {}
                Fate::Hash => match stats.get(index).copied().flatten() {
                    Some(stat) => self.push(&path, stat.st_size as u64, FileIdentity::of_meta(&meta_of(&stat))),
                    None => self.unreadable.push(&path),
                },
            }
        }
    }
}
