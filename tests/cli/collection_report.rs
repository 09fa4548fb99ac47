//! `hivesum collections report` and `manifest`: to stdout or to a file, which is there only when it is complete.

use hivesum_test_support::premis;

use super::scrub::{collections, scrub};
use super::work_dir::WorkDir;

fn scrubbed() -> WorkDir {
    let dir = WorkDir::with(&[(b"t/a", b"a"), (b"t/=b", b"b"), (b"t/\xff", b"c")]);
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    dir.write("t/a", b"another");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    dir
}

#[test]
fn a_report_goes_to_stdout_or_to_a_file_in_each_form() {
    let dir = scrubbed();
    let html = collections(&dir, "report", &[]);
    assert_eq!((html.code, html.stderr()), (Some(0), String::new()));
    let text = html.stdout();
    assert!(text.contains("1 of 3 files to be looked at") && text.contains("\\xff"), "{text}");
    let head = format!("<h1>Fixity report: {}</h1>", dir.path("t").canonicalize().unwrap().display());
    assert!(text.contains(&head) && text.ends_with("3 files, 1 event.</p>\n</body></html>\n"), "{text}");
    for (format, end) in [("csv", "summary: 3 files,,,,,,,\r\n"), ("premis", "</premis>\n")] {
        let to_file = collections(&dir, "report", &["--format", format, "-o", "report"]);
        assert_eq!((to_file.code, to_file.stdout(), to_file.stderr()), (Some(0), String::new(), String::new()));
        let written = std::fs::read_to_string(dir.path("report")).unwrap();
        assert!(written.ends_with(end), "{written}");
        assert_eq!(written, collections(&dir, "report", &["--format", format]).stdout());
    }
}

#[test]
fn a_premis_report_of_scrubs_and_of_what_people_said_is_valid_by_the_published_schema() {
    let dir = scrubbed();
    std::fs::remove_file(dir.path("t/=b")).unwrap();
    std::fs::rename(dir.path(b"t/\xff"), dir.path("t/<moved>")).unwrap();
    dir.write("t/new\n", b"new");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert_eq!(collections(&dir, "acknowledge", &["a", "--by", "me & you", "--note", "it's <known>"]).code, Some(0));
    assert_eq!(collections(&dir, "accept", &["--kind", "missing", "--kind", "new"]).code, Some(0));
    std::fs::rename(dir.path("t"), dir.path("u")).unwrap();
    assert_ne!(dir.hivesum(["scrub", "--state", "s", "t"]).code, Some(0));
    std::fs::rename(dir.path("u"), dir.path("t")).unwrap();
    dir.write("t/a", b"a");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    let report = collections(&dir, "report", &["--format", "premis"]).expect_success();
    for told in
        ["moved: from", "acknowledged: by me &amp; you; it&#39;s &lt;known&gt;", "accepted", "stopped", "resumed"]
    {
        assert!(report.contains(&format!("<eventDetail>{told}")), "{told} is missing in {report}");
    }
    let Some(errors) = premis::errors(&report) else { return };
    assert_eq!(errors, "");
}

#[test]
fn what_is_not_a_form_or_a_collection_is_told_and_no_file_is_made() {
    let dir = scrubbed();
    let unknown = collections(&dir, "report", &["--format", "pdf"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr().contains("must be one of html, csv, premis"), "{}", unknown.stderr());
    let none = dir.hivesum(["collections", "report", "--state", "s", "elsewhere", "-o", "report"]);
    assert_ne!(none.code, Some(0));
    assert!(none.stderr().contains("no such collection"), "{}", none.stderr());
    assert!(!dir.path("report").exists());
}

/// What `hivesum collections manifest` writes.
fn manifest(dir: &WorkDir, more: &[&str]) -> String {
    let ran = collections(dir, "manifest", more);
    assert_eq!((ran.code, ran.stderr()), (Some(0), String::new()));
    ran.stdout()
}

#[test]
fn a_manifest_has_what_files_should_be_now_or_at_a_time() {
    let dir = WorkDir::with(&[(b"t/a", b"a"), (b"t/d/b", b"b"), (b"t/d.c", b"c")]);
    assert_eq!(scrub(&dir, &["--algorithms", "sha256"]).code, Some(0));
    let first = manifest(&dir, &[]);
    let hashed = || dir.hivesum(["hash", "-a", "sha256", "t"]).stdout().replace("  t/", "  ");
    assert_eq!(first, hashed(), "in walk order");
    let then = listed_at(&dir);
    dir.write("t/a", b"another");
    std::fs::remove_file(dir.path("t/d/b")).unwrap();
    dir.write("t/new", b"new");
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    assert_eq!(manifest(&dir, &["--at", &then]), first);
    let now = manifest(&dir, &["-o", "SUMS"]);
    assert_eq!(now, "", "it is in the file");
    let now = std::fs::read_to_string(dir.path("SUMS")).unwrap();
    assert!(first.lines().all(|line| now.contains(line)), "what they should be, until it is accepted: {now}");
    assert_eq!(collections(&dir, "accept", &["--all"]).code, Some(0));
    assert_eq!(manifest(&dir, &[]), hashed(), "what was accepted");
    assert_eq!(manifest(&dir, &["--at", &then]), first, "whatever was accepted since");
    let json: serde_json::Value = serde_json::from_str(&manifest(&dir, &["--format", "json", "--at", &then])).unwrap();
    assert_eq!(json["summary"]["files"], 3, "{json}");
}

/// A time at which the first run had ended.
fn listed_at(dir: &WorkDir) -> String {
    let shown: serde_json::Value = serde_json::from_str(&collections(dir, "show", &[]).stdout()).unwrap();
    assert_eq!(shown["passes"], 1);
    jiff::Timestamp::now().to_string()
}

#[test]
fn a_time_without_knowledge_and_a_name_that_does_not_fit_are_told() {
    let dir = scrubbed();
    for (at, why) in
        [("2001-01-01T00:00:00Z", "the collection was made at"), ("9000-01-01T00:00:00Z", "is still to come")]
    {
        let refused = collections(&dir, "manifest", &["--at", at]);
        assert_ne!(refused.code, Some(0));
        assert!(refused.stderr().contains(why) && refused.stdout().is_empty(), "{}", refused.stderr());
    }
    let refused = collections(&dir, "manifest", &["--format", "json", "-a", "md5", "-o", "SUMS"]);
    assert!(refused.stderr().contains("md5") && !dir.path("SUMS").exists(), "{}", refused.stderr());
}
