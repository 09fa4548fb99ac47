//! `hivesum check`: which algorithm a digest is of, by the name of the manifest, by the files, or not at all.

use std::collections::BTreeSet;

use hivesum_core::digest::Algorithm;
use hivesum_test_support::{Requirement, has_tool};
use serde_json::{Value, json};

use super::work_dir::{HIVESUM, WorkDir};

fn three_files() -> WorkDir {
    WorkDir::with(&[(b"a", b"1"), (b"b", b"22"), (b"c", b"333")])
}

/// A line of OpenSSL for each of these files.
fn openssl(dir: &WorkDir, digest: &str, names: &[&str]) -> String {
    let lines = names.iter().map(|name| dir.run("openssl", ["dgst", digest, "-r", name]).expect_success());
    lines.collect()
}

#[test]
fn the_name_of_a_manifest_tells_an_algorithm_or_a_family() {
    if !has_tool("openssl") {
        return;
    }
    let dir = three_files();
    for (manifest, digest, algorithm) in [
        ("manifest-sha3_512.txt", "-sha3-512", "sha3_512"),
        ("B2SUMS.asc", "-blake2b512", "blake2b"),
        ("x.sha3-384", "-sha3-384", "sha3_384"),
        ("x.sha3", "-sha3-256", "sha3_256"),
        ("x.sm3", "-sm3", "sm3"),
        ("x.rmd160", "-ripemd160", "ripemd160"),
        ("SHA512-256SUMS", "-sha512-256", "sha512_256"),
        ("x.sha", "-sha1", "sha1"),
    ] {
        let lines = openssl(&dir, digest, &["a", "b"]).replace(" *", "  ");
        if lines.is_empty() {
            continue;
        }
        dir.write(manifest, lines);
        let ran = dir.hivesum(["check", "--strict", "--format", "json", manifest]);
        let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), ""), "{manifest}: {document}");
        for item in document["items"].as_array().unwrap() {
            assert_eq!((&item["verdict"], &item["algorithm"]), (&json!("matched"), &json!(algorithm)), "{manifest}");
        }
    }
}

#[test]
fn the_name_of_another_algorithm_is_never_overruled_by_the_files() {
    let dir = three_files();
    dir.write("x.sm3", format!("{}  a\n", dir.digest("sha256sum", "a")));
    let ran = dir.hivesum(["check", "x.sm3"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: FAILED\n"));
}

#[test]
fn what_every_algorithm_writes_is_checked_without_a_hint() {
    let dir = three_files();
    for algorithm in Algorithm::ALL {
        // The digests of clouds and of eD2k are none of those that a length alone may mean: the name tells them.
        let told_by_length = Algorithm::of_length(algorithm.digest_bytes()).contains(&algorithm);
        let untagged = if told_by_length { "untagged".to_owned() } else { format!("untagged.{algorithm}") };
        for (format, manifest) in [("gnu", untagged.as_str()), ("bsd", "tagged")] {
            let args = ["hash", "-a", algorithm.name(), "--format", format, "a", "b", "c", "-o", manifest];
            dir.hivesum(args).expect_success();
            let ran = dir.hivesum(["check", "--strict", "--format", "json", manifest]);
            let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
            assert_eq!(ran.code, Some(0), "{algorithm}, {format}: {document} {}", ran.stderr());
            assert_eq!(names(&document), [algorithm.name()].into(), "{algorithm}, {format}");
        }
    }
}

#[test]
fn pairs_of_algorithms_are_checked_without_a_hint() {
    let dir = three_files();
    let next = Algorithm::ALL.into_iter().cycle().skip(1);
    for (one, other) in Algorithm::ALL.into_iter().zip(next) {
        let both = format!("{one},{other}");
        for format in ["bsd", "csv", "json", "ndjson"] {
            dir.hivesum(["hash", "-a", &both, "--format", format, "a", "b", "-o", "sums"]).expect_success();
            let ran = dir.hivesum(["check", "--strict", "--format", "json", "sums"]);
            let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
            assert_eq!(ran.code, Some(0), "{both}, {format}: {document} {}", ran.stderr());
            assert_eq!(names(&document), [one.name(), other.name()].into(), "{both}, {format}");
        }
    }
}

/// Every algorithm that a verdict names.
fn names(document: &Value) -> BTreeSet<&str> {
    let items = document["items"].as_array().unwrap().iter();
    let of_item = |item: &'static str| items.clone().map(move |one| &one[item]);
    let single = of_item("algorithm").filter_map(Value::as_str);
    single.chain(of_item("algorithms").filter_map(Value::as_array).flatten().filter_map(Value::as_str)).collect()
}

#[test]
fn every_verdict_names_its_algorithm_or_those_that_were_tried() {
    let dir = three_files();
    let sha256 = |name| format!("{}  {name}\n", dir.digest("sha256sum", name));
    let text = format!("{0}  c\n{0}  gone\n{1}{2}{0}  c\n", "0".repeat(64), sha256("a"), sha256("b"));
    dir.write("sums", text);
    let ran = dir.hivesum(["check", "--format", "json", "sums"]);
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let items = document["items"].as_array().unwrap();
    for (undecided, verdict) in [(0, "modified"), (1, "missing")] {
        let tried: Vec<_> = items[undecided]["algorithms"].as_array().unwrap().iter().collect();
        assert!(["sha256", "blake3", "sha3_256"].iter().all(|one| tried.contains(&&json!(one))), "{tried:?}");
        assert_eq!(items[undecided]["verdict"], verdict);
    }
    assert_eq!(items[0]["failed"], items[0]["algorithms"]);
    for (decided, verdict) in [(2, "matched"), (3, "matched"), (4, "modified")] {
        assert_eq!(
            (&items[decided]["algorithm"], &items[decided]["verdict"]),
            (&json!("sha256"), &json!(verdict)),
            "{document}"
        );
    }
    assert_eq!(items[4]["failed"], json!(["sha256"]));
    assert_eq!(ran.stderr(), "hivesum: sums: untagged digests of 256 bits are SHA256\n", "it is said once");
}

#[test]
fn the_decision_is_said_once_for_each_manifest_and_length() {
    let dir = three_files();
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        text += &format!("{}  {name}\n{}  {name}\n", dir.digest("md5sum", name), dir.digest("sha256sum", name));
    }
    dir.write("one", &text);
    dir.write("two", &text);
    let ran = dir.hivesum(["check", "one", "two"]);
    assert_eq!((ran.code, ran.stdout()), (Some(0), "a: OK\na: OK\nb: OK\nb: OK\nc: OK\nc: OK\n".repeat(2)));
    let said = ["one", "two"].map(|manifest| {
        [("128", "MD5"), ("256", "SHA256")]
            .map(|(bits, tag)| format!("hivesum: {manifest}: untagged digests of {bits} bits are {tag}\n"))
            .concat()
    });
    assert_eq!(ran.stderr(), said.concat());
}

#[test]
fn base64_with_bits_left_over_is_a_failed_file_and_no_malformed_line() {
    if !has_tool("openssl") {
        return;
    }
    let dir = three_files();
    let digest = dir.run("openssl", ["dgst", "-sha256", "-binary", "a"]).stdout;
    let right = dir.feed("openssl", &digest, ["base64", "-A"]).expect_success();
    // The last digit before the padding holds four bits of the digest and two that must be zero.
    let last = right.as_bytes()[right.len() - 2];
    let wrong = format!("{}{}=", &right[..right.len() - 2], char::from(last + 1));
    let lines = [format!("SHA256 (a) = {right}\n"), format!("SHA256 (a) = {wrong}\n")].concat();
    dir.write("sums", &lines);
    let ran = dir.hivesum(["check", "--base64", "sums"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: OK\na: FAILED\n"), "{right} and {wrong}");
    assert_eq!(ran.stderr(), "hivesum: WARNING: 1 computed checksum did NOT match\n");
    let cksum = Requirement::condition("cksum of coreutils 9.2 or newer, which has --base64");
    if cksum.is_met(|| dir.run("cksum", ["-a", "sha256", "--base64", "a"]).code == Some(0)) {
        let theirs = dir.run("cksum", ["--check", "sums"]);
        assert_eq!((theirs.code, theirs.stdout()), (ran.code, ran.stdout()));
        assert_eq!(theirs.stderr().replace("cksum: ", "hivesum: "), ran.stderr());
    }
}

#[test]
fn a_manifest_that_is_piped_has_no_name_and_is_decided_by_the_files() {
    let dir = three_files();
    let sums = dir.hivesum(["hash", "-a", "sha3_256", "a", "b"]).expect_success();
    let ran = dir.feed(HIVESUM, sums.as_bytes(), ["check"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "a: OK\nb: OK\n"));
    assert_eq!(ran.stderr(), "hivesum: 'standard input': untagged digests of 256 bits are SHA3-256\n");
}
