//! F13 to F17, F23: files that must not be opened.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use hivesum_actors::scan::ScanSpec;
use hivesum_core::file::{EnterFailure, OpenFailure, Reach, RelPath, Root};
use hivesum_core::result::{FileIdentity, NameList, SkipReason};
use hivesum_core::walk::Target;
use rustix::fs::{CWD, FileType, Mode};

use super::devices::does;
use crate::play::may_mount;
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
    // A regular file when it is listed, a FIFO when it is opened.
    let _scenario = fail::FailScenario::setup();
    fs::write(path("a file"), "x").unwrap();
    let (file, fifo) = (path("a file"), path("fifo"));
    on_reaching("hash_entry", 1, move || fs::rename(&fifo, &file).unwrap());
    let scanned = run(&engine, crate::stage::spec(tree.path()));
    assert!(scanned.line("a file").is_skipped(SkipReason::NotRegular), "{scanned:?}");
    background.join();
}

/// A root with links of every kind, beside a directory with a canary.
fn tree_of_links() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("real")).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/canary"), CANARY).unwrap();
    fs::write(root.join("real/file"), "x").unwrap();
    let outside = dir.path().join("outside");
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
    dir
}

pub(super) fn mounted_over() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("below"), "x").unwrap();
    let root = Root::open(Some("root"), dir.path()).unwrap();
    let enter = || root.enter(&RelPath::new("below").unwrap()).map(|_| ());
    assert_eq!(enter(), Ok(()));
    if !may_mount() {
        return;
    }
    let at = dir.path().to_str().unwrap();
    assert!(does("mount", &["-t", "tmpfs", "over", at]));
    assert_eq!(enter(), Err(EnterFailure::Changed));
    assert!(does("umount", &[at]));
    assert_eq!(enter(), Ok(()), "what was there is there again");
}

pub(super) fn symlinks() {
    let dir = tree_of_links();
    let root_path = dir.path().join("root");
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
    let dir = tree_of_links();
    let root = dir.path().join("root");
    let _scenario = fail::FailScenario::setup();
    let (real, link) = (root.join("real"), root.join("absolute"));
    on_reaching("directory_met", 1, move || {
        rustix::fs::renameat_with(CWD, &real, CWD, &link, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    });
    let scanned = scan(&root);
    assert_eq!(scanned.count(|line| line.is_of(CANARY)), 0, "{scanned:?}");
    assert!(scanned.line("real").is_skipped(SkipReason::Symlink), "{scanned:?}");
    // A file is exchanged for a link once its directory is open.
    let (file, link) = (root.join("absolute/file"), root.join("absolute/link"));
    symlink(dir.path().join("outside/canary"), &link).unwrap();
    on_reaching("hash_entry", 1, move || {
        rustix::fs::renameat_with(CWD, &file, CWD, &link, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    });
    let scanned = scan(&root);
    assert!(scanned.line("absolute/file").is_skipped(SkipReason::Symlink), "{scanned:?}");
}

/// Runs `mount` with these arguments, in this row's own namespace.
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
    // Under a name that belonged to another file when the directory was listed.
    let _scenario = fail::FailScenario::setup();
    let (link, other) = (path("link"), path("other"));
    on_reaching("hash_entry", 1, move || fs::rename(&link, &other).unwrap());
    let scanned = scan_with(tree.path(), |spec| spec.leave_out = own.clone());
    assert!(scanned.line("other").is_skipped(SkipReason::Internal), "{scanned:?}");
    let inode = format!(":{} ", database.metadata().unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    assert!(locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&inode)), "the lock is gone: {locks}");
}
