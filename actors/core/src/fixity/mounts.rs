//! Disks beneath the directory of a collection: what was mounted there, and whether it still is.
//!
//! A directory on which nothing is mounted any more looks like one whose files were all deleted, as the root of a
//! collection does. So what lies beneath it is not looked at until the disk is back, or somebody says that this is right.

use super::survey::Survey;
use crate::file::RootIdentity;
use crate::result::{is_below, walk_order};

/// How many disks of a collection are remembered at most. Of further ones it is not told that they are gone.
pub const MAX_MOUNTS: usize = 64;

/// A file system that is mounted beneath the directory of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where, relative to the directory.
    pub path: Vec<u8>,
    /// Its root.
    pub identity: RootIdentity,
}

/// The directory in the place of a recorded [`Mount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountPlace {
    /// What tells it from another one.
    pub identity: RootIdentity,
    /// Whether it lies on another device than the directory that it is in.
    pub is_mounted: bool,
}

impl Mount {
    /// Whether another directory is in its place, or none. File systems without an id are known by their root's inode, as
    /// long as something is mounted: their devices have other numbers after each restart.
    #[must_use]
    pub fn is_gone(&self, now: Option<MountPlace>) -> bool {
        let Some(MountPlace { identity, is_mounted }) = now else { return true };
        let is_same = match identity.has_filesystem_ids(&self.identity) {
            true => identity.is_same_directory(&self.identity),
            false => is_mounted && identity.inode == self.identity.inode,
        };
        !is_same
    }
}

impl Survey {
    /// Says nothing of what lies beneath these directories: it counts as not reached. Returns those of them in which known
    /// files lie.
    pub fn leave_out(&mut self, directories: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut with_known = vec![false; directories.len()];
        let mut is_left_out = |path: &[u8], is_known: bool| {
            let above = directories.iter().position(|directory| is_below(path, directory));
            if let Some(known) = above.and_then(|index| with_known.get_mut(index)) {
                *known |= is_known;
                self.unreachable += u64::from(is_known);
            }
            above.is_some()
        };
        let names = &self.found.names;
        let path = |index| names.get(index).unwrap_or_default();
        self.to_read.retain(|file| !is_left_out(path(file.index), file.is_known));
        self.unchanged.retain(|age| !is_left_out(path(age.index), true));
        self.absent.retain(|state| !is_left_out(&state.path, true));
        directories.iter().zip(with_known).filter(|(_, known)| *known).map(|(path, _)| path.clone()).collect()
    }

    /// Whether the walk has found a file beneath this directory.
    #[must_use]
    pub fn has_found_beneath(&self, directory: &[u8]) -> bool {
        let names = &self.found.names;
        let first = [directory, b"/"].concat();
        // They come in walk order.
        let (mut from, mut to) = (0, self.found.files.len());
        while from < to {
            let middle = from.midpoint(to);
            match names.get(middle).is_some_and(|path| walk_order(path, &first).is_lt()) {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        names.get(from).is_some_and(|path| is_below(path, directory))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{at, content};
    use super::super::{Age, ToRead, taken_as_it_is};
    use super::*;
    use crate::walk::Inventory;

    #[test]
    fn a_mount_is_gone_without_its_directory_or_with_another_one_in_its_place() {
        let identity = RootIdentity { device: 7, inode: 2, filesystem_id: 3 };
        let mount = |identity| Mount { path: b"disk".to_vec(), identity };
        let place = |identity, is_mounted| Some(MountPlace { identity, is_mounted });
        let restarted = RootIdentity { device: 8, ..identity };
        let (other, plain) = (RootIdentity { filesystem_id: 4, ..identity }, RootIdentity { inode: 99, ..identity });
        let known = mount(identity);
        assert!(known.is_gone(None));
        assert!(!known.is_gone(place(restarted, true)));
        assert!(!known.is_gone(place(identity, false)), "a directory of the same file system, bound here");
        assert!(known.is_gone(place(other, true)), "another disk");
        assert!(known.is_gone(place(plain, false)), "the directory beneath");
        let nameless = |device, inode| RootIdentity { device, inode, filesystem_id: 0 };
        let known = mount(nameless(7, 1));
        assert!(!known.is_gone(place(nameless(8, 1), true)), "numbers of devices change with a restart");
        assert!(known.is_gone(place(nameless(8, 1), false)) && known.is_gone(place(nameless(7, 5), true)));
    }

    #[test]
    fn nothing_is_said_of_what_lies_beneath_a_directory_that_is_left_out() {
        let names = ["a", "disk/new", "disk/read", "disk/same", "disk-2/a", "z"];
        let files = vec![content(1, 1).meta; names.len()];
        let found = Inventory { names: names.iter().collect(), files, ..Inventory::default() };
        let age = |index| Age { index, bytes: 1, verified_at: None };
        let gone = |path: &[u8]| taken_as_it_is(path.to_vec(), at(1));
        let mut survey = Survey {
            found,
            to_read: vec![ToRead { index: 1, is_known: false }, ToRead { index: 2, is_known: true }],
            unchanged: vec![age(0), age(3), age(4)],
            absent: vec![gone(b"disk/gone"), gone(b"gone")],
            ..Survey::default()
        };
        for (directory, has_found) in [("disk", true), ("disk-2", true), ("z", false), ("b", false), ("zz", false)] {
            assert_eq!(survey.has_found_beneath(directory.as_bytes()), has_found, "{directory}");
        }
        let left_out = survey.leave_out(&[b"empty".to_vec(), b"disk".to_vec()]);
        assert_eq!((left_out, survey.unreachable), (vec![b"disk".to_vec()], 3));
        assert_eq!((survey.to_read, survey.unchanged), (vec![], vec![age(0), age(4)]));
        assert_eq!(survey.absent, [gone(b"gone")]);
    }
}
