//! `GET /jobs/{id}/events`.

use std::io::Read;

use serde_json::json;

use crate::app::{Events, TestApp, problem};

fn slow_job(app: &TestApp) -> String {
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    app.submit(json!({ "algorithms": ["sha256"], "max_bytes_per_second": 1000 }))
}

#[test]
fn a_job_is_followed_to_its_end() {
    let app = TestApp::start();
    for number in 0..500 {
        app.write(&number.to_string(), "abc");
    }
    let id = app.submit(json!({}));
    let answer = app.get(&format!("/api/v1/jobs/{id}/events")).send().unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let events: Vec<_> = Events::of(answer).collect();
    let last = events.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["state"]), ("end", &json!("completed")));
    assert_eq!(last.id, "500-end", "the number of committed rows, and an id of its own");
    assert_eq!(events.iter().filter(|event| event.name == "end").count(), 1);
    assert!(events.is_sorted_by_key(|event| event.id.trim_end_matches("-end").parse::<u64>().unwrap()));
    assert_eq!(events.iter().filter(|event| event.id.ends_with("-end")).count(), 1);
    assert!(
        events
            .iter()
            .all(|event| ["progress", "state", "item_error", "snapshot", "end"].contains(&event.name.as_str()))
    );
}

#[test]
fn a_reader_that_reconnects_gets_the_errors_since_then_and_the_end() {
    let app = TestApp::start();
    app.write("a", "abc");
    let id = app.submit(json!({}));
    app.wait_for(&id);
    let again = app.get(&format!("/api/v1/jobs/{id}/events")).header("last-event-id", "1").send().unwrap();
    let names: Vec<_> = Events::of(again).map(|event| event.name).collect();
    assert_eq!(names, ["progress", "end"]);
    for nonsense in ["x", "-end", "x-end", "1-end-end", "1-End", "-1"] {
        let answer = app.get(&format!("/api/v1/jobs/{id}/events")).header("last-event-id", nonsense).send().unwrap();
        problem(answer, 400, "invalid_request");
    }
}

#[test]
fn a_browser_that_has_seen_the_end_is_told_to_stop_reconnecting() {
    let app = TestApp::start();
    app.write("a", "abc");
    let id = app.submit(json!({}));
    app.wait_for(&id);
    let path = format!("/api/v1/jobs/{id}/events");
    let end = Events::of(app.get(&path).send().unwrap()).last().unwrap();
    assert_eq!((end.name.as_str(), end.id.as_str()), ("end", "1-end"));
    let again = app.get(&path).header("last-event-id", end.id).send().unwrap();
    assert_eq!((again.status().as_u16(), again.text().unwrap()), (204, String::new()));
    let running = slow_job(&app);
    // Of a job that goes on it has seen nothing but rows.
    let early = app.get(&format!("/api/v1/jobs/{running}/events")).header("last-event-id", "0-end").send().unwrap();
    assert_eq!(early.status(), 200);
    assert_eq!(app.post(&format!("/api/v1/jobs/{running}/cancel")).send().unwrap().status(), 200);
    assert_eq!(Events::of(early).last().unwrap().name, "end");
}

#[test]
fn a_cancelled_job_ends_its_streams() {
    let app = TestApp::start();
    let id = slow_job(&app);
    let answer = app.get(&format!("/api/v1/jobs/{id}/events")).send().unwrap();
    assert_eq!(app.post(&format!("/api/v1/jobs/{id}/cancel")).send().unwrap().status(), 200);
    let last = Events::of(answer).last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["state"]), ("end", &json!("cancelled")));
}

#[test]
fn streams_over_the_limit_get_503() {
    let app = TestApp::with(|config| config.limits.max_streams = 1);
    let id = slow_job(&app);
    let path = format!("/api/v1/jobs/{id}/events");
    let held = app.get(&path).send().unwrap();
    assert_eq!(held.status(), 200);
    problem(app.get(&path).send().unwrap(), 503, "too_many_streams");
}

#[test]
fn a_stopping_service_ends_its_streams() {
    let app = TestApp::start();
    let id = slow_job(&app);
    let mut answer = app.get(&format!("/api/v1/jobs/{id}/events")).send().unwrap();
    let mut first = [0; 1];
    answer.read_exact(&mut first).unwrap();
    app.begin_to_stop();
    let events: Vec<_> = Events::of(answer).collect();
    assert!(events.iter().all(|event| event.name != "end"), "the job resumes at the next start");
}
