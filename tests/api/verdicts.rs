//! The verdict of a job: `summary.verdict`, wherever a job is shown, and what each word stands for.

use std::fs::{self, File};

use hivesum_test_support::comes_true;
use hivesum_test_support::vectors::{ABC_MD5, ABC_SHA256};
use serde_json::{Value, json};

use crate::app::{Events, TestApp, problem};
use crate::restartable_server::RestartableServer;

/// A digest of nothing that is here.
const OTHER_SHA256: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

/// Submits a verify job, and returns its id.
fn submit(app: &TestApp, query: &str, manifest: &str) -> String {
    let answer = app.post(&format!("/api/v1/verify?root=files{query}")).body(manifest.to_owned()).send().unwrap();
    assert_eq!(answer.status(), 202, "{manifest}");
    answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
}

fn verdict(app: &TestApp, query: &str, manifest: &str) -> Value {
    app.wait_for(&submit(app, query, manifest))["summary"]["verdict"].clone()
}

/// An application with `a` and `b`, both `abc`.
fn with_two_files() -> TestApp {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("d/b", "abc");
    app
}

/// More small files than are hashed together: the results of the first are there long before those of the last.
const SMALL: usize = 600;

/// Writes small files, and one that takes longer to hash than any test waits. The manifest of a tree in which every
/// small file has this digest.
fn endless_tree(tree: &std::path::Path, digest: &str) -> String {
    fs::create_dir_all(tree.join("1")).unwrap();
    let names: Vec<String> = (0..SMALL).map(|n| format!("1/{n:03}")).collect();
    names.iter().for_each(|name| fs::write(tree.join(name), "abc").unwrap());
    File::create(tree.join("2")).unwrap().set_len(8 << 40).unwrap();
    names.iter().map(|name| format!("{digest}  {name}\n")).collect::<String>() + &format!("{OTHER_SHA256}  2\n")
}

fn has_results(job: &Value) -> bool {
    job["progress"]["files_done"].as_u64().unwrap() > 0
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

#[test]
fn a_verify_job_is_ok_only_if_everything_was_found_and_matched() {
    let app = with_two_files();
    let both = format!("{ABC_SHA256}  a\n{ABC_SHA256}  b\n");
    let only_a = format!("{ABC_SHA256}  a\n");
    let edited = format!("{ABC_SHA256}  a\n{OTHER_SHA256}  b\n");
    let gone = format!("{both}{OTHER_SHA256}  gone\n");
    let renamed = format!("{ABC_SHA256}  a\n{ABC_SHA256}  former name of b\n");
    for (query, manifest, expected) in [
        ("&path=d", &both, "ok"),
        ("&path=d&mode=check", &both, "ok"),
        ("&path=d&mode=check", &only_a, "ok"),
        ("&path=d", &only_a, "failed"),
        ("&path=d", &edited, "failed"),
        ("&path=d&mode=check", &edited, "failed"),
        ("&path=d", &gone, "failed"),
        ("&path=d&mode=check", &gone, "failed"),
        ("&path=d", &renamed, "failed"),
    ] {
        assert_eq!(verdict(&app, query, manifest), expected, "{query} {manifest}");
    }
}

#[test]
fn what_could_not_be_looked_at_leaves_a_job_incomplete_unless_something_is_wrong() {
    let app = with_two_files();
    // Links are never followed, so what is listed there is not looked at.
    std::os::unix::fs::symlink("a", app.root.path().join("d/link")).unwrap();
    let good = format!("{ABC_SHA256}  a\n{ABC_SHA256}  b\n");
    let unreadable = format!("{good}{ABC_SHA256}  link\n");
    assert_eq!(verdict(&app, "&path=d", &unreadable), "incomplete");
    assert_eq!(verdict(&app, "&path=d", &format!("{unreadable}{OTHER_SHA256}  gone\n")), "failed");
    let unread = format!("{good}this line is no entry\n");
    let job = app.wait_for(&submit(&app, "&path=d", &unread));
    assert_eq!((&job["summary"]["verdict"], &job["lines_not_read"]["count"]), (&json!("incomplete"), &json!(1)));
    let unread_and_edited = format!("{OTHER_SHA256}  a\n{ABC_SHA256}  b\nthis line is no entry\n");
    assert_eq!(verdict(&app, "&path=d", &unread_and_edited), "failed");
}

#[test]
fn the_lines_of_a_signature_are_no_entries_that_were_not_read() {
    let app = with_two_files();
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{ABC_SHA256}  a\n{ABC_SHA256}  b\n\
         -----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCgAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n"
    );
    let job = app.wait_for(&submit(&app, "&path=d", &signed));
    let lines = &job["lines_not_read"];
    assert_eq!((&lines["signed"], &lines["signature_lines"]), (&json!(true), &lines["count"]));
    assert_eq!(job["summary"]["verdict"], "ok");
}

#[test]
fn a_cancelled_job_tells_what_it_had_found() {
    let app = TestApp::with(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.rate = hivesum::config::RateLimit::Off;
    });
    for (digest, expected, of_small) in [(ABC_SHA256, "incomplete", "matched"), (OTHER_SHA256, "failed", "modified")] {
        let manifest = endless_tree(app.root.path(), digest);
        let id = submit(&app, "", &manifest);
        app.await_json(&format!("/api/v1/jobs/{id}"), has_results);
        let waiting = submit(&app, "", &manifest);
        for id in [&waiting, &id] {
            app.post(&format!("/api/v1/jobs/{id}/cancel")).send().unwrap();
        }
        let job = app.wait_for(&id);
        let (summary, verdicts) = (&job["summary"], &job["summary"]["verdicts"]);
        assert_eq!((&job["state"], &summary["verdict"]), (&json!("cancelled"), &json!(expected)));
        assert_eq!((&verdicts[of_small], &verdicts["missing"]), (&summary["hashed"], &json!(0)), "{summary}");
        let never_ran = app.wait_for(&waiting);
        assert_eq!(never_ran["summary"]["verdict"], "incomplete", "it looked at nothing");
    }
}

#[test]
fn a_job_that_is_cancelled_after_a_restart_tells_what_it_had_found_before() {
    let server = RestartableServer::new();
    let manifest = endless_tree(&server.tree(), OTHER_SHA256);
    let process = server.start();
    let id = server.audit(&process, "key", &manifest).unwrap();
    let path = format!("/api/v1/jobs/{id}");
    assert!(comes_true(|| has_results(&server.get(&process, &path))), "the small files have no results");
    process.kill();
    let process = server.start();
    server.client.post(format!("{}{path}/cancel", process.url)).send().unwrap();
    let summary = server.wait_for(&process, &id)["summary"].clone();
    assert_eq!((&summary["verdict"], &summary["verdicts"]["modified"]), (&json!("failed"), &summary["hashed"]));
    let list = server.command(&["jobs", "list", "--verdict", "failed"]);
    assert!(String::from_utf8(list.stdout).unwrap().starts_with(&id));
}

#[test]
fn jobs_that_only_hash_have_no_verdict_and_count_their_errors() {
    let app = with_two_files();
    let job = app.run(json!({ "path": "d" }));
    assert_eq!((job["summary"].get("verdict"), &job["summary"]["errors"]), (None, &json!(0)));
}

#[test]
fn jobs_are_listed_by_verdict_in_pages() {
    let app = with_two_files();
    let (good, bad) = (format!("{ABC_SHA256}  a\n{ABC_SHA256}  b\n"), format!("{ABC_SHA256}  a\n"));
    let mut failed = Vec::new();
    for _ in 0..3 {
        app.run(json!({ "path": "d" }));
        verdict(&app, "&path=d", &good);
        let id = submit(&app, "&path=d", &bad);
        app.wait_for(&id);
        failed.insert(0, id);
    }
    assert_eq!(ids(&app.json("/api/v1/jobs?verdict=failed")), failed);
    assert_eq!(ids(&app.json("/api/v1/jobs?verdict=ok&state=completed")).len(), 3);
    assert!(ids(&app.json("/api/v1/jobs?verdict=incomplete")).is_empty());
    assert!(ids(&app.json("/api/v1/jobs?verdict=failed&state=cancelled")).is_empty());
    let mut seen = Vec::new();
    let mut next = String::new();
    for _ in 0..3 {
        let page = app.json(&format!("/api/v1/jobs?verdict=failed&limit=1{next}"));
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        next = page["next_cursor"].as_str().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    }
    assert_eq!((seen, next.as_str()), (failed, ""), "the last page says that it is the last");
    for unknown in ["modified", "OK", ""] {
        problem(app.get(&format!("/api/v1/jobs?verdict={unknown}")).send().unwrap(), 400, "invalid_request");
    }
}

#[test]
fn the_end_in_both_streams_and_the_results_carry_the_verdict() {
    let app = with_two_files();
    let id = submit(&app, "&path=d", &format!("{ABC_SHA256}  a\n"));
    assert_eq!(app.wait_for(&id)["summary"]["verdict"], "failed");
    let all = app.get("/api/v1/events").header("last-event-id", "0").send().unwrap();
    let end = Events::of(all).find(|event| event.name == "end").unwrap();
    assert_eq!((&end.data["id"], &end.data["summary"]["verdict"]), (&json!(id), &json!("failed")));
    let results = app.get(&format!("/api/v1/jobs/{id}/results")).header("accept", "application/x-ndjson");
    let text = results.send().unwrap().text().unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["verdict"], "failed");
    fs::remove_file(app.root.path().join("d/b")).unwrap();
    assert_eq!(verdict(&app, "&path=d", &format!("{ABC_MD5}  a\n")), "ok");
}

#[test]
fn the_metrics_count_jobs_by_verdict() {
    let app = with_two_files();
    app.run(json!({ "path": "d" }));
    verdict(&app, "&path=d", &format!("{ABC_SHA256}  a\n"));
    let metrics = app.get("/metrics").send().unwrap().text().unwrap();
    for (verdict, count) in [("ok", 0), ("failed", 1), ("incomplete", 0)] {
        let line = format!("hivesum_job_verdicts_total{{kind=\"verify\",verdict=\"{verdict}\"}} {count}");
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }
    assert!(!metrics.contains("kind=\"hash\""), "jobs that only hash have no verdict");
}
