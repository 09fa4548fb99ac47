//! Modification times outside the years of RFC 3339, and outside what results can keep.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::TestApp;

/// A service on a tmpfs, which keeps every time.
fn on_tmpfs() -> (TestApp, TempDir) {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = dir.path().to_owned();
    (TestApp::with(move |config| config.roots[0].path = path), dir)
}

/// Writes a file that was modified then.
fn write(dir: &Path, name: &str, content: &str, seconds: i64) {
    std::fs::write(dir.join(name), content).unwrap();
    let file = std::fs::File::options().write(true).open(dir.join(name)).unwrap();
    let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ };
    let last_modification = Timespec { tv_sec: seconds, tv_nsec: 500_000_000 };
    futimens(file.as_fd(), &Timestamps { last_access, last_modification }).unwrap();
}

fn named<'a>(page: &'a Value, member: &str, name: &str) -> &'a Value {
    page["items"].as_array().unwrap().iter().find(|item| item[member] == name).unwrap()
}

/// A time in each range, with what a listing and a result say of it.
const TIMES: [(&str, i64, Option<&str>, Option<&str>); 6] = [
    ("year-1200", -100_000_000_000, None, None),
    ("year-1", -62_135_596_800, Some("0001-01-01T00:00:00.5Z"), None),
    ("year-1969", -1, Some("1969-12-31T23:59:59.5Z"), Some("1969-12-31T23:59:59.5Z")),
    ("year-2262", 9_223_372_035, Some("2262-04-11T23:47:15.5Z"), Some("2262-04-11T23:47:15.5Z")),
    ("year-9999", 253_402_300_799, Some("9999-12-31T23:59:59.5Z"), None),
    ("year-10000", 253_402_300_800, None, None),
];

#[test]
fn a_listing_has_the_exact_time_of_every_file() {
    let (app, dir) = on_tmpfs();
    TIMES.iter().for_each(|(name, at, ..)| write(dir.path(), name, "abc", *at));
    let page = app.json("/api/v1/roots/files/entries");
    for (name, seconds, listed, _) in TIMES {
        let (entry, exact) =
            (named(&page, "name", name), format!("{}", i128::from(seconds) * 1_000_000_000 + 500_000_000));
        assert_eq!(entry.get("modified_at"), listed.map(|at| json!(at)).as_ref(), "{entry}");
        assert_eq!(entry.get("modified_at_ns"), listed.is_none().then(|| json!(exact)).as_ref(), "{entry}");
    }
}

#[test]
fn a_result_says_that_it_does_not_know_a_time_that_it_cannot_keep() {
    let (app, dir) = on_tmpfs();
    TIMES.iter().for_each(|(name, at, ..)| write(dir.path(), name, name, *at));
    let run = || app.run(json!({ "algorithms": ["crc32"] }))["id"].as_str().unwrap().to_owned();
    let first = run();
    let page = app.json(&format!("/api/v1/jobs/{first}/results"));
    let csv = app.get(&format!("/api/v1/jobs/{first}/manifest?format=csv")).send().unwrap().text().unwrap();
    for (name, _, _, kept) in TIMES {
        let item = named(&page, "path", name);
        assert_eq!(item["modified_at"], json!(kept), "{item}");
        assert!(csv.contains(&format!("{name},{},{},", name.len(), kept.unwrap_or_default())), "{csv}");
    }
    write(dir.path(), "year-10000", "YEAR-10000", 253_402_300_900);
    let second = run();
    let compared = app.json(&format!("/api/v1/jobs/{first}/compare?with={second}"));
    let changed = named(&compared, "path", "year-10000");
    assert_eq!(
        (&changed["verdict"], &changed["evidence"]["mtime"]),
        (&json!("modified"), &json!("unknown")),
        "{changed}"
    );
    assert_eq!(changed["old"]["modified_at"], Value::Null);
    assert_eq!(compared["counts"]["unchanged"], TIMES.len() - 1);
}
