//! `hivesum audit`: a tree with known edits against its manifest.

use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The number of edits of each kind, and of files in the tree.
const EACH: usize = 10;
const FILES: usize = 10_000;

fn name(number: usize) -> String {
    format!("tree/{:02}/{number:05}", number % 40)
}

/// The paths with one verdict in a JSON report.
fn of_verdict<'a>(document: &'a Value, verdict: &str) -> Vec<&'a str> {
    let items = document["items"].as_array().unwrap().iter();
    items.filter(|item| item["verdict"] == verdict).map(|item| item["path"].as_str().unwrap()).collect()
}

fn relative(numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut paths: Vec<_> = numbers.map(|number| name(number)["tree/".len()..].to_owned()).collect();
    paths.sort();
    paths
}

/// Ten edits of each kind: modified 0.., moved 10.., missing 20.., unreadable 30.., and new files.
fn edit(dir: &WorkDir) {
    for number in 0..EACH {
        dir.write(name(number), "edited");
        let moved = name(EACH + number);
        std::fs::rename(dir.path(&moved), dir.path(format!("{moved}.moved"))).unwrap();
        std::fs::remove_file(dir.path(name(2 * EACH + number))).unwrap();
        // A link in place of a file cannot be read, not even by root.
        let unreadable = dir.path(name(3 * EACH + number));
        std::fs::remove_file(&unreadable).unwrap();
        std::os::unix::fs::symlink("nowhere", &unreadable).unwrap();
        dir.write(format!("tree/new/{number}"), format!("new {number}"));
    }
}

#[test]
fn an_audit_over_ten_thousand_files_reports_exactly_the_edits() {
    let dir = WorkDir::new();
    for number in 0..FILES {
        dir.write(name(number), number.to_string());
    }
    dir.hivesum(["hash", "-a", "sha256", "tree", "-o", "SHA256SUMS"]).expect_success();
    let before = dir.hivesum(["audit", "tree", "--manifest", "SHA256SUMS"]).expect_success();
    assert_eq!(before, "10000 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n");
    edit(&dir);
    let ran = dir.hivesum(["audit", "tree", "--manifest", "SHA256SUMS", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr());
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let counts = json!({
        "matched": FILES - 4 * EACH, "modified": EACH, "moved": EACH, "missing": EACH, "new": EACH, "unreadable": EACH
    });
    assert_eq!(document["counts"], counts);
    assert_eq!(of_verdict(&document, "modified"), relative(0..EACH));
    assert_eq!(of_verdict(&document, "missing"), relative(2 * EACH..3 * EACH));
    assert_eq!(of_verdict(&document, "unreadable"), relative(3 * EACH..4 * EACH));
    assert_eq!(of_verdict(&document, "new"), (0..EACH).map(|number| format!("new/{number}")).collect::<Vec<_>>());
    assert_eq!(of_verdict(&document, "matched").len(), FILES - 4 * EACH);
    let moved: Vec<_> =
        document["items"].as_array().unwrap().iter().filter(|item| item["verdict"] == "moved").collect();
    assert_eq!(moved.len(), EACH);
    for item in moved {
        assert_eq!(item["path"].as_str().unwrap(), format!("{}.moved", item["moved_from"].as_str().unwrap()));
    }
    let missing = document["items"].as_array().unwrap().iter().find(|item| item["verdict"] == "missing").unwrap();
    assert_eq!((&missing["status"], &missing["code"]), (&json!("error"), &json!("not_found")));
}

fn small() -> WorkDir {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"22"), (b"d/n\nl", b"333"), (b"d/latin\xe9", b"4444")]);
    dir.hivesum(["hash", "d", "--format", "ndjson", "-o", "d/m.ndjson"]).expect_success();
    dir
}

#[test]
fn the_text_report_lists_mismatches_and_leaves_the_manifest_out() {
    let dir = small();
    dir.write("d/a", "other");
    std::fs::rename(dir.path("d/n\nl"), dir.path("d/z")).unwrap();
    let ran = dir.hivesum(["audit", "d", "--manifest", "d/m.ndjson", "--all"]);
    let expected = "matched: b\nmatched: 'latin'$'\\351'\n\
                    modified: a (content, size and mtime changed; ctime changed, inode is the same)\nmoved: 'n'$'\\n''l' -> z\n\
                    2 matched, 1 modified, 1 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(1), expected, ""));
}

#[test]
fn the_evidence_compares_what_the_manifest_recorded() {
    let dir = small();
    dir.write("d/a", "other");
    let ran = dir.hivesum(["audit", "d", "--manifest", "d/m.ndjson", "--format", "json"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let item = document["items"].as_array().unwrap().iter().find(|item| item["path"] == "a").unwrap();
    assert_eq!((&item["verdict"], &item["evidence"]["size"]), (&json!("modified"), &json!("changed")));
    assert_eq!((&item["evidence"]["ctime"], &item["evidence"]["inode"]), (&json!("changed"), &json!("same")));
    dir.hivesum(["hash", "d/b", "-o", "sums.b3"]).expect_success();
    dir.write("d/b", "2x");
    let ran = dir.hivesum(["audit", "d", "--manifest", "sums.b3", "--format", "json"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(of_verdict(&document, "modified"), ["b"]);
    let item = document["items"].as_array().unwrap().iter().find(|item| item["path"] == "b").unwrap();
    assert_eq!(item["evidence"], "none");
}

#[test]
fn names_may_be_relative_to_the_directory_or_begin_with_it() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/e/b", b"2")]);
    let all_matched = "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    let with_prefix = dir.hivesum(["hash", "-a", "md5", "d"]).expect_success();
    let plain = with_prefix.replace("  d/", "  ./");
    for sums in [&with_prefix, &plain] {
        let ran = dir.feed(HIVESUM, sums.as_bytes(), ["audit", "d", "--manifest", "-", "-a", "md5"]);
        assert_eq!(ran.expect_success(), all_matched);
    }
    if has_tool("sha256sum") {
        let sums = dir.run("sha256sum", ["d/a", "d/e/b"]).expect_success();
        assert_eq!(
            dir.feed(HIVESUM, sums.as_bytes(), ["audit", "d/", "--manifest", "-", "-a", "sha256"]).expect_success(),
            all_matched
        );
    }
    let outside = with_prefix.replace("  d/a", "  /etc/passwd");
    let ran = dir.feed(HIVESUM, outside.as_bytes(), ["audit", "d", "--manifest", "-"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr().contains("/etc/passwd: the path is absolute"), "{}", ran.stderr());
}

#[test]
fn an_empty_or_invalid_manifest_is_an_error() {
    let dir = small();
    for (text, why) in
        [("", ""), ("junk\n", "no line is an entry; not read: 1 line (1)"), ("{\"path\":\"a\",\"digests\":{}}\n", "")]
    {
        let ran = dir.feed(HIVESUM, text.as_bytes(), ["audit", "d", "--manifest", "-"]);
        assert_eq!(ran.code, Some(1), "{text:?}");
        assert!(ran.stderr().contains(why), "{}", ran.stderr());
    }
    assert_eq!(dir.hivesum(["audit", "d"]).code, Some(2));
    assert_eq!(dir.hivesum(["audit", "nowhere", "--manifest", "d/m.ndjson"]).code, Some(1));
}

#[test]
fn copies_and_swapped_files_name_what_they_have_their_content_from() {
    let dir = WorkDir::with(&[(b"d/a", b"1"), (b"d/b", b"22"), (b"d/kept", b"333")]);
    dir.hivesum(["hash", "d", "-o", "sums.b3"]).expect_success();
    dir.write("d/a", "22");
    dir.write("d/b", "1");
    dir.write("d/copy", "333");
    let ran = dir.hivesum(["audit", "d", "--manifest", "sums.b3"]);
    let expected = "modified: a (content of b)\nmodified: b (content of a)\nnew: copy (copy of kept)\n\
                    1 matched, 2 modified, 0 moved, 0 missing, 1 new, 0 unreadable\n";
    assert_eq!(ran.stdout(), expected);
    let ran = dir.hivesum(["audit", "d", "--manifest", "sums.b3", "--format", "json"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let of =
        |path: &str| document["items"].as_array().unwrap().iter().find(|item| item["path"] == path).unwrap().clone();
    assert_eq!((&of("a")["content_from"], &of("b")["content_from"]), (&json!("b"), &json!("a")));
    assert_eq!((&of("copy")["verdict"], &of("copy")["copied_from"]), (&json!("new"), &json!("kept")));
}

#[test]
fn a_quiet_audit_says_nothing_but_what_is_wrong() {
    let dir = WorkDir::with(&[(b"d/a", b"abc"), (b"d/b", b"abd")]);
    dir.write(
        "sums",
        ["a", "b"].map(|name| format!("{}  {name}\n", dir.digest("sha256sum", format!("d/{name}")))).concat(),
    );
    let audit = |more: &[&str]| dir.hivesum(["audit", "d", "--manifest", "sums"].iter().chain(more));
    let document = |ran: &Ran| serde_json::from_str::<Value>(&ran.stdout()).unwrap();
    let verdict = |ran: &Ran| document(ran)["verdict"].clone();
    let well = audit(&["-q"]);
    assert_eq!((well.code, well.stdout().as_str(), well.stderr().as_str()), (Some(0), "", ""));
    assert_eq!(verdict(&audit(&["-f", "json"])), "ok");
    // What is said of names is held back until something is wrong.
    let below: String =
        ["a", "b"].map(|name| format!("{}  t/d/{name}\n", dir.digest("sha256sum", format!("d/{name}")))).concat();
    dir.write("below", below);
    let respelled = || dir.hivesum(["audit", "d", "-q", "--manifest", "below"]);
    assert_eq!((respelled().code, respelled().stderr().as_str()), (Some(0), ""));
    dir.write("d/b", "longer");
    assert!(respelled().stderr().contains("taken off"), "{}", respelled().stderr());
    let wrong = audit(&["-q"]);
    assert_eq!((wrong.code, wrong.stdout().as_str()), (Some(1), "modified: b\n"));
    let json = document(&audit(&["-q", "-f", "json"]));
    assert_eq!((json["items"].as_array().unwrap().len(), &json["counts"]["matched"]), (1, &json!(1)));
    assert_eq!(json["verdict"], "failed");
    assert_eq!(audit(&["-q", "--all"]).code, Some(2));
}

#[test]
fn a_checksum_file_in_the_directory_is_not_new_wherever_its_text_comes_from() {
    let dir = WorkDir::with(&[(b"d/a", b"abc")]);
    let sums = format!("{}  a\n", dir.digest("sha256sum", "d/a"));
    dir.write("d/SHA256SUMS", &sums);
    dir.write("copy", &sums);
    let all_matched = "1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    let piped = || dir.feed(env!("CARGO_BIN_EXE_hivesum"), sums.as_bytes(), ["audit", "d", "--manifest", "-"]);
    for ran in [dir.hivesum(["audit", "d", "--manifest", "copy"]), piped(), dir.hivesum(["audit", "d"])] {
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), all_matched), "{}", ran.stderr());
    }
    dir.write("d/SHA256SUMS", format!("{sums}\n"));
    let ran = piped();
    assert_eq!(ran.code, Some(1), "another content is a new file");
    assert!(ran.stdout().starts_with("new: SHA256SUMS\n"), "{}", ran.stdout());
}
