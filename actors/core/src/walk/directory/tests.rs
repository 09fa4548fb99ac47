//! Listings: their names, kinds and order are those of other tools, on every file system and after every error.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;

use hivesum_test_support::images::{Disk, Image, is_child_with_mounts};
use rustix::fs::CWD;

use super::*;

fn open(path: &Path) -> OwnedFd {
    fs::File::open(path).unwrap().into()
}

fn entries(listing: &Listing) -> Vec<(Vec<u8>, Kind)> {
    (0..).map_while(|index| listing.get(index)).map(|(name, kind)| (name.to_vec(), kind)).collect()
}

fn listed(path: &Path) -> Vec<(Vec<u8>, Kind)> {
    entries(&Listing::of(open(path).as_fd(), || true).unwrap())
}

/// What `std` tells of a directory, in byte order.
fn expected(path: &Path) -> Vec<(Vec<u8>, Kind)> {
    let kind = |entry: &fs::DirEntry| match entry.metadata().unwrap().file_type() {
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Symlink,
        kind if kind.is_file() => Kind::File,
        kind if kind.is_block_device() => Kind::BlockDevice,
        _ => Kind::Special,
    };
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    let mut all: Vec<_> = entries.map(|entry| (entry.file_name().into_vec(), kind(&entry))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// One entry of every kind that any user may make.
fn make_one_of_each_kind(at: &Path) {
    fs::create_dir(at.join("directory")).unwrap();
    fs::write(at.join("file"), "content").unwrap();
    symlink("directory", at.join("link")).unwrap();
    symlink("nowhere", at.join("dangling")).unwrap();
    rustix::fs::mknodat(CWD, at.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    drop(std::os::unix::net::UnixListener::bind(at.join("socket")).unwrap());
}

#[test]
fn names_are_in_byte_order_with_their_kinds() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b", "B", "a.c", "é", "a b"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    fs::create_dir(dir.path().join("a")).unwrap();
    symlink("b", dir.path().join("z")).unwrap();
    let listing = Listing::of(open(dir.path()).as_fd(), || true).unwrap();
    let names: Vec<_> = (0..).map_while(|index| listing.get(index)).collect();
    let shown: Vec<_> = names.iter().map(|(name, _)| std::str::from_utf8(name).unwrap()).collect();
    assert_eq!(shown, ["B", "a", "a b", "a.c", "b", "z", "é"]);
    assert_eq!(names[1].1, Kind::Directory);
    assert_eq!(names[5].1, Kind::Symlink);
    assert_eq!(listing.after(b"a b"), 3);
    assert_eq!(listing.after(b""), 0);
}

#[test]
fn listing_anything_but_a_directory_is_an_error() {
    let file = tempfile::tempfile().unwrap();
    assert_eq!(Listing::of(file.as_fd(), || true).unwrap_err(), Errno::NOTDIR);
    assert_eq!(Lister::new(&[]).list(file.as_fd(), &mut || true).unwrap_err(), Errno::NOTDIR);
}

#[test]
fn every_kind_is_told() {
    let dir = tempfile::tempdir().unwrap();
    make_one_of_each_kind(dir.path());
    assert_eq!(listed(dir.path()), expected(dir.path()));
    assert_eq!(listed(dir.path()).len(), 6);
}

#[test]
fn a_file_system_without_types_in_its_directories_is_asked_for_each() {
    let here = "walk::directory::tests::a_file_system_without_types_in_its_directories_is_asked_for_each";
    if !is_child_with_mounts(here) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let untyped = Disk { filesystem: "ext4", made_with: &["-q", "-F", "-O", "^filetype"], mounted_with: "" };
    let Some(image) = Image::mounted(dir.path(), &untyped) else { return };
    make_one_of_each_kind(image.path());
    let directory = open(image.path());
    let mut buffer = Box::new_uninit_slice(BUFFER_BYTES);
    let mut raw = RawDir::new(&directory, &mut buffer);
    while let Some(entry) = raw.next() {
        assert_eq!(entry.unwrap().file_type(), FileType::Unknown);
    }
    let expected = expected(image.path());
    assert_eq!(expected.len(), 7, "lost+found, and one of each kind");
    assert_eq!(listed(image.path()), expected);
}

#[test]
fn names_that_fill_many_buffers_are_all_listed() {
    let dir = tempfile::tempdir().unwrap();
    // Directories and links need no inode of a file to be made one by one; each record has 280 bytes.
    for number in 0..2 * BUFFER_BYTES / 280 + 3 {
        symlink("x", dir.path().join(format!("{number:0255}"))).unwrap();
    }
    let listed = listed(dir.path());
    assert_eq!(listed, expected(dir.path()));
    assert_eq!(listed.len(), 2 * BUFFER_BYTES / 280 + 3);
}

#[test]
fn a_descriptor_that_somebody_else_reads_is_listed_whole() {
    let dir = tempfile::tempdir().unwrap();
    make_one_of_each_kind(dir.path());
    let shared = open(dir.path());
    let other = shared.try_clone().unwrap();
    assert_eq!(Lister::new(&[]).list(other.as_fd(), &mut || true).unwrap().names.len(), 6);
    assert_eq!(Lister::new(&[]).list(shared.as_fd(), &mut || true).unwrap().names.len(), 0, "at its end");
    for _ in 0..2 {
        assert_eq!(entries(&Listing::of(shared.as_fd(), || true).unwrap()), expected(dir.path()));
    }
}

#[test]
fn a_directory_that_was_removed_has_no_names() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let [directory, target] = [open(&gone), open(&gone)];
    fs::remove_dir(&gone).unwrap();
    assert_eq!(fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd())).unwrap().count(), 0, "as for std");
    assert_eq!(Lister::new(&[]).list(directory.as_fd(), &mut || true).unwrap().names.len(), 0);
    assert_eq!(Listing::of(target.as_fd(), || true).unwrap().names.len(), 0);
}

#[test]
fn after_an_error_the_next_attempt_lists_every_name() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..200 {
        fs::write(dir.path().join(number.to_string()), "").unwrap();
    }
    fs::write(dir.path().join("a name that does not fit in the buffer".repeat(6)), "").unwrap();
    let directory = open(dir.path());
    let mut small = Lister { own_inodes: &[], buffer: Box::new_uninit_slice(64) };
    assert_eq!(small.list(directory.as_fd(), &mut || true).unwrap_err(), Errno::INVAL);
    let all = Lister::new(&[]).list(directory.as_fd(), &mut || true).unwrap();
    assert_eq!(entries(&all), expected(dir.path()));
}

#[test]
fn a_listing_that_is_not_wanted_any_more_ends() {
    let dir = tempfile::tempdir().unwrap();
    make_one_of_each_kind(dir.path());
    let mut asked = 0;
    let mut twice = || {
        asked += 1;
        asked <= 2
    };
    assert_eq!(Listing::of(open(dir.path()).as_fd(), &mut twice).unwrap().names.len(), 2);
    assert_eq!(asked, 3);
}

#[test]
fn only_files_with_an_inode_of_ours_may_be_ours() {
    let dir = tempfile::tempdir().unwrap();
    make_one_of_each_kind(dir.path());
    let inode = |name: &str| rustix::fs::lstat(dir.path().join(name)).unwrap().st_ino;
    let ours = [inode("file"), inode("directory"), inode("link")];
    let listing = Lister::new(&ours).list(open(dir.path()).as_fd(), &mut || true).unwrap();
    let ours = |(name, kind): (Vec<u8>, Kind)| (kind == Kind::PossiblyOwn).then_some(name);
    assert_eq!(entries(&listing).into_iter().filter_map(ours).collect::<Vec<_>>(), [b"file"]);
}

mod laws {
    use std::sync::Mutex;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use walkdir::WalkDir;

    use super::*;
    use crate::walk::{Plan, PlanReceiver, ReceiverGone, Target, WalkSpec, walk};

    #[derive(Debug, Clone)]
    enum Made {
        File,
        Link,
        Fifo,
        Directory(Vec<(Vec<u8>, Made)>),
    }

    /// Any name that a directory can hold; many have the same beginning.
    fn name() -> impl Strategy<Value = Vec<u8>> {
        let byte = any::<u8>().prop_filter("in names", |byte| !matches!(byte, 0 | b'/'));
        let bytes = prop_oneof![
            vec(byte, 1..40),
            "[aB.é-]{1,4}".prop_map(String::into_bytes),
            "a{250,255}".prop_map(String::into_bytes)
        ];
        bytes.prop_filter("a name of its own", |name| name != b"." && name != b"..")
    }

    fn names(made: impl Strategy<Value = Made>) -> impl Strategy<Value = Vec<(Vec<u8>, Made)>> {
        btree_map(name(), made, 0..12).prop_map(|entries| entries.into_iter().collect())
    }

    fn tree() -> impl Strategy<Value = Vec<(Vec<u8>, Made)>> {
        let leaf = prop_oneof![4 => Just(Made::File), 1 => Just(Made::Link), 1 => Just(Made::Fifo)];
        names(leaf.prop_recursive(4, 60, 12, |made| names(made).prop_map(Made::Directory)))
    }

    fn make(at: &Path, tree: &[(Vec<u8>, Made)]) {
        for (name, made) in tree {
            let path = at.join(OsStr::from_bytes(name));
            match made {
                Made::File => fs::write(path, "").unwrap(),
                Made::Link => symlink("/", path).unwrap(),
                Made::Fifo => rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap(),
                Made::Directory(below) => {
                    fs::create_dir(&path).unwrap();
                    make(&path, below);
                }
            }
        }
    }

    /// Keeps the paths of all entries, in order.
    #[derive(Default)]
    struct Paths(Mutex<Vec<Vec<u8>>>);

    impl PlanReceiver for Paths {
        fn take(&self, plan: Plan) -> Result<(), ReceiverGone> {
            for entry in &plan.entries {
                let mut path = Vec::new();
                plan.path_into(entry, &mut path);
                self.0.lock().unwrap().push(path);
            }
            Ok(())
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    fn by_walkdir(at: &Path) -> Vec<Vec<u8>> {
        let bytes = |entry: &walkdir::DirEntry| entry.file_name().as_bytes().to_vec();
        let entries = WalkDir::new(at).min_depth(1).sort_by_key(bytes).into_iter().map(Result::unwrap);
        let leaves = entries.filter(|entry| !entry.file_type().is_dir());
        leaves.map(|entry| entry.path().strip_prefix(at).unwrap().as_os_str().as_bytes().to_vec()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_walk_meets_the_names_that_walkdir_does_in_the_same_order(tree in tree()) {
            let dir = tempfile::tempdir().unwrap();
            make(dir.path(), &tree);
            let paths = Paths::default();
            let files = walk(WalkSpec::new(vec![Target::directory(dir.path()).unwrap()]), &paths);
            let found = paths.0.into_inner().unwrap();
            prop_assert!(files.is_some_and(|files| files as usize <= found.len()));
            prop_assert_eq!(found, by_walkdir(dir.path()));
            prop_assert_eq!(listed(dir.path()), expected(dir.path()));
        }
    }
}
