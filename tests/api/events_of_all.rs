//! `GET /events`: the events of all jobs, and how a reader resumes the stream.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{Event, Events, TestApp, problem};
use crate::restartable_server::RestartableServer;

const PATH: &str = "/api/v1/events";

fn open(request: RequestBuilder) -> Events {
    let answer = request.send().unwrap();
    assert_eq!(answer.status(), 200);
    Events::of(answer)
}

fn from(request: RequestBuilder, id: &str) -> Events {
    open(request.header("last-event-id", id))
}

/// The id of the job that an event belongs to.
fn job_of(event: &Event) -> String {
    let member = if matches!(event.name.as_str(), "end" | "snapshot") { "id" } else { "job" };
    event.data[member].as_str().unwrap_or_else(|| panic!("{event:?} names no job")).to_owned()
}

/// All events up to the given number of `end` events.
fn until_ends(events: &mut Events, ends: usize) -> Vec<Event> {
    let mut seen = Vec::new();
    while seen.iter().filter(|event: &&Event| event.name == "end").count() < ends {
        seen.push(events.next().expect("the stream goes on"));
    }
    seen
}

fn ends(seen: &[Event]) -> Vec<(String, String)> {
    let ends = seen.iter().filter(|event| event.name == "end");
    ends.map(|event| (event.id.clone(), job_of(event))).collect()
}

#[test]
fn every_job_has_events_from_its_first_state_to_its_end() {
    let app = TestApp::start();
    for number in 0..50 {
        app.write(&number.to_string(), "abc");
    }
    let mut events = open(app.get(PATH));
    let ids = [app.submit(json!({})), app.submit(json!({ "path": "7" }))];
    let seen = until_ends(&mut events, 2);
    for id in &ids {
        let of_job: Vec<_> = seen.iter().filter(|event| job_of(event) == *id).collect();
        let names: Vec<_> = of_job.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names[0], "state", "{names:?}");
        let [.., before, last] = &of_job[..] else { panic!("{names:?}") };
        assert_eq!((&*before.name, &before.data), ("state", &json!({ "job": id, "state": "completed" })));
        assert_eq!((&*last.name, &last.data["state"]), ("end", &json!("completed")));
        assert_eq!(names.iter().filter(|name| **name == "end").count(), 1);
        assert_eq!(last.data, app.json(&format!("/api/v1/jobs/{id}")));
    }
    let numbers: Vec<_> = ends(&seen).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, ["1", "2"]);
}

#[test]
fn a_new_reader_gets_the_state_of_running_jobs_and_nothing_about_ended_ones() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.run(json!({}));
    std::fs::File::create(app.root.path().join("big")).unwrap().set_len(1 << 40).unwrap();
    let slow = app.submit(json!({ "path": "big", "max_bytes_per_second": 1000 }));
    let mut events = open(app.get(PATH));
    let first = events.next().unwrap();
    assert_eq!((&*first.name, &*first.id, job_of(&first)), ("state", "1", slow.clone()));
    assert_eq!(app.post(&format!("/api/v1/jobs/{slow}/cancel")).send().unwrap().status(), 200);
    assert_eq!(ends(&until_ends(&mut events, 1)), [("2".to_owned(), slow)]);
}

#[test]
fn a_reader_that_reconnects_often_gets_each_error_of_a_running_job_once() {
    let app = TestApp::with(|config| config.limits.max_file_bytes = 1 << 41);
    // The walk passes on this many directories at a time, so the slow file does not hold their errors up.
    let names: Vec<String> = (0..32).map(|number| format!("d{number:02}/too large")).collect();
    for name in &names {
        app.write(name, "");
        std::fs::File::options().write(true).open(app.root.path().join(name)).unwrap().set_len(1 << 42).unwrap();
    }
    std::fs::File::create(app.root.path().join("slow")).unwrap().set_len(1 << 40).unwrap();
    let id = app.submit(json!({ "max_bytes_per_second": 1000 }));
    let (mut paths, mut at) = (Vec::new(), "0".to_owned());
    while paths.len() < names.len() {
        let error = from(app.get(PATH), &at).find(|event| event.name == "item_error").unwrap();
        assert_eq!((&error.data["job"], &error.data["code"]), (&json!(id), &json!("too_large")));
        paths.push(error.data["path"].as_str().unwrap().to_owned());
        assert_eq!(error.id, format!("0,{id}:{}", paths.len()));
        at = error.id;
    }
    assert_eq!(paths, names);
    assert_eq!(app.post(&format!("/api/v1/jobs/{id}/cancel")).send().unwrap().status(), 200);
    let seen = until_ends(&mut from(app.get(PATH), &at), 1);
    assert!(seen.iter().all(|event| event.name != "item_error"), "{seen:?}");
    assert_eq!(ends(&seen), [("1".to_owned(), id)]);
}

#[test]
fn a_reader_that_reconnects_after_a_kill_gets_each_end_once() {
    let server = RestartableServer::new();
    server.write("a", "abc");
    let process = server.start();
    let request = |url: &str| server.client.get(format!("{url}{PATH}"));
    let mut events = open(request(&process.url));
    let first = server.submit(&process, "first", &json!({})).unwrap();
    let seen = until_ends(&mut events, 1);
    let at = seen.last().unwrap().id.clone();
    let second = server.submit(&process, "second", &json!({})).unwrap();
    server.wait_for(&process, &second);
    process.kill();
    let process = server.start();
    let third = server.submit(&process, "third", &json!({})).unwrap();
    let seen = ends(&until_ends(&mut from(request(&process.url), &at), 2));
    assert_eq!(seen, [("2".to_owned(), second.clone()), ("3".to_owned(), third.clone())]);
    let all = ends(&until_ends(&mut from(request(&process.url), "0"), 3));
    assert_eq!(all.into_iter().map(|(_, job)| job).collect::<Vec<_>>(), [first, second, third.clone()]);
    // The number of a deleted job is not used again.
    let gone = server.client.delete(format!("{}/api/v1/jobs/{third}", process.url)).send().unwrap();
    assert_eq!(gone.status(), 204);
    let mut events = from(request(&process.url), "3");
    let fourth = server.submit(&process, "fourth", &json!({})).unwrap();
    assert_eq!(ends(&until_ends(&mut events, 1)), [("4".to_owned(), fourth)]);
}

#[test]
fn a_reader_that_leaves_before_the_first_event_can_resume() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.run(json!({}));
    let mut answer = app.get(PATH).send().unwrap();
    let mut preamble = [0; 19];
    answer.read_exact(&mut preamble).unwrap();
    assert_eq!(&preamble, b"retry: 2000\nid: 1\n\n");
    drop(answer);
    let missed = app.run(json!({}));
    let seen = until_ends(&mut from(app.get(PATH), "1"), 1);
    assert_eq!(seen.last().unwrap().data, missed);
}

#[test]
fn invalid_event_ids_are_refused_and_unknown_numbers_mean_from_now_on() {
    let app = TestApp::start();
    app.write("a", "abc");
    for id in ["", "x", "-1", "1,", "1,x:1", "1;2", "1,0197a2b4-6d3c-7000-8000-000000000001:x"] {
        problem(app.get(PATH).header("last-event-id", id).send().unwrap(), 400, "invalid_request");
    }
    let many = (0..65).map(|number| format!(",0197a2b4-6d3c-7000-8000-{number:012}:1")).collect::<String>();
    problem(app.get(PATH).header("last-event-id", format!("0{many}")).send().unwrap(), 400, "invalid_request");
    let mut events = from(app.get(PATH), "99");
    let id = app.submit(json!({}));
    assert_eq!(ends(&until_ends(&mut events, 1)), [("1".to_owned(), id)]);
}

#[test]
fn a_token_gets_the_events_of_its_own_jobs_and_one_that_sees_all_jobs_of_all() {
    let app = TestApp::signed_out(|_| {});
    app.write("a", "abc");
    let [one, other] = ["read,hash", "read,hash"].map(|scopes| token_until(&app, scopes, None).1);
    let [admin, all] = ["read,admin", "read:all"].map(|scopes| token_until(&app, scopes, None).1);
    let follow = |token: &str| open(app.anonymous(Method::GET, PATH).bearer_auth(token));
    let mut streams = [&one, &other, &admin, &all].map(|token| follow(token));
    let submit = |token: &str| -> String {
        let request = app.anonymous(Method::POST, "/api/v1/jobs").bearer_auth(token);
        let job: Value = request.json(&json!({ "root": "files" })).send().unwrap().json().unwrap();
        job["id"].as_str().unwrap().to_owned()
    };
    let [first, second] = [&one, &other].map(|token| submit(token));
    let both = vec![&first, &second];
    for (stream, expected) in streams.iter_mut().zip([vec![&first], vec![&second], both.clone(), both]) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for event in until_ends(stream, expected.len()) {
            *counts.entry(job_of(&event)).or_default() += 1;
        }
        assert_eq!(counts.keys().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn with_every_stream_in_use_and_one_reader_stuck_all_others_get_every_end() {
    let app = TestApp::with(|config| {
        config.limits.max_streams = 100;
        config.access = hivesum::config::Access::Open;
    });
    app.write("a", "abc");
    let mut stuck: TcpStream = app.connect();
    write!(stuck, "GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 1];
    stuck.read_exact(&mut first).unwrap();
    let mut readers: Vec<Events> = (1..100).map(|_| open(app.get(PATH))).collect();
    problem(app.get(PATH).send().unwrap(), 503, "too_many_streams");
    let ids: Vec<String> = (0..20).map(|_| app.submit(json!({}))).collect();
    for reader in &mut readers {
        let mut seen: Vec<_> = ends(&until_ends(reader, ids.len())).into_iter().map(|(_, job)| job).collect();
        seen.sort();
        assert_eq!(seen, ids);
    }
}

#[test]
fn a_stopping_service_ends_the_stream() {
    let app = TestApp::start();
    let answer: Response = app.get(PATH).send().unwrap();
    app.begin_to_stop();
    assert_eq!(Events::of(answer).count(), 0);
}
