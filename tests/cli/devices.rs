//! `hivesum hash` of what is neither a regular file nor a directory: refused where it is named, skipped where it is
//! met, and block devices read to their end.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use hivesum_test_support::{Requirement, cycle, has_tool};
use rustix::fs::{CWD, FileType, Mode};

use super::work_dir::WorkDir;

#[test]
fn a_fifo_socket_or_character_device_is_skipped_in_a_walk_and_fails_where_it_is_named() {
    let dir = WorkDir::with(&[(b"d/f", b"1")]);
    dir.fifo("pipe");
    dir.fifo("d/pipe");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path("socket")).unwrap();
    let walked = dir.hivesum(["hash", "d"]);
    assert_eq!(walked.code, Some(0), "skips in a walk do not change the exit status");
    assert_eq!(walked.stderr(), "hivesum: d/pipe: skipped: not a regular file\n");
    for (name, what) in [("pipe", "a FIFO"), ("socket", "a socket"), ("/dev/null", "a character device")] {
        let named = dir.hivesum(["hash", name, "d/f", "--devices"]);
        assert_eq!((named.code, named.stdout().lines().count()), (Some(1), 1), "{name}");
        assert_eq!(named.stderr(), format!("hivesum: {name}: not hashed: {what}\n"));
    }
    let lines = dir.hivesum(["hash", "--format", "ndjson", "pipe"]).stdout();
    assert!(lines.contains(r#""status":"skipped","code":"not_regular""#), "{lines}");
}

#[test]
fn a_directory_that_is_named_and_not_read_fails() {
    let dir = WorkDir::new();
    let ran = dir.hivesum(["hash", "/proc"]);
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: /proc: not hashed: on a pseudo file system\n"));
}

/// A loop device over a file, detached when it is dropped.
struct LoopDevice(String);

impl LoopDevice {
    /// `None` where the test has to be skipped.
    fn over(file: &std::path::Path) -> Option<Self> {
        let mut attach = Command::new("losetup");
        let attached = attach.args(["--find", "--show", "--read-only"]).arg(file).output();
        let attached = attached.ok().filter(|output| output.status.success());
        let may_attach = Requirement::condition("the right to attach a loop device");
        may_attach.is_met(|| attached.is_some()).then_some(())?;
        Some(Self(String::from_utf8(attached?.stdout).unwrap().trim().to_owned()))
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.0]).status();
    }
}

#[test]
fn a_block_device_has_the_digest_of_its_content() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = WorkDir::new();
    // Longer than a segment, and not a multiple of one.
    dir.write("image", cycle((20 << 20) + 512));
    dir.write("empty", "");
    let Some(device) = LoopDevice::over(&dir.path("image")) else { return };
    let expected = dir.digest("sha256sum", "image");
    dir.link("link", &device.0);
    for args in [&[][..], &["--io", "map"], &["--io", "read", "-j", "1"]] {
        let ran = dir.hivesum(["hash", "-a", "sha256", &device.0, "link"].iter().chain(args));
        assert_eq!(ran.expect_success(), format!("{expected}  {}\n{expected}  link\n", device.0));
    }
    let manifest = format!("{expected}  {}\n", device.0);
    assert_eq!(dir.feed(super::work_dir::HIVESUM, manifest.as_bytes(), ["check", "-a", "sha256", "-"]).code, Some(0));
    let item = dir.hivesum(["hash", "--format", "ndjson", &device.0]).expect_success();
    let item: serde_json::Value = serde_json::from_str(item.lines().next().unwrap()).unwrap();
    assert_eq!((&item["size"], &item["stability"]), (&((20 << 20) + 512).into(), &"unverified".into()));
    let stable = dir.hivesum(["hash", "--require-stable", &device.0]);
    assert_eq!(stable.code, Some(1), "its writers cannot be seen");
}

#[test]
fn block_devices_in_a_walk_are_skipped_unless_they_are_asked_for() {
    if !has_tool("sha256sum") {
        return;
    }
    let dir = WorkDir::new();
    dir.write("image", cycle(4096));
    let Some(device) = LoopDevice::over(&dir.path("image")) else { return };
    std::fs::create_dir(dir.path("tree")).unwrap();
    let number = std::fs::metadata(&device.0).unwrap().rdev();
    let (kind, mode) = (FileType::BlockDevice, Mode::from_raw_mode(0o600));
    rustix::fs::mknodat(CWD, dir.path("tree/block"), kind, mode, number).unwrap();
    dir.fifo("tree/pipe");
    let skipped = dir.hivesum(["hash", "-a", "sha256", "tree"]);
    assert_eq!((skipped.code, skipped.stdout().as_str()), (Some(0), ""));
    assert!(skipped.stderr().starts_with("hivesum: tree/block: skipped: not a regular file\n"));
    let read = dir.hivesum(["hash", "-a", "sha256", "--devices", "tree"]);
    // A file system that is mounted without devices cannot open it.
    let may_open = Requirement::condition("a temporary directory that is not mounted nodev");
    if may_open.is_met(|| !read.stderr().contains("Permission denied")) {
        let expected = dir.digest("sha256sum", "image");
        assert_eq!((read.code, read.stdout()), (Some(0), format!("{expected}  tree/block\n")));
        assert_eq!(read.stderr(), "hivesum: tree/pipe: skipped: not a regular file\n");
    }
}
