//! `hivesum check`: which files the names of a manifest mean.

use super::work_dir::{HIVESUM, WorkDir};

/// Files `tree/a` and `tree/d/b`, and a line for a name with the digest of one of them.
struct Bench(WorkDir);

impl Bench {
    fn new() -> Self {
        Self(WorkDir::with(&[(b"tree/a", b"1"), (b"tree/d/b", b"22")]))
    }

    fn line(&self, file: &str, name: &str) -> String {
        format!("{}  {name}\n", self.0.digest("sha256sum", file))
    }
}

#[test]
fn a_prefix_is_taken_off_and_names_without_it_are_told() {
    let bench = Bench::new();
    bench.0.write("SHA256SUMS", bench.line("tree/a", "/mnt/old/a") + &bench.line("tree/d/b", "/mnt/old/d/b"));
    let args = ["check", "--strip-prefix", "/mnt/old", "--relative-to", "tree", "SHA256SUMS"];
    assert_eq!(bench.0.hivesum(args).expect_success(), "/mnt/old/a: OK\n/mnt/old/d/b: OK\n");
    bench.0.write("SHA256SUMS", bench.line("tree/a", "old/tree/a") + &bench.line("tree/d/b", "tree/d/b"));
    let ran = bench.0.hivesum(["check", "--strip-prefix", "old/", "SHA256SUMS"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "old/tree/a: OK\ntree/d/b: OK\n"));
    assert_eq!(ran.stderr(), "hivesum: SHA256SUMS: 1 name does not begin with old/: it is left as it is\n");
}

#[test]
fn names_may_be_relative_to_the_manifest_or_a_directory() {
    let bench = Bench::new();
    let sums = bench.line("tree/a", "a") + &bench.line("tree/d/b", "./d/b");
    bench.0.write("tree/SHA256SUMS", &sums);
    let ran = bench.0.hivesum(["check", "tree/SHA256SUMS"]);
    assert_eq!(ran.stdout(), "a: FAILED open or read\n./d/b: FAILED open or read\n");
    for relative_to in ["manifest", "tree", "./tree/"] {
        let ran = bench.0.hivesum(["check", "--relative-to", relative_to, "tree/SHA256SUMS"]);
        assert_eq!(ran.expect_success(), "a: OK\n./d/b: OK\n", "{relative_to}");
    }
    let ran = bench.0.feed(HIVESUM, sums.as_bytes(), ["check", "-a", "sha256", "--relative-to", "tree"]);
    assert_eq!(ran.expect_success(), "a: OK\n./d/b: OK\n");
    std::fs::remove_file(bench.0.path("tree/a")).unwrap();
    let ran = bench.0.hivesum(["check", "--relative-to", "manifest", "tree/SHA256SUMS"]);
    assert_eq!(ran.stdout(), "a: FAILED open or read\n./d/b: OK\n");
    assert!(ran.stderr().starts_with("hivesum: a: No such file or directory\n"), "{}", ran.stderr());
}

#[test]
fn a_bare_digest_is_of_the_file_beside_its_manifest() {
    let bench = Bench::new();
    bench.0.write("tree/a.sha256", bench.0.digest("sha256sum", "tree/a"));
    for options in [&[][..], &["--relative-to", "manifest"]] {
        let ran = bench.0.hivesum(["check", "tree/a.sha256"].iter().chain(options));
        assert_eq!(ran.expect_success(), "tree/a: OK\n", "{options:?}");
    }
}

#[test]
fn an_empty_prefix_or_directory_is_a_wrong_command_line() {
    let bench = Bench::new();
    for option in ["--strip-prefix", "--relative-to"] {
        let ran = bench.0.hivesum(["check", option, "", "sums"]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr());
    }
}

#[test]
fn names_of_windows_are_opened_as_paths_where_no_name_has_a_slash() {
    let bench = Bench::new();
    let windows = bench.line("tree/a", "tree\\a") + &bench.line("tree/d/b", "tree\\d\\b");
    bench.0.write("SHA256SUMS", &windows);
    let told = "hivesum: SHA256SUMS: \\ is read as / in the names of files that exist only so\n";
    let ran = bench.0.hivesum(["check", "SHA256SUMS"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "tree\\a: OK\ntree\\d\\b: OK\n"));
    assert_eq!(ran.stderr(), told, "it is said once");

    bench.0.write("SHA256SUMS", windows.clone() + &bench.line("tree/a", "tree/a"));
    let ran = bench.0.hivesum(["check", "SHA256SUMS"]);
    let failed = "tree\\a: FAILED open or read\ntree\\d\\b: FAILED open or read\ntree/a: OK\n";
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), failed));
    assert!(!ran.stderr().contains("read as /"), "{}", ran.stderr());

    // A file that has the name as it is written is the one that is meant.
    bench.0.write("tree\\a", "other");
    bench.0.write("SHA256SUMS", &windows);
    let ran = bench.0.hivesum(["check", "SHA256SUMS"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "tree\\a: FAILED\ntree\\d\\b: OK\n"));
}
