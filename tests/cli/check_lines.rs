//! `hivesum check`: lines that are not read, and entries with several digests.

use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// Files `a` and `b`, and the lines of md5sum and of `sha256sum --tag` for both.
struct Bench {
    dir: WorkDir,
    md5: String,
    sha256: String,
}

impl Bench {
    fn new() -> Self {
        let dir = WorkDir::with(&[(b"a", b"1"), (b"b", b"22")]);
        let (mut md5, mut sha256) = (String::new(), String::new());
        for name in ["a", "b"] {
            md5 += &format!("MD5 ({name}) = {}\n", dir.digest("md5sum", name));
            sha256 += &format!("SHA256 ({name}) = {}\n", dir.digest("sha256sum", name));
        }
        Self { dir, md5, sha256 }
    }

    fn check(&self, text: impl AsRef<[u8]>, options: &[&str]) -> Ran {
        self.dir.write("sums", text);
        self.dir.hivesum(["check", "sums"].iter().chain(options))
    }

    fn json(&self, text: impl AsRef<[u8]>, options: &[&str]) -> (Value, Option<i32>) {
        let ran = self.check(text, &[options, &["--format", "json"]].concat());
        (serde_json::from_slice(&ran.stdout).unwrap(), ran.code)
    }
}

const GOST: &str = "GOST (a) = 3c3f3a1a1a3b4e1f8c3e4a2d1b0c9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e\n";

#[test]
fn tags_of_another_algorithm_than_the_requested_one_are_not_read_and_fail_only_a_strict_check() {
    let bench = Bench::new();
    let text = format!("{}{}", bench.md5, bench.sha256);
    let ran = bench.check(&text, &["-a", "sha256"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "a: OK\nb: OK\n"));
    assert_eq!(ran.stderr(), "hivesum: sums: not read: 2 lines (1-2); 2 of another algorithm than sha256\n");
    let strict = bench.check(&text, &["-a", "sha256", "--strict"]);
    assert_eq!((strict.code, strict.stdout().as_str()), (Some(1), "a: OK\nb: OK\n"));
    assert_eq!(strict.stderr(), "hivesum: WARNING: 2 lines are improperly formatted\n");
    let each = bench.check(&text, &["-a", "sha256", "--warn"]);
    assert!(each.stderr().starts_with("hivesum: sums: 1: not read: of another algorithm, md5\n"), "{}", each.stderr());
    let none = bench.check(&bench.md5, &["-a", "sha256"]);
    assert_eq!((none.code, none.stdout().as_str()), (Some(1), ""));
    let said = "hivesum: sums: not read: 2 lines (1-2); 2 of another algorithm than sha256\n\
                hivesum: sums: no properly formatted checksum lines found\n";
    assert_eq!(none.stderr(), said);
}

#[test]
fn an_algorithm_that_hivesum_lacks_is_named() {
    let bench = Bench::new();
    let told = "hivesum: sums: not read: 1 line (3); GOST R 34.11-94 is not supported\n";
    let text = format!("{}{GOST}", bench.md5);
    let ran = bench.check(&text, &[]);
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(0), "a: OK\nb: OK\n", told));
    let strict = bench.check(&text, &["--strict"]);
    assert_eq!((strict.code, strict.stderr().as_str()), (Some(1), told));
    assert_eq!(bench.check(&text, &["--status"]).stderr(), "");
}

#[test]
fn a_manifest_of_which_no_line_can_be_checked_says_why() {
    let bench = Bench::new();
    for options in [&[][..], &["--status"], &["--quiet"], &["--format", "json"]] {
        let ran = bench.check(GOST.repeat(2), options);
        let said = "hivesum: sums: not read: 2 lines (1-2); GOST R 34.11-94 is not supported\n\
                    hivesum: sums: no properly formatted checksum lines found\n";
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), said), "{options:?}");
    }
    // The name of the manifest tells it, too: the digests are of no other algorithm of their length.
    bench.dir.write("sums.gost", format!("{}  a\n", bench.dir.digest("sha256sum", "a")));
    let ran = bench.dir.hivesum(["check", "sums.gost"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""));
    assert!(ran.stderr().contains("GOST R 34.11-94 is not supported"), "{}", ran.stderr());
}

#[test]
fn a_signature_is_told_and_not_verified() {
    let bench = Bench::new();
    let text = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}-----BEGIN PGP SIGNATURE-----\n\niQEz\n=AbCd\n\
         -----END PGP SIGNATURE-----\n",
        bench.sha256
    );
    let ran = bench.check(&text, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "a: OK\nb: OK\n"));
    let said = ran.stderr();
    assert!(said.starts_with("hivesum: sums: not read: ") && said.lines().count() == 1, "{said}");
    assert!(said.ends_with("; the signature is not verified\n"), "{said}");
    assert_eq!(bench.check(&text, &["--strict"]).code, Some(1));
    assert_eq!(bench.json(&text, &[]).0["lines_not_read"]["signed"], true);
}

#[test]
fn malformed_lines_keep_the_words_of_sha256sum_beside_foreign_ones() {
    let bench = Bench::new();
    let text = format!("prose\n{GOST}{}more prose\n", bench.sha256);
    let ran = bench.check(&text, &["--warn"]);
    assert_eq!(ran.code, Some(0));
    let said = "hivesum: sums: 1: improperly formatted SHA256 checksum line\n\
                hivesum: sums: 2: not read: GOST R 34.11-94 is not supported\n\
                hivesum: sums: 5: improperly formatted SHA256 checksum line\n\
                hivesum: sums: not read: 1 line (2); GOST R 34.11-94 is not supported\n\
                hivesum: WARNING: 2 lines are improperly formatted\n";
    assert_eq!(ran.stderr(), said);
}

#[test]
fn the_json_document_lists_lines_that_were_not_read() {
    let bench = Bench::new();
    let (document, code) = bench.json(format!("prose\n{GOST}{}", bench.sha256), &["-a", "sha256"]);
    let expected = json!({
        "count": 2,
        "first": [
            { "manifest": "sums", "line": 1, "why": "not an entry" },
            { "manifest": "sums", "line": 2, "why": "GOST R 34.11-94 is not supported" },
        ],
        "unsupported": ["GOST R 34.11-94"],
        "signed": false,
    });
    assert_eq!((&document["lines_not_read"], code), (&expected, Some(0)));
    assert_eq!(document["counts"]["malformed"], 1);
    let (document, _) = bench.json("prose\n".repeat(1000) + &bench.sha256, &[]);
    assert_eq!(document["lines_not_read"]["count"], 1000);
    assert_eq!(document["lines_not_read"]["first"].as_array().unwrap().len(), 100);
}

#[test]
fn a_file_with_several_digests_gets_one_verdict_that_names_the_algorithm_that_failed() {
    if !has_tool("hashdeep") {
        return;
    }
    let bench = Bench::new();
    let hashdeep = bench.dir.run("hashdeep", ["-j0", "-l", "-c", "md5,sha1,sha256", "a", "b"]).expect_success();
    let ran = bench.check(&hashdeep, &[]);
    assert_eq!((ran.code, ran.stdout().as_str(), ran.stderr().as_str()), (Some(0), "a: OK\nb: OK\n", ""));
    let (document, _) = bench.json(&hashdeep, &[]);
    assert_eq!(document["items"][0]["algorithms"], json!(["md5", "sha1", "sha256"]));
    assert_eq!(document["counts"]["matched"], 2);

    let wrong = hashdeep.replace(&bench.dir.digest("md5sum", "a"), &"0".repeat(32));
    let ran = bench.check(&wrong, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: FAILED\nb: OK\n"));
    let said = "hivesum: a: the digests of this entry contradict each other: the manifest is damaged; does not match: \
                MD5; matches: SHA1, SHA256\n\
                hivesum: WARNING: 1 computed checksum did NOT match\n";
    assert_eq!(ran.stderr(), said);
    let (document, _) = bench.json(&wrong, &[]);
    assert_eq!(document["items"][0]["failed"], json!(["md5"]));
    assert_eq!(document["items"][0]["verdict"], "modified");
    assert_eq!(document["items"][0]["evidence"]["digests"], "contradict");
    assert_eq!(document["items"][1].get("failed"), None);

    std::fs::remove_file(bench.dir.path("a")).unwrap();
    let ran = bench.check(&hashdeep, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "a: FAILED open or read\nb: OK\n"));
    let said = "hivesum: a: No such file or directory\nhivesum: WARNING: 1 listed file could not be read\n";
    assert_eq!(ran.stderr(), said);
}

#[test]
fn a_missing_file_with_several_lines_counts_once() {
    let bench = Bench::new();
    std::fs::remove_file(bench.dir.path("a")).unwrap();
    let text = format!("{}{}", bench.md5, bench.sha256);
    let ran = bench.check(&text, &[]);
    let verdicts = "a: FAILED open or read\nb: OK\n".repeat(2);
    assert_eq!((ran.code, ran.stdout()), (Some(1), verdicts), "a line each, as sha256sum has it");
    assert!(ran.stderr().ends_with("hivesum: WARNING: 1 listed file could not be read\n"), "{}", ran.stderr());
    let (document, _) = bench.json(&text, &[]);
    assert_eq!(
        document["counts"],
        json!({ "matched": 2, "modified": 0, "missing": 1, "unreadable": 0, "malformed": 0 })
    );
    assert_eq!(document["items"][0]["algorithm"], "md5");
}

#[test]
fn an_entry_without_a_digest_is_told() {
    let bench = Bench::new();
    let args = ["hash", "-a", "md5", "--format", "ndjson", "missing", "b"];
    let ran = bench.check(bench.dir.hivesum(args).stdout, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "b: OK\n"));
    assert_eq!(ran.stderr(), "hivesum: sums: 1 entry has no digest: it is not checked\n");
}

#[test]
fn a_column_of_an_algorithm_that_hivesum_lacks_is_told() {
    let bench = Bench::new();
    let md5 = bench.dir.digest("md5sum", "a");
    let text = format!("%%%% HASHDEEP-1.0\n%%%% size,md5,snefru,filename\n1,{md5},00,a\n");
    let ran = bench.check(&text, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "a: OK\n"));
    let said = "it has digests of algorithms that hivesum does not support: they are not checked";
    assert_eq!(ran.stderr(), format!("hivesum: sums: {said}\n"));
    assert_eq!(bench.check(&text, &["--strict"]).code, Some(1));
}

#[test]
fn small_manifests_are_told_apart_and_reported_in_order() {
    let dir = WorkDir::new();
    let (mut names, mut expected) = (Vec::new(), String::new());
    for number in 0..200 {
        let (file, manifest) = (format!("f{number}"), format!("m{number}"));
        dir.write(&file, &file);
        // Every third one has a line of its own that is not read, every seventh one is missing.
        let line =
            format!("{}  {file}\n", dir.hivesum(["hash", "-a", "md5", &file]).stdout().split(' ').next().unwrap());
        if number % 7 != 6 {
            dir.write(&manifest, if number % 3 == 0 { format!("junk\n{line}") } else { line });
            expected += &format!("{file}: OK\n");
        }
        names.push(manifest);
    }
    let ran = dir.hivesum(["check", "-a", "md5"].into_iter().chain(names.iter().map(String::as_str)));
    assert_eq!((ran.code, ran.stdout()), (Some(1), expected));
    let told = (0..200).filter_map(|number| match (number % 7, number % 3) {
        (6, _) => Some(format!("hivesum: m{number}: No such file or directory\n")),
        (_, 0) => Some("hivesum: WARNING: 1 line is improperly formatted\n".to_owned()),
        _ => None,
    });
    assert_eq!(ran.stderr(), told.collect::<String>());
}

#[test]
fn a_manifest_on_standard_input_comes_in_its_turn() {
    let bench = Bench::new();
    bench.dir.write("sums", format!("{}  -\n", bench.dir.digest("md5sum", "a")));
    let ran = bench.dir.feed(HIVESUM, b"1", ["check", "-a", "md5", "sums", "-"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "-: OK\n"), "sums has used it up");
    assert_eq!(ran.stderr(), "hivesum: 'standard input': no properly formatted checksum lines found\n");
}
