//! F03, F04: writes that leave no trace, because time stamps are coarse or because the writer holds a file below a
//! stacked file system.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hivesum_core::compare::{Change, Comparison, ComparisonError, Fact, compare};
use hivesum_core::file::PIECE_BYTES;
use hivesum_core::hash::{ScanRules, hash_targets};
use hivesum_core::result::{Item, Stability};
use hivesum_core::walk::{Target, WalkSpec};
use hivesum_test_support::process::has_own_mounts;
use hivesum_test_support::{Requirement, has_tool};
use tempfile::TempDir;

use super::devices::does;
use crate::play::may_mount;
use crate::stage::{Line, on_reaching, scan, scan_with};

/// How often a test tries to write twice within one second.
const ATTEMPTS: usize = 20;

/// The lengths of a file that is read in one piece, and of one that is read in two.
const LENGTHS: [usize; 2] = [1000, PIECE_BYTES + 1000];

/// Mounts a new file system on an image. Nothing where the test has to be skipped.
fn mounted(mkfs: &str, options: &[&str], filesystem: &str) -> Option<(TempDir, PathBuf)> {
    let dir = tempfile::tempdir().unwrap();
    let (image, at) = (dir.path().join("image"), dir.path().join("mounted"));
    fs::create_dir(&at).unwrap();
    fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
    let (image, at_path) = (image.to_str().unwrap(), at.to_str().unwrap());
    let known = format!("a kernel with {filesystem}");
    let is_known =
        || fs::read_to_string("/proc/filesystems").is_ok_and(|all| all.contains(&format!("\t{filesystem}\n")));
    if !Requirement::condition(&known).is_met(is_known) || !has_tool(mkfs) {
        return None;
    }
    assert!(does(mkfs, &[options, &[image]].concat()));
    let mount = || has_own_mounts() && does("mount", &["-t", filesystem, "-o", "loop", image, at_path]);
    Requirement::condition("the right to mount a loop device").is_met(mount).then_some((dir, at))
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Waits for the start of the next granule of this many seconds.
fn await_start_of(seconds: u64) {
    let granule = since_1970().as_secs() / seconds;
    while since_1970().as_secs() / seconds == granule {
        std::thread::yield_now();
    }
    // Time stamps lag behind by a tick.
    while since_1970().subsec_millis() < 20 {
        std::thread::yield_now();
    }
}

fn times(path: &Path) -> [i64; 4] {
    let meta = path.metadata().unwrap();
    [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]
}

/// Runs `attempt` with a file that was written at the start of a granule, until the time stamps are the same at the end
/// as they were at the beginning. Returns what that attempt found.
fn within_one_granule<T>(file: &Path, seconds: u64, bytes: usize, attempt: impl Fn() -> T) -> T {
    for _ in 0..ATTEMPTS {
        await_start_of(seconds);
        fs::write(file, vec![b'a'; bytes]).unwrap();
        let before = times(file);
        let found = attempt();
        if times(file) == before {
            return found;
        }
    }
    panic!("no two writes within {seconds} s in {ATTEMPTS} attempts");
}

fn items(dir: &Path) -> Vec<Item> {
    let mut items = Vec::new();
    let spec = WalkSpec::new(vec![Target::directory(dir).unwrap()]);
    hash_targets(spec, ScanRules::new("blake3".parse().unwrap()), |rows| items.extend(rows.items()));
    items.retain(|item| item.path == b"file");
    items
}

fn compared(old: Vec<Item>, new: Vec<Item>) -> Comparison {
    let facts = |items: Vec<Item>| items.into_iter().filter_map(Fact::of_item).map(Ok::<_, ()>);
    let compared: Result<_, ComparisonError<()>> = compare(facts(old), facts(new));
    compared.unwrap_or_else(|_| panic!("both have BLAKE3"))
}

/// A file that is overwritten within the granule of its stamps is never called stable with the digest of what it was,
/// nor is the edit called rot; once the granule has passed, its digest is stable. On a slow machine it may have passed
/// before the file is read again.
fn coarse_stamps(at: &Path, seconds: u64) {
    let file = at.join("file");
    for bytes in LENGTHS {
        let found = within_one_granule(&file, seconds, bytes, || {
            let _scenario = fail::FailScenario::setup();
            for reached in ["after_read", "after_piece"] {
                let file = file.clone();
                on_reaching(reached, 1, move || fs::write(&file, vec![b'b'; bytes]).unwrap());
            }
            scan(at).line("file").clone()
        });
        let is_new = found.is_of(&vec![b'b'; bytes]);
        assert!(found.stability() == Some(Stability::Unverified) || is_new, "{bytes} bytes: {found:?}");
    }
    let (old, new) = within_one_granule(&file, seconds, 1000, || {
        let old = items(at);
        fs::write(&file, vec![b'b'; 1000]).unwrap();
        (old, items(at))
    });
    let comparison = compared(old, new);
    assert_eq!(comparison.items.len(), 1, "{comparison:?}");
    assert_eq!(comparison.items[0].change, Change::Modified, "{comparison:?}");
    let strictly = || scan_with(at, |spec| spec.require_stable = true).line("file").clone();
    fs::write(&file, vec![b'c'; 1000]).unwrap();
    let line = strictly();
    assert!(line.is_of(&[b'c'; 1000]) && line.stability() == Some(Stability::Stable), "{line:?}");
    assert!(strictly_and_set_aside(at).is_of(&[b'd'; 1000]));
    assert_eq!(scan(at).line("file").stability(), Some(Stability::Stable), "the granule has passed");
}

/// The wait for a stamp that tells counts also for a file that is set aside after it.
fn strictly_and_set_aside(at: &Path) -> Line {
    let _scenario = fail::FailScenario::setup();
    fail::cfg("not_in_memory", "return").unwrap();
    fs::write(at.join("another"), "so that the batch has two").unwrap();
    fs::write(at.join("file"), [b'd'; 1000]).unwrap();
    scan_with(at, |spec| spec.require_stable = true).line("file").clone()
}

pub(super) fn whole_seconds() {
    if let Some((_dir, at)) = mounted("mkfs.ext4", &["-q", "-F", "-I", "128"], "ext4") {
        coarse_stamps(&at, 1);
        assert!(does("umount", &["-l", at.to_str().unwrap()]));
    }
}

pub(super) fn every_other_second() {
    if let Some((_dir, at)) = mounted("mkfs.vfat", &[], "vfat") {
        coarse_stamps(&at, 2);
        assert!(does("umount", &["-l", at.to_str().unwrap()]));
    }
}

pub(super) fn a_writer_below_an_overlay() {
    let dir = tempfile::tempdir().unwrap();
    let layers = dir.path().join("layers");
    fs::create_dir(&layers).unwrap();
    if !may_mount() {
        return;
    }
    // An overlay has no overlay below it, so the layers get a file system of their own.
    assert!(does("mount", &["-t", "tmpfs", "layers", layers.to_str().unwrap()]));
    let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| layers.join(name));
    for layer in [&lower, &upper, &work, &merged] {
        fs::create_dir(layer).unwrap();
    }
    let file = upper.join("file");
    fs::write(&file, "content").unwrap();
    let [lower, upper, work] = [lower, upper, work].map(|layer| layer.to_str().unwrap().to_owned());
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
    let mount = || does("mount", &["-t", "overlay", "-o", &options, "overlay", merged.to_str().unwrap()]);
    if !Requirement::condition("a kernel with overlayfs").is_met(mount) {
        return;
    }
    let _writer = fs::OpenOptions::new().append(true).open(&file).unwrap();
    // Past the tick in which every digest is unverified.
    while file.metadata().unwrap().modified().unwrap().elapsed().unwrap_or_default() < Duration::from_millis(20) {
        std::thread::yield_now();
    }
    assert_eq!(scan(&merged).line("file").stability(), Some(Stability::Unverified));
    assert!(scan(&merged).line("file").is_of(b"content"));
}
