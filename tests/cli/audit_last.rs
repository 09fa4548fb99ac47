//! `audit --last`: the newest job that says how a directory was.

use std::fs;
use std::sync::atomic::AtomicUsize;

use hivesum_test_support::faultfs::{self, Errno, Fault, FaultyFile};
use hivesum_test_support::process::is_child_with_fuse;
use serde_json::json;

use super::service::Service;
use super::work_dir::{Ran, WorkDir};

fn tree() -> WorkDir {
    WorkDir::with(&[(b"t/a", b"abc"), (b"t/d/b", b"something"), (b"t/d/e/c", b"1"), (b"u/x", b"x")])
}

fn audit(dir: &WorkDir, args: &[&str]) -> Ran {
    dir.hivesum(["audit", "--last", "--state", "s"].iter().chain(args))
}

/// That the audit has this exit status and counts, and was of this job.
fn expect(ran: &Ran, code: i32, counts: &str, id: &str) {
    assert_eq!(ran.code, Some(code), "{}{}", ran.stdout(), ran.stderr());
    assert!(ran.stdout().ends_with(&format!("{counts}\n")), "{}", ran.stdout());
    assert!(ran.stderr().starts_with(&format!("hivesum: compared with the job {id} of ")), "{}", ran.stderr());
}

#[test]
fn a_directory_is_compared_with_the_newest_job_of_it_or_of_one_above() {
    let dir = tree();
    let service = Service::start(&dir);
    dir.link("way", "t/d");
    let whole = service.run(json!({}));
    let matched = |count: u32| format!("{count} matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable");
    for (place, count) in [("t", 3), ("t/d", 2), ("way", 2), ("t/d/e", 1)] {
        let ran = audit(&dir, &[place]);
        expect(&ran, 0, &matched(count), &whole);
        assert!(ran.stderr().contains(", which ended 2"), "{}", ran.stderr());
    }
    let part = service.run(json!({ "path": "d" }));
    expect(&audit(&dir, &["t"]), 0, &matched(3), &whole);
    expect(&audit(&dir, &["t/d"]), 0, &matched(2), &part);
    expect(&audit(&dir, &["t/d/e"]), 0, &matched(1), &part);
    // One of the directory itself comes before a newer one of a directory above.
    let whole = service.run(json!({}));
    expect(&audit(&dir, &["t/d"]), 0, &matched(2), &part);
    expect(&audit(&dir, &["t/d/e"]), 0, &matched(1), &whole);
    // Newer jobs that were stopped, or looked at the files of a manifest alone, do not say how it was.
    service.verify_with("root=t&mode=check", &format!("{}  a\n", dir.digest("sha256sum", "t/a")));
    fs::File::create(dir.path("t/large")).unwrap().set_len(1 << 42).unwrap();
    let stopped = service.submit(json!({}));
    assert_eq!(dir.hivesum(["jobs", "cancel", &stopped, "--state", "s"]).code, Some(0));
    fs::remove_file(dir.path("t/large")).unwrap();
    dir.write("t/d/b", "changed");
    drop(service);
    expect(&audit(&dir, &["t"]), 1, "2 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &whole);
    expect(&audit(&dir, &["t/d"]), 1, "1 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &part);
}

#[test]
fn a_verify_job_counts_only_if_all_matched_and_the_globs_of_a_job_hold() {
    let dir = tree();
    let service = Service::start(&dir);
    let digest = dir.digest("sha256sum", "t/a");
    let with_one_missing = format!("{digest}  a\n{digest}  gone\n");
    service.verify(&with_one_missing);
    let refused = audit(&dir, &["t"]);
    assert_eq!((refused.code, refused.stdout().as_str()), (Some(2), ""));
    assert!(refused.stderr().contains("to its end (1 verify job whose verdict is not ok"), "{}", refused.stderr());

    let hashed = service.run(json!({}));
    dir.write("t/a", "damaged");
    // What was found on the first night is not what the second night should find.
    for night in ["1 verify job", "2 verify jobs"] {
        service.verify(&with_one_missing);
        let ran = audit(&dir, &["t"]);
        expect(&ran, 1, "2 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &hashed);
        assert!(
            ran.stderr().contains(&format!("; newer than it: {night} whose verdict is not ok")),
            "{}",
            ran.stderr()
        );
    }
    dir.write("t/a", "abc");
    let names = ["a", "d/b", "d/e/c"];
    let sums = names.map(|name| format!("{}  {name}\n", dir.digest("sha256sum", format!("t/{name}"))));
    let verified = service.verify(&sums.concat());
    expect(&audit(&dir, &["t"]), 0, "3 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &verified);
    let none = audit(&dir, &["t", "--algorithm", "md5"]);
    assert_eq!((none.code, none.stderr().contains(" in md5 to its end")), (Some(2), true), "{}", none.stderr());

    let globbed = service.run(json!({ "exclude": ["/d/e", "*.tmp"] }));
    dir.write("t/d/new.tmp", "1");
    expect(&audit(&dir, &["t/d"]), 0, "1 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &globbed);
    let nothing = audit(&dir, &["t/d/e"]);
    assert_eq!((nothing.code, nothing.stdout().as_str()), (Some(2), ""));
    assert!(nothing.stderr().contains("has no file in it"), "{}", nothing.stderr());
}

#[test]
fn a_job_of_some_files_or_of_none_stands_for_the_directory_only_if_there_is_no_other() {
    let dir = tree();
    let service = Service::start(&dir);
    let some = service.run(json!({ "include": ["/d/**"] }));
    let ran = audit(&dir, &["t"]);
    expect(&ran, 0, "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &some);
    assert!(ran.stderr().contains("; it read only '/d/**'"), "{}", ran.stderr());
    let whole = service.run(json!({}));
    service.run(json!({ "include": ["/d/**"] }));
    service.run(json!({ "include": ["nosuch/**"] }));
    dir.write("t/a", "damaged");
    expect(&audit(&dir, &["t"]), 1, "2 matched, 1 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &whole);
    let without = service.run(json!({ "exclude": ["/a"] }));
    let ran = audit(&dir, &["t"]);
    expect(&ran, 0, "2 matched, 0 modified, 0 moved, 0 missing, 0 new, 0 unreadable", &without);
    assert!(ran.stderr().contains("; it left out /a"), "{}", ran.stderr());
}

#[test]
fn where_no_job_fits_the_error_says_what_was_looked_for_and_is_no_verdict() {
    let dir = tree();
    let absent = audit(&dir, &["t"]);
    assert_eq!((absent.code, absent.stdout().as_str()), (Some(2), ""));
    assert!(absent.stderr().contains("no service has stored jobs in"), "{}", absent.stderr());
    let service = Service::start(&dir);
    service.run(json!({ "path": "d" }));
    service.run(json!({ "path": "a" }));
    for place in ["t", "u"] {
        let refused = audit(&dir, &[place]);
        assert_eq!((refused.code, refused.stdout().as_str()), (Some(2), ""));
        let path = fs::canonicalize(dir.path(place)).unwrap();
        let words = format!("no job has hashed {} or a directory above it to its end", path.display());
        let said = refused.stderr();
        assert!(said.contains(&words) && said.contains("2 completed jobs were looked at, of the roots: t;"), "{said}");
    }
    assert_eq!(audit(&dir, &["t", "--manifest", "m"]).code, Some(2), "one of them");
    assert_eq!(audit(&dir, &["nowhere"]).code, Some(1));
}

#[test]
fn a_program_serves_a_file_that_cannot_be_opened() {
    let refused = Fault::OpensAfter(AtomicUsize::new(usize::MAX), Errno::EIO);
    faultfs::serve(|_| vec![FaultyFile::file("bad", b"1", refused), FaultyFile::file("good", b"2", Fault::None)]);
}

#[test]
fn a_file_that_the_job_could_not_read_is_not_new() {
    if !is_child_with_fuse("audit_last::a_file_that_the_job_could_not_read_is_not_new") {
        return;
    }
    let dir = tree();
    fs::create_dir(dir.path("t/p")).unwrap();
    let mounted = faultfs::mount("audit_last::a_program_serves_a_file_that_cannot_be_opened", "", &dir.path("t/p"));
    let service = Service::start(&dir);
    let job = service.run(json!({ "cross_filesystems": true }));
    drop(mounted);
    dir.write("t/p/bad", "1");
    dir.write("t/p/good", "2");
    dir.write("t/p/new", "3");
    let ran = audit(&dir, &["t"]);
    expect(&ran, 1, "4 matched, 0 modified, 0 moved, 0 missing, 1 new, 0 unreadable", &job);
    assert!(ran.stdout().contains("new: p/new\n"), "{}", ran.stdout());
    let words = "1 path that the job could not read: nothing is said of what is there now";
    assert!(ran.stderr().contains(words), "{}", ran.stderr());
    let ran = dir.hivesum(["audit", "t/p", "--job", &job, "--state", "s"]);
    assert!(ran.stderr().contains(words), "{}", ran.stderr());
    fs::remove_file(dir.path("t/p/new")).unwrap();
    let ran = dir.hivesum(["audit", "t", "--job", &job, "--state", "s", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    assert_eq!((ran.code, &report["verdict"]), (Some(1), &json!("incomplete")), "nothing is known of one: {report}");
}
