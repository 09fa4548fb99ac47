//! `hivesum audit` tells an edit from an edit whose mtime was put back and from rot, without a service: by what a JSON or
//! NDJSON manifest recorded.

use std::fs::File;
use std::os::unix::fs::FileExt;

use hivesum_test_support::has_tool;
use hivesum_test_support::silent_corruption::corrupt_silently;
use serde_json::{Value, json};

use super::work_dir::WorkDir;

fn tree() -> WorkDir {
    WorkDir::with(&[
        (b"t/canary", b"a song that nobody else sings"),
        (b"t/edited", b"1"),
        (b"t/same", b"the same"),
        (b"t/set back", b"2"),
    ])
}

/// Edits one file, and another one of which nobody shall see it.
fn edit(dir: &WorkDir) {
    dir.write("t/edited", "one");
    let file = File::options().write(true).open(dir.path("t/set back")).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"V", 0).unwrap();
    file.set_modified(before).unwrap();
}

#[test]
fn a_manifest_tells_an_edit_an_edit_with_mtime_put_back_and_rot_from_each_other() {
    if !has_tool("python3") {
        return;
    }
    for format in ["ndjson", "json"] {
        let dir = tree();
        corrupt_silently(&dir.path("t/canary"), || {
            dir.hivesum(["hash", "t", "--format", format, "-o", "manifest"]).expect_success();
        });
        edit(&dir);
        let ran = dir.hivesum(["audit", "t", "--manifest", "manifest"]);
        let expected = "\
            suspected_rot: canary (content changed, size and mtime did not; ctime and inode are the same)\n\
            modified: edited (content, size and mtime changed; ctime changed, inode is the same)\n\
            modified: 'set back' (content changed, size and mtime did not; ctime changed, inode is the same)\n\
            1 matched, 3 modified, 0 moved, 0 missing, 0 new, 0 unreadable; suspected rot: 1 of the modified\n";
        assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(1), expected, ""), "{format}");
        let report = dir.hivesum(["audit", "t", "--manifest", "manifest", "--format", "json"]);
        let document: Value = serde_json::from_slice(&report.stdout).unwrap();
        let item = document["items"].as_array().unwrap().iter().find(|item| item["path"] == "canary").unwrap();
        let untouched = json!({ "size": "same", "mtime": "same", "ctime": "same", "inode": "same" });
        assert_eq!((&item["verdict"], &item["evidence"]), (&json!("suspected_rot"), &untouched));
    }
}

#[test]
fn a_manifest_that_records_no_times_says_that_an_edit_and_rot_look_alike() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha256", "t", "-o", "SHA256SUMS"]).expect_success();
    edit(&dir);
    let ran = dir.hivesum(["audit", "t", "--manifest", "SHA256SUMS"]);
    let expected = "modified: edited\nmodified: 'set back'\n\
                    2 matched, 2 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    let told = "hivesum: 2 modified files: nothing but digests was recorded, so an edit and rot look alike\n";
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(1), expected, told));
}

#[test]
fn a_csv_manifest_records_mtime_but_not_what_shows_that_it_was_put_back() {
    let dir = tree();
    dir.hivesum(["hash", "t", "--format", "csv", "-o", "manifest.csv"]).expect_success();
    edit(&dir);
    let ran = dir.hivesum(["audit", "t", "--manifest", "manifest.csv"]);
    let set_back = "modified: 'set back' (content changed, size and mtime did not; ctime and inode are not known)\n";
    assert!(ran.stdout().contains(set_back), "{}", ran.stdout());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), ""));
}

#[test]
fn ctime_and_inode_survive_a_conversion_or_it_is_refused() {
    let dir = tree();
    dir.hivesum(["hash", "t", "--format", "ndjson", "-o", "manifest.ndjson"]).expect_success();
    let converted = |to: &str| dir.hivesum(["convert", "--to", to, "manifest.ndjson"]).stdout();
    let document: Value = serde_json::from_str(&converted("json")).unwrap();
    let first: Value = serde_json::from_str(dir.read("manifest.ndjson").lines().next().unwrap()).unwrap();
    for member in ["changed_at", "inode"] {
        assert!(!first[member].is_null(), "{first}");
        assert_eq!(document["items"][0][member], first[member]);
    }
    for (to, lost) in [("csv", "time of change (ctime)"), ("mtree", "time of change (ctime)")] {
        let refused = dir.hivesum(["convert", "--to", to, "manifest.ndjson"]);
        let why = format!("the {to} format has no place for the {lost} of this file: use --drop-details");
        assert!(refused.code == Some(1) && refused.stderr().contains(&why), "{}", refused.stderr());
    }
    let csv = dir.hivesum(["convert", "--to", "csv", "--drop-details", "manifest.ndjson"]);
    assert_eq!(csv.code, Some(0), "{}", csv.stderr());
    assert!(csv.stdout().starts_with("path,size,modified_at,blake3\r\n"), "{}", csv.stdout());
}

#[test]
fn a_digit_damaged_in_one_of_two_digests_is_damage_of_the_manifest_and_not_of_the_file() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "blake3,sha256", "t", "--format", "ndjson", "-o", "manifest.ndjson"]).expect_success();
    let sha256 = dir.digest("sha256sum", "t/same");
    let flipped = if sha256.starts_with('0') { "1" } else { "0" };
    let damaged = dir.read("manifest.ndjson").replace(&sha256, &format!("{flipped}{}", &sha256[1..]));
    dir.write("manifest.ndjson", damaged);
    let ran = dir.hivesum(["audit", "t", "--manifest", "manifest.ndjson"]);
    let expected = "modified: same (the digests of this entry contradict each other: the manifest is damaged) (sha256 failed)\n\
                    3 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), expected));
}
