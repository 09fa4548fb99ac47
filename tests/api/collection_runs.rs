//! Runs of collections: somebody starts them, or the schedule does, and each collection has one at a time.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};
use crate::collections::only;

/// A service with a directory `photos` of one file beneath its root.
fn with_photos() -> TestApp {
    TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a"), "abc").unwrap();
    })
}

/// Makes a collection of `photos`. Returns its path.
fn made(app: &TestApp, paused: bool) -> String {
    let body = json!({ "root": "files", "path": "photos", "paused": paused });
    let answer = app.post("/api/v1/collections").json(&body).send().unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// Starts a run and waits for its end.
fn run(app: &TestApp, of: &str, kind: &str) -> Value {
    let answer = app.post(&format!("{of}/{kind}")).send().unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text().unwrap());
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let started: Value = answer.json().unwrap();
    assert_eq!((&started["kind"], &started["scheduled"]), (&json!(kind), &json!(false)));
    app.await_json(&location, |run| run["state"] == "ended" || run["state"] == "failed")
}

#[test]
fn a_survey_takes_the_first_files_as_they_are_and_later_reads_what_is_new_alone() {
    let app = with_photos();
    let of = made(&app, true);
    let first = run(&app, &of, "survey");
    assert_eq!((&first["state"], &first["files_done"]), (&json!("ended"), &json!(1)));
    let one = only(&app);
    assert_eq!((&one["passes"], &one["open_alerts"]), (&json!(1), &json!(0)));
    fs::write(app.root.path().join("photos/b"), "b").unwrap();
    let second = run(&app, &of, "survey");
    // The first one, too, if it was written so short a time before its reading that its times prove nothing.
    assert!(second["state"] == "ended" && second["files_done"].as_u64().is_some_and(|files| files >= 1), "{second}");
    let then = only(&app);
    assert_eq!((&then["passes"], &then["last_run"], &then["pass_began"]), (&json!(1), &one["last_run"], &Value::Null));
    assert!(then["last_survey"].as_str() > one["last_survey"].as_str(), "{then}");
    assert_eq!(then["files"]["new"]["files"], 1);
    let third = run(&app, &of, "scrub");
    assert_eq!((&third["state"], &third["files_done"]), (&json!("ended"), &json!(2)), "everything");
    assert_eq!(only(&app)["passes"], 2);
}

#[test]
fn a_dry_run_tells_what_would_be_read_and_starts_nothing() {
    let app = with_photos();
    let of = made(&app, true);
    run(&app, &of, "survey");
    let dry = |kind: &str| ok_json(app.post(&format!("{of}/{kind}")).json(&json!({ "dry_run": true })).send().unwrap());
    let forecast = dry("scrub");
    assert_eq!((&forecast["files"], &forecast["bytes"], &forecast["seconds"]), (&json!(1), &json!(3), &Value::Null));
    assert_eq!(dry("survey")["bytes"], 0);
    assert_eq!(only(&app)["schedule"]["run"]["kind"], "survey", "no run has followed it");
    let wrong = app.post(&format!("{of}/scrub")).json(&json!({ "dry": true })).send().unwrap();
    problem(wrong, 400, "invalid_request");
}

#[test]
fn a_second_run_is_refused_as_busy_until_the_first_is_cancelled() {
    let app = with_photos();
    // So many bytes of nothing are not read before the test is over.
    File::create(app.root.path().join("photos/endless")).unwrap().set_len(1 << 40).unwrap();
    let of = made(&app, true);
    let started = app.post(&format!("{of}/scrub")).send().unwrap();
    let location = started.headers()["location"].to_str().unwrap().to_owned();
    for kind in ["scrub", "survey"] {
        problem(app.post(&format!("{of}/{kind}")).send().unwrap(), 409, "collection_busy");
    }
    assert_eq!(app.post(&format!("{location}/cancel")).send().unwrap().status(), 200);
    let ended = app.await_json(&location, |run| run["state"] == "failed");
    assert!(ended["detail"].as_str().unwrap().contains("was stopped"), "{ended}");
    fs::remove_file(app.root.path().join("photos/endless")).unwrap();
    assert_eq!(run(&app, &of, "scrub")["state"], "ended");
    for path in [format!("{of}/runs/x"), format!("{of}/runs/0197a2b4-6d3c-7000-8000-000000000001")] {
        problem(app.get(&path).send().unwrap(), 404, "not_found");
    }
}

#[test]
fn the_schedule_takes_the_first_files_by_itself_and_then_waits() {
    let app = with_photos();
    let of = made(&app, false);
    let read = app.await_json(&of, |one| one["passes"] == 1 && one["schedule"]["state"] == "waiting");
    assert_eq!((&read["schedule"]["run"]["scheduled"], &read["files"]["ok"]["files"]), (&json!(true), &json!(1)));
    assert!(read["schedule"]["next_at"].as_str() > read["last_run"].as_str(), "{read}");
}

#[test]
fn a_directory_that_is_gone_fails_a_run_in_words_and_calls_nothing_missing() {
    let app = with_photos();
    let of = made(&app, true);
    run(&app, &of, "survey");
    fs::rename(app.root.path().join("photos"), app.root.path().join("away")).unwrap();
    let failed = run(&app, &of, "scrub");
    assert_eq!(failed["state"], "failed");
    assert!(failed["detail"].as_str().unwrap().contains("no file is called missing"), "{failed}");
    assert_eq!(only(&app)["files"]["ok"]["files"], 1);
}

#[test]
fn runs_are_listed_with_their_ends_the_latest_first() {
    let app = with_photos();
    let of = made(&app, true);
    run(&app, &of, "survey");
    fs::write(app.root.path().join("photos/b"), "new").unwrap();
    let scrubbed = run(&app, &of, "scrub");
    File::create(app.root.path().join("photos/endless")).unwrap().set_len(1 << 40).unwrap();
    let location = {
        let started = app.post(&format!("{of}/scrub")).send().unwrap();
        started.headers()["location"].to_str().unwrap().to_owned()
    };
    app.await_json(&location, |run| run["bytes_done"].as_u64() > Some(0));
    assert_eq!(app.json(&format!("{of}/runs"))["items"][0]["outcome"], Value::Null, "it has not ended");
    assert_eq!(app.post(&format!("{location}/cancel")).send().unwrap().status(), 200);
    let ended = app.await_json(&location, |run| run["outcome"] == "cancelled");
    let all = app.json(&format!("{of}/runs"));
    let short = |run: &Value| {
        let member = |name: &str| run[name].as_str().unwrap().to_owned();
        [member("kind"), member("started_by"), member("state"), member("outcome")].join(" ")
    };
    let told: Vec<_> = all["items"].as_array().unwrap().iter().map(short).collect();
    let expected = ["scrub request failed cancelled", "scrub request ended complete", "survey request ended complete"];
    assert_eq!((told, &all["next_cursor"]), (expected.map(str::to_owned).into(), &Value::Null));
    assert_eq!(all["items"][0], ended);
    let second = &all["items"][1];
    assert_eq!((&second["id"], &second["events"]), (&scrubbed["id"], &json!(1)));
    assert_eq!((&second["read"]["files"], &second["read"]["bytes"]), (&json!(2), &json!(6)));
    let sources = ["from_device", "from_cache", "from_unknown"].map(|from| second["read"][from].as_u64().unwrap());
    assert_eq!(sources.iter().sum::<u64>(), 2, "{second}");
    assert!(second["ended_at"].as_str() > second["started_at"].as_str(), "{second}");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.json(&format!("{of}/runs?limit=2{cursor}"));
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(paged), all["items"]);
    problem(app.get(&format!("{of}/runs?cursor=?")).send().unwrap(), 400, "invalid_request");
}
