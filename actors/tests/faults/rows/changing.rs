//! F01 to F07: files that are changed, moved or deleted while they are read.

use std::fs;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hivesum_actors::scan::ScanSpec;
use hivesum_core::file::IoMode;
use hivesum_core::guards::HeldMapping;
use hivesum_core::result::{ErrorCode, NameList, Stability};
use hivesum_core::walk::Target;
use hivesum_test_support::cycle;
use tempfile::TempDir;

use crate::stage::{Scanned, append, on_reaching, scan_with, set_len};

const MAPPED: usize = 4 << 20;
const LARGE: usize = 40 << 20;

/// Scans with every file mapped, as most of these faults are about maps.
fn mapped(path: &Path) -> Scanned {
    scan_with(path, |spec| spec.io = IoMode::Map)
}

/// A tree with one file of this size.
fn one_file(bytes: usize) -> (TempDir, PathBuf) {
    let tree = tempfile::tempdir().unwrap();
    let file = tree.path().join("file");
    fs::write(&file, cycle(bytes)).unwrap();
    (tree, file)
}

pub(super) fn cut_to_nothing_while_mapped() {
    for bytes in [MAPPED, LARGE] {
        let _scenario = fail::FailScenario::setup();
        let (tree, file) = one_file(bytes);
        fs::write(tree.path().join("sibling"), "x").unwrap();
        on_reaching("window_populated", 1, move || set_len(&file, 0));
        let scanned = mapped(tree.path());
        assert!(scanned.line("sibling").is_of(b"x"));
        let line = scanned.line("file");
        match bytes {
            MAPPED => assert!(line.is_of(b"") && line.size == 0, "{line:?}"),
            _ => assert!(line.is(ErrorCode::FileChanged), "it is not a large file any more: {line:?}"),
        }
    }
}

pub(super) fn cut_and_filled_again() {
    for bytes in [MAPPED, LARGE] {
        let _scenario = fail::FailScenario::setup();
        let (tree, file) = one_file(bytes);
        on_reaching("window_populated", 1000, move || {
            set_len(&file, 0);
            set_len(&file, bytes as u64);
        });
        let line = mapped(tree.path()).line("file").clone();
        assert!(line.is(ErrorCode::FileChanged), "{line:?}");
    }
}

pub(super) fn cut_inside_its_last_page() {
    let _scenario = fail::FailScenario::setup();
    let (tree, file) = one_file(MAPPED);
    on_reaching("window_populated", 1, move || set_len(&file, MAPPED as u64 - 100));
    let line = mapped(tree.path()).line("file").clone();
    assert!(line.is_of(&cycle(MAPPED - 100)), "{line:?}");
}

pub(super) fn written_to_during_every_read() {
    for (bytes, after) in [(1000, "after_read"), (MAPPED, "after_read"), (LARGE, "after_piece")] {
        for io in [IoMode::Map, IoMode::Read] {
            let _scenario = fail::FailScenario::setup();
            let (tree, file) = one_file(bytes);
            on_reaching(after, 1000, move || append(&file, b"more"));
            let line = scan_with(tree.path(), |spec| spec.io = io).line("file").clone();
            assert!(line.is(ErrorCode::FileChanged), "{bytes} bytes, {io:?}: {line:?}");
        }
    }
}

pub(super) fn large_and_written_to_once() {
    let _scenario = fail::FailScenario::setup();
    let (tree, file) = one_file(LARGE);
    let mut expected = cycle(LARGE);
    expected[LARGE / 2] ^= 1;
    let byte = [expected[LARGE / 2]];
    on_reaching("after_piece", 1, move || {
        fs::OpenOptions::new().write(true).open(&file).unwrap().write_all_at(&byte, LARGE as u64 / 2).unwrap();
    });
    let line = scan_with(tree.path(), |spec| spec.require_stable = true).line("file").clone();
    assert!(line.is_of(&expected), "{line:?}");
}

pub(super) fn open_for_writing() {
    for bytes in [1000, MAPPED, LARGE] {
        let (tree, file) = one_file(bytes);
        let stability = || mapped(tree.path()).line("file").stability();
        assert_eq!(stability(), Some(Stability::Stable), "{bytes} bytes: no writer");
        let writer = fs::OpenOptions::new().read(true).write(true).open(&file).unwrap();
        assert_eq!(stability(), Some(Stability::Unverified), "{bytes} bytes: an open descriptor");
        let mut mapping = HeldMapping::of(&writer).unwrap();
        mapping.set(0, 1);
        drop(writer);
        assert_eq!(stability(), Some(Stability::Unverified), "{bytes} bytes: only a mapping");
        mapping.set(0, 2);
        drop(mapping);
        assert_eq!(stability(), Some(Stability::Stable), "{bytes} bytes: no writer again");
    }
}

pub(super) fn only_stable_ones() {
    for bytes in [1000, MAPPED, LARGE] {
        let (tree, file) = one_file(bytes);
        let strictly = || scan_with(tree.path(), |spec| spec.require_stable = true).line("file").clone();
        assert!(strictly().is_hashed());
        let writer = fs::OpenOptions::new().write(true).open(&file).unwrap();
        assert!(strictly().is(ErrorCode::FileBusy), "{bytes} bytes");
        drop(writer);
    }
    // A writer opens the file between the first read and the second.
    let _scenario = fail::FailScenario::setup();
    let (tree, file) = one_file(LARGE);
    let writer = std::sync::Mutex::new(None);
    on_reaching("after_piece", 1, move || {
        let opened = fs::OpenOptions::new().write(true).open(&file).unwrap();
        opened.write_all_at(b"x", 0).unwrap();
        *writer.lock().unwrap() = Some(opened);
    });
    let line = scan_with(tree.path(), |spec| spec.require_stable = true).line("file").clone();
    assert!(line.is(ErrorCode::FileBusy), "{line:?}");
}

pub(super) fn opened_during_the_probe() {
    let _scenario = fail::FailScenario::setup();
    let (tree, file) = one_file(1000);
    // This open does not wait for the lease to be released, but the kernel sends the signal anyway.
    let path = file.clone();
    on_reaching("lease_held", 1000, move || {
        let opened = fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&path);
        assert_eq!(opened.unwrap_err().raw_os_error(), Some(libc::EWOULDBLOCK));
    });
    assert!(mapped(tree.path()).line("file").is_of(&cycle(1000)));
}

pub(super) fn time_set_back() {
    let _scenario = fail::FailScenario::setup();
    let (tree, file) = one_file(1000);
    let before: SystemTime = file.metadata().unwrap().modified().unwrap();
    on_reaching("after_read", 1000, move || {
        let writer = fs::OpenOptions::new().write(true).open(&file).unwrap();
        writer.write_all_at(b"other", 0).unwrap();
        writer.set_modified(before).unwrap();
    });
    let line = mapped(tree.path()).line("file").clone();
    assert!(line.is(ErrorCode::FileChanged), "{line:?}");
}

pub(super) fn replaced() {
    for bytes in [1000, MAPPED, LARGE] {
        let _scenario = fail::FailScenario::setup();
        let (tree, file) = one_file(bytes);
        let other = tempfile::NamedTempFile::new_in(tree.path().parent().unwrap()).unwrap();
        fs::write(other.path(), "another file").unwrap();
        let other = other.into_temp_path();
        on_reaching("file_opened", 1, move || fs::rename(&other, &file).unwrap());
        let line = mapped(tree.path()).line("file").clone();
        assert!(line.is_of(&cycle(bytes)), "{line:?}");
    }
}

pub(super) fn deleted() {
    for bytes in [1000, MAPPED, LARGE] {
        let (tree, file) = one_file(bytes);
        let scenario = fail::FailScenario::setup();
        let path = file.clone();
        on_reaching("file_opened", 1, move || fs::remove_file(&path).unwrap());
        let line = mapped(tree.path()).line("file").clone();
        assert!(line.is_of(&cycle(bytes)), "during the read: {line:?}");
        fs::write(&file, "there again").unwrap();
        fail::remove("file_opened");
        on_reaching("hash_entry", 1, move || fs::remove_file(&file).unwrap());
        let line = mapped(tree.path()).line("file").clone();
        assert!(line.is(ErrorCode::NotFound), "before it is opened: {line:?}");
        scenario.teardown();
    }
    let mut names = NameList::new();
    names.push(b"/nowhere/at/all");
    let target = Target::Names { names };
    let (engine, background) = crate::stage::engine(crate::stage::PATIENT);
    let scanned = crate::stage::run(&engine, ScanSpec::new(vec![target], "blake3".parse().unwrap()));
    assert!(scanned.lines[0].is(ErrorCode::NotFound));
    background.join();
}
