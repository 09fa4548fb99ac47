//! Silent corruption against an edit: bytes changed below the file system, in an unmounted ext4 image, and bytes that a
//! mapping changed without a new mtime or ctime, which needs no right to mount.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use hivesum_test_support::silent_corruption::corrupt_silently;
use hivesum_test_support::{Requirement, comes_true, has_tool};
use serde_json::{Value, json};

use crate::app::TestApp;

/// `CAP_SYS_ADMIN` of `include/uapi/linux/capability.h`. It allows mounting in the first user namespace.
const CAP_SYS_ADMIN: u64 = 1 << 21;

/// What mounting an image takes. User namespaces do not give it.
const MAY_MOUNT_LOOP: Requirement<'_> =
    Requirement::condition("CAP_SYS_ADMIN outside of any user namespace, and /dev/loop-control");

/// The content of one file, found nowhere else on the image.
const CANARY: &[u8] = b"a song that nobody else sings, on a disk that nobody writes to";

fn does(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// An image on a loop device, mounted until it is dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(image: &Path, at: &'a Path) -> Self {
        Self::try_new(image, at).unwrap_or_else(|| panic!("{} could not be mounted", image.display()))
    }

    fn try_new(image: &Path, at: &'a Path) -> Option<Self> {
        let args = ["-o", "loop", image.to_str().unwrap(), at.to_str().unwrap()];
        does("mount", &args).then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // A job may close its last descriptor a moment after its end.
        let unmounted = comes_true(|| does("umount", &[self.0.to_str().unwrap()]));
        assert!(unmounted || std::thread::panicking(), "something still holds the image");
    }
}

/// Whether this process may mount an image. Where it may, a mount that fails is a failure.
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap().trim();
    let is_admin = u64::from_str_radix(capabilities, 16).unwrap() & CAP_SYS_ADMIN != 0;
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let is_first_namespace = map.split_whitespace().eq(["0", "0", "4294967295"]);
    is_admin && is_first_namespace && Path::new("/dev/loop-control").exists()
}

fn image(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("image");
    File::create(&path).unwrap().set_len(8 << 20).unwrap();
    assert!(does("mkfs.ext4", &["-q", "-F", path.to_str().unwrap()]), "mkfs.ext4 makes an image");
    path
}

/// Flips one bit of every copy of the canary in the image.
fn flip(image: &Path) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let content = fs::read(image).unwrap();
    let at: Vec<_> = (0..content.len() - CANARY.len()).filter(|&at| content[at..].starts_with(CANARY)).collect();
    assert!(!at.is_empty(), "the canary is on the image");
    for offset in at {
        file.write_all_at(&[CANARY[0] ^ 1], offset as u64).unwrap();
    }
    file.sync_all().unwrap();
}

#[test]
fn a_bit_flipped_below_the_file_system_is_suspected_rot_and_an_edit_is_not() {
    if !MAY_MOUNT_LOOP.is_met(may_mount) || !has_tool("mkfs.ext4") {
        return;
    }
    let (app, dir) = (TestApp::start(), tempfile::tempdir().unwrap());
    let at = app.root.path().join("mounted");
    fs::create_dir(&at).unwrap();
    let image = image(dir.path());
    // A container may have the control device and no loop devices.
    let mounted = Mounted::try_new(&image, &at);
    if !MAY_MOUNT_LOOP.is_met(|| mounted.is_some()) {
        return;
    }
    for (name, content) in [("canary", CANARY), ("edited", b"before"), ("same", b"the same")] {
        fs::write(at.join(name), content).unwrap();
    }
    let old = app.run(json!({ "path": "mounted" }));
    drop(mounted);
    flip(&image);
    let mounted = Mounted::new(&image, &at);
    let edited = File::options().write(true).open(at.join("edited")).unwrap();
    let time = edited.metadata().unwrap().modified().unwrap();
    edited.write_all_at(b"after!", 0).unwrap();
    edited.set_modified(time).unwrap();
    drop(edited);
    let new = app.run(json!({ "path": "mounted" }));
    let page = compared(&app, &old, &new);
    drop(mounted);
    let shown: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|item| (&item["path"], &item["verdict"])).collect();
    assert_eq!(shown, [(&json!("canary"), &json!("suspected_rot")), (&json!("edited"), &json!("modified"))]);
    assert_eq!(page["items"][0]["evidence"], untouched());
    assert_eq!((&page["counts"]["suspected_rot"], &page["counts"]["unchanged"]), (&json!(1), &json!(1)));
}

fn compared(app: &TestApp, old: &Value, new: &Value) -> Value {
    let [old, new] = [old, new].map(|job| job["id"].as_str().unwrap());
    app.json(&format!("/api/v1/jobs/{old}/compare?with={new}"))
}

fn untouched() -> Value {
    json!({ "size": "same", "mtime": "same", "ctime": "same", "inode": "same" })
}

#[test]
fn a_byte_changed_without_new_times_is_suspected_rot() {
    if !has_tool("python3") {
        return;
    }
    let app = TestApp::start();
    app.write("canary", CANARY);
    app.write("same", "the same");
    let old = corrupt_silently(&app.root.path().join("canary"), || app.run(json!({})));
    let page = compared(&app, &old, &app.run(json!({})));
    let [item] = &page["items"].as_array().unwrap()[..] else { panic!("one file changed: {page}") };
    assert_eq!((&item["path"], &item["verdict"]), (&json!("canary"), &json!("suspected_rot")));
    assert_eq!(item["evidence"], untouched());
    assert_ne!(item["old"]["digests"], item["new"]["digests"]);
    assert_eq!(page["counts"]["unchanged"], 1);
}
