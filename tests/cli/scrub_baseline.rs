//! A first scrub that is compared with what was recorded before: a manifest of another tool, a bag, a job of a service.

use std::fs;

use serde_json::json;

use super::scrub::{assert_silent, collections, events, scrub, told};
use super::service::Service;
use super::work_dir::{Ran, WorkDir};

/// A tree with a manifest of `sha256sum` in it.
fn published() -> WorkDir {
    let dir = WorkDir::with(&[(b"t/2026/a", b"a"), (b"t/b", b"bb"), (b"t/c", b"ccc")]);
    let listed = dir.run("sh", ["-c", "cd t && sha256sum 2026/a b c > SHA256SUMS"]);
    assert_eq!(listed.code, Some(0));
    dir
}

fn with(dir: &WorkDir, manifest: &str) -> Ran {
    scrub(dir, &["--baseline", manifest])
}

/// The lines of standard output without what is in brackets.
fn lines(ran: &Ran) -> Vec<String> {
    ran.stdout().lines().map(|line| line.split(" (").next().unwrap().to_owned()).collect()
}

#[test]
fn a_tree_that_is_as_its_manifest_says_is_adopted_in_silence() {
    let dir = published();
    let first = with(&dir, "t/SHA256SUMS");
    let (code, out, said) = told(&first);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    assert!(said.ends_with("t: the baseline is t/SHA256SUMS: 3 files"), "{said}");
    assert_eq!(events(&dir), Vec::<String>::new());
    assert_silent(&scrub(&dir, &[]));
    let digests = collections(&dir, "manifest", &["--format", "gnu"]).stdout();
    assert_eq!(digests.lines().count(), 4, "the manifest itself is kept, too: {digests}");
    assert!(digests.contains(&dir.digest("sha256sum", "t/2026/a")), "{digests}");
}

#[test]
fn what_differs_from_the_manifest_is_told_until_it_is_as_it_was_or_accepted() {
    let dir = published();
    dir.write("t/b", "BB");
    fs::remove_file(dir.path("t/2026/a")).unwrap();
    dir.write("t/new", "new");
    let first = with(&dir, "t/SHA256SUMS");
    assert_eq!(first.code, Some(1), "{}", first.stderr());
    assert_eq!(lines(&first), ["missing: 2026/a", "modified: b", "new: new"]);
    let listed = collections(&dir, "events", &[]).stdout();
    assert!(listed.contains("modified\tb") && !listed.contains("mtime"), "nothing else was recorded: {listed}");
    assert_eq!(lines(&scrub(&dir, &[])), ["missing: 2026/a", "modified: b", "new: new"]);
    // What is not known is not said.
    let files = collections(&dir, "files", &["--in", "missing"]).stdout();
    assert!(files.starts_with("missing\t-\t-\t2026/a"), "{files}");
    for format in ["html", "csv", "premis"] {
        let report = collections(&dir, "report", &["--format", format]);
        assert!(report.code == Some(0) && !report.stdout().contains("18446744073709551615"), "{}", report.stdout());
    }
    let refused = collections(&dir, "manifest", &["--format", "hashdeep"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(1), ""));
    assert!(refused.stderr().contains("has no size"), "{}", refused.stderr());
    dir.write("t/2026/a", "a");
    dir.write("t/b", "bb");
    assert_eq!(collections(&dir, "accept", &["new"]).code, Some(0));
    assert_silent(&scrub(&dir, &[]));
    let kinds: Vec<_> = events(&dir).iter().map(|event| event.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(kinds, ["modified", "new", "missing", "accepted", "restored", "restored"], "{:?}", events(&dir));
}

#[test]
fn a_file_that_was_renamed_since_is_moved() {
    let dir = published();
    fs::rename(dir.path("t/c"), dir.path("t/d")).unwrap();
    assert_eq!(lines(&with(&dir, "t/SHA256SUMS")), ["moved: d"]);
}

#[test]
fn of_a_bag_what_the_payload_manifest_does_not_cover_is_taken_as_it_is() {
    let dir = WorkDir::with(&[(b"t/a", b"a"), (b"t/b", b"bb")]);
    assert_eq!(dir.hivesum(["bag", "make", "t"]).code, Some(0));
    let names = fs::read_dir(dir.path("t")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let manifest = names.into_iter().find(|name| name.starts_with("manifest-")).unwrap();
    let first = with(&dir, &format!("t/{manifest}"));
    assert_eq!((first.code, first.stdout().as_str()), (Some(0), ""), "{}", first.stderr());
    dir.write("t/data/c", "new");
    dir.write("t/bagit.txt", "damaged");
    assert_eq!(lines(&scrub(&dir, &[])), ["modified: bagit.txt", "new: data/c"]);
}

#[test]
fn what_a_job_has_recorded_beside_digests_is_evidence_of_an_edit() {
    let dir = WorkDir::with(&[(b"t/edited", b"as it was"), (b"t/good", b"as it was")]);
    let service = Service::start(&dir);
    let id = service.run(json!({}));
    assert_eq!(service.stop(), Some(0));
    dir.write("t/edited", "as it is now");
    let first = scrub(&dir, &["--baseline-job", &id]);
    assert_eq!(first.code, Some(1), "{}", first.stderr());
    assert!(first.stdout().starts_with("modified: edited (content, size and "), "{}", first.stdout());
    assert!(first.stderr().contains(&format!("t: the baseline is job {id}: 2 files")), "{}", first.stderr());
    let good = collections(&dir, "files", &["--in", "ok"]).stdout();
    assert!(good.starts_with("ok\t9\t20") && good.ends_with("\tgood\n"), "it was read and compared: {good}");
}

#[test]
fn a_baseline_that_cannot_be_one_is_refused_in_words_and_nothing_is_kept() {
    let dir = published();
    let refused = |args: &[&str], code: i32, why: &str| {
        let ran = scrub(&dir, args);
        assert_eq!((ran.code, ran.stdout().as_str()), (Some(code), ""), "{args:?}: {}", ran.stderr());
        assert!(ran.stderr().contains(why), "{args:?}: {}", ran.stderr());
    };
    dir.write("empty", "");
    dir.write("other", format!("{}  elsewhere\n", "0".repeat(64)));
    dir.write("two", format!("{0}  b\n{1}  b\n{0}  c\n", "1".repeat(64), "2".repeat(64)));
    refused(&["--baseline", "nowhere"], 1, "No such file");
    refused(&["--baseline", "empty"], 1, "no entry");
    refused(&["--baseline", "two", "-a", "sha256"], 1, "two different sha256 digests");
    refused(&["--baseline", "t/SHA256SUMS", "-a", "md5"], 1, "no line is an entry");
    refused(&["--baseline", "t/SHA256SUMS", "--living"], 2, "cannot be used with");
    refused(&["--baseline", "t/SHA256SUMS", "--exclude", "*"], 1, "it names no file of t");
    refused(&["--baseline-job", "0197a2b4-6d3c-7000-8000-000000000001"], 1, "no job");
    assert_eq!(collections(&dir, "list", &[]).stdout(), "");
    let service = Service::start(&dir);
    refused(&["--baseline", "t/SHA256SUMS"], 2, "a service uses the state directory, and takes no baseline");
    assert_eq!(service.stop(), Some(0));
    assert_eq!(with(&dir, "t/SHA256SUMS").code, Some(0));
    refused(&["--baseline", "t/SHA256SUMS"], 2, "it has a baseline already");
}
