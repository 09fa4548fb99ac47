//! `--from-device` where the file system keeps two copies without checksums: one of them is read, and nothing tells
//! which.

use hivesum_test_support::images::{Disk, HeldMapped, Image, is_child_with_mounts, write_synced};
use hivesum_test_support::{comes_true, has_tool};
use serde_json::Value;

use super::from_device::{BTRFS, CANARY, LARGE_BYTES, content, hashed};
use super::work_dir::WorkDir;

#[test]
fn of_two_copies_without_checksums_the_one_that_the_kernel_chose_is_read() {
    let test = "from_device_mirrors::of_two_copies_without_checksums_the_one_that_the_kernel_chose_is_read";
    if !has_tool("python3") || !is_child_with_mounts(test) {
        return;
    }
    let disk = Disk { made_with: &["-q", "-d", "raid1", "-m", "raid1"], mounted_with: "nodatasum", ..BTRFS };
    for mapped in [false, true] {
        let dir = WorkDir::new();
        let Some(image) = Image::mounted_on_two(&dir.path(""), &disk) else { return };
        let (file, damaged) = (image.path().join("file"), dir.path("damaged"));
        write_synced(&file, &content(LARGE_BYTES));
        image.remount();
        let intact = hashed(&dir, &file, &[]);
        let held = mapped.then(|| HeldMapped::on(&file));
        assert_eq!(image.flip(CANARY), 1, "of two copies one is on this device");
        assert_eq!(hashed(&dir, &file, &[])["digests"], intact["digests"], "a buffered read sees what is in memory");
        std::fs::write(&damaged, with_flipped_canary(content(LARGE_BYTES))).unwrap();
        let damaged = hashed(&dir, &damaged, &[]);
        // The kernel chooses by the number of the thread, and each run has other threads.
        let (mut good, mut bad) = (false, false);
        let seen = comes_true(|| {
            let item = hashed(&dir, &file, &["--from-device"]);
            assert_eq!(item["read_from"], "device", "mapped: {mapped}: {item}");
            let is = |one: &Value| item["digests"] == one["digests"];
            assert!(is(&intact) || is(&damaged), "mapped: {mapped}: {item}");
            (good, bad) = (good || is(&intact), bad || is(&damaged));
            good && bad
        });
        assert!(seen, "mapped: {mapped}: good: {good}, bad: {bad}");
        assert_eq!(image.copies(CANARY).len(), 0, "without checksums nothing is repaired");
        drop(held);
    }
}

fn with_flipped_canary(mut content: Vec<u8>) -> Vec<u8> {
    let at = content.windows(CANARY.len()).position(|window| window == CANARY).unwrap();
    content[at] ^= 1;
    content
}
