//! F13 to F17, F22, F23: what must not be opened, and what opens or reads at the second try.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicUsize;

use hivesum_actors::scan::ScanSpec;
use hivesum_core::file::{IoMode, OpenFailure, Reach, RelPath, Root};
use hivesum_core::result::{ErrorCode, FileIdentity, NameList, SkipReason, Stability};
use hivesum_core::walk::Target;
use hivesum_test_support::cycle;
use hivesum_test_support::faultfs::{Errno, Fault, FaultyFile};
use rustix::fs::{CWD, FileType, Mode};

use super::mount;
use crate::play::{has_fuse, may_mount};
use crate::stage::{PATIENT, directory, engine, on_reaching, run, scan, scan_with};

const CANARY: &[u8] = b"what lies outside must never be read";

fn named(paths: &[PathBuf]) -> Target {
    let mut names = NameList::new();
    paths.iter().for_each(|path| names.push(path.as_os_str().as_encoded_bytes()));
    Target::Names { names }
}

fn in_directory(dir: &Path, name: &str) -> Target {
    let parent: OwnedFd = fs::File::open(dir).unwrap().into();
    Target::File { parent, name: name.into(), shown: Vec::new() }
}

pub(super) fn no_regular_file() {
    let tree = tempfile::tempdir().unwrap();
    let path = |name: &str| tree.path().join(name);
    rustix::fs::mknodat(CWD, path("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    let devices = ["/dev/zero", "/dev/null", "/dev/tty", "/dev/random"].map(PathBuf::from);
    let mut all: Vec<_> = devices.into_iter().filter(|device| device.exists()).collect();
    all.push(path("fifo"));
    let count = all.len();
    let (engine, background) = engine(PATIENT);
    for targets in [vec![directory(tree.path())], vec![in_directory(tree.path(), "fifo"), named(&all)]] {
        let scanned = run(&engine, ScanSpec::new(targets, "blake3".parse().unwrap()));
        assert_eq!(scanned.count(|line| line.is_skipped(SkipReason::NotRegular)), scanned.lines.len(), "{scanned:?}");
        assert!(scanned.lines.len() == 2 || scanned.lines.len() == count + 1);
    }
    // A file when it was listed, a FIFO when it is opened.
    let _scenario = fail::FailScenario::setup();
    fs::write(path("a file"), "x").unwrap();
    let (file, fifo) = (path("a file"), path("fifo"));
    on_reaching("hash_entry", 1, move || fs::rename(&fifo, &file).unwrap());
    let scanned = run(&engine, crate::stage::spec(tree.path()));
    assert!(scanned.line("a file").is_skipped(SkipReason::NotRegular), "{scanned:?}");
    background.join();
}

/// A root beside a canary, with links of every kind in it.
fn tree_of_links() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("real")).unwrap();
    fs::create_dir(place.path().join("outside")).unwrap();
    fs::write(place.path().join("outside/canary"), CANARY).unwrap();
    fs::write(root.join("real/file"), "x").unwrap();
    let outside = place.path().join("outside");
    let links: [(&str, &Path); 7] = [
        ("to-file", Path::new("real/file")),
        ("to-directory", Path::new("real")),
        ("loop", Path::new("loop")),
        ("up", Path::new("../outside")),
        ("absolute", &outside),
        ("magic", Path::new("/proc/self/root")),
        ("broken", Path::new("nowhere")),
    ];
    links.iter().for_each(|(name, target)| symlink(target, root.join(name)).unwrap());
    place
}

pub(super) fn symlinks() {
    let place = tree_of_links();
    let root_path = place.path().join("root");
    let scanned = scan(&root_path);
    assert_eq!(scanned.count(|line| line.is_skipped(SkipReason::Symlink)), 7, "{scanned:?}");
    let root = Root::open(None, &root_path).unwrap();
    let of_root = |path: &str| root.open_beneath(&RelPath::new(path).unwrap());
    for path in ["to-file", "to-directory", "to-directory/file", "loop", "up", "up/canary", "absolute/canary", "magic"]
    {
        assert_eq!(of_root(path).unwrap_err(), OpenFailure::Symlink, "{path}");
    }
    of_root("real/file").unwrap();
    let magic = Root::open(None, Path::new("/proc/self")).unwrap();
    for path in ["exe", "root/etc", "cwd", "fd/0"] {
        assert_eq!(magic.open_beneath(&RelPath::new(path).unwrap()).unwrap_err(), OpenFailure::Symlink, "{path}");
    }
    let (engine, background) = engine(PATIENT);
    for name in ["to-file", "up", "absolute", "loop", "magic"] {
        let spec = ScanSpec::new(vec![in_directory(&root_path, name)], "blake3".parse().unwrap());
        assert!(run(&engine, spec).lines[0].is_skipped(SkipReason::Symlink), "{name}");
    }
    background.join();
}

pub(super) fn swapped_directory() {
    let place = tree_of_links();
    let root = place.path().join("root");
    let _scenario = fail::FailScenario::setup();
    let (real, link) = (root.join("real"), root.join("absolute"));
    on_reaching("directory_met", 1, move || {
        rustix::fs::renameat_with(CWD, &real, CWD, &link, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    });
    let scanned = scan(&root);
    assert_eq!(scanned.count(|line| line.is_of(CANARY)), 0, "{scanned:?}");
    assert!(scanned.line("real").is_skipped(SkipReason::Symlink), "{scanned:?}");
    // And a file swapped for a link once its directory is open.
    let (file, link) = (root.join("absolute/file"), root.join("absolute/link"));
    symlink(place.path().join("outside/canary"), &link).unwrap();
    on_reaching("hash_entry", 1, move || {
        rustix::fs::renameat_with(CWD, &file, CWD, &link, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    });
    let scanned = scan(&root);
    assert!(scanned.line("absolute/file").is_skipped(SkipReason::Symlink), "{scanned:?}");
}

/// `mount` with these arguments, in this row's own namespace.
fn mounted(arguments: &[&str], at: &Path) {
    let status = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

pub(super) fn mounts() {
    if !may_mount() {
        return;
    }
    let tree = tempfile::tempdir().unwrap();
    let path = |name: &str| tree.path().join(name);
    for name in ["tmpfs", "bound", "source"] {
        fs::create_dir(path(name)).unwrap();
    }
    for name in ["bound-file", "source/file"] {
        fs::write(path(name), name).unwrap();
    }
    mounted(&["-t", "tmpfs", "none"], &path("tmpfs"));
    mounted(&["--bind", path("source").to_str().unwrap()], &path("bound"));
    mounted(&["--bind", path("source/file").to_str().unwrap()], &path("bound-file"));
    fs::write(path("tmpfs/file"), "x").unwrap();
    let scanned = scan_with(tree.path(), |spec| spec.reach = Reach::OneFilesystem);
    for name in ["tmpfs", "bound", "bound-file"] {
        assert!(scanned.line(name).is_skipped(SkipReason::OtherFilesystem), "{scanned:?}");
    }
    assert!(scanned.line("source/file").is_hashed());
    let scanned = scan_with(tree.path(), |spec| spec.reach = Reach::Everywhere);
    for name in ["tmpfs/file", "bound/file", "bound-file", "source/file"] {
        assert!(scanned.line(name).is_hashed(), "{scanned:?}");
    }
}

pub(super) fn pseudo_file_systems() {
    if !may_mount() {
        return;
    }
    let tree = tempfile::tempdir().unwrap();
    let path = |name: &str| tree.path().join(name);
    for name in ["proc", "sys"] {
        fs::create_dir(path(name)).unwrap();
    }
    fs::write(path("version"), "").unwrap();
    mounted(&["--bind", "/proc"], &path("proc"));
    mounted(&["--bind", "/sys"], &path("sys"));
    mounted(&["--bind", "/proc/version"], &path("version"));
    let scanned = scan_with(tree.path(), |spec| spec.reach = Reach::Everywhere);
    for name in ["proc", "sys", "version"] {
        assert!(scanned.line(name).is_skipped(SkipReason::PseudoFilesystem), "{name}: {:?}", scanned.line(name));
    }
}

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

pub(super) fn own_files() {
    use std::os::unix::fs::MetadataExt;
    let tree = tempfile::tempdir().unwrap();
    let path = |name: &str| tree.path().join(name);
    fs::create_dir(path("state")).unwrap();
    fs::write(path("state/database"), "secret").unwrap();
    fs::hard_link(path("state/database"), path("link")).unwrap();
    fs::write(path("other"), "x").unwrap();
    let database = fs::File::options().read(true).write(true).open(path("state/database")).unwrap();
    rustix::fs::fcntl_lock(&database, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let state = FileIdentity::of(fs::File::open(path("state")).unwrap()).unwrap();
    let own = vec![state, FileIdentity::of(&database).unwrap()];
    let scanned = scan_with(tree.path(), |spec| spec.leave_out = own.clone());
    for name in ["state", "link"] {
        assert!(scanned.line(name).is_skipped(SkipReason::Internal), "{scanned:?}");
    }
    // Under a name that was another file's when the directory was listed.
    let _scenario = fail::FailScenario::setup();
    let (link, other) = (path("link"), path("other"));
    on_reaching("hash_entry", 1, move || fs::rename(&link, &other).unwrap());
    let scanned = scan_with(tree.path(), |spec| spec.leave_out = own.clone());
    assert!(scanned.line("other").is_skipped(SkipReason::Internal), "{scanned:?}");
    let inode = format!(":{} ", database.metadata().unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    assert!(locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&inode)), "the lock is gone: {locks}");
}
