//! How much a scrub reads: an aim, limits, and many changes at once.

use std::fs;

use super::scrub::{assert_silent, collections, scrub, told};
use super::work_dir::{Ran, WorkDir};

/// A tree of files of 1000 bytes each.
fn tree(files: usize) -> WorkDir {
    let dir = WorkDir::new();
    for file in 0..files {
        dir.write(format!("t/{file:03}"), format!("{file:01000}"));
    }
    dir
}

/// How many files a run with `--verbose` says that it read.
fn read(ran: &Ran) -> usize {
    let said = ran.stderr();
    let line = said.lines().find_map(|line| line.split_once(": read ")).unwrap_or_else(|| panic!("{said}"));
    line.1.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_baseline_and_a_pass_may_take_several_runs_and_nothing_is_read_twice() {
    let dir = tree(10);
    let limited = |limit: &[&str], expected: usize| {
        let ran = scrub(&dir, &[limit, &["--verbose"]].concat());
        assert_eq!((ran.code, ran.stdout().as_str(), read(&ran)), (Some(0), "", expected), "{}", ran.stderr());
        ran.stderr()
    };
    assert!(limited(&["--max-bytes", "4kB"], 4).contains("4 files of the baseline are taken; the next run goes on"));
    assert!(limited(&["--percent", "50"], 5).contains("9 files of the baseline"));
    assert!(limited(&["--percent", "50"], 1).contains("the baseline is taken, 10 files"));
    for expected in [3, 3, 3, 1, 3] {
        limited(&["--max-bytes", "3000"], expected);
    }
    // A limit below one file does not stop it for ever.
    limited(&["--max-bytes", "1"], 1);
    let listed = collections(&dir, "files", &["--in", "ok"]);
    assert_eq!(listed.stdout().lines().count(), 10);
}

#[test]
fn with_an_aim_a_run_reads_what_is_due_and_always_what_is_new_or_changed() {
    let dir = tree(10);
    assert_eq!(scrub(&dir, &["--aim", "30d"]).code, Some(0));
    let soon = scrub(&dir, &["--aim", "30d", "--verbose"]);
    assert!(read(&soon) <= 1, "{}", soon.stderr());
    dir.write("t/003", "written");
    dir.write("t/new", "news");
    let ran = scrub(&dir, &["--aim", "30d", "--verbose"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout().contains("modified: 003 (") && ran.stdout().ends_with("new: new\n"), "{}", ran.stdout());
    assert!((2..=3).contains(&read(&ran)), "{}", ran.stderr());
    assert_eq!(read(&scrub(&dir, &["--verbose"])), 11, "without an aim everything is read");
}

#[test]
fn a_missing_file_that_may_be_one_of_those_not_read_yet_is_not_called_missing() {
    let dir = tree(3);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    fs::rename(dir.path("t/001"), dir.path("t/moved")).unwrap();
    fs::remove_file(dir.path("t/002")).unwrap();
    dir.write("t/a first", "of another size");
    assert_eq!(told(&scrub(&dir, &["--max-bytes", "1"])).1, "new: 'a first'\n");
    let expected = "missing: 002\nnew: 'a first'\nmoved: moved (from 001)\n";
    assert_eq!(told(&scrub(&dir, &[])), (Some(1), expected.to_owned(), String::new()));
}

#[test]
fn many_changes_are_said_to_be_many_and_not_all_are_listed() {
    let dir = tree(20);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    for file in 0..1005 {
        dir.write(format!("t/new/{file}"), "x");
    }
    let ran = scrub(&dir, &[]);
    let lines: Vec<String> = ran.stdout().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("many changes: 1005 of 20 files: a disk that is not mounted"), "{}", lines[0]);
    assert_eq!(lines.len(), 1 + 1000 + 1);
    assert!(lines[1001].starts_with("and 5 more files: hivesum collections files "), "{}", lines[1001]);
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
}

#[test]
fn several_directories_are_scrubbed_one_after_the_other_and_the_state_in_one_of_them_is_left_out() {
    let dir = WorkDir::with(&[(b"t/a", b"1"), (b"u/b", b"2")]);
    let both = |more: &[&str]| dir.hivesum(["scrub", "--state", "t/state", "t", "u"].iter().chain(more));
    let first = both(&[]);
    assert_eq!(first.code, Some(0), "{}", first.stderr());
    assert_eq!(first.stderr().matches("the baseline is taken, 1 file.").count(), 2, "{}", first.stderr());
    assert_silent(&both(&[]));
    fs::remove_file(dir.path("t/a")).unwrap();
    fs::remove_dir_all(dir.path("u")).unwrap();
    let ran = both(&[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "missing: a\n"));
    assert!(ran.stderr().contains("u: No such file or directory"), "{}", ran.stderr());
}

#[test]
fn files_are_accepted_by_globs_and_by_what_happened_to_them() {
    let dir = WorkDir::with(&[(b"t/a/1", b"1"), (b"t/a/2", b"2"), (b"t/b/1", b"3"), (b"t/b/gone", b"4")]);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    dir.write("t/a/1", "written");
    dir.write("t/a/new", "news");
    dir.write("t/b/1", "written, too");
    dir.write("t/b/new", "more news");
    fs::remove_file(dir.path("t/b/gone")).unwrap();
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let accepted = |flags: &[&str], expected: &str| {
        let ran = collections(&dir, "accept", flags);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), expected), "{flags:?}: {}", ran.stderr());
    };
    for (flags, code, words) in [
        (&["--path", "none/**"][..], 1, "nothing to accept"),
        (&["--path", "a/2"], 1, "nothing to accept"),
        (&["--kind", "suspected_rot"], 1, "nothing to accept"),
        (&["--kind", "ok"], 2, "must be one of new, modified, moved, missing, suspected_rot"),
        (&["--kind", "unreadable"], 2, "must be one of new, modified, moved, missing, suspected_rot"),
        (&["--path", "a/["], 2, "a/["),
        (&["--path", "a/**", "a/1"], 2, "cannot be used with"),
        (&["--all", "--kind", "new"], 2, "cannot be used with"),
        (&[], 2, "PATH"),
    ] {
        let refused = collections(&dir, "accept", flags);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(code), ""), "{flags:?}: {}", refused.stderr());
        assert!(refused.stderr().contains(words), "{flags:?}: {}", refused.stderr());
    }
    accepted(&["--path", "a/**", "--kind", "new", "--kind", "missing"], "accepted: a/new (new)\n");
    accepted(&["--kind", "missing"], "accepted: b/gone (missing)\n");
    accepted(&["--path", "{a,c}/*"], "accepted: a/1 (modified)\n");
    assert_eq!(told(&scrub(&dir, &[])).1, "modified: b/1\nnew: b/new\n");
    accepted(&["--path", "b/1", "--path", "b/new"], "accepted: b/1 (modified)\naccepted: b/new (new)\n");
    assert_silent(&scrub(&dir, &[]));
}

#[test]
fn the_globs_of_a_first_run_are_kept_and_others_are_refused() {
    let dir = WorkDir::with(&[(b"t/a.jpeg", b"1"), (b"t/b.tmp", b"2"), (b"t/cache/c.jpeg", b"3"), (b"t/d.txt", b"4")]);
    let globs = ["--include", "*.{jpeg,txt}", "--exclude", "/cache", "--exclude", "*.tmp"];
    let wrong = scrub(&dir, &["--include", "a["]);
    assert_eq!((wrong.code, wrong.stderr().contains("a[")), (Some(2), true), "{}", wrong.stderr());
    assert_eq!(collections(&dir, "show", &[]).code, Some(1), "no collection was made");
    let first = scrub(&dir, &globs);
    assert_eq!((first.code, first.stderr().contains("baseline is taken, 2 files")), (Some(0), true), "{first:?}");
    assert!(collections(&dir, "show", &[]).stdout().contains("*.{jpeg,txt}"));
    for name in ["b.tmp", "cache/c.jpeg", "new.tmp"] {
        dir.write(format!("t/{name}"), "of no interest");
    }
    assert_silent(&scrub(&dir, &[]));
    assert_silent(&scrub(&dir, &globs));
    let other = scrub(&dir, &["--exclude", "*.txt"]);
    assert_eq!((other.code, other.stdout().as_str()), (Some(2), ""));
    assert!(other.stderr().contains("the globs of") && other.stderr().contains("new baseline"), "{}", other.stderr());
    dir.write("t/new.txt", "news");
    fs::remove_file(dir.path("t/a.jpeg")).unwrap();
    assert_eq!(told(&scrub(&dir, &[])).1, "missing: a.jpeg\nnew: new.txt\n");
}
