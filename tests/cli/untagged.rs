//! Digests that do not name their algorithm, in `audit`, `compare` and `convert`: the files decide, or nothing does.

use hivesum_core::digest::Algorithm;
use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::{Ran, WorkDir};

/// A short file, an empty one, whose CRCs agree, and one in a directory.
fn tree() -> WorkDir {
    WorkDir::with(&[(b"d/empty", b""), (b"d/f", b"hello\n"), (b"d/sub/g", b"good day\n")])
}

/// The name of a manifest that tells nothing, unless the length does not mean the algorithm either.
fn manifest_of(algorithm: Algorithm) -> String {
    match Algorithm::of_length(algorithm.digest_bytes()).contains(&algorithm) {
        true => "sums".to_owned(),
        false => format!("sums.{algorithm}"),
    }
}

fn document(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn what_every_algorithm_writes_is_audited_compared_and_converted() {
    let dir = tree();
    for algorithm in Algorithm::ALL {
        let (name, manifest) = (algorithm.name(), manifest_of(algorithm));
        dir.hivesum(["hash", "-a", name, "--format", "gnu", "d", "-o", &manifest]).expect_success();
        dir.hivesum(["hash", "-a", name, "--format", "bsd", "d", "-o", "tagged"]).expect_success();
        for manifest in [&manifest, "tagged"] {
            let ran = dir.hivesum(["audit", "d", "--manifest", manifest, "--format", "json"]);
            let report = document(&ran);
            assert_eq!((ran.code, &report["counts"]["matched"]), (Some(0), &json!(3)), "{name}: {report}");
            if *manifest != *"tagged" {
                assert_eq!(report["algorithm"], name);
            }
        }
        let compared = dir.hivesum(["compare", &manifest, "tagged"]);
        assert_eq!(compared.code, Some(0), "{name}: {compared:?}");
        let converted = dir.hivesum(["convert", "--to", "bsd", "--root", "d", &manifest]);
        assert_eq!(converted.stdout(), dir.read("tagged"), "{name}: {}", converted.stderr());
        dir.write("d/f", "hullo\n");
        let ran = dir.hivesum(["audit", "d", "--manifest", &manifest, "--format", "json"]);
        let report = document(&ran);
        let f = report["items"].as_array().unwrap().iter().find(|item| item["path"] == "f").unwrap();
        assert_eq!((&f["verdict"], &f["failed"]), (&json!("modified"), &json!([name])), "{report}");
        assert_eq!(report["counts"]["matched"], 2, "{report}");
        dir.write("d/f", "hello\n");
    }
}

#[test]
fn the_lists_of_other_tools_are_audited_by_what_they_are() {
    let dir = tree();
    for (tool, args, algorithm) in [
        ("b2sum", &[][..], "blake2b"),
        ("b2sum", &["-l", "256"], "blake2b_256"),
        ("sha512sum", &[], "sha512"),
        ("xxhsum", &["-H1"], "xxh64"),
        ("xxhsum", &["-H0"], "xxh32"),
        ("xxhsum", &["-H2"], "xxh3_128"),
        ("rhash", &["--simple", "--sha3-256"], "sha3_256"),
        ("rhash", &["--simple", "--crc32c"], "crc32c"),
        ("shasum", &["-a", "512256"], "sha512_256"),
        ("shasum", &["-a", "512224"], "sha512_224"),
    ] {
        if !has_tool(tool) {
            continue;
        }
        let list = dir.run(tool, args.iter().chain(&["d/empty", "d/f", "d/sub/g"]));
        dir.write("list", list.stdout);
        let ran = dir.hivesum(["audit", "d", "--manifest", "list", "--format", "json"]);
        let report = document(&ran);
        assert_eq!((ran.code, &report["algorithm"]), (Some(0), &json!(algorithm)), "{tool}: {report}");
        let tag = algorithm.parse::<Algorithm>().unwrap().bsd_tag().to_string();
        assert!(ran.stderr().ends_with(&format!(" bits are {tag}\n")), "{}", ran.stderr());
        let converted = dir.hivesum(["convert", "--to", "bsd", "--root", ".", "list"]);
        assert!(converted.stdout().contains(&format!("{tag} (d/f) = ")), "{tool}: {converted:?}");
    }
}

#[test]
fn a_tree_is_hashed_with_one_algorithm_after_a_few_files_have_told_which() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha3_256", "d", "-o", "sums"]).expect_success();
    let report = document(&dir.hivesum(["audit", "d", "--manifest", "sums", "--format", "json"]));
    for item in report["items"].as_array().unwrap() {
        let digests: Vec<_> = item["digests"].as_object().unwrap().keys().collect();
        assert_eq!(digests, ["sha3_256"], "{report}");
    }
}

/// What an audit says at its end of one changed file of which only a digest was recorded.
const LOOK_ALIKE: &str = "hivesum: 1 modified file: nothing but digests was recorded, so an edit and rot look alike\n";

#[test]
fn damaged_files_decide_nothing_wherever_they_are_in_the_tree() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "blake2s", "d", "-o", "sums"]).expect_success();
    for damaged in ["d/f", "d/sub/g"] {
        let whole = std::fs::read(dir.path(damaged)).unwrap();
        dir.write(damaged, "x");
        let ran = dir.hivesum(["audit", "d", "--manifest", "sums"]);
        let name = damaged.strip_prefix("d/").unwrap();
        let counts = "2 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
        assert_eq!(ran.stdout(), format!("modified: {name}\n{counts}"));
        let told = format!("hivesum: sums: untagged digests of 256 bits are BLAKE2s\n{LOOK_ALIKE}");
        assert_eq!(ran.stderr(), told);
        dir.write(damaged, whole);
    }
}

#[test]
fn where_no_file_matches_the_report_names_all_that_was_tried() {
    let dir = WorkDir::with(&[(b"d/f", b"hello\n")]);
    dir.write("sums", format!("{}  f\n", "0".repeat(128)));
    let ran = dir.hivesum(["audit", "d", "--manifest", "sums"]);
    let tried = Algorithm::of_length(64).iter().map(|one| one.name()).collect::<Vec<_>>();
    let line = format!("modified: f ({} failed)\n", tried.join(", "));
    assert!(ran.stdout().starts_with(&line), "{}", ran.stdout());
    let said = "hivesum: sums: untagged digests of 512 bits may be sha512, blake2b, ";
    let ending = format!(": no file tells\n{LOOK_ALIKE}");
    assert!(ran.stderr().starts_with(said) && ran.stderr().ends_with(&ending), "{}", ran.stderr());
    let report = document(&dir.hivesum(["audit", "d", "--manifest", "sums", "--format", "json"]));
    assert_eq!((&report["items"][0]["failed"], &report["algorithm"]), (&json!(tried), &Value::Null));
}

#[test]
fn lists_whose_untagged_digests_never_agree_are_not_compared() {
    let dir = tree();
    let write = |algorithm: &str, manifest: &str| {
        dir.hivesum(["hash", "-a", algorithm, "d", "-o", manifest]).expect_success();
    };
    for (one, other) in [("sha256", "blake3"), ("crc32", "crc32c"), ("sha512", "blake2b")] {
        write(one, "one");
        write(other, "other");
        let refused = dir.hivesum(["compare", "one", "other"]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(2), ""), "{one}");
        let why = "the digests do not name their algorithm, and none of them agree: they may be of different algorithms: \
                   if both are of one, say which with -a\n";
        assert!(refused.stderr().ends_with(why), "{}", refused.stderr());
    }
    write("sha256", "one");
    dir.hivesum(["hash", "-a", "sha256,blake3", "--format", "csv", "d", "-o", "both.csv"]).expect_success();
    assert_eq!(dir.hivesum(["compare", "one", "both.csv"]).code, Some(0));
    assert_eq!(dir.hivesum(["compare", "both.csv", "one"]).code, Some(0));
}

#[test]
fn lists_with_one_agreement_are_of_one_algorithm() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha256", "d", "-o", "old"]).expect_success();
    dir.write("d/f", "hullo\n");
    dir.hivesum(["hash", "-a", "sha256", "d", "-o", "new"]).expect_success();
    let compared = dir.hivesum(["compare", "old", "new"]);
    let counts = "0 added, 0 removed, 1 modified, 0 moved, 0 suspected rot, 2 unchanged\n";
    assert!(compared.stdout().starts_with(counts), "{}", compared.stdout());
}

#[test]
fn a_conversion_asks_the_files_or_is_refused_with_the_candidates() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha3_512", "d", "-o", "sums"]).expect_success();
    let refused = dir.hivesum(["convert", "--to", "bsd", "sums"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    for candidate in ["sha512", "blake2b", "sha3_512", "whirlpool"] {
        assert!(refused.stderr().contains(candidate), "{}", refused.stderr());
    }
    let by_files = dir.hivesum(["convert", "--to", "bsd", "--root", "d", "sums"]);
    assert!(by_files.stderr().contains("sums: untagged digests of 512 bits are SHA3-512\n"), "{}", by_files.stderr());
    assert!(by_files.stdout().starts_with("SHA3-512 (d/empty) = "), "{}", by_files.stdout());
    let asked = dir.hivesum(["convert", "--to", "bsd", "-a", "sha3_512", "sums"]);
    assert_eq!(asked.stdout(), by_files.stdout());
    for name in ["d/empty", "d/f", "d/sub/g"] {
        dir.write(name, "something else");
    }
    let undecided = dir.hivesum(["convert", "--to", "bsd", "--root", "d", "sums"]);
    assert_eq!((undecided.code, undecided.stdout().as_str()), (Some(1), ""));
    assert!(undecided.stderr().contains(": no file tells\n"), "{}", undecided.stderr());
    assert_eq!(dir.hivesum(["convert", "--to", "bsd", "--root", "nowhere", "sums"]).code, Some(1));
}

#[test]
fn the_name_of_a_manifest_is_heard_by_every_command() {
    let dir = tree();
    for (manifest, algorithm) in
        [("B2SUMS", "blake2b"), ("x.sha3-384", "sha3_384"), ("x.sm3", "sm3"), ("y.crc64", "crc64")]
    {
        dir.hivesum(["hash", "-a", algorithm, "d", "-o", manifest]).expect_success();
        let report = document(&dir.hivesum(["audit", "d", "--manifest", manifest, "--format", "json"]));
        assert_eq!((&report["algorithm"], &report["counts"]["matched"]), (&json!(algorithm), &json!(3)));
        let converted = dir.hivesum(["convert", "--to", "csv", manifest]);
        assert!(converted.stdout().starts_with(&format!("path,size,modified_at,{algorithm}\r\n")), "{converted:?}");
    }
    dir.hivesum(["hash", "-a", "sha256", "d", "-o", "x.streebog256"]).expect_success();
    for args in [&["audit", "d", "--manifest"][..], &["convert", "--to", "csv"]] {
        let refused = dir.hivesum(args.iter().chain(&["x.streebog256"]));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr().contains("GOST R 34.11-2012 (256 bits) is not supported"), "{}", refused.stderr());
    }
}
