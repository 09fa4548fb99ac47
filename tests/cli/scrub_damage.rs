//! Many flips below a file system beside as many edits whose times are put back: each is told as what it is, each flip in
//! a file from 4 MiB on is located, and what is located is mended from another copy.
//!
//! `HIVESUM_FLIPS` and `HIVESUM_FILES` make it longer: 1,000 flips and 1,000 edits among 20,000 files take some minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use hivesum_test_support::images::{Disk, Image, is_child_with_mounts};
use hivesum_test_support::{Dice, comes_true, cycle, number_from_env};
use serde_json::{Value, json};

use super::from_device::{BTRFS, EXT4, XFS};
use super::scrub::{assert_silent, collections, events, scrub, told};
use super::work_dir::WorkDir;

const MIB: u64 = 1 << 20;

/// The beginning of a marker, and its length with the number that follows.
const MARKER: &[u8] = b"here lies piece number ";
const MARKER_BYTES: usize = 8;

/// The large files, in bytes: 43 pieces.
const LARGE: [u64; 4] = [4 * MIB, 5 * MIB + 7, 12 * MIB + 100_000, 21 * MIB];

/// A marker that is flipped or not: where it lies in which file.
struct Place {
    name: String,
    offset: u64,
}

/// Files with markers, by their numbers: one in each small file, and one in each MiB of a large one.
struct Tree {
    places: Vec<Place>,
    /// How many of them lie in small files. They come first.
    small: usize,
}

impl Tree {
    fn written(at: &Path, small: usize, dice: &mut Dice) -> Self {
        let mut tree = Self { places: Vec::new(), small };
        for number in 0..small {
            let size = 4096 + dice.roll(8000);
            tree.file(at, &format!("d{}/f{number}", number / 500), size, dice);
        }
        for size in LARGE {
            tree.file(at, &format!("large{size}"), size, dice);
        }
        assert!(Command::new("sync").status().unwrap().success());
        tree
    }

    /// A file of which no two are alike.
    fn file(&mut self, at: &Path, name: &str, size: u64, dice: &mut Dice) {
        let path = at.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = cycle(size as usize);
        for start in (0..size).step_by(MIB as usize) {
            let length = (MARKER.len() + MARKER_BYTES) as u64;
            let room = (size - start).min(MIB);
            if room < length {
                continue;
            }
            let offset = start + dice.roll(room - length + 1);
            let marker = [MARKER, format!("{:08}", self.places.len()).as_bytes()].concat();
            bytes[offset as usize..][..marker.len()].copy_from_slice(&marker);
            self.places.push(Place { name: name.to_owned(), offset });
        }
        fs::write(path, bytes).unwrap();
    }

    /// Flips the markers with these numbers below the file system.
    fn flip(image: &Image, numbers: &BTreeSet<usize>) {
        let number = |place: u64| {
            let digits = image.bytes_at::<MARKER_BYTES>(place + MARKER.len() as u64);
            std::str::from_utf8(&digits).unwrap().parse::<usize>().unwrap()
        };
        let copies: Vec<_> = image.copies(MARKER).into_iter().filter(|&at| numbers.contains(&number(at))).collect();
        assert_eq!(copies.len(), numbers.len(), "each marker lies on the disk once");
        image.flip_at(&copies);
    }
}

/// Some numbers of a range, each once.
fn chosen(count: usize, from: std::ops::Range<usize>, dice: &mut Dice) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    while chosen.len() < count.min(from.len()) {
        chosen.insert(from.start + dice.roll(from.len() as u64) as usize);
    }
    chosen
}

/// Changes a byte of a file, and puts its modification time back.
fn edit(path: &Path, offset: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"H", offset).unwrap();
    file.set_modified(time).unwrap();
}

/// The conditions of all files, and how many are in each.
fn conditions(dir: &WorkDir) -> BTreeMap<String, String> {
    let listed = collections(dir, "files", &[]).expect_success();
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    listed.lines().map(fields).map(|fields| (fields[3].clone(), fields[0].clone())).collect()
}

/// The ranges in which these markers of a file lie, as whole pieces, joined.
fn ranges(tree: &Tree, name: &str, flips: &BTreeSet<usize>) -> Vec<(u64, u64)> {
    let size = LARGE.into_iter().find(|size| name == format!("large{size}")).unwrap();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for place in flips.iter().map(|&number| &tree.places[number]).filter(|place| place.name == name) {
        // A marker may reach into the next piece; its first byte is the one that is flipped.
        let start = place.offset / MIB * MIB;
        let end = size.min(start + MIB);
        match ranges.last_mut() {
            Some((offset, bytes)) if *offset + *bytes == start => *bytes = end - *offset,
            _ => ranges.push((start, end - start)),
        }
    }
    ranges
}

fn located(dir: &WorkDir, args: &[&str]) -> Value {
    let ran = dir.hivesum(["locate", "--state", "s", "--json"].iter().chain(args));
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr());
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn of_json(ranges: &Value) -> Vec<(u64, u64)> {
    let number = |range: &Value, name: &str| range[name].as_u64().unwrap();
    ranges.as_array().unwrap().iter().map(|range| (number(range, "offset"), number(range, "bytes"))).collect()
}

/// Flips and edits on this disk, with these digests. `rotten` is what a flip is told as.
fn every_verdict_is_right(disk: &Disk<'_>, algorithms: &str, rotten: &str) {
    let (dir, mut dice) = (WorkDir::new(), Dice::from_env());
    let Some(image) = Image::mounted(&dir.path(""), disk) else { return };
    dir.link("t", image.path().to_str().unwrap());
    let flips = number_from_env("HIVESUM_FLIPS").unwrap_or(100) as usize;
    let files = number_from_env("HIVESUM_FILES").unwrap_or(3 * flips as u64) as usize;
    let tree = Tree::written(image.path(), files, &mut dice);
    let baseline = scrub(&dir, &["--algorithms", algorithms]);
    assert_eq!(baseline.code, Some(0), "{}", baseline.stderr());
    let good: Vec<_> = LARGE.iter().map(|size| fs::read(image.path().join(format!("large{size}"))).unwrap()).collect();
    // A third of the flips lies in large files, but not in all of their pieces.
    let all = tree.places.len();
    let in_large = chosen((flips / 3).min((all - tree.small) * 3 / 4), tree.small..all, &mut dice);
    let in_small = chosen(flips - in_large.len(), 0..tree.small, &mut dice);
    let edited: BTreeSet<_> = (0..tree.small).filter(|number| !in_small.contains(number)).take(flips).collect();
    let flipped: BTreeSet<_> = in_small.union(&in_large).copied().collect();
    Tree::flip(&image, &flipped);
    for &number in &edited {
        edit(&image.path().join(&tree.places[number].name), tree.places[number].offset);
    }
    assert_eq!(scrub(&dir, &["--algorithms", algorithms]).code, Some(1));
    let expected = |name: &str| {
        let holds = |numbers: &BTreeSet<usize>| numbers.iter().any(|&number| tree.places[number].name == name);
        if holds(&flipped) {
            rotten
        } else if holds(&edited) {
            "modified"
        } else {
            "ok"
        }
    };
    let found = conditions(&dir);
    let wrong: Vec<_> = found.iter().filter(|(name, condition)| expected(name) != *condition).collect();
    assert_eq!((wrong, found.len()), (Vec::new(), tree.small + LARGE.len()));
    let told = collections(&dir, "events", &[]).expect_success();
    for (size, good) in LARGE.into_iter().zip(good) {
        let name = format!("large{size}");
        let (ranges, path) = (ranges(&tree, &name, &flipped), format!("t/{name}"));
        let found = located(&dir, &[&path]);
        assert_eq!(of_json(&found["ranges"]), ranges, "{name}: {found:#}");
        let words: Vec<_> = ranges.iter().take(3).map(|(offset, bytes)| format!("{bytes} bytes at {offset}")).collect();
        let of_file = told.lines().find(|line| line.split('\t').nth(3) == Some(&name)).unwrap_or_default();
        assert!(
            of_file.contains(&words.join(", ")) && of_file.is_empty() == words.is_empty(),
            "{words:?} in {of_file}"
        );
        assert_eq!(found["verdict"], if ranges.is_empty() { "good" } else { "damaged" });
        let unreadable = if rotten == "unreadable" { ranges.clone() } else { Vec::new() };
        assert_eq!(of_json(&found["file"]["unreadable"]), unreadable, "{name}: {found:#}");
        // From another copy all of it can be mended.
        dir.write("replica", &good);
        let plan = dir.hivesum(["locate", "--state", "s", &path, "replica"]).stdout();
        let commands: Vec<_> = plan.lines().filter(|line| line.starts_with("dd ")).collect();
        assert_eq!(commands.len(), ranges.len(), "{plan}");
        for command in commands {
            assert!(dir.run("sh", ["-c", command]).code == Some(0), "{command}");
        }
        assert!(fs::read(image.path().join(&name)).unwrap() == good, "{name} is mended");
    }
    scrub(&dir, &["--algorithms", algorithms]);
    let left = conditions(&dir);
    assert!(LARGE.iter().all(|size| left[&format!("large{size}")] == "ok"));
}

#[test]
fn flips_below_ext4_are_told_from_edits_and_located() {
    if is_child_with_mounts("scrub_damage::flips_below_ext4_are_told_from_edits_and_located") {
        every_verdict_is_right(&EXT4, "blake3", "suspected_rot");
    }
}

#[test]
fn flips_below_xfs_are_told_from_edits_and_located_beside_other_digests() {
    if is_child_with_mounts("scrub_damage::flips_below_xfs_are_told_from_edits_and_located_beside_other_digests") {
        every_verdict_is_right(&XFS, "sha256,blake3", "suspected_rot");
    }
}

#[test]
fn flips_below_btrfs_are_unreadable_and_located_by_reading() {
    if is_child_with_mounts("scrub_damage::flips_below_btrfs_are_unreadable_and_located_by_reading") {
        every_verdict_is_right(&BTRFS, "blake3", "unreadable");
    }
}

#[test]
fn the_event_says_where_and_a_repaired_file_is_restored() {
    let test = "scrub_damage::the_event_says_where_and_a_repaired_file_is_restored";
    if !is_child_with_mounts(test) {
        return;
    }
    let (dir, mut dice) = (WorkDir::new(), Dice::new(7));
    let Some(image) = Image::mounted(&dir.path(""), &EXT4) else { return };
    dir.link("t", image.path().to_str().unwrap());
    let tree = Tree::written(image.path(), 0, &mut dice);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    let name = format!("large{}", LARGE[1]);
    let at = |piece: u64| tree.places.iter().position(|place| place.name == name && place.offset / MIB == piece);
    let good = fs::read(image.path().join(&name)).unwrap();
    Tree::flip(&image, &[1, 2, 4].map(|piece| at(piece).unwrap()).into());
    let where_ = "damaged: 2097152 bytes at 1048576, 1048576 bytes at 4194304";
    let why = "content changed, size and mtime did not; ctime and inode are the same";
    let line = format!("suspected_rot: {name} ({why}; {where_})\n");
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), line, String::new()));
    let listed = collections(&dir, "events", &[]).expect_success();
    assert!(listed.contains(where_), "{listed}");
    let report = collections(&dir, "report", &[]).expect_success();
    assert!(report.contains(where_), "{report}");
    let found = located(&dir, &[&format!("t/{name}")]);
    assert_eq!(found["expected"]["size"], json!(LARGE[1]));
    assert_eq!((&found["file"]["read_from"], &found["replica"]), (&json!("device"), &Value::Null));
    // Another copy that is damaged elsewhere serves, too.
    let mut replica = good.clone();
    replica[0] ^= 1;
    dir.write("replica", &replica);
    let found = located(&dir, &[&format!("t/{name}"), "replica"]);
    let damaged = vec![(MIB, 2 * MIB), (4 * MIB, MIB)];
    assert_eq!((of_json(&found["copy"]), of_json(&found["lacking"])), (damaged, vec![]));
    assert_eq!(found["replica_is_good"], json!(false));
    fs::write(image.path().join(&name), &good).unwrap();
    assert_silent(&scrub(&dir, &[]));
    assert_eq!(events(&dir), [format!("1 suspected_rot {name}"), format!("2 restored {name}")]);
    assert_eq!(dir.hivesum(["locate", "--state", "s", &format!("t/{name}")]).code, Some(0));
}

#[test]
fn one_bad_copy_of_a_mirror_without_checksums_is_no_rot_but_reads_that_disagree() {
    let test = "scrub_damage::one_bad_copy_of_a_mirror_without_checksums_is_no_rot_but_reads_that_disagree";
    if !is_child_with_mounts(test) {
        return;
    }
    let (dir, mut dice) = (WorkDir::new(), Dice::new(7));
    let disk = Disk { made_with: &["-q", "-d", "raid1", "-m", "raid1"], mounted_with: "nodatasum", ..BTRFS };
    let Some(image) = Image::mounted_on_two(&dir.path(""), &disk) else { return };
    dir.link("t", image.path().to_str().unwrap());
    let mut tree = Tree { places: Vec::new(), small: 0 };
    tree.file(image.path(), "song", LARGE[1], &mut dice);
    assert!(Command::new("sync").status().unwrap().success());
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    Tree::flip(&image, &[2].into());
    // Which copy the kernel reads first is chosen by the number of the thread: a run may see nothing.
    let mut line = String::new();
    let is_told = comes_true(|| {
        line = scrub(&dir, &[]).stdout();
        !line.is_empty()
    });
    let where_ = format!("damaged: {MIB} bytes at {})\n", 2 * MIB);
    assert!(is_told && line.starts_with("reads_disagree: song (") && line.ends_with(&where_), "{line}");
}
