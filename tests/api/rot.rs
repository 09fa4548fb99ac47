//! Rot told from an edit: bytes that changed below the file system, in an ext4 image that was not mounted.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use crate::app::TestApp;
use serde_json::json;

/// What the file holds, and nothing else on the image.
const CANARY: &[u8] = b"a song that nobody else sings, on a disk that nobody writes to";

/// Attempts to unmount the image before somebody counts as holding it.
const UNMOUNTS: usize = 1000;

fn does(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// An image on a loop device, mounted until it is dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(image: &Path, at: &'a Path) -> Option<Self> {
        does("mount", &["-o", "loop", image.to_str()?, at.to_str()?]).then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // The last descriptor of a job that has ended may be a moment behind its end.
        let let_go = (0..UNMOUNTS).any(|_| does("umount", &[self.0.to_str().unwrap()]));
        assert!(let_go || std::thread::panicking(), "nobody holds the image any more");
    }
}

fn image(dir: &Path) -> Option<std::path::PathBuf> {
    let path = dir.join("image");
    File::create(&path).unwrap().set_len(8 << 20).unwrap();
    does("mkfs.ext4", &["-q", "-F", path.to_str()?]).then_some(path)
}

/// Flips one bit of every copy of the canary in the image.
fn flip(image: &Path) {
    let file = File::options().read(true).write(true).open(image).unwrap();
    let content = fs::read(image).unwrap();
    let at: Vec<_> = (0..content.len() - CANARY.len()).filter(|&at| content[at..].starts_with(CANARY)).collect();
    assert!(!at.is_empty(), "the canary is on the image");
    for place in at {
        file.write_all_at(&[CANARY[0] ^ 1], place as u64).unwrap();
    }
    file.sync_all().unwrap();
}

#[test]
fn a_bit_flipped_below_the_file_system_is_suspected_rot_and_an_edit_is_none() {
    let (app, dir) = (TestApp::start(), tempfile::tempdir().unwrap());
    let at = app.root.path().join("mounted");
    fs::create_dir(&at).unwrap();
    let image = image(dir.path());
    let mounted = image.as_ref().and_then(|image| Mounted::new(image, &at));
    let (Some(image), Some(mounted)) = (image, mounted) else {
        let message = "SKIPPED: needs mkfs.ext4 (apt-get install e2fsprogs) and the right to mount a loop device";
        eprintln!("{message}");
        return;
    };
    for (name, content) in [("canary", CANARY), ("edited", b"before"), ("same", b"the same")] {
        fs::write(at.join(name), content).unwrap();
    }
    let old = app.run(json!({ "path": "mounted" }));
    drop(mounted);
    flip(&image);
    let mounted = Mounted::new(&image, &at).unwrap();
    let edited = File::options().write(true).open(at.join("edited")).unwrap();
    let time = edited.metadata().unwrap().modified().unwrap();
    edited.write_all_at(b"after!", 0).unwrap();
    edited.set_modified(time).unwrap();
    drop(edited);
    let new = app.run(json!({ "path": "mounted" }));
    let (old, new) = (old["id"].as_str().unwrap(), new["id"].as_str().unwrap());
    let page = app.json(&format!("/api/v1/jobs/{old}/compare?with={new}"));
    drop(mounted);
    let shown: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|item| (&item["path"], &item["verdict"])).collect();
    assert_eq!(shown, [(&json!("canary"), &json!("suspected_rot")), (&json!("edited"), &json!("modified"))]);
    let evidence = json!({ "size": "same", "mtime": "same", "ctime": "same", "inode": "same" });
    assert_eq!(page["items"][0]["evidence"], evidence);
    assert_eq!((&page["counts"]["suspected_rot"], &page["counts"]["unchanged"]), (&json!(1), &json!(1)));
}
