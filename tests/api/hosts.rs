//! Foreign host names, and pages of other sites.

use std::io::{Read, Write};

use serde_json::json;

use crate::app::{TestApp, ok_json, problem};

#[test]
fn a_foreign_host_is_refused_before_anything_else() {
    let app = TestApp::signed_out(|config| config.allow_hosts = vec!["sums.example".to_owned()]);
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"] {
        for path in ["/", "/metrics", "/api/v1/stats", "/nothing"] {
            let refused = problem(app.get(path).header("host", host).send().unwrap(), 421, "host_not_allowed");
            assert!(refused["detail"].as_str().unwrap().contains("--allow-host"), "{refused}");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]", "sums.example:8443"] {
        assert_eq!(app.get("/").header("host", host).send().unwrap().status(), 200, "{host}");
    }
}

#[test]
fn probes_need_no_host_that_is_allowed() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/healthz", "/readyz"] {
        for host in ["10.1.2.3:8080", "evil.example", "[fd00::7]"] {
            assert_eq!(app.get(path).header("host", host).send().unwrap().status(), 200, "{path} {host}");
        }
        for more in ["", "Host: \r\n"] {
            let answer = ask(&app, &format!("GET {path} HTTP/1.0\r\n{more}\r\n"));
            assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
        }
    }
    let answer = ask(&app, "GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 421 "), "{answer}");
}

#[test]
fn beyond_loopback_every_address_is_a_host_and_no_foreign_name_is() {
    let app = TestApp::signed_out(|config| {
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.behind_proxy = true;
    });
    let status = |host: &str| {
        let head = ask(&app, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        head[9..12].to_owned()
    };
    for host in ["198.51.100.9", "10.0.0.7:30080", "[2001:db8::1]:8443"] {
        assert_eq!(status(host), "200", "{host}");
    }
    for host in ["evil.example", "198.51.100.9.evil.example", "[::1].evil.example"] {
        assert_eq!(status(host), "421", "{host}");
    }
}

/// The answer to one request, until the service ends the connection.
fn ask(app: &TestApp, request: &str) -> String {
    let mut stream = app.connect();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_host_in_the_request_target_is_checked_too() {
    let app = TestApp::start();
    let mut stream = app.connect();
    stream.write_all(b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
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
