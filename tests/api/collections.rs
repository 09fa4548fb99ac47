//! Collections through the API: what `hivesum scrub` has found is shown, and no absolute path.

use std::fs;
use std::path::Path;
use std::process::Command;

use hivesum::config::ServeConfig;
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

/// Runs `hivesum scrub` on a directory, as cron does while no service runs. Its exit status.
pub fn scrub(config: &ServeConfig, directory: &Path, more: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.arg("scrub").arg("--state").arg(&config.state_dir).arg(directory).args(more);
    command.output().unwrap().status.code()
}

/// A service with a collection `photos` of three files beneath its root, of which one was written to, one is gone, and a
/// fourth one has come. Nobody is told by the sink that there is.
pub fn watched() -> TestApp {
    TestApp::with(|config| {
        let sink = json!({ "name": "mail", "kind": "smtp", "server": "localhost", "tls": "none", "from": "a@b.example",
            "to": ["a@b.example"] });
        config.sinks = vec![serde_json::from_value(sink).unwrap()];
        let photos = config.roots[0].path.join("photos");
        fs::create_dir_all(photos.join("2026")).unwrap();
        for (name, content) in [("2026/a", "abc"), ("2026/b", "b"), ("c", "c")] {
            fs::write(photos.join(name), content).unwrap();
        }
        let baseline = ["--algorithms", "sha256,blake3", "--exclude", "*.tmp"];
        assert_eq!(scrub(config, &photos, &baseline), Some(0));
        fs::write(photos.join("2026/b"), "another").unwrap();
        fs::remove_file(photos.join("c")).unwrap();
        fs::write(photos.join("d"), "abcd").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(1));
    })
}

/// The only collection, as the list shows it.
pub fn only(app: &TestApp) -> Value {
    let list = app.json("/api/v1/collections");
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0].clone()
}

/// The path of the only collection.
pub fn path_of(app: &TestApp) -> String {
    format!("/api/v1/collections/{}", only(app)["id"].as_str().unwrap())
}

pub fn paths(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect()
}

#[test]
fn a_collection_is_shown_with_what_is_known_of_it_and_without_an_absolute_path() {
    let app = watched();
    let one = only(&app);
    assert_eq!(app.json(&path_of(&app)), one, "alone as in the list");
    assert_eq!((&one["name"], &one["root"], &one["path"]), (&json!("photos"), &json!("files"), &json!("photos")));
    assert_eq!((&one["kind"], &one["algorithms"]), (&json!("fixed"), &json!(["sha256", "blake3"])));
    assert_eq!((&one["exclude"], &one["include"]), (&json!(["*.tmp"]), &Value::Null));
    assert_eq!((&one["passes"], &one["place_known"], &one["pass_began"]), (&json!(2), &json!(true), &Value::Null));
    assert_eq!((&one["health"], &one["open_alerts"], &one["last_event"]), (&json!("alert"), &json!(3), &json!(3)));
    let counts = |condition: &str| (one["files"][condition]["files"].clone(), one["files"][condition]["bytes"].clone());
    assert_eq!(counts("ok"), (json!(1), json!(3)));
    assert_eq!(counts("missing"), (json!(1), json!(1)));
    assert_eq!(one["files"]["suspected_rot"], Value::Null);
    let verified = &one["verified"];
    let days: Vec<_> = verified["within"].as_array().unwrap().iter().map(|within| &within["days"]).collect();
    assert_eq!(days, [1, 7, 30, 90, 365]);
    // Whether a read counts as verified differs with the file system of the tests; what is missing does not count.
    let files = |amount: &Value| amount["files"].as_u64().unwrap();
    assert_eq!(files(&verified["within"][4]) + files(&verified["never"]) + files(&verified["older"]), 3, "{verified}");
    assert!(one["waits_since"].is_string() && one["last_run"].is_string());
    let text = app.get("/api/v1/collections").send().unwrap().text().unwrap();
    assert!(!text.contains(app.root.path().to_str().unwrap()), "{text}");
}

#[test]
fn a_collection_outside_of_the_roots_has_a_name_and_no_path() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("a"), "a").unwrap();
    let app = TestApp::with(|config| assert_eq!(scrub(config, elsewhere.path(), &[]), Some(0)));
    let one = only(&app);
    let name = elsewhere.path().file_name().unwrap().to_str().unwrap();
    assert_eq!((&one["name"], &one["root"], &one["path"]), (&json!(name), &Value::Null, &Value::Null));
    assert_eq!((&one["health"], &one["open_alerts"]), (&json!("ok"), &json!(0)));
    assert!(!one.to_string().contains(elsewhere.path().to_str().unwrap()), "{one}");
}

#[test]
fn a_directory_that_is_gone_another_or_empty_is_unreachable_and_no_file_is_missing() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a"), "a").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
    });
    let photos = app.root.path().join("photos");
    let kept = app.root.path().join("kept");
    let health = || only(&app)["health"].clone();
    assert_eq!(health(), "ok");
    fs::rename(&photos, &kept).unwrap();
    assert_eq!(health(), "unreachable");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("a"), "a").unwrap();
    assert_eq!(health(), "unreachable", "another directory");
    fs::remove_dir_all(&photos).unwrap();
    fs::rename(&kept, &photos).unwrap();
    assert_eq!(health(), "ok");
    fs::remove_file(photos.join("a")).unwrap();
    assert_eq!(health(), "unreachable", "empty, as the place of a disk that is not mounted");
    assert_eq!((&only(&app)["files"]["ok"]["files"], &only(&app)["open_alerts"]), (&json!(1), &json!(0)));
}

#[test]
fn files_are_filtered_and_come_page_by_page_in_walk_order() {
    let app = watched();
    let of = path_of(&app);
    let files = |query: &str| app.json(&format!("{of}/files{query}"));
    let all = files("");
    assert_eq!((paths(&all), &all["next_cursor"]), (vec!["2026/a", "2026/b", "c", "d"], &Value::Null));
    let a = &all["items"][0];
    assert_eq!((&a["condition"], &a["alert"], &a["size"]), (&json!("ok"), &json!(false), &json!(3)));
    assert_eq!((&a["digests"]["sha256"], &a["expected"]["digests"]), (&json!(ABC_SHA256), &a["digests"]));
    let b = &all["items"][1];
    assert_eq!((&b["condition"], &b["alert"], &b["size"]), (&json!("modified"), &json!(true), &json!(7)));
    assert_eq!((&b["expected"]["size"], &b["found"]["digests"]), (&json!(1), &b["digests"]));
    for (query, expected) in [
        ("?condition=ok", vec!["2026/a"]),
        ("?condition=missing,new", vec!["c", "d"]),
        ("?condition=missing&condition=new", vec!["c", "d"]),
        ("?path_prefix=2026/", vec!["2026/a", "2026/b"]),
        ("?path_prefix=2026/&condition=modified", vec!["2026/b"]),
        ("?q=6%2Fb", vec!["2026/b"]),
        ("?q=nothing", vec![]),
        ("?path_prefix=%ff", vec![]),
    ] {
        assert_eq!(paths(&files(query)), expected, "{query}");
    }
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = files(&format!("?limit=3{cursor}"));
        pages.push(paths(&page).len());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, [3, 1]);
}

#[test]
fn alerts_are_the_files_that_deviate_each_with_the_event_that_made_it_so() {
    let app = watched();
    let of = path_of(&app);
    let alerts = app.json(&format!("{of}/alerts"));
    assert_eq!(paths(&alerts), ["2026/b", "c", "d"]);
    for (at, kind) in ["modified", "missing", "new"].into_iter().enumerate() {
        let (item, event) = (&alerts["items"][at], &alerts["items"][at]["last_event"]);
        assert_eq!((&event["kind"], &event["path"]), (&json!(kind), &item["path"]), "{item}");
        assert_eq!((&event["is"], &event["digests"]), (&item["condition"], &item["digests"]), "{item}");
    }
    let modified = &alerts["items"][0]["last_event"];
    assert_eq!((&modified["was"], &modified["evidence"]["size"]), (&json!("ok"), &json!("changed")));
    let page = app.json(&format!("{of}/alerts?limit=2"));
    let rest = app.json(&format!("{of}/alerts?cursor={}", page["next_cursor"].as_str().unwrap()));
    assert_eq!((paths(&page), paths(&rest), &rest["next_cursor"]), (vec!["2026/b", "c"], vec!["d"], &Value::Null));
}

#[test]
fn events_are_listed_in_order_and_for_one_file_with_the_move_away_from_its_path() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        for name in ["a", "b"] {
            fs::write(photos.join(name), name).unwrap();
        }
        assert_eq!(scrub(config, &photos, &[]), Some(0));
        fs::write(photos.join("a"), "written").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(1));
        fs::rename(photos.join("b"), photos.join("moved")).unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(1));
    });
    let of = path_of(&app);
    let events = |query: &str| {
        let page = app.json(&format!("{of}/events{query}"));
        let short = |event: &Value| format!("{} {} {}", event["n"], event["kind"], event["path"]).replace('"', "");
        let items: Vec<_> = page["items"].as_array().unwrap().iter().map(short).collect();
        (items, page["next_after"].clone())
    };
    let (modified, moved) = ("1 modified a".to_owned(), "2 moved moved".to_owned());
    assert_eq!(events(""), (vec![modified.clone(), moved.clone()], Value::Null));
    assert_eq!(events("?limit=1"), (vec![modified.clone()], json!(1)));
    assert_eq!(events("?after=1&limit=1"), (vec![moved.clone()], Value::Null));
    assert_eq!(events("?after=2"), (vec![], Value::Null));
    assert_eq!(events("?after=18446744073709551615"), (vec![], Value::Null));
    assert_eq!(events("?path=a"), (vec![modified], Value::Null));
    for path in ["b", "moved"] {
        assert_eq!(events(&format!("?path={path}")), (vec![moved.clone()], Value::Null), "{path}");
    }
    assert_eq!(events("?path=none"), (vec![], Value::Null));
    assert_eq!(app.json(&format!("{of}/events"))["items"][1]["moved_from"], "b");
}

#[test]
fn invalid_ids_cursors_and_parameters_are_refused() {
    let app = watched();
    let of = path_of(&app);
    for id in ["none", "0197a2b4-6d3c-7000-8000-000000000001", "%2e%2e"] {
        problem(app.get(&format!("/api/v1/collections/{id}")).send().unwrap(), 404, "not_found");
    }
    for (path, code) in [
        ("/files?cursor=%2B", "invalid_request"),
        ("/files?cursor=a", "invalid_request"),
        ("/files?condition=rotten", "invalid_request"),
        ("/files?condition=", "invalid_request"),
        ("/files?limit=0", "invalid_request"),
        ("/files?limit=1001", "invalid_request"),
        ("/files?sort=path", "invalid_request"),
        ("/alerts?cursor=!", "invalid_request"),
        ("/alerts?condition=ok", "invalid_request"),
        ("/events?after=-1", "invalid_request"),
        ("/events?after=18446744073709551616", "invalid_request"),
        ("/events?path=a//b", "path_invalid"),
        ("?limit=1", "invalid_request"),
    ] {
        problem(app.get(&format!("{of}{path}")).send().unwrap(), 400, code);
    }
    problem(app.get("/api/v1/collections?limit=1").send().unwrap(), 400, "invalid_request");
}
