//! Names that two sides spell differently: with a directory before them, absolute, or with the separators of Windows.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, Ran, WorkDir};

const ALL_MATCHED: &str = "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
const UNCHANGED: &str = "0 added, 0 removed, 0 modified, 0 moved, 0 suspected rot, 2 unchanged\n";

fn tree() -> WorkDir {
    WorkDir::with(&[(b"srv/a/f", b"hello\n"), (b"srv/a/sub/g", b"1")])
}

/// Runs hivesum in a directory below.
fn within(dir: &WorkDir, below: &str, args: &[&str]) -> Ran {
    Ran::of(dir.command(HIVESUM).args(args).current_dir(dir.path(below)).output().unwrap())
}

fn absolute(dir: &WorkDir, name: &str) -> String {
    let real = std::fs::canonicalize(dir.path("")).unwrap();
    real.join(name).into_os_string().into_string().unwrap()
}

/// Writes `hash -a sha256 SPELLED -o MANIFEST`.
fn hash(dir: &WorkDir, spelled: &str, manifest: &str) {
    dir.hivesum(["hash", "-a", "sha256", spelled, "-o", manifest]).expect_success();
}

#[test]
fn two_lists_with_absolute_names_are_compared() {
    let dir = tree();
    let root = absolute(&dir, "srv/a");
    hash(&dir, &root, "jan.sha256");
    hash(&dir, &root, "feb.sha256");
    assert_eq!(dir.hivesum(["compare", "jan.sha256", "feb.sha256"]).expect_success(), UNCHANGED);
    dir.write("srv/a/f", "hullo\n");
    hash(&dir, &root, "mar.sha256");
    let changed = dir.hivesum(["compare", "jan.sha256", "mar.sha256"]);
    assert!(changed.stdout().contains(&format!("modified: {root}/f ")), "{changed:?}");
}

#[test]
fn a_beginning_that_all_names_share_is_taken_off_and_said() {
    let dir = tree();
    hash(&dir, "srv/a", "whole.sha256");
    within(&dir, "srv/a", &["hash", "-a", "sha256", ".", "-o", "../../here.sha256"]).expect_success();
    for (old, new) in [("whole.sha256", "here.sha256"), ("here.sha256", "whole.sha256")] {
        let ran = dir.hivesum(["compare", old, new]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), UNCHANGED));
        assert_eq!(ran.stderr(), "hivesum: whole.sha256: all names begin with srv/a/: taken off\n");
    }
    std::fs::create_dir(dir.path("other")).unwrap();
    std::fs::rename(dir.path("srv/a"), dir.path("other/b")).unwrap();
    let ran = dir.hivesum(["audit", "other/b", "--manifest", "whole.sha256"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), ALL_MATCHED));
    assert_eq!(ran.stderr(), "hivesum: whole.sha256: all names begin with srv/a/: taken off\n");
    let converted = dir.hivesum(["convert", "--to", "bsd", "whole.sha256"]);
    assert!(converted.stdout().starts_with("SHA256 (srv/a/f) = "), "a conversion keeps names");
}

#[test]
fn the_directory_may_be_spelled_in_any_way() {
    let dir = tree();
    let root = absolute(&dir, "srv/a");
    dir.link("link", "srv/a");
    for spelled in ["srv/a", "./srv/a", root.as_str(), "srv/../srv/a"] {
        hash(&dir, spelled, "m.sha256");
        for directory in ["srv/a", "./srv/a/", "srv//a", root.as_str(), "link"] {
            let ran = dir.hivesum(["audit", directory, "--manifest", "m.sha256"]);
            assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), ALL_MATCHED), "{spelled}, {directory}: {ran:?}");
        }
        let ran = within(&dir, "srv/a", &["audit", ".", "--manifest", "../../m.sha256"]);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), ALL_MATCHED), "{spelled}: {ran:?}");
    }
}

#[test]
fn what_hashdeep_writes_by_default_is_audited() {
    if !has_tool("hashdeep") {
        return;
    }
    let dir = tree();
    let listed = dir.run("hashdeep", ["-r", "srv/a"]).expect_success();
    dir.write("known", listed);
    for directory in ["srv/a", &absolute(&dir, "srv/a")] {
        assert_eq!(dir.hivesum(["audit", directory, "--manifest", "known"]).expect_success(), ALL_MATCHED);
    }
    dir.write("srv/a/sub/g", "2");
    let ran = dir.hivesum(["audit", "srv/a", "--manifest", "known"]);
    assert!(ran.stdout().starts_with("modified: sub/g "), "{}", ran.stdout());
}

#[test]
fn a_prefix_never_makes_moved_files() {
    let dir = WorkDir::new();
    for number in 0..300 {
        dir.write(format!("srv/rotmnt/{:02}/{number}", number % 7), number.to_string());
    }
    within(&dir, "srv", &["hash", "-a", "sha256", "rotmnt", "-o", "../m.sha256"]).expect_success();
    let ran = dir.hivesum(["audit", &absolute(&dir, "srv/rotmnt"), "--manifest", "m.sha256"]);
    assert!(ran.stdout().starts_with("300 matched, "), "{}", ran.stdout());
    assert!(ran.stderr().ends_with("all names begin with rotmnt/: taken off\n"), "{}", ran.stderr());
}

#[test]
fn the_options_about_names_hold_for_audit_and_compare() {
    let dir = tree();
    hash(&dir, "srv", "whole.sha256");
    let stripped = dir.hivesum(["audit", "srv", "--manifest", "whole.sha256", "--strip-prefix", "srv"]);
    assert_eq!(stripped.expect_success(), ALL_MATCHED);
    within(&dir, "srv/a", &["hash", "-a", "sha256", ".", "-o", "sums.sha256"]).expect_success();
    let args = ["audit", "srv", "--manifest", "srv/a/sums.sha256", "--relative-to", "manifest"];
    assert_eq!(dir.hivesum(args).expect_success(), ALL_MATCHED);
    dir.link("link", "srv");
    let args = ["audit", &absolute(&dir, "link"), "--manifest", "srv/a/sums.sha256", "--relative-to", "manifest"];
    assert_eq!(dir.hivesum(args).expect_success(), ALL_MATCHED, "through a link");
    let root = absolute(&dir, "srv/a");
    let part = dir.hivesum(["audit", "srv/a/sub", "--manifest", "srv/a/sums.sha256", "--relative-to", &root]);
    assert_eq!(part.stdout(), "1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n");
    assert_eq!(part.stderr(), "hivesum: srv/a/sums.sha256: 1 name is not in the directory: left out\n");
    let args = ["compare", "whole.sha256", "srv/a/sums.sha256", "--strip-prefix", "srv/a"];
    let compared = dir.hivesum(args);
    assert_eq!((compared.code, compared.stdout().as_str()), (Some(0), UNCHANGED), "{}", compared.stderr());
    let outside = dir.hivesum(["audit", "srv", "--manifest", "whole.sha256", "--relative-to", "/usr"]);
    assert_eq!((outside.code, outside.stderr().contains("no name is in the directory")), (Some(1), true));
}

#[test]
fn names_of_windows_are_translated_where_only_so_they_are_there() {
    let dir = tree();
    hash(&dir, "srv/a", "m.sha256");
    dir.write("windows.sha256", dir.read("m.sha256").replace("srv/a/", "C:\\data\\").replace("sub/", "sub\\"));
    let ran = dir.hivesum(["audit", "srv/a", "--manifest", "windows.sha256"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), ALL_MATCHED));
    let said = "hivesum: windows.sha256: directories are separated by \\ in all names: read as /\n\
                hivesum: windows.sha256: all names begin with 'C:/data/': taken off\n";
    assert_eq!(ran.stderr(), said);
    let compared = dir.hivesum(["compare", "m.sha256", "windows.sha256"]);
    assert_eq!((compared.code, compared.stdout().as_str()), (Some(0), UNCHANGED), "{}", compared.stderr());
    std::fs::write(dir.path("srv/a/sub\\g"), "1").unwrap();
    std::fs::remove_dir_all(dir.path("srv/a/sub")).unwrap();
    within(&dir, "srv/a", &["hash", "-a", "sha256", ".", "-o", "../../real.sha256"]).expect_success();
    let real = dir.hivesum(["audit", "srv/a", "--manifest", "real.sha256"]);
    assert_eq!(real.expect_success(), ALL_MATCHED, "a name may have a backslash");
}

#[test]
fn a_subdirectory_is_audited_with_its_part_of_a_manifest_of_the_whole() {
    let dir = WorkDir::with(&[(b"w/index", b"1"), (b"w/sub/index", b"2"), (b"w/sub/d/f", b"3"), (b"w/other/f", b"4")]);
    within(&dir, "w", &["hash", "-a", "sha256", "index", "sub", "other", "-o", "SUMS"]).expect_success();
    let audit = |tree: &str| dir.hivesum(["audit", tree, "--manifest", "w/SUMS"]);
    let ran = audit("w/sub");
    let matched = "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable\n";
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), matched), "{}", ran.stderr());
    let told = ran.stderr();
    assert!(told.contains("compared is the part of the directory\n"), "{told}");
    assert!(told.contains("2 names are not in the directory: left out\n"), "{told}");
    dir.write("w/sub/d/f", "x");
    let ran = audit("w/sub");
    assert_eq!((ran.code, ran.stdout().lines().next()), (Some(1), Some("modified: d/f")), "{}", ran.stdout());
    dir.write("w/sub/sub/d/f", "3");
    let ran = audit("w/sub");
    assert!(ran.stdout().contains("missing: other/f\n"), "the names are in the tree itself: {}", ran.stdout());
}
