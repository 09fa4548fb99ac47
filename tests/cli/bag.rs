//! `hivesum bag make` and `bag check`, compared with the `bagit` package of PyPI.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// Files to put in a bag. No name has a percent sign: RFC 8493 encodes it as `%25`, which the PyPI package (1.9)
/// neither writes nor reads.
fn contents() -> WorkDir {
    WorkDir::with(&[
        (b"bag/a b", b"1"),
        (b"bag/data/x", b"22"),
        (b"bag/n\nl", b"333"),
        (b"bag/d/caf\xc3\xa9", b"4444"),
        (b"bag/d/empty", b""),
    ])
}

fn check(dir: &WorkDir) -> Ran {
    dir.hivesum(["bag", "check", "bag"])
}

/// Whether the PyPI package finds the bag valid. None where it is not installed.
fn is_valid_for_bagit(dir: &WorkDir) -> Option<bool> {
    if !has_tool("bagit.py") {
        return None;
    }
    Some(dir.run("bagit.py", ["--validate", "bag"]).code == Some(0))
}

#[test]
fn a_directory_becomes_a_bag_that_other_tools_accept() {
    let dir = contents();
    let made = dir.hivesum(["bag", "make", "bag", "-a", "sha256,sha512"]);
    let said = "hivesum: created a bag of 5 files, 10 bytes\n";
    assert_eq!((made.code, made.stderr().as_str(), made.stdout().as_str()), (Some(0), said, ""));
    assert_eq!(dir.read("bag/bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    assert!(dir.read("bag/bag-info.txt").ends_with("Payload-Oxum: 10.5\n"));
    let manifest = dir.read("bag/manifest-sha256.txt");
    assert!(manifest.contains("  data/n%0Al\n") && manifest.contains("  data/data/x\n"), "{manifest}");
    assert_eq!(check(&dir).expect_success(), "valid: 5 files, 10 bytes\n");
    assert_ne!(is_valid_for_bagit(&dir), Some(false));
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(1), "it is a bag already");
}

#[test]
fn all_that_stands_in_the_way_of_a_bag_is_named_at_once() {
    let dir = WorkDir::with(&[(b"bag/a", b"1"), (b"bag/caf\xe9", b"2")]);
    for number in 0..12 {
        dir.link(&format!("bag/link{number:02}"), "a");
    }
    let refused = dir.hivesum(["bag", "make", "bag"]);
    let said = refused.stderr();
    assert_eq!((refused.code, said.matches("cannot be put in a bag: symbolic link").count()), (Some(1), 10), "{said}");
    assert!(said.ends_with("and 2 more\n"), "{said}");
    for number in 0..12 {
        std::fs::remove_file(dir.path(format!("bag/link{number:02}"))).unwrap();
    }
    let refused = dir.hivesum(["bag", "make", "bag"]);
    assert!(refused.stderr().contains("its name is not UTF-8") && dir.path("bag/a").exists(), "{}", refused.stderr());
}

#[test]
fn what_a_manifest_or_another_tool_cannot_carry_is_told_of_a_new_bag() {
    let dir = WorkDir::with(&[(b"bag/100%", b"1")]);
    std::fs::create_dir_all(dir.path("bag/d/empty")).unwrap();
    let made = dir.hivesum(["bag", "make", "bag"]);
    assert_eq!(made.code, Some(0));
    for words in ["1 name with a percent sign, encoded as RFC 8493 says", "1 directory is empty: no manifest names it"]
    {
        assert!(made.stderr().contains(words), "{}", made.stderr());
    }
    let payload = dir.hivesum(["audit", "bag/data"]);
    assert_eq!(payload.code, Some(2));
    assert!(payload.stderr().contains("this is the payload of a bag: hivesum audit "), "{}", payload.stderr());
    assert_eq!(dir.hivesum(["audit", "bag"]).code, Some(0));
}

#[test]
fn a_percent_sign_is_encoded_as_the_standard_says() {
    let dir = WorkDir::with(&[(b"bag/100%0A", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    assert!(dir.read("bag/manifest-sha256.txt").ends_with("  data/100%250A\n"));
    assert_eq!(check(&dir).expect_success(), "valid: 1 file, 1 byte\n");
}

#[test]
fn a_check_reports_every_fault_of_a_bag() {
    let dir = contents();
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    dir.write("bag/data/a b", "2");
    dir.write("bag/data/more", "x");
    std::fs::remove_file(dir.path("bag/data/d/empty")).unwrap();
    dir.write("bag/bagit.txt", "BagIt-Version: 1.0\n");
    let ran = check(&dir);
    assert_eq!(ran.code, Some(1));
    let expected = "bagit.txt: does not have exactly two lines\n\
                    data/d/empty: is missing, but listed in manifest-sha256.txt\n\
                    'data/a b': does not match manifest-sha256.txt\n\
                    data/more: is not listed in manifest-sha256.txt\n\
                    bagit.txt: does not match tagmanifest-sha256.txt\n\
                    not valid: 6 faults\n";
    let mut lines: Vec<_> = ran.stdout().lines().map(str::to_owned).collect();
    lines.sort();
    let mut wanted: Vec<_> = expected.lines().map(str::to_owned).collect();
    wanted.push("bag-info.txt: says that the payload is 10.5, but it is 11.5".to_owned());
    wanted.sort();
    assert_eq!(lines, wanted);
    assert_ne!(is_valid_for_bagit(&dir), Some(true));
}

#[test]
fn manifests_that_lead_out_of_the_bag_are_refused() {
    let dir = contents();
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    let good = dir.read("bag/manifest-sha256.txt");
    let digest = &good[..64];
    for (line, why) in [
        (format!("{digest}  data/../../etc/passwd\n"), "names a file outside the bag"),
        (format!("{digest}  /etc/passwd\n"), "names a file outside the bag"),
        (format!("{digest}  ~/x\n"), "names a file outside the bag"),
        (format!("{digest}  bagit.txt\n"), "names a file that is not in data/"),
        (good.lines().next().unwrap().to_owned() + "\n", "names a file that is listed already"),
        ("junk\n".to_owned(), "is not a manifest entry"),
    ] {
        dir.write("bag/manifest-sha256.txt", good.clone() + &line);
        let ran = check(&dir);
        let said = format!("manifest-sha256.txt: line 6 {why}\n");
        assert!(ran.code == Some(1) && ran.stdout().contains(&said), "{line}: {}", ran.stdout());
    }
}

#[test]
fn a_name_without_its_encoding_is_accepted_with_a_warning() {
    let dir = WorkDir::with(&[(b"bag/100%25", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    let manifest = dir.read("bag/manifest-sha256.txt").replace("100%2525", "100%25");
    dir.write("bag/manifest-sha256.txt", manifest);
    std::fs::remove_file(dir.path("bag/tagmanifest-sha256.txt")).unwrap();
    let ran = check(&dir);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "valid: 1 file, 1 byte\n"));
    assert!(ran.stderr().contains("its name is not percent-encoded in manifest-sha256.txt"), "{}", ran.stderr());
}

#[test]
fn a_directory_that_cannot_be_a_bag_is_left_unchanged() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    dir.link("bag/link", "a");
    let ran = dir.hivesum(["bag", "make", "bag"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr().contains("link: cannot be put in a bag: symbolic link"), "{}", ran.stderr());
    assert_eq!(std::fs::read_dir(dir.path("bag")).unwrap().count(), 2);
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).code, Some(1));
    assert_eq!(dir.hivesum(["bag", "check", "nothing"]).code, Some(1));
}

#[test]
fn a_name_that_a_bag_cannot_carry_is_refused_before_anything_is_moved() {
    let (composed, decomposed) = ("bag/caf\u{e9}", "bag/cafe\u{301}");
    for (files, why) in [
        (&[&b"bag/caf\xe9"[..]][..], "its name is not UTF-8"),
        (&[composed.as_bytes(), decomposed.as_bytes()], "only its Unicode normalisation form differs from "),
    ] {
        let dir = WorkDir::new();
        files.iter().for_each(|name| dir.write(name, "1"));
        let ran = dir.hivesum(["bag", "make", "bag"]);
        assert!(ran.code == Some(1) && ran.stderr().contains(why), "{}", ran.stderr());
        assert_eq!(std::fs::read_dir(dir.path("bag")).unwrap().count(), files.len());
        assert!(files.iter().all(|name| dir.path(name).is_file()), "{why}");
    }
}

#[test]
fn names_that_differ_only_in_case_are_put_in_a_bag_with_a_warning() {
    let dir = WorkDir::with(&[(b"bag/a", b"1"), (b"bag/A", b"2")]);
    let made = dir.hivesum(["bag", "make", "bag"]);
    assert_eq!(made.code, Some(0));
    assert!(made.stderr().contains("differs only in case from "), "{}", made.stderr());
    assert_eq!(check(&dir).expect_success(), "valid: 2 files, 2 bytes\n");
}

#[test]
fn manifests_are_named_as_the_standard_normalises_algorithms() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag", "-a", "sha3_512,sha512_256"]).code, Some(0));
    for name in ["manifest-sha3512.txt", "tagmanifest-sha3512.txt", "manifest-sha512256.txt"] {
        assert!(dir.path(format!("bag/{name}")).is_file(), "{name}");
    }
    assert_eq!(check(&dir).expect_success(), "valid: 1 file, 1 byte\n");
}

#[test]
fn a_report_in_json_lists_faults_warnings_and_what_is_not_supported() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag"]).code, Some(0));
    let json = || {
        let ran = dir.hivesum(["bag", "check", "--format", "json", "bag"]);
        assert_eq!(ran.stderr(), "");
        (ran.code, serde_json::from_slice::<serde_json::Value>(&ran.stdout).unwrap())
    };
    let none = serde_json::json!([]);
    let valid = serde_json::json!({
        "verdict": "valid", "files": 1, "bytes": 1, "fault_count": 0,
        "faults": none, "warnings": none, "unsupported": none,
    });
    assert_eq!(json(), (Some(0), valid));
    dir.write(b"bag/data/caf\xe9", "2");
    dir.write("bag/manifest-gost94.txt", "\n00  data/a\n");
    let (code, report) = json();
    assert_eq!((code, &report["verdict"], &report["fault_count"]), (Some(1), &"invalid".into(), &4.into()));
    let unlisted = serde_json::json!({
        "path": "data/caf\u{fffd}", "path_b64": "ZGF0YS9jYWbp", "message": "is not listed in manifest-sha256.txt",
    });
    assert!(report["faults"].as_array().unwrap().contains(&unlisted), "{report}");
    let blank = serde_json::json!([{
        "path": "manifest-gost94.txt", "message": "has blank lines: it will fail strict validation",
    }]);
    assert_eq!(report["warnings"], blank);
    let unsupported = serde_json::json!([{
        "path": "manifest-gost94.txt", "message": "hivesum has no algorithm gost94",
    }]);
    assert_eq!(report["unsupported"], unsupported);
}

#[test]
fn bags_of_the_pypi_package_are_valid_here() {
    if !has_tool("bagit.py") {
        return;
    }
    let dir = contents();
    let made = dir.run("bagit.py", ["--sha256", "--md5", "bag"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr());
    assert_eq!(check(&dir).expect_success(), "valid: 5 files, 10 bytes\n");
}

#[test]
fn what_lies_in_a_directory_that_cannot_be_read_is_not_missing_and_the_size_is_not_told() {
    let dir = contents();
    dir.hivesum(["bag", "make", "bag", "-a", "sha256"]);
    let refused = |closed: &str| {
        fs::set_permissions(dir.path(closed), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(dir.path(""), Permissions::from_mode(0o755)).unwrap();
        let mut command = dir.command(HIVESUM);
        if fs::read_dir(dir.path(closed)).is_ok() {
            command.uid(65_534); // permissions do not bind root, so run as nobody
        }
        let ran = Ran::of(command.args(["bag", "check", "bag"]).output().unwrap());
        fs::set_permissions(dir.path(closed), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(ran.code, Some(1), "{}", ran.stderr());
        ran.stdout()
    };
    let said = refused("bag/data/d");
    assert!(said.contains("data/d: Permission denied\n"), "{said}");
    assert!(
        said.contains("data/d/empty: is unreadable, because data/d is, but listed in manifest-sha256.txt\n"),
        "{said}"
    );
    let untold = "bag-info.txt: cannot be checked: Payload-Oxum: not all of the payload could be read\n";
    assert!(said.contains(untold) && !said.contains("missing") && !said.contains("but it is"), "{said}");
    let said = refused("bag/data");
    assert!(said.contains("data/d/empty: is unreadable, because data is, but listed"), "{said}");
    assert!(said.contains(untold) && !said.contains("missing"), "{said}");
    assert_eq!(check(&dir).code, Some(0));
}
