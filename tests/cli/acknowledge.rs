//! `hivesum collections acknowledge`: a scrub is silent about what somebody knows of, until something else happens to it.

use serde_json::{Value, json};

use super::scrub::{assert_silent, collections, events, scrub, told};
use super::service::Service;
use super::work_dir::WorkDir;

/// A collection in which `a` and `b` were written to, and `c` is gone.
fn with_alerts() -> WorkDir {
    let dir = WorkDir::new();
    for name in ["a", "b", "c", "ok"] {
        dir.write(format!("t/{name}"), name);
    }
    assert_eq!(scrub(&dir, &[]).code, Some(0));
    dir.write("t/a", "written to");
    dir.write("t/b", "written to as well");
    std::fs::remove_file(dir.path("t/c")).unwrap();
    assert_eq!(scrub(&dir, &[]).code, Some(1));
    dir
}

fn counts(dir: &WorkDir) -> Value {
    let shown = collections(dir, "show", &[]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    json!([shown["files"]["modified"]["acknowledged"], shown["files"]["missing"]["acknowledged"]])
}

/// The number of alerts in the list of collections.
fn listed(dir: &WorkDir) -> String {
    let list = dir.hivesum(["collections", "list", "--state", "s"]).stdout();
    list.split('\t').nth(2).unwrap().to_owned()
}

#[test]
fn a_scrub_is_silent_about_what_is_acknowledged_until_something_else_happens_to_it() {
    let dir = with_alerts();
    let note = ["a", "--note", "the author did", "--by", "ops"];
    let first = collections(&dir, "acknowledge", &note);
    assert_eq!((first.code, first.stdout().as_str()), (Some(0), "acknowledged: a (modified)\n"), "{first:?}");
    let (code, stdout, _) = told(&scrub(&dir, &[]));
    assert_eq!((code, stdout.lines().count(), stdout.contains(": a")), (Some(1), 2, false), "{stdout}");
    assert_eq!((counts(&dir), listed(&dir).as_str()), (json!([1, 0]), "2"));
    let rest = collections(&dir, "acknowledge", &["--all", "--by", "ops"]);
    assert_eq!((rest.code, rest.stdout().lines().count()), (Some(0), 2), "those that are known are left: {rest:?}");
    assert_silent(&scrub(&dir, &[]));
    assert_eq!((counts(&dir), listed(&dir).as_str()), (json!([2, 1]), "0"));
    let verbose = scrub(&dir, &["--verbose"]);
    assert!(verbose.stderr().contains("3 files not as they should be, and acknowledged"), "{}", verbose.stderr());
    let said = collections(&dir, "events", &[]).stdout();
    assert!(said.contains("\tacknowledged\ta\tby ops: 'the author did'\n"), "{said}");
    assert!(said.contains("\tacknowledged\tc\tby ops\n"), "{said}");
    // What is acknowledged may be accepted later.
    assert_eq!(collections(&dir, "accept", &["b"]).stdout(), "accepted: b (modified)\n");
    dir.write("t/a", "written to once more");
    let (code, stdout, _) = told(&scrub(&dir, &[]));
    assert_eq!((code, stdout.starts_with("modified: a (")), (Some(1), true), "{stdout}");
    let kinds: Vec<_> = events(&dir).iter().map(|event| event.split(' ').nth(1).unwrap().to_owned()).collect();
    let [m, k] = ["modified", "acknowledged"];
    assert_eq!(kinds, [m, m, "missing", k, k, k, "accepted", m]);
}

#[test]
fn what_is_said_of_a_collection_beside_a_service_is_kept_by_the_service() {
    let dir = with_alerts();
    let service = Service::start(&dir);
    let known = collections(&dir, "acknowledge", &["--kind", "missing", "--note", "moved to tape"]);
    assert_eq!((known.code, known.stdout().as_str()), (Some(0), "acknowledged: c (missing)\n"), "{known:?}");
    let unknown = collections(&dir, "acknowledge", &["none"]);
    assert_eq!((unknown.code, unknown.stderr().contains("no such file is known")), (Some(1), true), "{unknown:?}");
    let right = collections(&dir, "acknowledge", &["ok"]);
    assert_eq!((right.code, right.stderr().contains("nothing to acknowledge")), (Some(1), true), "{right:?}");
    assert_eq!(counts(&dir), json!([0, 1]));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
}

#[test]
fn what_cannot_be_acknowledged_is_refused_in_words_and_changes_nothing() {
    let dir = with_alerts();
    let long = "x".repeat(501);
    for (more, words) in [
        (&["--all", "--note", ""][..], "a note is one line of 1 to 500 bytes"),
        (&["--all", "--note", "two\nlines"], "a note is one line of 1 to 500 bytes"),
        (&["--all", "--note", &long], "a note is one line of 1 to 500 bytes"),
        (&["--kind", "ok"], "must be one of new, modified"),
        (&[], "required"),
        (&["--all", "a"], "cannot be used with"),
    ] {
        let ran = collections(&dir, "acknowledge", more);
        assert_eq!((ran.code, ran.stderr().contains(words)), (Some(2), true), "{more:?}: {}", ran.stderr());
    }
    let none = collections(&dir, "acknowledge", &["--kind", "unreadable"]);
    assert_eq!((none.code, none.stderr().contains("there is nothing to acknowledge")), (Some(1), true), "{none:?}");
    assert_eq!((counts(&dir), listed(&dir).as_str()), (json!([0, 0]), "3"));
}
