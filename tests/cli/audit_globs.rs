//! `--include` and `--exclude` of `audit` and `compare`: for the files and for the names in the manifest alike.

use super::work_dir::WorkDir;

fn tree() -> WorkDir {
    let files: [(&[u8], &[u8]); 4] =
        [(b"t/.git/index", b"1"), (b"t/a.rs", b"2"), (b"t/build/x.o", b"3"), (b"t/src/b.rs", b"4")];
    WorkDir::with(&files)
}

/// The counts of an audit that differ from 0.
fn counts(dir: &WorkDir, args: &[&str]) -> String {
    let ran = dir.hivesum(["audit", "t", "--manifest"].iter().chain(args));
    let stdout = ran.stdout();
    let counts = stdout.lines().last().unwrap_or_default().split(", ");
    counts.filter(|count| !count.starts_with("0 ")).collect::<Vec<_>>().join(", ")
}

#[test]
fn globs_hold_for_the_walk_and_for_the_names_in_the_manifest() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha256", "t", "-o", "whole.sha256"]).expect_success();
    dir.hivesum(["hash", "-a", "sha256", "t", "--exclude", ".git", "-o", "part.sha256"]).expect_success();
    assert_eq!(counts(&dir, &["part.sha256"]), "3 matched, 1 new");
    for glob in [".git", ".git/", "./.git", "/.git", "**/.git/"] {
        assert_eq!(counts(&dir, &["part.sha256", "--exclude", glob]), "3 matched", "{glob}");
        assert_eq!(counts(&dir, &["whole.sha256", "--exclude", glob]), "3 matched", "{glob}");
    }
    assert_eq!(counts(&dir, &["whole.sha256", "--include", "*.rs"]), "2 matched");
    assert_eq!(counts(&dir, &["whole.sha256", "--include", "src/"]), "1 matched");
    let absolute = std::fs::canonicalize(dir.path("t/build")).unwrap();
    assert_eq!(counts(&dir, &["whole.sha256", "--exclude", absolute.to_str().unwrap()]), "3 matched");
    std::fs::remove_dir_all(dir.path("t/build")).unwrap();
    assert_eq!(counts(&dir, &["whole.sha256"]), "3 matched, 1 missing");
    assert_eq!(counts(&dir, &["whole.sha256", "--exclude", "build/"]), "3 matched");
    let never = dir.hivesum(["audit", "t", "--manifest", "whole.sha256", "--exclude", "../x"]);
    assert_eq!(never.code, Some(2), "{}", never.stderr());
}

#[test]
fn a_manifest_that_remembers_its_globs_is_clean() {
    let dir = tree();
    for (format, algorithms) in [("ndjson", "blake3"), ("json", "blake3"), ("hashdeep", "md5,sha256")] {
        let args = ["hash", "-a", algorithms, "--format", format, "t", "--exclude", ".git/", "-o", "m"];
        dir.hivesum(args).expect_success();
        assert_eq!(counts(&dir, &["m"]), "3 matched", "{format}");
        dir.write("t/new.rs", "new");
        assert_eq!(counts(&dir, &["m"]), "3 matched, 1 new", "{format}");
        assert_eq!(counts(&dir, &["m", "--exclude", "new.rs"]), "3 matched", "{format}: both sets of globs");
        assert_eq!(counts(&dir, &["m", "--relative-to", "manifest"]), "3 matched, 1 new", "{format}");
        std::fs::remove_file(dir.path("t/new.rs")).unwrap();
    }
}

#[test]
fn compare_leaves_out_what_the_globs_leave_out() {
    let dir = tree();
    dir.hivesum(["hash", "-a", "sha256", "t", "-o", "old.sha256"]).expect_success();
    dir.write("t/build/x.o", "changed");
    dir.write("t/.git/new", "new");
    dir.hivesum(["hash", "-a", "sha256", "t", "-o", "new.sha256"]).expect_success();
    let compare = |args: &[&str]| {
        let ran = dir.hivesum(["compare", "old.sha256", "new.sha256"].iter().chain(args));
        (ran.code, ran.stdout().lines().next().unwrap().to_owned())
    };
    let counts = |added, modified, unchanged| {
        format!("{added} added, 0 removed, {modified} modified, 0 moved, 0 suspected rot, {unchanged} unchanged")
    };
    assert_eq!(compare(&[]), (Some(1), counts(1, 1, 3)));
    assert_eq!(compare(&["--exclude", ".git/", "--exclude", "build"]), (Some(0), counts(0, 0, 2)));
    assert_eq!(compare(&["--include", "build/"]), (Some(1), counts(0, 1, 0)));
}
