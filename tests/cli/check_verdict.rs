//! `hivesum check --format json` and `ndjson`: the verdict on everything, the digests that differ, and the manifests that
//! could not be checked.

use serde_json::{Value, json};

use super::work_dir::{Ran, WorkDir};

/// `printf 1 | sha256sum`, and the same for 2.
const SHA256_OF_1: &str = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const SHA256_OF_2: &str = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35";

fn checked(dir: &WorkDir, args: &[&str]) -> (Value, Ran) {
    let ran = dir.hivesum(["check", "--format", "json"].iter().chain(args));
    let document = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stdout()));
    (document, ran)
}

fn tree() -> WorkDir {
    let dir = WorkDir::with(&[(b"one", b"1"), (b"two", b"2")]);
    dir.write("good.sha256", format!("{SHA256_OF_1}  one\n{SHA256_OF_2}  two\n"));
    dir.write("wrong.sha256", format!("{SHA256_OF_1}  one\n{SHA256_OF_1}  two\n"));
    dir.write("gone.sha256", format!("{SHA256_OF_1}  one\n{SHA256_OF_1}  three\n"));
    dir.write("prose.sha256", format!("{SHA256_OF_1}  one\nwhat is this?\n"));
    dir.write("md5.bsd", format!("SHA256 (one) = {SHA256_OF_1}\nMD5 (one) = {}\n", "0".repeat(32)));
    dir
}

#[test]
fn the_verdict_is_in_the_words_of_a_job() {
    let dir = tree();
    for (args, verdict, code) in [
        (&["good.sha256"][..], "ok", 0),
        (&["wrong.sha256"], "failed", 1),
        (&["gone.sha256"], "failed", 1),
        (&["good.sha256", "wrong.sha256"], "failed", 1),
        (&["--ignore-missing", "gone.sha256"], "ok", 0),
        (&["prose.sha256"], "incomplete", 0),
        (&["--strict", "prose.sha256"], "incomplete", 1),
        (&["good.sha256", "nowhere"], "incomplete", 1),
        (&["wrong.sha256", "nowhere"], "failed", 1),
        (&["one"], "incomplete", 1),
        (&["-a", "sha256", "md5.bsd"], "ok", 0),
    ] {
        let (document, ran) = checked(&dir, args);
        assert_eq!((&document["verdict"], ran.code), (&json!(verdict), Some(code)), "{args:?}: {document}");
    }
}

#[test]
fn an_entry_that_differs_has_the_expected_and_the_computed_digest() {
    let dir = tree();
    let (document, _) = checked(&dir, &["wrong.sha256"]);
    let differs = json!([{ "expected": SHA256_OF_1, "computed": { "sha256": SHA256_OF_2 } }]);
    assert_eq!((&document["items"][1]["path"], &document["items"][1]["mismatches"]), (&json!("two"), &differs));
    assert_eq!(document["items"][0].get("mismatches"), None);
    dir.write("untagged", format!("{SHA256_OF_1}  two\n"));
    let (document, _) = checked(&dir, &["untagged"]);
    let computed = &document["items"][0]["mismatches"][0]["computed"];
    assert_eq!(computed["sha256"], SHA256_OF_2);
    assert!(computed.get("blake3").is_some(), "every algorithm that was tried: {computed}");
}

#[test]
fn a_manifest_that_cannot_be_checked_is_an_error_in_the_document_and_on_stderr() {
    let dir = tree();
    for (manifest, reason) in [
        ("nowhere", "No such file or directory"),
        (".", "Is a directory"),
        ("one", "no properly formatted checksum lines found"),
    ] {
        let (document, ran) = checked(&dir, &["good.sha256", manifest]);
        assert_eq!(document["errors"][0]["manifest"], manifest, "{document}");
        let told = document["errors"][0]["reason"].as_str().unwrap();
        let is_told = told.starts_with(reason);
        assert!(
            is_told && ran.stderr().contains(&format!("hivesum: {manifest}: {told}\n")),
            "{told}: {}",
            ran.stderr()
        );
        assert_eq!((ran.code, &document["counts"]["matched"]), (Some(1), &json!(2)));
    }
    let (document, _) = checked(&dir, &["--ignore-missing", "none.sha256"]);
    assert_eq!(document["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(checked(&dir, &["good.sha256"]).0["errors"], json!([]));
}

#[test]
fn ndjson_has_an_entry_in_each_line_and_ends_with_the_summary() {
    let dir = tree();
    let ran = dir.hivesum(["check", "--format", "ndjson", "wrong.sha256", "nowhere"]);
    let lines: Vec<Value> = ran.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [one, two, last] = &lines[..] else { panic!("{}", ran.stdout()) };
    assert_eq!((&one["verdict"], &two["verdict"]), (&json!("matched"), &json!("modified")));
    assert_eq!(two["mismatches"][0]["computed"]["sha256"], SHA256_OF_2);
    let summary = &last["summary"];
    assert_eq!((&summary["verdict"], &summary["counts"]["matched"]), (&json!("failed"), &json!(1)));
    assert_eq!(summary["errors"][0]["manifest"], "nowhere");
    let refused = dir.hivesum(["check", "--format", "yaml", "good.sha256"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr().contains("must be human, json or ndjson"), "{}", refused.stderr());
}

#[test]
fn quiet_says_nothing_of_the_algorithm_that_was_found_and_all_of_what_is_wrong() {
    let dir = tree();
    dir.write("untagged", format!("{SHA256_OF_1}  one\n"));
    let spoken = dir.hivesum(["check", "untagged"]);
    assert_eq!(spoken.stderr(), "hivesum: untagged: untagged digests of 256 bits are SHA256\n");
    let quiet = dir.hivesum(["check", "-q", "untagged"]);
    assert_eq!((quiet.code, quiet.stdout().as_str(), quiet.stderr().as_str()), (Some(0), "", ""));
    dir.write("untagged", format!("{SHA256_OF_1}  one\n{SHA256_OF_1}  two\nprose\n"));
    let wrong = dir.hivesum(["check", "-q", "untagged"]);
    assert_eq!((wrong.code, wrong.stdout().as_str()), (Some(1), "two: FAILED\n"));
    assert!(wrong.stderr().contains("WARNING: 1 computed checksum did NOT match"), "{}", wrong.stderr());
    assert!(wrong.stderr().contains("WARNING: 1 line is improperly formatted"), "{}", wrong.stderr());
}
