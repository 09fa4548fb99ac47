//! F22: opens and reads that fail, come short or lie, and descriptors that run out.

use std::fs;
use std::sync::atomic::AtomicUsize;

use hivesum_core::file::IoMode;
use hivesum_core::result::{ErrorCode, Stability};
use hivesum_test_support::cycle;
use hivesum_test_support::faultfs::{Errno, Fault, FaultyFile};

use super::mount;
use crate::play::has_fuse;
use crate::stage::{scan, scan_with};

pub(super) fn files_that_open_later() -> Vec<FaultyFile> {
    let after =
        |name, times, errno| FaultyFile::file(name, b"content", Fault::OpensAfter(AtomicUsize::new(times), errno));
    vec![
        after("again", 20, Errno::EAGAIN),
        after("interrupted", 20, Errno::EINTR),
        after("too many", 3, Errno::EMFILE),
        after("too many anywhere", 3, Errno::ENFILE),
        after("busy for ever", usize::MAX, Errno::EAGAIN),
        after("forbidden", usize::MAX, Errno::EACCES),
        after("broken", usize::MAX, Errno::EIO),
    ]
}

pub(super) fn opens_later() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("opens later", at.path());
    let scanned = scan(at.path());
    let expected = [
        ("again", None),
        ("interrupted", None),
        ("too many", None),
        ("too many anywhere", None),
        ("busy for ever", Some(ErrorCode::FileBusy)),
        ("forbidden", Some(ErrorCode::Permission)),
        ("broken", Some(ErrorCode::IoError)),
    ];
    for (name, code) in expected {
        let line = scanned.line(name);
        assert!(code.map_or_else(|| line.is_of(b"content"), |code| line.is(code)), "{line:?}");
    }
}

fn small_and_large() -> (Vec<u8>, Vec<u8>) {
    (cycle(100_000), cycle(9 << 20))
}

pub(super) fn files_of_short_reads() -> Vec<FaultyFile> {
    let (small, large) = small_and_large();
    let broken_off = |errno| Fault::EverySecondRead(AtomicUsize::new(0), errno);
    vec![
        FaultyFile::file("short", &small, Fault::ShortReads(777)),
        FaultyFile::file("short and large", &large, Fault::ShortReads(100_003)),
        FaultyFile::file("interrupted", &small, broken_off(Errno::EINTR)),
        FaultyFile::file("broken", &small, broken_off(Errno::EIO)),
        FaultyFile::with_false_size("shorter than it says", 200_000, &small, Fault::None),
        FaultyFile::with_false_size("longer than it says", 50_000, &small, Fault::None),
        FaultyFile::with_false_size("much shorter than it says", 20 << 20, &small, Fault::None),
    ]
}

pub(super) fn short_reads() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("short reads", at.path());
    let (small, large) = small_and_large();
    let scanned = scan(at.path());
    assert!(scanned.line("short").is_of(&small), "{:?}", scanned.line("short"));
    assert!(scanned.line("interrupted").is_of(&small), "{:?}", scanned.line("interrupted"));
    assert!(scanned.line("short and large").is_of(&large), "{:?}", scanned.line("short and large"));
    for name in ["broken", "shorter than it says", "longer than it says", "much shorter than it says"] {
        assert!(scanned.line(name).is(ErrorCode::IoError), "{:?}", scanned.line(name));
    }
}

pub(super) fn few_descriptors() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let tree = tempfile::tempdir().unwrap();
    for number in 0..600 {
        let directory = tree.path().join(format!("{number:03}"));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("file"), "x").unwrap();
    }
    for number in 0..60 {
        fs::File::create(tree.path().join(format!("large {number}"))).unwrap().set_len(9 << 20).unwrap();
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    let scanned = scan(tree.path());
    assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (660, 0), "{:?}", scanned.end);
}

fn mapped_and_large() -> (Vec<u8>, Vec<u8>) {
    (cycle(2 << 20), cycle(20 << 20))
}

pub(super) fn sound_files() -> Vec<FaultyFile> {
    let (small, large) = mapped_and_large();
    vec![FaultyFile::file("large", &large, Fault::None), FaultyFile::file("small", &small, Fault::None)]
}

pub(super) fn never_trusted() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("sound", at.path());
    let (small, large) = mapped_and_large();
    let scanned = scan_with(at.path(), |spec| spec.io = IoMode::Map);
    for (name, content) in [("small", &small), ("large", &large)] {
        let line = scanned.line(name);
        assert!(line.is_of(content) && line.stability() == Some(Stability::Unverified), "{line:?}");
    }
    let scanned = scan_with(at.path(), |spec| spec.require_stable = true);
    assert_eq!(scanned.count(|line| line.is(ErrorCode::FileBusy)), 2, "{scanned:?}");
}
