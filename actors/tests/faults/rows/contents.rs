//! F18 to F21: false sizes, holes, deep and wide trees, and names of any bytes.

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;

use hivesum_core::result::{ErrorCode, SkipReason, Status};
use hivesum_test_support::faultfs::{Fault, FaultyFile};
use hivesum_test_support::process::peak_bytes;
use hivesum_test_support::{cycle, has_tool, number_from_env};
use proptest::prelude::*;
use rustix::fs::{FileType, Mode, OFlags, mkdirat, mknodat, openat};

use super::mount;
use crate::play::{has_fuse, may_mount};
use crate::stage::{PATIENT, engine, engine_with, run, scan, scan_with, spec};

fn small_and_large() -> (Vec<u8>, Vec<u8>) {
    (cycle(1000), cycle((20 << 20) + 7))
}

pub(super) fn files_without_a_size() -> Vec<FaultyFile> {
    let (small, large) = small_and_large();
    vec![
        FaultyFile::with_false_size("empty", 0, b"", Fault::None),
        FaultyFile::with_false_size("large", 0, &large, Fault::None),
        FaultyFile::with_false_size("small", 0, &small, Fault::None),
    ]
}

pub(super) fn unsized_content() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("no size", at.path());
    let (small, large) = small_and_large();
    let scanned = scan_with(at.path(), |spec| spec.algorithms = "blake3,crc32".parse().unwrap());
    for (name, content) in [("empty", &[][..]), ("small", &small), ("large", &large)] {
        let line = scanned.line(name);
        assert!(line.is_of(content) && line.size == content.len() as u64, "{line:?}");
        assert_eq!(line.digests[1], format!("{:08x}", crc32fast::hash(content)));
    }
    // The same for a file of the kernel, which reports size 0.
    let status = Path::new("/proc/self/environ");
    let mut names = hivesum_core::result::NameList::new();
    names.push(status.as_os_str().as_encoded_bytes());
    let (engine, background) = engine(PATIENT);
    let target = hivesum_core::walk::Target::Names { names };
    let scanned = run(&engine, hivesum_actors::scan::ScanSpec::new(vec![target], "blake3".parse().unwrap()));
    assert!(scanned.lines[0].is_of(&fs::read(status).unwrap()), "{scanned:?}");
    background.join();
}

pub(super) fn endless_file() -> Vec<FaultyFile> {
    vec![FaultyFile::with_false_size("endless", 0, b"for ever and ", Fault::Endless)]
}

pub(super) fn endless() {
    if !has_fuse() {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let _mounted = mount("endless", at.path());
    let (engine, background) = engine_with(|config| config.max_unsized_bytes = 20 << 20);
    let scanned = run(&engine, spec(at.path()));
    assert!(scanned.line("endless").is(ErrorCode::TooLarge), "{scanned:?}");
    background.join();
}

pub(super) fn over_the_bound() {
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("sparse")).unwrap().set_len(8 << 40).unwrap();
    let (engine, background) = engine_with(|config| config.max_file_bytes = 1 << 40);
    let scanned = run(&engine, spec(tree.path()));
    assert!(scanned.line("sparse").is(ErrorCode::TooLarge), "{scanned:?}");
    background.join();
}

/// How much of a file fincore finds in the page cache.
fn cached_bytes(path: &Path) -> u64 {
    let args = ["--bytes", "--noheadings", "--output", "res"];
    let output = Command::new("fincore").args(args).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

pub(super) fn hole() {
    use std::os::unix::fs::FileExt;
    const BYTES: u64 = 256 << 20;
    if !has_tool("fincore") {
        return;
    }
    let tree = tempfile::tempdir().unwrap();
    let path = tree.path().join("sparse");
    let file = fs::File::create(&path).unwrap();
    file.set_len(BYTES).unwrap();
    file.write_all_at(b"in the middle", BYTES / 2 + 5000).unwrap();
    file.sync_all().unwrap();
    drop(file);
    let before = cached_bytes(&path);
    let scanned = scan_with(tree.path(), |spec| spec.algorithms = "blake3,sha256".parse().unwrap());
    let after = cached_bytes(&path);
    assert!(after <= before + (1 << 20), "{before} bytes of it were in the page cache, now {after}");
    let expected = Command::new("sha256sum").arg(&path).output().unwrap().stdout;
    assert_eq!(scanned.line("sparse").digests[1].as_bytes(), &expected[..64]);
    let mut content = vec![0; BYTES as usize];
    content[BYTES as usize / 2 + 5000..][..13].copy_from_slice(b"in the middle");
    assert!(scanned.line("sparse").is_of(&content));
}

/// A tmpfs that ends with this row's mount namespace. None where the test has to be skipped.
fn memory() -> Option<tempfile::TempDir> {
    if !may_mount() {
        return None;
    }
    let tmpfs = tempfile::tempdir().unwrap();
    let mount = ["-t", "tmpfs", "-o", "nr_inodes=2000000", "none"];
    assert!(Command::new("mount").args(mount).arg(tmpfs.path()).status().unwrap().success());
    Some(tmpfs)
}

pub(super) fn deep() {
    const DEPTH: usize = 10_000;
    let Some(tmpfs) = memory() else { return };
    let mut dir = std::os::fd::OwnedFd::from(fs::File::open(tmpfs.path()).unwrap());
    for depth in 0..DEPTH {
        mknodat(dir.as_fd(), "file", FileType::RegularFile, Mode::from_raw_mode(0o600), 0).unwrap();
        mkdirat(dir.as_fd(), "d", Mode::from_raw_mode(0o700)).unwrap();
        dir = openat(dir.as_fd(), "d", OFlags::DIRECTORY, Mode::empty()).unwrap_or_else(|e| panic!("{depth}: {e}"));
    }
    drop(dir);
    let scanned = scan(tmpfs.path());
    assert_eq!(scanned.count(|line| line.is_skipped(SkipReason::Depth)), 1);
    assert_eq!(scanned.count(|line| line.is_hashed()), 1024, "{:?}", scanned.end);
    let longest = scanned.lines.iter().map(|line| line.path.len()).max().unwrap();
    assert_eq!(longest, 1024 * 2 - 1 + if longest % 2 == 0 { 3 } else { 0 }, "the path of the deepest entry");
}

pub(super) fn wide() {
    let entries = number_from_env("HIVESUM_ENTRIES").unwrap_or(100_000);
    let Some(tmpfs) = memory() else { return };
    let dir = fs::File::open(tmpfs.path()).unwrap();
    let mut name_bytes = 0;
    for number in 0..entries {
        let name = format!("a file of the number {number:09}");
        name_bytes += name.len() as u64;
        mknodat(dir.as_fd(), name, FileType::RegularFile, Mode::from_raw_mode(0o600), 0).unwrap();
    }
    let (engine, background) = engine(PATIENT);
    let idle = peak_bytes(std::process::id());
    let mut scan = engine.scan(spec(tmpfs.path())).unwrap();
    let mut hashed = 0;
    while let Some(rows) = scan.blocking_next() {
        hashed += rows.iter().filter(|row| matches!(row.status, Status::Hashed(_))).count() as u64;
    }
    let used = peak_bytes(std::process::id()) - idle;
    assert_eq!((hashed, scan.blocking_finish().summary.errors), (entries, 0));
    // performance.md 6: two windows, 32 MiB, and 1.5 times the names of the largest directory.
    let bound = 2 * (16 << 20) + (32 << 20) + name_bytes * 3 / 2;
    println!("{entries} entries: {} MiB over idle, {} MiB allowed", used >> 20, bound >> 20);
    assert!(used <= bound, "{used} bytes over idle, {bound} allowed");
    background.join();
}

/// Any file name: any bytes but `/` and NUL.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\n\r\x1b\\<>&\"' -*#%\xe2\x80\xae\xff".to_vec())];
    let byte = byte.prop_filter("not allowed in names", |&byte| byte != b'/' && byte != 0);
    prop::collection::vec(byte, 1..=255).prop_filter("reserved names", |name| name != b"." && name != b"..")
}

const SPECIAL: [&[u8]; 9] = [
    b"-rf",
    b"\\",
    b"a\nb",
    b"\x1b[2J",
    b"<script>alert(1)<script>",
    "\u{202e}txt.exe".as_bytes(),
    b"caf\xe9",
    &[b'x'; 255],
    b" ",
];

pub(super) fn names() {
    let (engine, background) = engine(PATIENT);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let some = prop::collection::btree_set(name(), 1..20);
    let result = runner.run(&some, |names| {
        let names: std::collections::BTreeSet<_> = names.into_iter().chain(SPECIAL.map(<[u8]>::to_vec)).collect();
        let tree = tempfile::tempdir().unwrap();
        let dir = fs::File::open(tree.path()).unwrap();
        for name in &names {
            let created = openat(dir.as_fd(), &name[..], OFlags::CREATE | OFlags::WRONLY, Mode::from_raw_mode(0o600));
            rustix::io::write(created.unwrap(), name).unwrap();
        }
        let scanned = run(&engine, spec(tree.path()));
        let found: Vec<_> = scanned.lines.iter().map(|line| line.path.clone()).collect();
        prop_assert_eq!(&found, &names.into_iter().collect::<Vec<_>>(), "byte for byte and in byte order");
        for line in &scanned.lines {
            prop_assert!(line.is_of(&line.path));
            prop_assert_eq!(path_of(&line.item), &line.path[..]);
        }
        Ok(())
    });
    result.unwrap();
    background.join();
}

/// The path of an item, as a client reads it.
fn path_of(item: &serde_json::Value) -> Vec<u8> {
    use base64::Engine as _;
    match item.get("path_b64") {
        Some(exact) => base64::engine::general_purpose::STANDARD.decode(exact.as_str().unwrap()).unwrap(),
        None => item["path"].as_str().unwrap().as_bytes().to_vec(),
    }
}
