//! `hivesum bag update`: what is accepted, what is refused, and that a kill leaves no broken bag. The bags that it
//! writes are held against the `bagit` package of PyPI.

use std::fs::File;
use std::time::{Duration, SystemTime};

use hivesum_test_support::has_tool;

use super::bag_info::read_by_bagit;
use super::work_dir::{HIVESUM, Ran, WorkDir};

const TAG_FILES: [&str; 3] = ["bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"];

fn bag() -> WorkDir {
    let dir = WorkDir::with(&[(b"bag/a", b"1"), (b"bag/b", b"22"), (b"bag/d/c", b"333")]);
    assert_eq!(dir.hivesum(["bag", "make", "bag", "--bag-info", "Contact-Name=Ada"]).code, Some(0));
    dir
}

fn update(dir: &WorkDir, more: &[&str]) -> Ran {
    dir.hivesum(["bag", "update", "bag"].iter().chain(more))
}

/// Writes a file as a program does that is used after the bag was made.
fn edit(dir: &WorkDir, name: &str, content: &str) {
    dir.write(format!("bag/{name}"), content);
    set_age(dir, name, |now| now + Duration::from_secs(60));
}

/// Changes the content of a file and leaves no newer time behind.
fn rot(dir: &WorkDir, name: &str, content: &str) {
    dir.write(format!("bag/{name}"), content);
    set_age(dir, name, |now| now - Duration::from_secs(86_400));
}

fn set_age(dir: &WorkDir, name: &str, age: fn(SystemTime) -> SystemTime) {
    let file = File::options().write(true).open(dir.path(format!("bag/{name}"))).unwrap();
    file.set_modified(age(SystemTime::now())).unwrap();
}

fn tag_files(dir: &WorkDir) -> [String; 3] {
    TAG_FILES.map(|name| dir.read(&format!("bag/{name}")))
}

fn expect_valid(dir: &WorkDir, said: &str) {
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).expect_success(), format!("valid: {said}\n"));
    if has_tool("bagit.py") {
        let ran = dir.run("bagit.py", ["--validate", "bag"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    }
}

#[test]
fn new_and_removed_files_are_listed_and_the_bag_is_written_anew() {
    let dir = bag();
    edit(&dir, "data/n\new 100%", "4444");
    std::fs::remove_file(dir.path("bag/data/b")).unwrap();
    let ran = update(&dir, &["--bag-info", "contact-name=Grace", "--bag-info", "Source-Organization=FOO"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), "new: 'data/n'$'\\n''ew 100%'\nremoved: data/b\n"));
    let said = "updated: 1 new, 1 removed, 0 modified, 0 suspected rot, 2 unchanged; the payload has 3 files, 8 bytes";
    assert_eq!(ran.stderr(), format!("hivesum: {said}\n"));
    assert_eq!(dir.hivesum(["bag", "check", "bag"]).expect_success(), "valid: 3 files, 8 bytes\n");
    let info = dir.read("bag/bag-info.txt");
    assert!(info.starts_with("Contact-Name: Grace\nBag-Software-Agent: hivesum "), "{info}");
    assert!(info.ends_with("Payload-Oxum: 8.3\nSource-Organization: FOO\n"), "{info}");
    assert_eq!(std::fs::read_dir(dir.path("bag")).unwrap().count(), 5, "nothing is left over");
    let again = update(&dir, &[]);
    assert!(again.code == Some(0) && again.stderr().starts_with("hivesum: nothing to update: "), "{}", again.stderr());
}

#[test]
fn modified_files_are_written_into_the_manifests_only_if_that_is_accepted() {
    let dir = bag();
    edit(&dir, "data/a", "changed");
    edit(&dir, "data/new", "x");
    let before = tag_files(&dir);
    for (more, code) in [(&[][..], 1), (&["--dry-run"], 1), (&["--accept", "suspected-rot"], 1)] {
        let ran = update(&dir, more);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(code), "new: data/new\nmodified: data/a\n"));
        let said = "not updated: 1 new, 0 removed, 1 modified, 0 suspected rot, 2 unchanged. Content changed: ";
        assert!(ran.stderr().contains(said) && ran.stderr().contains("--accept modified\n"), "{}", ran.stderr());
    }
    let dry = update(&dir, &["--accept", "modified", "-n"]);
    let said = "would write manifest-sha256.txt, bag-info.txt, tagmanifest-sha256.txt: 1 new, ";
    assert!(dry.code == Some(0) && dry.stderr().contains(said), "{}", dry.stderr());
    assert_eq!(tag_files(&dir), before);
    assert_eq!(update(&dir, &["--accept", "modified"]).code, Some(0));
    expect_valid(&dir, "4 files, 13 bytes");
}

#[test]
fn content_that_changed_without_a_newer_time_is_suspected_rot_and_accepted_apart() {
    let dir = bag();
    rot(&dir, "data/a", "2");
    edit(&dir, "data/b", "33");
    for more in [&[][..], &["--accept", "modified"]] {
        let ran = update(&dir, more);
        let listed =
            "modified: data/b\nsuspected_rot: data/a: content changed, but last written before the manifest was\n";
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), listed));
        assert!(ran.stderr().ends_with("--accept modified,suspected-rot\n"), "{}", ran.stderr());
    }
    // As it is spelt in the list.
    assert_eq!(update(&dir, &["--accept", "modified,suspected_rot"]).code, Some(0));
    expect_valid(&dir, "3 files, 6 bytes");
}

#[test]
fn the_metadata_alone_can_be_changed_without_reading_the_payload() {
    let dir = bag();
    edit(&dir, "data/a", "changed");
    let before = tag_files(&dir);
    let ran = update(&dir, &["--info-only", "--bag-info", "Contact-Name=Grace", "--bag-info", "X=1"]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), ""), "{}", ran.stderr());
    let after = tag_files(&dir);
    assert_eq!(after[0], before[0].replace("Ada", "Grace") + "X: 1\n");
    assert_eq!(after[1], before[1], "the change of the payload is still one");
    let check = dir.hivesum(["bag", "check", "bag"]).stdout();
    assert!(check.contains("data/a: does not match") && !check.contains("bag-info.txt: does not match"), "{check}");
    if let Some(read) = read_by_bagit(&dir) {
        assert_eq!((&read["Contact-Name"], &read["X"]), (&"Grace".into(), &"1".into()));
    }
}

#[test]
fn a_tag_file_that_changed_is_a_change_and_a_manifest_that_did_is_damage() {
    let dir = bag();
    edit(&dir, "bag-info.txt", &(dir.read("bag/bag-info.txt") + "By-Hand: 1\n"));
    let ran = update(&dir, &[]);
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), "modified: bag-info.txt\n"));
    assert_eq!(update(&dir, &["--accept", "modified"]).code, Some(0));
    expect_valid(&dir, "3 files, 6 bytes");
    let damaged = dir.read("bag/manifest-sha256.txt").replacen(|digit: char| digit.is_ascii_digit(), "a", 1);
    edit(&dir, "manifest-sha256.txt", &damaged);
    let before = tag_files(&dir);
    let ran = update(&dir, &["--accept", "modified,suspected-rot"]);
    let said = "manifest-sha256.txt: does not match tagmanifest-sha256.txt: it is damaged or was edited";
    assert!(ran.code == Some(1) && ran.stderr().contains(said), "{}", ran.stderr());
    assert_eq!(tag_files(&dir), before);
}

#[test]
fn a_payload_of_which_nothing_is_left_must_be_accepted() {
    let dir = bag();
    std::fs::rename(dir.path("bag/data"), dir.path("elsewhere")).unwrap();
    std::fs::create_dir(dir.path("bag/data")).unwrap();
    let before = tag_files(&dir);
    let ran = update(&dir, &[]);
    let said = "Nothing is left of the payload, as where a disk is not mounted";
    assert!(ran.code == Some(1) && ran.stderr().contains(said), "{}", ran.stderr());
    assert_eq!(tag_files(&dir), before);
    assert_eq!(update(&dir, &["--accept", "removed"]).code, Some(0));
    expect_valid(&dir, "0 files, 0 bytes");
}

#[test]
fn a_bag_that_cannot_be_written_back_is_refused_with_the_reason() {
    type Damage = fn(&WorkDir);
    let cases: [(Damage, &str); 7] = [
        (|dir| dir.link("bag/data/link", "a"), "data/link: cannot be put in a bag: symbolic link"),
        (|dir| dir.write("bag/fetch.txt", "http://e.org/x 1 data/x\n"), "still to be fetched"),
        (|dir| dir.write("bag/manifest-gost94.txt", "00  data/a\n"), "hivesum has no algorithm gost94"),
        (|dir| dir.write("bag/bag-info.txt", "no colon\n"), "bag-info.txt: line 1 has no colon"),
        (
            |dir| dir.write("bag/bagit.txt", "BagIt-Version: 0.93\nTag-File-Character-Encoding: UTF-8\n"),
            "only bags of version 0.96, 0.97 and 1.0 can be updated",
        ),
        (
            |dir| dir.write("bag/bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n"),
            "only bags whose tag files are in UTF-8 can be updated",
        ),
        (
            |dir| {
                let digest = dir.digest("md5sum", "bag/data/b");
                dir.write("bag/manifest-md5.txt", format!("{digest}  data/a\n"));
            },
            "data/a: matches manifest-sha256.txt, but not manifest-md5.txt: one of them is damaged",
        ),
    ];
    for (damage, why) in cases {
        let dir = bag();
        damage(&dir);
        let before = tag_files(&dir);
        let ran = update(&dir, &["--accept", "modified,suspected-rot"]);
        assert!(ran.code == Some(1) && ran.stderr().contains(why), "{why}: {}", ran.stderr());
        assert_eq!(tag_files(&dir), before, "{why}");
    }
}

#[test]
fn a_bag_of_the_pypi_package_stays_one_of_its_version() {
    if !has_tool("bagit.py") {
        return;
    }
    let dir = WorkDir::with(&[(b"bag/a 100%", b"1"), (b"bag/b\nb", b"22")]);
    assert_eq!(dir.run("bagit.py", ["--md5", "--sha512", "--contact-name", "Ada", "bag"]).code, Some(0));
    edit(&dir, "data/50%25", "x");
    edit(&dir, "data/b\nb", "changed");
    let ran = update(&dir, &["--accept", "modified", "--bag-info", "Contact-Name=Grace"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
    assert!(dir.read("bag/bagit.txt").starts_with("BagIt-Version: 0.97\n"));
    assert_eq!(read_by_bagit(&dir).unwrap()["Contact-Name"], "Grace");
    expect_valid(&dir, "3 files, 9 bytes");
    edit(&dir, "data/x%0Ay", "x");
    let ran = update(&dir, &[]);
    let said = "x%0Ay: a bag of this version cannot carry a name with %0A or %0D in it";
    assert!(ran.code == Some(1) && ran.stderr().contains(said), "{}", ran.stderr());
}

#[test]
fn a_tag_manifest_of_a_draft_lists_no_other_one_after_an_update() {
    let dir = bag();
    dir.write("bag/bagit.txt", "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n");
    let line = |tool: &str, name: &str| format!("{}  {name}\n", dir.digest(tool, format!("bag/{name}")));
    dir.write("bag/tagmanifest-sha256.txt", line("sha256sum", "bagit.txt") + &line("sha256sum", "manifest-sha256.txt"));
    dir.write("bag/tagmanifest-md5.txt", line("md5sum", "bagit.txt") + &line("md5sum", "tagmanifest-sha256.txt"));
    expect_valid(&dir, "3 files, 6 bytes");
    edit(&dir, "data/new", "x");
    assert_eq!(update(&dir, &[]).code, Some(0));
    let list = dir.read("bag/tagmanifest-md5.txt");
    assert!(!list.contains("tagmanifest") && list.contains("  manifest-sha256.txt\n"), "{list}");
    expect_valid(&dir, "4 files, 7 bytes");
}

#[test]
fn two_updates_of_a_bag_at_a_time_do_not_mix() {
    let dir = bag();
    let held = File::open(dir.path("bag")).unwrap();
    held.lock().unwrap();
    let ran = update(&dir, &[]);
    assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), "hivesum: bag: another program is updating this bag\n"));
    drop(held);
    assert_eq!(update(&dir, &[]).code, Some(0));
}

#[test]
fn without_an_interrupted_update_there_is_nothing_to_finish_or_undo() {
    let dir = bag();
    for word in ["--finish", "--undo"] {
        let ran = update(&dir, &[word]);
        let said = "hivesum: bag: no update of this bag was interrupted\n";
        assert_eq!((ran.code, ran.stderr().as_str()), (Some(1), said));
    }
}

/// Kills an update at its rename with this number. False if it has not so many.
fn is_killed_at_rename(dir: &WorkDir, number: u32) -> bool {
    let calls = "rename,renameat,renameat2";
    let inject = format!("inject={calls}:signal=SIGKILL:when={number}");
    let trace = format!("trace={calls}");
    let ran = dir.run("strace", ["-f", "-o", "trace", "-e", &trace, "-e", &inject, HIVESUM, "bag", "update", "bag"]);
    ran.code != Some(0)
}

#[test]
fn a_killed_update_leaves_the_old_bag_or_one_that_is_finished_or_undone() {
    if !has_tool("strace") {
        return;
    }
    let mut interrupted = 0;
    for number in 1.. {
        for way in ["--finish", "--undo"] {
            let dir = bag();
            edit(&dir, "data/new", "x");
            let before = tag_files(&dir);
            if !is_killed_at_rename(&dir, number) {
                assert!(interrupted >= 6, "three files are renamed one after the other: {interrupted}");
                return;
            }
            let check = dir.hivesum(["bag", "check", "bag"]).stdout();
            if check.contains("the update was interrupted: hivesum bag update --finish completes it") {
                interrupted += 1;
                let refused = update(&dir, &[]);
                assert!(refused.code == Some(1) && refused.stderr().contains("--finish completes it"));
                assert_eq!(update(&dir, &[way]).code, Some(0));
                match way {
                    "--undo" => assert_eq!(tag_files(&dir), before),
                    _ => expect_valid(&dir, "4 files, 7 bytes"),
                }
            }
            assert_eq!(update(&dir, &[]).code, Some(0));
            expect_valid(&dir, "4 files, 7 bytes");
        }
    }
}

#[test]
fn a_directory_that_is_no_bag_is_not_updated_and_it_is_said_what_makes_it_one() {
    let dir = WorkDir::with(&[(b"bag/a", b"1")]);
    for more in [&[][..], &["--finish"]] {
        let ran = update(&dir, more);
        let why = "bag: this is not a bag (it has no bagit.txt): hivesum bag make bag makes it one\n";
        assert_eq!((ran.code, ran.stderr().ends_with(why)), (Some(1), true), "{}", ran.stderr());
    }
}
