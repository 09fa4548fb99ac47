//! A disk that is mounted beneath a collection: when it is gone, or another one is in its place, none of its files is called
//! missing.

use std::fs;
use std::process::Command;

use hivesum_test_support::images::is_child_with_mounts;

use super::scrub::{assert_silent, collections, events, scrub, told};
use super::work_dir::WorkDir;

const GONE: &str = "hivesum: raid/disk: the disk that was mounted here is not, or something else is: mount it, or go on \
    without it by --rebind\nhivesum: 1 known file could not be reached: as they were, for all that is known";

/// A collection with a place for a disk, on which this directory is mounted.
fn with_disk(disk: &str) -> WorkDir {
    let dir = WorkDir::with(&[(b"t/a", b"a"), (b"disk/one", b"one"), (b"other/two", b"two")]);
    fs::create_dir_all(dir.path("t/raid/disk")).unwrap();
    mount(&dir, disk);
    dir
}

fn mount(dir: &WorkDir, disk: &str) {
    let mounted = dir.run("mount", ["--bind", disk, "t/raid/disk"]);
    assert_eq!(mounted.code, Some(0), "{}", mounted.stderr());
}

fn unmount(dir: &WorkDir) {
    let unmounted = Command::new("umount").arg(dir.path("t/raid/disk")).status().unwrap();
    assert!(unmounted.success());
}

#[test]
fn files_of_a_disk_that_is_gone_are_not_called_missing_and_it_is_told_once_until_it_is_back() {
    let test = "scrub_mounts::files_of_a_disk_that_is_gone_are_not_called_missing_and_it_is_told_once_until_it_is_back";
    if !is_child_with_mounts(test) {
        return;
    }
    let dir = with_disk("disk");
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
    unmount(&dir);
    dir.write("t/raid/disk/written beside", "it lies on the disk beneath");
    dir.write("t/a", "written to");
    for told_already in [false, true] {
        let (code, stdout, stderr) = told(&scrub(&dir, &[]));
        assert!(code == Some(1) && stdout.starts_with("modified: a") && stdout.lines().count() == 1, "{stdout}");
        assert_eq!(stderr, GONE, "{told_already}");
        assert_eq!(events(&dir), ["1 modified a", "2 stopped ."]);
    }
    // Another disk in its place has not the files that it should have either.
    mount(&dir, "other");
    assert_eq!(told(&scrub(&dir, &[])).2, GONE);
    unmount(&dir);
    fs::remove_file(dir.path("t/raid/disk/written beside")).unwrap();
    mount(&dir, "disk");
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir), ["1 modified a", "2 stopped .", "3 accepted a", "4 resumed ."]);
    // Of the disk that is there what is deleted is missing.
    fs::remove_file(dir.path("disk/one")).unwrap();
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), "missing: raid/disk/one\n".to_owned(), String::new()));
    unmount(&dir);
}

#[test]
fn a_disk_whose_directory_is_gone_with_it_is_gone_and_to_rebind_is_to_go_on_without_it() {
    let test = "scrub_mounts::a_disk_whose_directory_is_gone_with_it_is_gone_and_to_rebind_is_to_go_on_without_it";
    if !is_child_with_mounts(test) {
        return;
    }
    let dir = with_disk("disk");
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    unmount(&dir);
    fs::remove_dir_all(dir.path("t/raid")).unwrap();
    let (code, stdout, stderr) = told(&scrub(&dir, &[]));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), "", GONE));
    let rebound = told(&scrub(&dir, &["--rebind"]));
    assert_eq!((rebound.0, rebound.1.as_str()), (Some(1), "missing: raid/disk/one\n"), "{}", rebound.2);
    assert_eq!(told(&scrub(&dir, &[])).1, "missing: raid/disk/one\n", "it is remembered no more");
    assert_eq!(events(&dir)[0], "1 stopped .");
}
