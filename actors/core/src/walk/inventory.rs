//! The files of a tree with their sizes and identities: nothing is opened but directories.

use super::globs::Filters;
use super::plan::{Fate, Plan};
use super::spec::{Target, WalkSpec};
use super::tree;
use crate::file::{DEFAULT_READ_TIMEOUT, Reach, meta_of, stat_entry};
use crate::result::{FileIdentity, NameList, Status, append_path};
use std::os::fd::OwnedFd;

/// What a tree holds: files with their sizes and identities, in walk order.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Their paths, relative to the tree.
    pub names: NameList,
    /// Bytes of each, and which file it is.
    pub files: Vec<(u64, FileIdentity)>,
    /// Directories that could not be listed.
    pub unreadable: NameList,
}

impl Inventory {
    /// What is below an open directory. Opens no file; blocks the calling thread.
    #[must_use]
    pub fn of(dir: OwnedFd, reach: Reach) -> Self {
        let targets = vec![Target::Directory { dir, shown: Vec::new() }];
        tree::inventory(WalkSpec {
            targets,
            filters: Filters::default(),
            reach,
            leave_out: Vec::new(),
            timeout: DEFAULT_READ_TIMEOUT,
        })
    }

    fn push(&mut self, path: &[u8], size: u64, identity: FileIdentity) {
        self.names.push(path);
        self.files.push((size, identity));
    }
}

impl Inventory {
    pub(crate) fn take(&mut self, plan: &Plan) {
        let mut path = Vec::new();
        for entry in &plan.entries {
            let (group, name) = (plan.group(entry), plan.name(entry));
            path.clear();
            append_path(&mut path, &group.shown, name);
            match entry.fate {
                Fate::Settled(Status::Error { .. }) => self.unreadable.push(&path),
                Fate::Settled(_) => {}
                Fate::Hash => match stat_entry(&group.dir, name) {
                    Ok(stat) => self.push(&path, stat.st_size as u64, FileIdentity::of_meta(&meta_of(&stat))),
                    Err(_) => self.unreadable.push(&path),
                },
            }
        }
    }
}
