//! `--include` and `--exclude`: read as .gitignore reads its lines, relative to each PATH, and remembered.

use hivesum_test_support::has_tool;
use serde_json::{Value, json};

use super::work_dir::WorkDir;

const FILES: [&str; 7] =
    [".git/objects/x", "build/out", "src/a.rs", "src/build/b.rs", "src/deep/c.txt", "target", "top.rs"];

fn tree() -> WorkDir {
    let dir = WorkDir::new();
    for name in FILES {
        dir.write(format!("t/{name}"), name);
    }
    dir
}

/// The files that are hashed, relative to the tree.
fn hashed(dir: &WorkDir, args: &[&str]) -> Vec<String> {
    let lines = dir.hivesum(["hash", "t"].iter().chain(args)).expect_success();
    lines.lines().map(|line| line[68..].to_owned()).collect()
}

fn without(names: &[&str]) -> Vec<String> {
    FILES.iter().filter(|file| !names.contains(file)).map(|&file| file.to_owned()).collect()
}

#[test]
fn a_directory_is_excluded_however_its_name_is_spelled() {
    let dir = tree();
    let absolute = dir.path("t/.git");
    for glob in [".git", ".git/", "./.git", "./.git/", "/.git", "/.git/", ".git/**", absolute.to_str().unwrap()] {
        assert_eq!(hashed(&dir, &["--exclude", glob]), without(&[".git/objects/x"]), "{glob}");
    }
    assert_eq!(hashed(&dir, &["--exclude", "build/"]), without(&["build/out", "src/build/b.rs"]));
    assert_eq!(hashed(&dir, &["--exclude", "/build/"]), without(&["build/out"]));
    assert_eq!(hashed(&dir, &["--exclude", "target/"]), without(&[]), "it is a file");
    assert_eq!(hashed(&dir, &["--exclude", "{build,.git}", "--exclude", "top.*"]).len(), 3);
}

#[test]
fn an_included_directory_includes_what_is_below() {
    let dir = tree();
    let absolute = format!("{}/", dir.path("t/src").to_str().unwrap());
    for glob in ["src", "src/", "./src/", "/src", "src/**", &absolute] {
        assert_eq!(hashed(&dir, &["--include", glob]), ["src/a.rs", "src/build/b.rs", "src/deep/c.txt"], "{glob}");
    }
    assert_eq!(hashed(&dir, &["--include", "src", "--exclude", "build"]), ["src/a.rs", "src/deep/c.txt"]);
}

#[test]
fn globs_are_relative_to_each_path_and_an_absolute_one_to_the_path_that_it_is_below() {
    let dir = WorkDir::with(&[(b"one/x/f", b"1"), (b"one/y/x", b"2"), (b"two/x/f", b"3"), (b"f", b"4")]);
    let names = |args: &[&str]| {
        let all = ["hash", "one", "f", "two"].iter().chain(args);
        dir.hivesum(all).expect_success().lines().map(|line| line[66..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--exclude", "/x"]), ["one/y/x", "f"]);
    let absolute = dir.path("one/x");
    assert_eq!(names(&["--exclude", absolute.to_str().unwrap()]), ["one/y/x", "f", "two/x/f"]);
    assert_eq!(names(&["--include", absolute.to_str().unwrap()]), ["one/x/f", "f"]);
}

#[test]
fn globs_without_a_directory_to_apply_to_are_said() {
    let dir = tree();
    let ran = dir.hivesum(["hash", "t/top.rs", "--exclude", "*.rs"]);
    assert_eq!(ran.stderr(), "hivesum: --include and --exclude did nothing: no PATH is a directory\n");
    assert_eq!((ran.code, ran.stdout().lines().count()), (Some(0), 1));
}

#[test]
fn duplicates_takes_the_same_globs() {
    let dir = WorkDir::with(&[(b"t/a", b"same"), (b"t/b", b"same"), (b"t/skip/c", b"same"), (b"t/d.bak", b"same")]);
    let paths = |args: &[&str]| {
        let ran = dir.hivesum(["duplicates", "t", "--format", "json"].iter().chain(args));
        let report: Value = serde_json::from_str(&ran.expect_success()).unwrap();
        report["groups"][0]["paths"].clone()
    };
    assert_eq!(paths(&[]), json!(["a", "b", "d.bak", "skip/c"]));
    assert_eq!(paths(&["--exclude", "skip/", "--exclude", "*.bak"]), json!(["a", "b"]));
    let absolute = dir.path("t/skip");
    assert_eq!(paths(&["--exclude", absolute.to_str().unwrap()]), json!(["a", "b", "d.bak"]));
    assert_eq!(paths(&["--include", "[ab]"]), json!(["a", "b"]));
}

#[test]
fn a_manifest_remembers_its_globs_where_its_format_can() {
    let dir = tree();
    let write = |format: &str| {
        let args = ["hash", "-a", "md5", "--format", format, "--exclude", ".git/", "--exclude", "/build", "t"];
        dir.hivesum(args).expect_success()
    };
    let filters = json!({ "include": [], "exclude": ["/t/**/.git/", "/t/build"] });
    let document: Value = serde_json::from_str(&write("json")).unwrap();
    assert_eq!(document["filters"], filters);
    let lines = write("ndjson");
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["filters"], filters);
    let comment = format!("## hivesum filters: {{\"include\":[],\"exclude\":{}}}\n", filters["exclude"]);
    assert!(write("hashdeep").contains(&comment));
    assert!(!write("gnu").contains("filters"));
    let plain = dir.hivesum(["hash", "--format", "json", "t"]).expect_success();
    assert!(!plain.contains("filters"), "{plain}");
}

#[test]
fn hashdeep_reads_a_manifest_with_globs() {
    if !has_tool("hashdeep") {
        return;
    }
    let dir = tree();
    let args = ["hash", "-a", "md5,sha256", "--format", "hashdeep", "--exclude", "build", "-o", "known", "t/src"];
    dir.hivesum(args).expect_success();
    let audit =
        dir.run("hashdeep", ["-c", "md5,sha256", "-a", "-v", "-l", "-k", "known", "t/src/a.rs", "t/src/deep/c.txt"]);
    assert_eq!(audit.code, Some(0), "{} {}", audit.stdout(), audit.stderr());
}

#[test]
fn globs_that_match_no_file_are_said() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha256", "t", "-o", "sums"]).expect_success();
    let commands: [(&[&str], i32); 4] = [
        (&["hash", "t"], 0),
        (&["audit", "t", "--manifest", "sums"], 1),
        (&["compare", "sums", "sums"], 0),
        (&["duplicates", "t"], 0),
    ];
    for (command, code) in commands {
        let run = |more: &[&str]| dir.hivesum(command.iter().chain(more));
        let ran = run(&["--include", "no such"]);
        let told = "hivesum: no file matches --include 'no such'\n";
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(code), told), "{command:?}");
        let ran = run(&["--include", "*.rs", "--include", "x", "--exclude", "t", "--exclude", "*"]);
        let told = "hivesum: no file matches --include '*.rs' or --include x that --exclude does not leave out\n";
        assert_eq!(ran.stderr(), told, "{command:?}");
        assert!(!run(&["--include", "top.rs"]).stderr().contains("no file"), "{command:?}");
    }
}
