//! `--from-device` through overlays, on file systems without a device, and in `check` and `audit`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use hivesum_test_support::faultfs::{self, Fault, FaultyFile};
use hivesum_test_support::images::{HeldMapped, Image, is_child_with_mounts, read_cached, write_synced};
use hivesum_test_support::process::is_child_with_fuse;
use hivesum_test_support::{comes_true, cycle, has_tool};
use serde_json::{Value, json};

use super::from_device::{BTRFS, CANARY, EXT4, Finds, LARGE_BYTES, XFS, check, content, hashed};
use super::work_dir::{HIVESUM, WorkDir};

/// Something mounted at a directory, until it is dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(filesystem: &str, options: &str, at: &'a Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", filesystem, "-o", options, filesystem]).arg(at);
        assert!(command.status().unwrap().success(), "{filesystem} with {options}");
        Self(at)
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let unmounted = comes_true(|| Command::new("umount").arg(self.0).status().unwrap().success());
        assert!(unmounted || std::thread::panicking());
    }
}

/// An overlay over a directory of an image.
fn overlay<'a>(image: &Image, at: &'a Path) -> Mount<'a> {
    let [lower, upper, work] = ["lower", "upper", "work"].map(|name| image.path().join(name));
    for directory in [&upper, &work] {
        std::fs::create_dir_all(directory).unwrap();
    }
    let [lower, upper, work] = [&lower, &upper, &work].map(|path| path.display());
    Mount::new("overlay", &format!("lowerdir={lower},upperdir={upper},workdir={work}"), at)
}

#[test]
fn an_overlay_is_read_from_the_device_where_it_says_how_its_layer_reads() {
    let test = "from_device_doors::an_overlay_is_read_from_the_device_where_it_says_how_its_layer_reads";
    if !is_child_with_mounts(test) {
        return;
    }
    for (disk, finds) in [(EXT4, Finds::Damage), (BTRFS, Finds::Nothing("unknown"))] {
        let dir = WorkDir::new();
        let Some(image) = Image::mounted(&dir.path(""), &disk) else { continue };
        std::fs::create_dir(image.path().join("lower")).unwrap();
        write_synced(&image.path().join("lower/file"), &content(LARGE_BYTES));
        image.remount();
        let at = dir.path("overlay");
        let mount = overlay(&image, &at);
        let file = at.join("file");
        let intact = hashed(&dir, &file, &[]);
        assert_ne!(image.flip(CANARY), 0);
        assert_eq!(hashed(&dir, &file, &[])["digests"], intact["digests"], "a buffered read misses it");
        check(disk.filesystem, finds, &hashed(&dir, &file, &["--from-device"]), &intact);
        drop(mount);
    }
}

#[test]
fn a_file_that_an_overlay_has_copied_up_is_read_as_its_upper_layer_reads() {
    let test = "from_device_doors::a_file_that_an_overlay_has_copied_up_is_read_as_its_upper_layer_reads";
    if !has_tool("python3") || !is_child_with_mounts(test) {
        return;
    }
    for (disk, finds) in [(EXT4, Finds::Damage), (XFS, Finds::Damage), (BTRFS, Finds::Nothing("unknown"))] {
        for mapped in [false, true] {
            let dir = WorkDir::new();
            let Some(image) = Image::mounted(&dir.path(""), &disk) else { continue };
            std::fs::create_dir(image.path().join("lower")).unwrap();
            write_synced(&image.path().join("lower/file"), &content(LARGE_BYTES));
            let at = dir.path("overlay");
            let mount = overlay(&image, &at);
            let file = at.join("file");
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            std::fs::File::open(&file).unwrap().sync_all().unwrap();
            assert_eq!(std::fs::metadata(image.path().join("upper/file")).unwrap().len(), LARGE_BYTES as u64);
            drop(mount);
            image.remount();
            let mount = overlay(&image, &at);
            let intact = hashed(&dir, &file, &[]);
            let held = mapped.then(|| HeldMapped::on(&file));
            assert_ne!(image.flip(CANARY), 0);
            assert_eq!(hashed(&dir, &file, &[])["digests"], intact["digests"], "a buffered read misses it");
            let what = format!("{} mapped: {mapped}", disk.filesystem);
            check(&what, finds, &hashed(&dir, &file, &["--from-device"]), &intact);
            drop((held, mount));
        }
    }
}

#[test]
fn the_files_of_a_program_are_served_by_a_child() {
    faultfs::serve(|_| vec![FaultyFile::file("file", &[7; 5000], Fault::None)]);
}

#[test]
fn of_files_without_a_device_it_is_not_known_where_they_were_read_from_and_the_file_system_is_named() {
    let test = "from_device_doors::of_files_without_a_device_it_is_not_known_where_they_were_read_from_and_the_file_system_is_named";
    if !is_child_with_fuse(test) {
        return;
    }
    let dir = WorkDir::new();
    let (memory, program) = (dir.path("memory"), dir.path("program"));
    let mount = Mount::new("tmpfs", "size=8m", &memory);
    dir.write("memory/file", "abc");
    std::fs::create_dir(&program).unwrap();
    let served = faultfs::mount("from_device_doors::the_files_of_a_program_are_served_by_a_child", "", &program);
    let ran = dir.hivesum(["hash", "memory/file", "program/file", "--from-device", "--format", "ndjson"]);
    drop((mount, served));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    let items: Vec<Value> = ran.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!([&items[0]["read_from"], &items[1]["read_from"]], [&json!("unknown"); 2]);
    let told = "hivesum: 2 files could not be read from the device (fuse, tmpfs): unknown\n";
    assert!(ran.stderr().contains(told), "{}", ran.stderr());
    assert!(ran.stderr().contains("hivesum: read from the device: 0 files, from the cache: 0, unknown: 2\n"));
}

#[test]
fn check_and_audit_find_damage_below_a_file_that_is_in_memory() {
    let test = "from_device_doors::check_and_audit_find_damage_below_a_file_that_is_in_memory";
    if !is_child_with_mounts(test) {
        return;
    }
    let dir = WorkDir::new();
    let Some(image) = Image::mounted(&dir.path(""), &EXT4) else { return };
    let file = image.path().join("file");
    write_synced(&file, &content(LARGE_BYTES));
    image.remount();
    read_cached(&file);
    dir.hivesum(["hash", "mounted/file", "-o", "B3SUMS"]).expect_success();
    dir.hivesum(["hash", "mounted", "--format", "ndjson", "-o", "record.ndjson"]).expect_success();
    assert_ne!(image.flip(CANARY), 0);
    dir.hivesum(["check", "B3SUMS"]).expect_success();
    let checked = dir.hivesum(["check", "B3SUMS", "--from-device"]);
    assert_eq!((checked.code, checked.stdout().as_str()), (Some(1), "mounted/file: FAILED\n"));
    assert!(checked.stderr().contains("read from the device: 1 file, from the cache: 0, unknown: 0\n"));
    let checked = dir.hivesum(["check", "B3SUMS", "--from-device", "--format", "json"]);
    let report: Value = serde_json::from_str(&checked.stdout()).unwrap();
    let item = &report["items"][0];
    assert_eq!((&item["verdict"], &item["read_from"]), (&json!("modified"), &json!("device")));
    let audit = ["audit", "mounted", "--manifest", "record.ndjson", "--format", "json", "--exclude", "lost+found/"];
    let audited = dir.hivesum(audit);
    let report: Value = serde_json::from_str(&audited.stdout()).unwrap();
    assert_eq!(report["counts"]["matched"], 1, "{report}");
    let audited = dir.hivesum(audit.iter().chain(&["--from-device"]));
    let report: Value = serde_json::from_str(&audited.stdout()).unwrap();
    let item = &report["items"][0];
    assert_eq!((&item["verdict"], &item["read_from"]), (&json!("suspected_rot"), &json!("device")), "{report}");
}

#[test]
fn digests_are_the_same_wherever_the_bytes_are_read_from() {
    let dir = WorkDir::new();
    for (name, bytes) in [("empty", 0), ("one", 1), ("block", 4096), ("odd", 70_001), ("large", LARGE_BYTES)] {
        dir.write(format!("tree/{name}"), cycle(bytes));
    }
    dir.write("tree/sparse", "");
    std::fs::File::options().write(true).open(dir.path("tree/sparse")).unwrap().set_len(20 << 20).unwrap();
    for algorithms in ["blake3", "sha256", "blake3,sha256,md5"] {
        let digests = |more: &[&str]| {
            let ran = dir.hivesum(["hash", "tree", "-a", algorithms, "--format", "ndjson"].iter().chain(more));
            assert_eq!(ran.code, Some(0), "{}", ran.stderr());
            let printed = ran.stdout();
            let items = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let items: Vec<_> = items.filter(|item| item["summary"].is_null()).collect();
            let from = items.iter().map(|item| item["read_from"].clone()).collect::<Vec<_>>();
            (items.iter().map(|item| item["digests"].clone()).collect::<Vec<_>>(), from)
        };
        let ((cached, none), (read, from)) = (digests(&[]), digests(&["--from-device"]));
        assert_eq!((cached.len(), &cached), (6, &read), "{algorithms}");
        assert!(none.iter().all(Value::is_null));
        assert!(from.iter().all(|from| ["device", "cache", "unknown"].map(Value::from).contains(from)), "{from:?}");
    }
}

#[test]
fn a_mapped_read_cannot_be_one_from_the_device() {
    let dir = WorkDir::with(&[(b"a", b"abc")]);
    let ran = dir.hivesum(["hash", "a", "--from-device", "--io", "map"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("--from-device") && ran.stderr().contains("--io"), "{}", ran.stderr());
    let ran = dir.feed(HIVESUM, b"abc", ["hash", "-", "--from-device", "--format", "ndjson"]);
    assert!(ran.stdout().contains(r#""read_from":"unknown""#), "{}", ran.stdout());
    assert!(ran.stderr().contains("1 file could not be read from the device: unknown\n"), "{}", ran.stderr());
}
