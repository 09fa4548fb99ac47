//! Output that goes into the tree that is read: left out and said, so that a manifest never lists itself.

use std::fs::{File, OpenOptions};

use super::work_dir::{HIVESUM, Ran, WorkDir};

fn tree() -> WorkDir {
    WorkDir::with(&[(b"a", b"1"), (b"sub/b", b"2"), (b"z", b"3")])
}

fn shell(dir: &WorkDir, script: &str) -> Ran {
    dir.run("sh", ["-c", &script.replace("hivesum ", &format!("'{HIVESUM}' "))])
}

#[test]
fn a_manifest_that_is_written_into_its_own_tree_can_be_checked() {
    let dir = tree();
    for redirection in ["> SHA256SUMS", "> sub/SHA256SUMS", "1<> ./SHA256SUMS"] {
        let name = redirection.rsplit(' ').next().unwrap().trim_start_matches("./");
        let ran = shell(&dir, &format!("hivesum hash -a sha256 . {redirection} && hivesum check --quiet {name}"));
        assert_eq!(ran.code, Some(0), "{redirection}: {}", ran.stderr());
        assert_eq!(ran.stderr().lines().next().unwrap(), format!("hivesum: ./{name}: is the output, left out"));
        let written = dir.read(name);
        assert_eq!(written.lines().count(), 3, "{written}");
        std::fs::remove_file(dir.path(name)).unwrap();
    }
}

#[test]
fn a_manifest_that_is_appended_to_is_left_out_too() {
    let dir = tree();
    dir.write("SUMS", "# kept\n");
    let file = || OpenOptions::new().append(true).open(dir.path("SUMS")).unwrap();
    for _ in 0..2 {
        let ran = Ran::of(dir.command(HIVESUM).args(["hash", "."]).stdout(file()).output().unwrap());
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), "hivesum: ./SUMS: is the output, left out\n"));
    }
    let written = dir.read("SUMS");
    assert!(written.starts_with("# kept\n") && written.lines().count() == 7 && !written.contains("SUMS"), "{written}");
}

#[test]
fn messages_that_go_into_the_tree_are_left_out_and_said_once() {
    let dir = tree();
    let ran =
        shell(&dir, "hivesum hash . sub . > out 2> log && hivesum check out && rm out && hivesum hash . > log 2>&1");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    let log = dir.read("log");
    assert_eq!(log.matches("is the output, left out").count(), 1, "{log}");
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
fn an_output_that_is_named_is_not_hashed_and_fails() {
    let dir = tree();
    let out = File::create(dir.path("out")).unwrap();
    let ran = Ran::of(dir.command(HIVESUM).args(["hash", "a", "out"]).stdout(out).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: out: is the output, left out\n"));
    assert_eq!(dir.read("out").lines().count(), 1);
    let ran = dir.hivesum(["hash", "a", "out", "-o", "out"]);
    assert_eq!((ran.code, ran.stderr().contains("out is both a PATH and the output")), (Some(2), true));
    assert_eq!(dir.read("out").lines().count(), 1, "as it was");
}

#[test]
fn a_copy_or_another_name_of_the_output_is_told_apart_by_its_inode() {
    let dir = tree();
    let out = File::create(dir.path("out")).unwrap();
    std::fs::hard_link(dir.path("out"), dir.path("sub/same")).unwrap();
    dir.write("other", "");
    let ran = Ran::of(dir.command(HIVESUM).args(["hash", "."]).stdout(out).output().unwrap());
    assert_eq!(ran.code, Some(0));
    let written = dir.read("out");
    assert!(written.contains("./other\n") && !written.contains("./out") && !written.contains("same"), "{written}");
}

#[test]
fn reports_that_are_written_into_the_tree_are_left_out() {
    let dir = tree();
    dir.hivesum(["hash", ".", "-o", "B3SUMS"]).expect_success();
    let report = || File::create(dir.path("sub/report")).unwrap();
    let audit = ["audit", ".", "--manifest", "B3SUMS"];
    let ran = Ran::of(dir.command(HIVESUM).args(audit).stdout(report()).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), "hivesum: sub/report: is the output, left out\n"));
    assert!(dir.read("sub/report").contains("3 matched, 0 modified, 0 moved, 0 missing, 0 new"));
    let duplicates = ["duplicates", ".", "--min-size", "0"];
    let ran = Ran::of(dir.command(HIVESUM).args(duplicates).stdout(report()).output().unwrap());
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(0), "hivesum: sub/report: is the output, left out\n"));
}
