//! Sessions: signing out, the cookie's name, and streams that end with their credentials.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use hivesum_actors::store::tokens::Tokens;
use hivesum_test_support::comes_true;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};
use crate::unread::{Unread, write_many};

fn sign_out(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::DELETE, "/api/v1/session").header("cookie", cookie).send().unwrap()
}

fn get(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::GET, "/api/v1/algorithms").header("cookie", cookie).send().unwrap()
}

/// Runs a job whose results take more room than the buffers of a connection: 15 KB of JSON for each file.
fn long_results(app: &TestApp) -> String {
    write_many(app, '\u{1}', 6);
    let job = app.run(json!({}));
    assert_eq!(job["state"], "completed");
    format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
}

#[test]
fn signing_out_ends_this_session_and_clears_its_cookie() {
    let app = TestApp::signed_out(|_| {});
    // A session may end itself whatever its scopes are.
    let secret = token_until(&app, "read", None).1;
    let (mine, other) = (app.sign_in(&secret), app.sign_in(&secret));
    ok_json(get(&app, &mine));
    let answer = sign_out(&app, &mine);
    assert_eq!(answer.status(), 204);
    let cleared = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let name = mine.split_once('=').unwrap().0;
    for part in [format!("{name}=").as_str(), "Max-Age=0", "Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(cleared.split("; ").any(|one| one == part), "{cleared}");
    }
    problem(get(&app, &mine), 401, "unauthenticated");
    problem(sign_out(&app, &mine), 401, "unauthenticated");
    ok_json(get(&app, &other));
}

#[test]
fn only_a_request_of_the_own_page_with_a_session_signs_out() {
    let app = TestApp::start();
    let secret = token_until(&app, "read,hash,admin", None).1;
    let delete = || app.anonymous(Method::DELETE, "/api/v1/session");
    problem(delete().send().unwrap(), 401, "unauthenticated");
    problem(delete().bearer_auth(&secret).send().unwrap(), 404, "not_found");
    let foreign = app.request(Method::DELETE, "/api/v1/session").header("sec-fetch-site", "cross-site");
    problem(foreign.send().unwrap(), 403, "cross_site");
    app.json("/api/v1/algorithms");
}

#[test]
fn two_services_on_a_host_do_not_sign_each_other_out() {
    let [one, other] = [TestApp::signed_out(|_| {}), TestApp::signed_out(|_| {})];
    let cookies = [&one, &other].map(|app| app.sign_in(app.start_token.as_ref().unwrap()));
    let names = cookies.each_ref().map(|cookie| cookie.split_once('=').unwrap().0);
    assert_ne!(names[0], names[1]);
    // A browser sends both to both.
    let both = cookies.join("; ");
    ok_json(get(&one, &both));
    let documented = one.anonymous(Method::GET, "/openapi.json").header("cookie", &both).send().unwrap();
    assert_eq!(ok_json(documented)["components"]["securitySchemes"]["session"]["name"], names[0]);
    assert_eq!(sign_out(&one, &both).status(), 204);
    ok_json(get(&other, &both));
}

#[test]
fn streams_end_when_another_process_revokes_their_token() {
    let app = TestApp::start();
    let job = long_results(&app);
    let (id, secret) = token_until(&app, "read,admin", None);
    let fields = format!("Authorization: Bearer {secret}\r\nConnection: close\r\n");
    let lines = format!("{fields}Accept: application/x-ndjson\r\n");
    let events = Unread::open(&app, "/api/v1/events", &fields);
    let results = Unread::open(&app, &format!("{job}/results"), &lines);
    let manifest = Unread::open(&app, &format!("{job}/manifest?format=json"), &fields);
    assert!(Tokens::open(&app.state.path().join("state")).unwrap().revoke(&id).unwrap());
    assert!(events.ends_whole(), "a stream without a regular end is closed");
    // All three ended together, so these two are read from there on.
    assert!(!results.ends_whole(), "what was sent must not look whole");
    assert!(!manifest.ends_whole(), "what was sent must not look whole");
    let (other, complete) = (lines.replace(&secret, &token_until(&app, "read,admin", None).1), "another token");
    assert!(Unread::open(&app, &format!("{job}/results"), &other).ends_whole(), "{complete}");
}

#[test]
fn a_client_that_has_stopped_reading_loses_its_streams_with_its_token() {
    // Every file is an error, so that each is an event, too.
    let app = TestApp::with(|config| {
        config.limits.max_file_bytes = 1;
        config.limits.write_timeout = Duration::from_secs(3600);
    });
    let job = long_results(&app);
    let (id, secret) = token_until(&app, "read,admin", None);
    let fields = format!("Authorization: Bearer {secret}\r\n");
    let stuck = [
        Unread::open(&app, &format!("{job}/events"), &format!("{fields}Last-Event-ID: 0\r\n")),
        Unread::open(&app, &format!("{job}/results"), &format!("{fields}Accept: application/x-ndjson\r\n")),
        Unread::open(&app, &format!("{job}/manifest?format=json"), &fields),
    ];
    assert!(Tokens::open(&app.state.path().join("state")).unwrap().revoke(&id).unwrap());
    let mut are_reset = [false; 3];
    let all_are_reset = || {
        assert_eq!(app.anonymous(Method::GET, "/healthz").send().unwrap().status(), 200);
        for (is_reset, unread) in are_reset.iter_mut().zip(&stuck) {
            *is_reset |= unread.takes_reset();
        }
        are_reset == [true; 3]
    };
    assert!(comes_true(all_are_reset), "{are_reset:?}");
    for unread in stuck {
        assert!(!unread.ends_whole(), "what was sent must not look whole");
    }
}

#[test]
fn a_stream_ends_when_its_token_expires() {
    let app = TestApp::start();
    // Where the token expires before the stream is open, another one lasts longer.
    for seconds in [1, 4, 16, 64] {
        let soon = Timestamp::now() + SignedDuration::from_secs(seconds);
        let secret = token_until(&app, "read", Some(soon)).1;
        let fields = format!("Authorization: Bearer {secret}\r\nConnection: close\r\n");
        if let Some(stream) = Unread::if_allowed(&app, "/api/v1/events", &fields) {
            assert!(stream.ends_whole());
            assert!(Timestamp::now() >= soon);
            return;
        }
        assert!(Timestamp::now() >= soon, "a valid token is refused");
    }
    panic!("no stream was opened within a minute");
}

#[test]
fn the_streams_of_a_session_end_when_it_is_signed_out_and_those_of_others_go_on() {
    let app = TestApp::signed_out(|_| {});
    let secret = token_until(&app, "read,hash,admin", None).1;
    let [mine, other] = [app.sign_in(&secret), app.sign_in(&secret)];
    let open =
        |cookie: &str| Unread::open(&app, "/api/v1/events", &format!("Cookie: {cookie}\r\nConnection: close\r\n"));
    let (ending, lasting) = (open(&mine), open(&other));
    assert_eq!(sign_out(&app, &mine).status(), 204);
    assert!(ending.ends_whole());
    app.write("a", "abc");
    let submitted =
        app.anonymous(Method::POST, "/api/v1/jobs").header("cookie", &other).json(&json!({ "root": "files" }));
    assert_eq!(submitted.send().unwrap().status(), 202);
    let mut lines = BufReader::new(lasting.0).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "event: end"));
}
