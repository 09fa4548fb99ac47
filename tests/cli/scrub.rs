//! `hivesum scrub` and `hivesum collections`: a directory is taken as it is, and from then on only what is to be seen is
//! told, until it is as it was or is accepted.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Stdio;
use std::sync::atomic::AtomicUsize;

use hivesum_test_support::faultfs::{self, Fault, FaultyFile};
use hivesum_test_support::images::{Image, is_child_with_mounts, write_synced};
use hivesum_test_support::process::is_child_with_fuse;
use serde_json::{Value, json};

use super::from_device::{BTRFS, CANARY, EXT4, content};
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// Runs `hivesum scrub t` with the state directory `s`.
pub(crate) fn scrub(dir: &WorkDir, more: &[&str]) -> Ran {
    dir.hivesum(["scrub", "--state", "s", "t"].iter().chain(more))
}

/// What a run says, and its exit status. Where bytes come from differs with the file system of the tests.
pub(crate) fn told(ran: &Ran) -> (Option<i32>, String, String) {
    let of_sources = |line: &&str| !line.ends_with(": unknown") && !line.ends_with(": cache");
    let said: Vec<_> = ran.stderr().lines().filter(of_sources).map(str::to_owned).collect();
    (ran.code, ran.stdout(), said.join("\n"))
}

pub(crate) fn assert_silent(ran: &Ran) {
    assert_eq!(told(ran), (Some(0), String::new(), String::new()));
}

/// Runs `hivesum collections` on `t`.
pub(crate) fn collections(dir: &WorkDir, command: &str, more: &[&str]) -> Ran {
    dir.hivesum(["collections", command, "--state", "s", "t"].iter().chain(more))
}

/// The events so far, each as its number, kind and path.
pub(crate) fn events(dir: &WorkDir) -> Vec<String> {
    let listed = collections(dir, "events", &[]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr());
    let short = |line: &str| {
        let fields: Vec<_> = line.split('\t').collect();
        format!("{} {} {}", fields[0], fields[2], fields[3])
    };
    listed.stdout().lines().map(short).collect()
}

#[test]
fn a_flip_below_the_file_system_is_told_once_a_run_until_it_is_accepted() {
    let test = "scrub::a_flip_below_the_file_system_is_told_once_a_run_until_it_is_accepted";
    if !is_child_with_mounts(test) {
        return;
    }
    let dir = WorkDir::new();
    let Some(image) = Image::mounted(&dir.path(""), &EXT4) else { return };
    dir.link("t", image.path().to_str().unwrap());
    write_synced(&image.path().join("song"), &content(200_000));
    write_synced(&image.path().join("other"), b"other");
    let (code, stdout, stderr) = told(&scrub(&dir, &[]));
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert!(stderr.contains("the baseline is taken, 2 files") && stderr.contains("damaged already"), "{stderr}");
    assert_silent(&scrub(&dir, &[]));
    // It stays in memory as it was, where every other tool reads it.
    assert_eq!(fs::read(image.path().join("song")).unwrap(), content(200_000));
    assert_ne!(image.flip(CANARY), 0);
    assert_eq!(fs::read(image.path().join("song")).unwrap(), content(200_000));
    let rot = "suspected_rot: song (content changed, size and mtime did not; ctime and inode are the same)\n";
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), rot.to_owned(), String::new()));
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), "suspected_rot: song\n".to_owned(), String::new()));
    let accepted = collections(&dir, "accept", &["song"]);
    assert_eq!((accepted.code, accepted.stdout().as_str()), (Some(0), "accepted: song (suspected_rot)\n"));
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir), ["1 suspected_rot song", "2 accepted song"]);
}

#[test]
fn a_file_system_with_checksums_that_finds_damage_makes_a_file_unreadable_until_it_is_restored() {
    let test = "scrub::a_file_system_with_checksums_that_finds_damage_makes_a_file_unreadable_until_it_is_restored";
    if !is_child_with_mounts(test) {
        return;
    }
    let dir = WorkDir::new();
    let Some(image) = Image::mounted(&dir.path(""), &BTRFS) else { return };
    dir.link("t", image.path().to_str().unwrap());
    let song = image.path().join("song");
    write_synced(&song, &content(200_000));
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    assert_ne!(image.flip(CANARY), 0);
    let unreadable = "unreadable: song (Input/output error; 200000 bytes at 0)\n";
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), unreadable.to_owned(), String::new()));
    let refused = collections(&dir, "accept", &["song"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr().contains("cannot be read"), "{}", refused.stderr());
    write_synced(&song, &content(200_000));
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir), ["1 unreadable song", "2 restored song"]);
}

#[test]
fn a_broken_disk_is_served_by_a_child() {
    let broken = Fault::AnotherByteEachTime(AtomicUsize::new(0));
    faultfs::serve(|_| {
        vec![FaultyFile::file("broken", b"content", broken), FaultyFile::file("sound", b"content", Fault::None)]
    });
}

#[test]
fn a_disk_that_returns_other_bytes_each_time_is_told_with_what_each_read_has_found() {
    if !is_child_with_fuse("scrub::a_disk_that_returns_other_bytes_each_time_is_told_with_what_each_read_has_found") {
        return;
    }
    let dir = WorkDir::new();
    fs::create_dir(dir.path("t")).unwrap();
    let _mounted = faultfs::mount("scrub::a_broken_disk_is_served_by_a_child", "", &dir.path("t"));
    let baseline = scrub(&dir, &[]);
    assert_eq!((baseline.code, baseline.stdout().as_str()), (Some(0), ""), "{}", baseline.stderr());
    let words = "2 files could not be read from the device (fuse";
    assert!(baseline.stderr().contains(words), "{}", baseline.stderr());
    let (code, stdout, stderr) = told(&scrub(&dir, &[]));
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(stdout.starts_with("reads_disagree: broken (1 time ") && stdout.matches("1 time").count() == 3, "{stdout}");
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let refused = collections(&dir, "accept", &["--all"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr().contains("reads of the file disagree"), "{}", refused.stderr());
    assert_eq!(events(&dir), ["1 reads_disagree broken"]);
}

/// A directory `t` on a disk with a baseline, of which one file rotted afterwards and others changed.
fn changed_tree() -> Option<(WorkDir, Image)> {
    let dir = WorkDir::new();
    let image = Image::mounted(&dir.path(""), &EXT4)?;
    dir.link("t", image.path().to_str().unwrap());
    for (name, content) in [
        ("t/canary", CANARY),
        ("t/d/edited", b"1"),
        ("t/gone", b"here for now"),
        ("t/old name", b"moved content"),
        ("t/same", b"the same"),
        ("t/set back", b"2"),
    ] {
        dir.write(name, content);
    }
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    assert_ne!(image.flip(CANARY), 0);
    change(&dir);
    Some((dir, image))
}

fn change(dir: &WorkDir) {
    dir.write("t/d/edited", "one");
    let file = File::options().write(true).open(dir.path("t/set back")).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"V", 0).unwrap();
    file.set_modified(before).unwrap();
    fs::remove_file(dir.path("t/gone")).unwrap();
    fs::rename(dir.path("t/old name"), dir.path("t/d/new name")).unwrap();
    dir.write("t/new", "news");
}

#[test]
fn edits_are_told_from_rot_and_moved_new_and_missing_files_are_told() {
    if !is_child_with_mounts("scrub::edits_are_told_from_rot_and_moved_new_and_missing_files_are_told") {
        return;
    }
    let Some((dir, _image)) = changed_tree() else { return };
    let expected = "\
        suspected_rot: canary (content changed, size and mtime did not; ctime and inode are the same)\n\
        modified: d/edited (content, size and mtime changed; ctime changed, inode is the same)\n\
        moved: 'd/new name' (from 'old name')\n\
        missing: gone\n\
        new: new\n\
        modified: 'set back' (content changed, size and mtime did not; ctime changed, inode is the same)\n";
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), expected.to_owned(), String::new()));
    let rotten = collections(&dir, "files", &["--in", "suspected_rot"]);
    assert!(rotten.stdout().starts_with("suspected_rot\t46\t") && rotten.stdout().ends_with("\tcanary\n"));
    let shown: Value = serde_json::from_slice(&collections(&dir, "show", &[]).stdout).unwrap();
    assert_eq!((&shown["kind"], &shown["passes"]), (&json!("fixed"), &json!(2)));
    assert_eq!((&shown["schedule"], &shown["stopped"]), (&json!({}), &Value::Null));
    assert_eq!(shown["files"]["modified"]["files"], 2, "{shown}");
    let listed = dir.hivesum(["collections", "list", "--state", "s"]);
    let fields: Vec<_> = listed.stdout().split('\t').map(str::to_owned).collect();
    assert_eq!((fields[0].as_str(), fields[1].as_str()), (shown["id"].as_str().unwrap(), "7"));
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir).len(), 12);
    assert_eq!(collections(&dir, "files", &[]).stdout().lines().count(), 6, "the missing one is forgotten");
}

#[test]
fn in_a_living_collection_only_damage_is_told_and_later_runs_remember_it() {
    if !is_child_with_mounts("scrub::in_a_living_collection_only_damage_is_told_and_later_runs_remember_it") {
        return;
    }
    let Some((dir, _image)) = changed_tree() else { return };
    let rot = "suspected_rot: canary (content changed, size and mtime did not; ctime and inode are the same)\n";
    assert_eq!(told(&scrub(&dir, &["--living"])), (Some(1), rot.to_owned(), String::new()));
    dir.write("t/d/edited", "two");
    assert_eq!(scrub(&dir, &[]).stdout(), "suspected_rot: canary\n");
    assert_eq!(events(&dir).last().unwrap(), "7 modified d/edited");
}

#[test]
fn a_directory_that_is_empty_another_one_or_gone_stops_a_run_before_anything_is_called_missing() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"t/b", b"2")]);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    let stopped = |words: &str| {
        let ran = scrub(&dir, &[]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""));
        assert!(ran.stderr().contains(words) && ran.stderr().contains("no file is called missing"), "{}", ran.stderr());
        assert_eq!(collections(&dir, "files", &["--in", "ok"]).stdout().lines().count(), 2);
    };
    fs::create_dir(dir.path("aside")).unwrap();
    for name in ["a", "b"] {
        fs::rename(dir.path(format!("t/{name}")), dir.path(format!("aside/{name}"))).unwrap();
    }
    stopped("is empty");
    stopped("is empty");
    fs::remove_dir(dir.path("t")).unwrap();
    stopped("No such file or directory");
    fs::rename(dir.path("aside"), dir.path("t")).unwrap();
    stopped("another directory or disk");
    assert_silent(&scrub(&dir, &["--rebind"]));
    assert_silent(&scrub(&dir, &[]));
    // A rename changes ctime. The same reason is told once.
    let happened = ["1 stopped .", "2 stopped .", "3 stopped .", "4 touched a", "5 touched b", "6 resumed ."];
    assert_eq!(events(&dir), happened);
    let listed = collections(&dir, "events", &[]).expect_success();
    let second = listed.lines().nth(1).unwrap();
    assert!(second.ends_with("the directory cannot be reached: nothing was looked at, and no file is called missing"));
}

#[test]
fn a_restored_copy_with_a_flipped_byte_is_told_also_where_people_work() {
    let dir = WorkDir::with(&[(b"t/a", b"some content"), (b"t/b", b"2")]);
    assert_eq!(scrub(&dir, &["--living"]).code, Some(0));
    let written = fs::metadata(dir.path("t/a")).unwrap().modified().unwrap();
    fs::create_dir(dir.path("copy")).unwrap();
    fs::write(dir.path("copy/a"), b"some kontent").unwrap();
    fs::rename(dir.path("t/b"), dir.path("copy/b")).unwrap();
    File::options().write(true).open(dir.path("copy/a")).unwrap().set_modified(written).unwrap();
    fs::remove_dir_all(dir.path("t")).unwrap();
    fs::create_dir(dir.path("t")).unwrap();
    let empty = scrub(&dir, &["--rebind"]);
    assert!(empty.code == Some(1) && empty.stderr().contains("is empty"), "{}", empty.stderr());
    fs::remove_dir(dir.path("t")).unwrap();
    fs::rename(dir.path("copy"), dir.path("t")).unwrap();
    let rot = "suspected_rot: a (content changed, size and mtime did not; ctime and inode changed)\n";
    let found = scrub(&dir, &["--rebind"]);
    assert_eq!((found.code, found.stdout().as_str()), (Some(1), rot), "{}", found.stderr());
}

#[test]
fn another_scrub_without_a_service_waits_for_the_lock() {
    let dir = WorkDir::with(&[(b"t/a", b"1")]);
    let mut command = dir.command(HIVESUM);
    command.args(["scrub", "--state", "s", "t"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let both = [command.spawn().unwrap(), command.spawn().unwrap()];
    let both = both.map(|child| Ran::of(child.wait_with_output().unwrap()));
    let baselines = both.iter().filter(|ran| ran.stderr().contains("the baseline is taken")).count();
    assert_eq!((both.each_ref().map(|ran| ran.code), baselines), ([Some(0); 2], 1), "one waits for the other");
}

#[test]
fn what_is_asked_wrongly_is_refused_in_words() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"file", b"2")]);
    let none = collections(&dir, "list", &[]);
    assert_eq!(none.code, Some(2), "list takes no directory");
    assert!(collections(&dir, "show", &[]).stderr().contains("no scrub has used s"));
    for (args, code, words) in [
        (&["scrub", "--state", "s"][..], 2, "DIR"),
        (&["scrub", "--state", "s", "--aim", "x", "t"], 2, "30d"),
        (&["scrub", "--state", "s", "--max-bytes", "0", "t"], 2, "500GB"),
        (&["scrub", "--state", "s", "--percent", "101", "t"], 2, "from 1 to 100"),
        (&["scrub", "--state", "s", "file"], 1, "file: Not a directory"),
        (&["scrub", "--state", "s", "absent"], 1, "absent: No such file or directory"),
    ] {
        let refused = dir.hivesum(args);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(code), ""), "{args:?}: {}", refused.stderr());
        assert!(refused.stderr().contains(words), "{args:?}: {}", refused.stderr());
    }
    assert_eq!(scrub(&dir, &["-a", "sha256"]).code, Some(0));
    assert_silent(&scrub(&dir, &["-a", "sha256"]));
    let other = scrub(&dir, &["-a", "blake3"]);
    assert_eq!(other.code, Some(2), "{}", other.stderr());
    assert!(other.stderr().contains("are sha256"), "{}", other.stderr());
    for (command, more, words) in [("accept", &["nothing"][..], "no such file"), ("files", &["--in", "bad"], "reads_")]
    {
        assert!(collections(&dir, command, more).stderr().contains(words));
    }
    assert_eq!(collections(&dir, "forget", &[]).code, Some(0));
    assert!(collections(&dir, "show", &[]).stderr().contains("no such collection"));
}
