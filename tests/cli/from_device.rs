//! `--from-device`: a byte that changes below the file system while the file is in memory is found, or the item says
//! that it could not be looked for; and memory is left as it was.

use std::path::Path;
use std::process::Command;

use hivesum_test_support::images::{Disk, HeldMapped, Image, is_child_with_mounts, write_synced};
use hivesum_test_support::{comes_true, cycle, has_tool};
use serde_json::{Value, json};

use super::work_dir::WorkDir;

/// A text that is nowhere else on a disk, short enough for the part of an inode that is in one piece.
pub(crate) const CANARY: &[u8] = b"a song that nobody else sings, on a quiet disk";

/// One piece of a large file and a part of another, not in whole blocks.
pub(crate) const LARGE_BYTES: usize = (9 << 20) + 777;

/// What a read from the device finds of a byte that was flipped below the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finds {
    /// The flipped byte.
    Damage,
    /// An error: the file system keeps checksums.
    ReadError,
    /// The byte as it was, and this is what it says about where it came from.
    Nothing(&'static str),
}

/// What is flipped below the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flips {
    /// Every copy of the canary.
    Canary,
    /// The first of two copies of it.
    FirstOfTwo,
    /// The first byte of an extent that zstd has compressed.
    Compressed,
}

struct Row {
    what: &'static str,
    disk: Disk<'static>,
    bytes: usize,
    flips: Flips,
    finds: Finds,
    /// The same while another process has every page mapped.
    finds_if_mapped: Finds,
}

pub(crate) const EXT4: Disk<'_> = Disk { filesystem: "ext4", made_with: &["-q", "-F"], mounted_with: "" };
pub(crate) const XFS: Disk<'_> = Disk { filesystem: "xfs", made_with: &["-q"], mounted_with: "" };
pub(crate) const BTRFS: Disk<'_> = Disk { filesystem: "btrfs", made_with: &["-q"], mounted_with: "" };

const ROWS: [Row; 9] = [
    Row {
        what: "ext4",
        disk: EXT4,
        bytes: LARGE_BYTES,
        flips: Flips::Canary,
        finds: Finds::Damage,
        finds_if_mapped: Finds::Damage,
    },
    Row {
        what: "XFS",
        disk: XFS,
        bytes: LARGE_BYTES,
        flips: Flips::Canary,
        finds: Finds::Damage,
        finds_if_mapped: Finds::Damage,
    },
    Row {
        what: "ext4 that journals data",
        disk: Disk { mounted_with: "data=journal", ..EXT4 },
        bytes: LARGE_BYTES,
        flips: Flips::Canary,
        finds: Finds::Damage,
        finds_if_mapped: Finds::Nothing("cache"),
    },
    Row {
        what: "ext4 with data in inodes",
        disk: Disk { made_with: &["-q", "-F", "-I", "256", "-O", "inline_data"], ..EXT4 },
        bytes: CANARY.len() + 4,
        flips: Flips::Canary,
        finds: Finds::Nothing("unknown"),
        finds_if_mapped: Finds::Nothing("unknown"),
    },
    Row {
        what: "btrfs with checksums",
        disk: BTRFS,
        bytes: LARGE_BYTES,
        flips: Flips::Canary,
        finds: Finds::ReadError,
        finds_if_mapped: Finds::ReadError,
    },
    Row {
        what: "btrfs without checksums",
        disk: Disk { mounted_with: "nodatasum", ..BTRFS },
        bytes: LARGE_BYTES,
        flips: Flips::Canary,
        finds: Finds::Damage,
        finds_if_mapped: Finds::Damage,
    },
    Row {
        what: "btrfs with data in its tree",
        disk: BTRFS,
        bytes: 1500,
        flips: Flips::Canary,
        finds: Finds::Nothing("unknown"),
        finds_if_mapped: Finds::Nothing("unknown"),
    },
    Row {
        what: "btrfs with compression",
        disk: Disk { mounted_with: "compress-force=zstd", ..BTRFS },
        bytes: LARGE_BYTES,
        flips: Flips::Compressed,
        finds: Finds::ReadError,
        finds_if_mapped: Finds::Nothing("cache"),
    },
    // The kernel reads the other copy, and repairs the bad one.
    Row {
        what: "btrfs with checksums and two copies",
        disk: Disk { made_with: &["-q", "-d", "dup"], ..BTRFS },
        bytes: LARGE_BYTES,
        flips: Flips::FirstOfTwo,
        finds: Finds::Nothing("device"),
        finds_if_mapped: Finds::Nothing("device"),
    },
];

/// The first bytes of what zstd has compressed (RFC 8878, section 3.1.1).
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// The bytes of a file that btrfs compresses together. Of an extent that is damaged it cannot read any, so once they
/// were dropped from memory they are nowhere.
const COMPRESSED_BYTES: u64 = 128 << 10;

impl Flips {
    fn below(self, image: &Image, what: &str) {
        let places = image.copies(if self == Self::Compressed { ZSTD } else { CANARY });
        assert!(!places.is_empty(), "{what}: it is on the disk");
        match self {
            Self::Canary => image.flip_at(&places),
            Self::Compressed => image.flip_at(&places[places.len() / 2..][..1]),
            Self::FirstOfTwo => {
                assert_eq!(places.len(), 2, "{what}");
                image.flip_at(&places[..1]);
                assert_eq!(image.copies(CANARY).len(), 1, "{what}");
            }
        }
    }
}

/// Bytes with the canary near the end.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let mut content = cycle(bytes);
    let at = (bytes - CANARY.len()) / 64 * 63;
    content[at..at + CANARY.len()].copy_from_slice(CANARY);
    content
}

/// The item of one file.
pub(crate) fn hashed(dir: &WorkDir, path: &Path, more: &[&str]) -> Value {
    let command = ["hash", path.to_str().unwrap(), "--format", "ndjson"];
    let ran = dir.hivesum(command.iter().chain(more));
    let line = ran.stdout().lines().next().unwrap().to_owned();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}\n{}", ran.stderr()))
}

/// Bytes of the file that are in the page cache.
fn resident(path: &Path) -> u64 {
    let command = ["--bytes", "--noheadings", "--output", "RES"];
    let output = Command::new("fincore").args(command).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Checks what a read from the device finds beside `intact`, the item of a buffered read.
pub(crate) fn check(what: &str, finds: Finds, item: &Value, intact: &Value) {
    match finds {
        Finds::Damage => {
            assert_eq!(item["read_from"], "device", "{what}: {item}");
            assert_ne!(item["digests"], intact["digests"], "{what}: {item}");
        }
        Finds::ReadError => {
            assert_eq!((&item["status"], &item["code"]), (&json!("error"), &json!("io_error")), "{what}")
        }
        Finds::Nothing(from) => {
            assert_eq!(item["read_from"], from, "{what}: {item}");
            assert_eq!(item["digests"], intact["digests"], "{what}: {item}");
        }
    }
}

#[test]
fn a_byte_that_changed_below_the_file_system_is_found_or_it_is_said_that_it_cannot_be() {
    let test = "from_device::a_byte_that_changed_below_the_file_system_is_found_or_it_is_said_that_it_cannot_be";
    if !has_tool("fincore") || !has_tool("python3") || !is_child_with_mounts(test) {
        return;
    }
    for Row { what, disk, bytes, flips, finds, finds_if_mapped } in ROWS {
        for (mapped, finds) in [(false, finds), (true, finds_if_mapped)] {
            let dir = WorkDir::new();
            let Some(image) = Image::mounted(&dir.path(""), &disk) else { continue };
            let file = image.path().join("file");
            write_synced(&file, &content(bytes));
            image.remount();
            let intact = hashed(&dir, &file, &[]);
            assert_eq!(intact.get("read_from"), None, "it was not asked for");
            let held = mapped.then(|| HeldMapped::on(&file));
            flips.below(&image, what);
            let missed = hashed(&dir, &file, &[]);
            assert_eq!(missed["digests"], intact["digests"], "{what}: a buffered read sees what is in memory");
            let before = resident(&file);
            let item = hashed(&dir, &file, &["--from-device"]);
            check(what, finds, &item, &intact);
            let lost = if flips == Flips::Compressed && !mapped { COMPRESSED_BYTES } else { 0 };
            // The kernel may still be reading what was dropped.
            let is_left = || (before - lost..=before).contains(&resident(&file));
            assert!(
                comes_true(is_left),
                "{what}, mapped: {mapped}: {} of {before} bytes of a hot file",
                resident(&file)
            );
            let is_repaired = || image.copies(CANARY).len() == 2;
            assert!(flips != Flips::FirstOfTwo || comes_true(is_repaired), "{what}, mapped: {mapped}: a copy is bad");
            drop(held);
        }
    }
}

#[test]
fn a_file_that_was_not_in_memory_is_read_from_the_device_and_leaves_nothing_there() {
    let test = "from_device::a_file_that_was_not_in_memory_is_read_from_the_device_and_leaves_nothing_there";
    if !has_tool("fincore") || !is_child_with_mounts(test) {
        return;
    }
    let journaled = Disk { mounted_with: "data=journal", ..EXT4 };
    let compressed = Disk { mounted_with: "compress-force=zlib", ..BTRFS };
    for disk in [EXT4, journaled, XFS, BTRFS, compressed] {
        let dir = WorkDir::new();
        let Some(image) = Image::mounted(&dir.path(""), &disk) else { continue };
        let file = image.path().join("file");
        write_synced(&file, &content(LARGE_BYTES));
        let hot = hashed(&dir, &file, &["--from-device"]);
        image.remount();
        let cold = hashed(&dir, &file, &["--from-device"]);
        assert_eq!((&cold["read_from"], resident(&file)), (&json!("device"), 0), "{disk:?}: {cold}");
        assert_eq!(cold["digests"], hashed(&dir, &file, &[])["digests"], "{disk:?}");
        assert_eq!(hot["digests"], cold["digests"], "{disk:?}");
        let hot = hashed(&dir, &file, &["--from-device"]);
        assert_eq!((&hot["read_from"], &hot["digests"]), (&json!("device"), &cold["digests"]), "{disk:?}");
        assert_ne!(resident(&file), 0, "{disk:?}: it was in memory before");
    }
}

#[test]
fn pages_of_a_compressed_file_that_somebody_has_mapped_are_said_to_be_from_the_cache() {
    let test = "from_device::pages_of_a_compressed_file_that_somebody_has_mapped_are_said_to_be_from_the_cache";
    if !has_tool("python3") || !is_child_with_mounts(test) {
        return;
    }
    let dir = WorkDir::new();
    let disk = Disk { mounted_with: "compress-force=zlib", ..BTRFS };
    let Some(image) = Image::mounted(&dir.path(""), &disk) else { return };
    let file = image.path().join("file");
    write_synced(&file, &content(LARGE_BYTES));
    let held = HeldMapped::on(&file);
    let item = hashed(&dir, &file, &["--from-device"]);
    assert_eq!(item["read_from"], "cache", "{item}");
    drop(held);
    assert_eq!(hashed(&dir, &file, &["--from-device"])["read_from"], "device");
}
