//! F03, F04, F10 and F22 of files that are read side by side: what happens to one of them costs the others nothing.
//!
//! On a machine without lanes each is read alone, and no failpoint of the pieces is reached.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use hivesum_core::result::{ErrorCode, Stability};
use hivesum_test_support::cycle;
use tempfile::TempDir;

use crate::stage::{Scanned, append, on_reaching, scan_with, set_len};

pub(super) const FILES: usize = 20;
/// Five pieces.
const BYTES: usize = 300_000;
/// Of the file that something happens to.
pub(super) const STRUCK: usize = 7;

fn content(number: usize) -> Vec<u8> {
    content_of(BYTES, number)
}

/// So many bytes, others for each number.
pub(super) fn content_of(bytes: usize, number: usize) -> Vec<u8> {
    cycle(bytes + FILES)[number..number + bytes].to_vec()
}

pub(super) fn name(number: usize) -> String {
    format!("{number:02}")
}

fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        fs::write(tree.path().join(name(number)), content(number)).unwrap();
    }
    tree
}

fn has_lanes() -> bool {
    cfg!(target_arch = "x86_64") && std::arch::is_x86_feature_detected!("avx2")
}

fn scan(path: &Path) -> Scanned {
    scan_with(path, |spec| spec.algorithms = "blake3,md5".parse().unwrap())
}

/// All but the one that was struck are right, by both algorithms.
fn assert_others(scanned: &Scanned) {
    let alone = scan_with_md5_alone();
    for number in (0..FILES).filter(|number| *number != STRUCK) {
        let line = scanned.line(&name(number));
        assert!(line.is_of(&content(number)) && line.digests[1] == alone[number], "{line:?}");
    }
}

/// The MD5 of each file by a scan of that file alone.
fn scan_with_md5_alone() -> Vec<String> {
    let md5_of = |number| {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("file"), content(number)).unwrap();
        scan(tree.path()).line("file").digests[1].clone()
    };
    (0..FILES).map(md5_of).collect()
}

/// Acts once, when each of the files that are read first was read in part.
fn once_all_have_begun(act: impl Fn() + Send + Sync + 'static) {
    let reached = AtomicUsize::new(0);
    on_reaching("stream_piece", 1000, move || {
        if reached.fetch_add(1, Ordering::SeqCst) == 2 * FILES {
            act();
        }
    });
}

pub(super) fn written_to_once() {
    let _scenario = fail::FailScenario::setup();
    let tree = tree();
    let file = tree.path().join(name(STRUCK));
    let mut expected = content(STRUCK);
    (expected[0], expected[BYTES - 1]) = (1, 2);
    once_all_have_begun(move || {
        let file = fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.write_all_at(&[1], 0).unwrap();
        file.write_all_at(&[2], BYTES as u64 - 1).unwrap();
    });
    let scanned = scan(tree.path());
    assert_others(&scanned);
    let expected = if has_lanes() { expected } else { content(STRUCK) };
    assert!(scanned.line(&name(STRUCK)).is_of(&expected), "{:?}", scanned.line(&name(STRUCK)));
}

pub(super) fn cut_short() {
    let _scenario = fail::FailScenario::setup();
    let tree = tree();
    let file = tree.path().join(name(STRUCK));
    let left = if has_lanes() { BYTES / 2 } else { BYTES };
    once_all_have_begun(move || set_len(&file, left as u64));
    let scanned = scan(tree.path());
    assert_others(&scanned);
    assert!(scanned.line(&name(STRUCK)).is_of(&content(STRUCK)[..left]), "{:?}", scanned.line(&name(STRUCK)));
}

pub(super) fn written_to_during_every_read() {
    let _scenario = fail::FailScenario::setup();
    let tree = tree();
    for failpoint in ["stream_piece", "after_read"] {
        let file = tree.path().join(name(STRUCK));
        on_reaching(failpoint, 1000, move || append(&file, b"more"));
    }
    let scanned = scan(tree.path());
    fail::remove("after_read");
    assert_others(&scanned);
    assert!(scanned.line(&name(STRUCK)).is(ErrorCode::FileChanged), "{:?}", scanned.line(&name(STRUCK)));
}

pub(super) fn one_with_a_writer() {
    let tree = tree();
    let _writer = fs::OpenOptions::new().write(true).open(tree.path().join(name(STRUCK))).unwrap();
    let scanned = scan(tree.path());
    assert_others(&scanned);
    assert_eq!(scanned.count(|line| line.stability() == Some(Stability::Stable)), FILES - 1);
    let strictly = scan_with(tree.path(), |spec| {
        (spec.algorithms, spec.require_stable) = ("blake3,md5".parse().unwrap(), true);
    });
    assert_others(&strictly);
    assert!(strictly.line(&name(STRUCK)).is(ErrorCode::FileBusy));
}

pub(super) fn panics() {
    for action in ["1*panic", "40*off->1*panic->off", "panic"] {
        let _scenario = fail::FailScenario::setup();
        let tree = tree();
        fail::cfg("stream_piece", action).unwrap();
        let scanned = scan(tree.path());
        assert_others(&scanned);
        assert!(scanned.line(&name(STRUCK)).is_of(&content(STRUCK)), "{action}: {:?}", scanned.end);
    }
}

pub(super) fn few_descriptors() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let tree = tree();
    setrlimit(Resource::Nofile, Rlimit { current: Some(32), maximum: Some(32) }).unwrap();
    let scanned = scan(tree.path());
    assert_eq!((scanned.end.summary.hashed, scanned.end.summary.errors), (FILES as u64, 0), "{:?}", scanned.end);
}
