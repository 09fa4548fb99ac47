//! Foreign host names, and pages of other sites.

use std::io::{Read, Write};

use serde_json::json;

use crate::app::{TestApp, ok_json, problem};

#[test]
fn a_foreign_host_is_refused_before_anything_else() {
    let app = TestApp::signed_out(|config| config.allow_hosts = vec!["sums.example".to_owned()]);
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"] {
        for path in ["/", "/healthz", "/api/v1/stats", "/nothing"] {
            problem(app.get(path).header("host", host).send().unwrap(), 421, "host_not_allowed");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]", "sums.example:8443"] {
        assert_eq!(app.get("/healthz").header("host", host).send().unwrap().status(), 200, "{host}");
    }
}

#[test]
fn a_host_in_the_request_target_is_checked_too() {
    let app = TestApp::start();
    let mut stream = app.connect();
    stream
        .write_all(b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let app = TestApp::start();
    let own = format!("http://{}", app.address);
    let post = |field: &str, value: &str| {
        app.post("/api/v1/jobs").header(field, value).json(&json!({ "root": "files" })).send().unwrap()
    };
    for (field, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "null"),
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:1"),
    ] {
        problem(post(field, value), 403, "cross_site");
    }
    assert_eq!(app.json("/api/v1/jobs")["items"], json!([]));
    for (field, value) in [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", own.as_str())] {
        assert_eq!(post(field, value).status(), 202, "{field}: {value}");
    }
}

#[test]
fn a_page_of_another_site_may_not_read_the_answer() {
    let app = TestApp::start();
    let answer = app.get("/api/v1/stats").header("origin", "http://evil.example").send().unwrap();
    assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control")));
    ok_json(answer);
}
