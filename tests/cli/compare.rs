//! `hivesum compare`: two manifests of any formats.

use serde_json::{Value, json};

use super::work_dir::WorkDir;

fn before_and_after() -> WorkDir {
    let dir = WorkDir::with(&[(b"d/edited", b"1"), (b"d/gone", b"2"), (b"d/old", b"3"), (b"d/same", b"4")]);
    dir.hivesum(["hash", "d", "--format", "ndjson", "-o", "old.ndjson"]).expect_success();
    dir.hivesum(["hash", "d", "-o", "old.b3"]).expect_success();
    dir.write("d/edited", "one");
    std::fs::remove_file(dir.path("d/gone")).unwrap();
    std::fs::rename(dir.path("d/old"), dir.path("d/new")).unwrap();
    dir.write("d/added", "5");
    dir.hivesum(["hash", "d", "--format", "csv", "-o", "new.csv"]).expect_success();
    dir
}

#[test]
fn the_text_report_has_the_counts_first_and_then_the_lists() {
    let dir = before_and_after();
    let ran = dir.hivesum(["compare", "old.ndjson", "new.csv"]);
    let expected = "1 added, 1 removed, 1 modified, 1 moved, 0 suspected rot, 1 unchanged\n\
                    added: d/added\nremoved: d/gone\n\
                    modified: d/edited (content, size and mtime changed; ctime and inode are not known)\n\
                    moved: d/old -> d/new\n";
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(1), expected, ""));
    let plain = dir.hivesum(["compare", "old.b3", "new.csv"]);
    assert!(plain.stdout().contains("modified: d/edited (no evidence: nothing but digests was recorded)\n"));
    let same = dir.hivesum(["compare", "old.b3", "old.ndjson"]).expect_success();
    assert_eq!(same, "0 added, 0 removed, 0 modified, 0 moved, 0 suspected rot, 4 unchanged\n");
}

#[test]
fn the_json_report_is_one_document() {
    let dir = before_and_after();
    let ran = dir.hivesum(["compare", "old.ndjson", "new.csv", "--format", "json"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let counts = json!({ "added": 1, "removed": 1, "modified": 1, "moved": 1, "suspected_rot": 0, "unchanged": 1 });
    assert_eq!(document["counts"], counts);
    let moved = &document["items"].as_array().unwrap().iter().find(|item| item["verdict"] == "moved").unwrap();
    assert_eq!((&moved["path"], &moved["moved_from"]), (&json!("d/new"), &json!("d/old")));
}

#[test]
fn manifests_without_a_common_algorithm_cannot_be_compared() {
    let dir = before_and_after();
    dir.hivesum(["hash", "-a", "md5", "d", "-o", "md5.csv", "--format", "csv"]).expect_success();
    let ran = dir.hivesum(["compare", "old.ndjson", "md5.csv"]);
    assert_eq!((ran.code, ran.stderr().contains("no algorithm that both")), (Some(2), true), "{}", ran.stderr());
    assert_eq!(dir.hivesum(["compare", "old.ndjson", "nothing"]).code, Some(2), "nothing was compared");
    assert_eq!(dir.hivesum(["compare", "old.ndjson"]).code, Some(2));
}

#[test]
fn copies_and_swapped_files_name_what_they_have_their_content_from() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"22"), (b"d/kept", b"333")]);
    dir.hivesum(["hash", "d", "-o", "old.b3"]).expect_success();
    dir.write("d/a", "22");
    dir.write("d/b", "1");
    dir.write("d/copy", "333");
    dir.hivesum(["hash", "d", "-o", "new.b3"]).expect_success();
    let expected = "1 added, 0 removed, 2 modified, 0 moved, 0 suspected rot, 1 unchanged\n\
                    added: d/copy (copy of d/kept)\n\
                    modified: d/a (content of d/b) (no evidence: nothing but digests was recorded)\n\
                    modified: d/b (content of d/a) (no evidence: nothing but digests was recorded)\n";
    assert_eq!(dir.hivesum(["compare", "old.b3", "new.b3"]).stdout(), expected);
    let ran = dir.hivesum(["compare", "old.b3", "new.b3", "--format", "json"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["items"][0]["content_from"], "d/b");
    assert_eq!((&document["items"][2]["copied_from"], &document["untraced"]), (&json!("d/kept"), &Value::Null));
}

#[test]
fn moves_and_swaps_are_told_where_the_sides_have_one_algorithm_of_several_in_common() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"22"), (b"d/old", b"333")]);
    let record = |algorithms: &str, file: &str| {
        dir.hivesum(["hash", "-a", algorithms, "--format", "csv", "d", "-o", file]).expect_success();
    };
    record("blake3,sha256", "old.csv");
    dir.write("d/a", "22");
    dir.write("d/b", "1");
    std::fs::rename(dir.path("d/old"), dir.path("d/new")).unwrap();
    record("sha256", "new.csv");
    record("blake3,sha256", "same.csv");
    let compared = |old: &str, new: &str| dir.hivesum(["compare", old, new]).stdout();
    let told = compared("old.csv", "new.csv");
    assert!(told.starts_with("0 added, 0 removed, 2 modified, 1 moved, "), "{told}");
    assert!(told.contains("moved: d/old -> d/new\n") && told.contains("modified: d/a (content of d/b) "), "{told}");
    assert_eq!(told, compared("old.csv", "same.csv"));
    assert!(compared("new.csv", "old.csv").contains("moved: d/new -> d/old\n"));
}

#[test]
fn a_manifest_without_an_entry_is_refused_on_either_side() {
    let dir = before_and_after();
    dir.write("empty", "");
    for sides in [["empty", "empty"], ["empty", "new.csv"], ["new.csv", "empty"]] {
        let ran = dir.hivesum(["compare", sides[0], sides[1]]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(2), ""));
        assert_eq!(ran.stderr(), "hivesum: empty: the manifest has no entry\n");
    }
}

#[test]
fn a_side_without_a_digest_of_the_requested_algorithm_is_refused_and_its_algorithms_are_named() {
    let dir = WorkDir::with(&[(b"d/a", b"1")]);
    for (algorithms, format, file) in [
        ("sha256,md5", "csv", "s.csv"),
        ("blake3", "csv", "b.csv"),
        ("blake3,md5", "bsd", "b.bsd"),
        ("sha256", "gnu", "SHA256SUMS"),
        ("sha256", "gnu", "plain.txt"),
    ] {
        dir.hivesum(["hash", "-a", algorithms, "--format", format, "d", "-o", file]).expect_success();
    }
    for (sides, asked, refused) in [
        (["s.csv", "b.csv"], "sha256", "b.csv has no digest of sha256: it has blake3"),
        (["s.csv", "b.csv"], "blake3", "s.csv has no digest of blake3: it has sha256, md5"),
        (["b.bsd", "s.csv"], "sha256", "b.bsd has no digest of sha256: it has blake3, md5"),
        (["SHA256SUMS", "b.csv"], "blake3", "SHA256SUMS has no digest of blake3: it has sha256"),
        (["plain.txt", "s.csv"], "md5", "plain.txt has no digest of md5: it has digests of 256 bits"),
        (["d", "s.csv"], "md5", "d is a directory: compare a manifest of it (hivesum hash d)"),
    ] {
        let ran = dir.hivesum(["compare", sides[0], sides[1], "-a", asked]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(2), ""), "{refused}");
        assert!(ran.stderr().contains(refused), "{}", ran.stderr());
    }
    assert_eq!(dir.hivesum(["compare", "s.csv", "b.bsd", "-a", "md5"]).code, Some(0));
    dir.hivesum(["compare", "plain.txt", "s.csv", "-a", "sha256"]).expect_success();
}

#[test]
fn a_file_that_could_not_be_read_when_it_was_recorded_is_neither_removed_nor_added() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/sub/b", b"2"), (b"d/z", b"3")]);
    dir.hivesum(["hash", "d", "--format", "ndjson", "-o", "whole.ndjson"]).expect_success();
    let whole = std::fs::read_to_string(dir.path("whole.ndjson")).unwrap();
    let rows = whole.lines().filter(|line| !line.contains("d/a") && !line.contains("d/sub/b"));
    let unread =
        |path: &str, code: &str| format!("{{\"path\":\"{path}\",\"size\":0,\"status\":\"error\",\"code\":\"{code}\"}}");
    let mut lines = vec![unread("d/a", "permission"), unread("d/sub", "permission"), unread("d/gone", "not_found")];
    lines.extend(rows.map(str::to_owned));
    dir.write("partial.ndjson", (lines.join("\n") + "\n").as_str());
    let expected = "0 added, 0 removed, 0 modified, 0 moved, 0 suspected rot, 1 unchanged, 2 unreadable\n\
                    unreadable: d/a\nunreadable: d/sub/b\n";
    let back = dir.hivesum(["compare", "partial.ndjson", "whole.ndjson"]);
    assert_eq!((back.code, back.stdout().as_str()), (Some(1), expected), "{}", back.stderr());
    let forth = dir.hivesum(["compare", "whole.ndjson", "partial.ndjson"]);
    let expected = "0 added, 0 removed, 0 modified, 0 moved, 0 suspected rot, 1 unchanged, 3 unreadable\n\
                    unreadable: d/a\nunreadable: d/sub\nunreadable: d/sub/b\n";
    assert_eq!((forth.code, forth.stdout().as_str()), (Some(1), expected), "{}", forth.stderr());
}
