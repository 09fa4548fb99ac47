//! Modification times outside the years of RFC 3339, and outside 64 bits of nanoseconds.

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

/// A time in each range, and what is told of it: RFC 3339, or nothing but nanoseconds.
const TIMES: [(&str, i64, Option<&str>); 6] = [
    ("year-1200", -100_000_000_000, None),
    ("year-1", -62_135_596_800, Some("0001-01-01T00:00:00.5Z")),
    ("year-1969", -1, Some("1969-12-31T23:59:59.5Z")),
    ("year-2262", 9_223_372_037, Some("2262-04-11T23:47:17.5Z")),
    ("year-9999", 253_402_300_799, Some("9999-12-31T23:59:59.5Z")),
    ("year-10000", 253_402_300_800, None),
];

fn nanoseconds(seconds: i64) -> String {
    format!("{}", i128::from(seconds) * 1_000_000_000 + 500_000_000)
}

/// Checks what is told of the file's time.
fn check(told: &Value, seconds: i64, text: Option<&str>) {
    assert_eq!(told.get("modified_at"), text.map(|at| json!(at)).as_ref(), "{told}");
    let exact = text.is_none().then(|| json!(nanoseconds(seconds)));
    assert_eq!(told.get("modified_at_ns"), exact.as_ref(), "{told}");
}

#[test]
fn a_listing_a_result_and_a_manifest_have_the_exact_time_of_every_file() {
    let (app, dir) = on_tmpfs();
    TIMES.iter().for_each(|(name, at, ..)| write(dir.path(), name, name, *at));
    let listing = app.json("/api/v1/roots/files/entries");
    let id = app.run(json!({ "algorithms": ["crc32"] }))["id"].as_str().unwrap().to_owned();
    let results = app.json(&format!("/api/v1/jobs/{id}/results"));
    let manifest = |format: &str| {
        let path = format!("/api/v1/jobs/{id}/manifest?format={format}");
        app.get(&path).send().unwrap().text().unwrap()
    };
    let (csv, document) = (manifest("csv"), serde_json::from_str::<Value>(&manifest("json")).unwrap());
    let lines: Vec<Value> = manifest("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines = json!({ "items": lines });
    for (name, seconds, text) in TIMES {
        check(named(&listing, "name", name), seconds, text);
        for page in [&results, &document, &lines] {
            check(named(page, "path", name), seconds, text);
        }
        let time = text.map_or_else(|| nanoseconds(seconds), str::to_owned);
        assert!(csv.contains(&format!("{name},{},{time},", name.len())), "{csv}");
    }
}

#[test]
fn results_sort_by_their_exact_times() {
    let (app, dir) = on_tmpfs();
    // In another order by name, and two of them differ by their years only.
    let times =
        [("f", i64::MIN / 4), ("b", -100_000_000_000), ("e", 5), ("a", 253_402_300_800), ("d", 300_000_000_000)];
    times.iter().for_each(|(name, at)| write(dir.path(), name, name, *at));
    let kept = std::fs::metadata(dir.path().join("f")).unwrap();
    assert!(std::os::unix::fs::MetadataExt::mtime(&kept) < -100_000_000_000, "the file system keeps it");
    let id = app.run(json!({}))["id"].as_str().unwrap().to_owned();
    let names = |sort: &str| {
        let path = format!("/api/v1/jobs/{id}/results?sort={sort}");
        // Refused until the sort index is built, moments after the end.
        while app.get(&path).send().unwrap().status() != 200 {}
        let page = app.json(&path);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("modified_at"), ["f", "b", "e", "a", "d"]);
    assert_eq!(names("-modified_at"), ["d", "a", "e", "b", "f"]);
}

#[test]
fn far_times_that_differ_are_evidence_of_a_write_and_files_with_equal_ones_are_reused() {
    let (app, dir) = on_tmpfs();
    TIMES.iter().for_each(|(name, at, ..)| write(dir.path(), name, name, *at));
    let run = |spec: Value| app.run(spec)["id"].as_str().unwrap().to_owned();
    let first = run(json!({ "algorithms": ["crc32"] }));
    write(dir.path(), "year-10000", "YEAR-10000", 253_402_300_900);
    let second = run(json!({ "algorithms": ["crc32"], "reuse_unchanged_from": first }));
    let compared = app.json(&format!("/api/v1/jobs/{first}/compare?with={second}"));
    let changed = named(&compared, "path", "year-10000");
    let mtime = &changed["evidence"]["mtime"];
    assert_eq!((&changed["verdict"], mtime), (&json!("modified"), &json!("changed")), "{changed}");
    check(&changed["old"], 253_402_300_800, None);
    check(&changed["new"], 253_402_300_900, None);
    assert_eq!(compared["counts"]["unchanged"], TIMES.len() - 1);
    let results = app.json(&format!("/api/v1/jobs/{second}/results"));
    for (name, ..) in TIMES {
        let reused = (name != "year-10000").then_some(json!(true));
        assert_eq!(named(&results, "path", name).get("reused"), reused.as_ref(), "{name}");
    }
}
