//! F08 to F10, F12: failing devices, foreign signals, panics, and file systems that never answer.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hivesum_core::file::IoMode;
use hivesum_core::result::ErrorCode;
use hivesum_test_support::faultfs::{Fault, FaultyFile};
use hivesum_test_support::process::has_own_mounts;
use hivesum_test_support::{Requirement, cycle, has_tool};

use super::mount;
use crate::play::has_fuse;
use crate::stage::{Line, PATIENT, await_alive, engine, run, scan_with, spec, tree_of};

pub(super) fn does(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Mounts an ext4 file system on an image and truncates the image, so that most blocks cannot be read. False where the
/// test has to be skipped.
fn cut_device(dir: &Path, files: &[(&str, usize)]) -> bool {
    let (image, at) = (dir.join("image"), dir.join("mounted"));
    fs::create_dir(&at).unwrap();
    fs::File::create(&image).unwrap().set_len(128 << 20).unwrap();
    let (image_path, at_path) = (image.to_str().unwrap(), at.to_str().unwrap());
    if !has_tool("mkfs.ext4") {
        return false;
    }
    assert!(does("mkfs.ext4", &["-q", "-F", "-b", "4096", image_path]));
    let mounting = ["-o", "loop,noatime", image_path, at_path];
    let may_mount = || has_own_mounts() && does("mount", &mounting);
    if !Requirement::condition("the right to mount a loop device").is_met(may_mount) {
        return false;
    }
    for (name, bytes) in files {
        fs::write(at.join(name), cycle(*bytes)).unwrap();
    }
    // The remount writes the files out and empties the page cache. Looking at them caches their inodes.
    assert!(does("umount", &[at_path]) && does("mount", &mounting));
    for (name, _) in files {
        assert!(at.join(name).exists());
    }
    fs::OpenOptions::new().write(true).open(&image).unwrap().set_len(2 << 20).unwrap();
    true
}

pub(super) fn fails_under_a_map() {
    for io in [IoMode::Auto, IoMode::Map, IoMode::Read] {
        let dir = tempfile::tempdir().unwrap();
        if !cut_device(dir.path(), &[("large", 20 << 20), ("mapped", 4 << 20), ("small", 100_000)]) {
            return;
        }
        let scanned = scan_with(&dir.path().join("mounted"), |spec| spec.io = io);
        for name in ["large", "mapped", "small"] {
            assert!(scanned.line(name).is(ErrorCode::IoError), "{io:?}: {:?}", scanned.line(name));
        }
        assert!(does("umount", &["-l", dir.path().join("mounted").to_str().unwrap()]));
    }
}

pub(super) fn sigbus_of_others() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("mapped"), cycle(20 << 20)).unwrap();
    assert!(scan_with(tree.path(), |spec| spec.io = IoMode::Map).line("mapped").is_hashed());
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::BUS).unwrap();
    panic!("SIGBUS by kill did nothing");
}

pub(super) fn a_thousand_panics() {
    let _scenario = fail::FailScenario::setup();
    let tree = tree_of(3000);
    let (engine, background) = engine(PATIENT);
    fail::cfg("hash_entry", "1000*panic").unwrap();
    let scanned = run(&engine, spec(tree.path()));
    assert_eq!(scanned.lines.len(), 3000);
    assert_eq!(scanned.count(|line| line.is(ErrorCode::Internal)), 1000);
    assert_eq!(scanned.count(Line::is_hashed), 2000);
    let stats = engine.stats();
    assert_eq!((stats.hashers.panics, stats.hashers.restarts), (1000, 0));
    await_alive(&engine, 2);
    background.join();
}

/// A deadline that working reads meet.
const SHORT: Duration = Duration::from_secs(1);

pub(super) fn dead_files() -> Vec<FaultyFile> {
    vec![
        FaultyFile::file("dead", b"content", Fault::NeverReads),
        FaultyFile::file("large and dead", &cycle(9 << 20), Fault::NeverReads),
        FaultyFile::file("sound", b"content", Fault::None),
    ]
}

pub(super) fn never_reads() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let mounted = mount("dead files", at.path());
    let (engine, background) = engine(SHORT);
    let scanned = run(&engine, spec(at.path()));
    assert!(scanned.line("sound").is_of(b"content"), "{scanned:?}");
    for name in ["dead", "large and dead"] {
        assert!(scanned.line(name).is(ErrorCode::Timeout), "{scanned:?}");
    }
    let stats = engine.stats();
    assert!(stats.hashers.stuck >= 2, "{stats:?}");
    await_alive(&engine, 2);
    // The pool works again.
    let tree = tree_of(1000);
    assert_eq!(run(&engine, spec(tree.path())).end.summary.hashed, 1000);
    drop(mounted);
    background.join();
}

pub(super) fn slow_files() -> Vec<FaultyFile> {
    let slowly = || Fault::Trickles(SHORT / 20);
    vec![
        FaultyFile::file("large", &cycle(9 << 20), slowly()),
        FaultyFile::file("small", &cycle(10_000), slowly()),
        FaultyFile::with_false_size("unsized", 0, &cycle(10_000), slowly()),
    ]
}

pub(super) fn trickles() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("slow files", at.path());
    let (engine, background) = engine(SHORT);
    let scanned = run(&engine, spec(at.path()));
    assert_eq!(scanned.count(|line| line.is(ErrorCode::Timeout)), 3, "{scanned:?}");
    assert_eq!(engine.stats().hashers.restarts, 0, "no hasher had to be replaced");
    background.join();
}

pub(super) fn dead_directory() -> Vec<FaultyFile> {
    vec![FaultyFile::silent_directory("dead"), FaultyFile::file("sound", b"content", Fault::None)]
}

pub(super) fn never_lists() {
    if !has_fuse() {
        return;
    }
    let tree = tempfile::tempdir().unwrap();
    for name in ["a", "mount", "z"] {
        fs::create_dir(tree.path().join(name)).unwrap();
        fs::write(tree.path().join(name).join("file"), "x").unwrap();
    }
    let _mounted = mount("dead directory", &tree.path().join("mount"));
    let (engine, background) = engine(SHORT);
    let scanned = run(&engine, spec(tree.path()));
    assert!(scanned.line("mount/dead").is(ErrorCode::Timeout), "{scanned:?}");
    for name in ["a/file", "mount/sound", "z/file"] {
        assert!(scanned.line(name).is_hashed(), "{scanned:?}");
    }
    background.join();
}
