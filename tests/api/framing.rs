//! Where answers end: HEAD, HTTP/1.0, pipelined requests, and requests for another protocol.

use std::io::{Read, Write};
use std::net::TcpStream;

use hivesum::config::{Access, ServeConfig};
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::json;

use crate::app::TestApp;

/// Lets everybody do everything, so that raw connections need no cookie.
fn open(config: &mut ServeConfig) {
    config.access = Access::Open;
}

/// A service and a job with results, which has ended.
fn with_results() -> (TestApp, String) {
    let app = TestApp::with(open);
    for number in 0..300 {
        app.write(&format!("{number:03}-{}", "x".repeat(200)), "abc");
    }
    let id = app.submit(json!({ "algorithms": ["sha256"] }));
    app.wait_for(&id);
    (app, id)
}

/// Routes whose answers are streamed, with a field of the request.
fn streamed(job: &str) -> [(String, &'static str); 3] {
    [
        (format!("/api/v1/jobs/{job}/manifest?format=gnu"), "X: y"),
        (format!("/api/v1/jobs/{job}/results"), "Accept: application/x-ndjson"),
        (format!("/api/v1/jobs/{job}/events"), "X: y"),
    ]
}

/// The next head on the connection. Nothing after it is read.
fn next_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer comes");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Everything that is answered to these bytes until the service ends the connection.
fn answers_to(app: &TestApp, requests: &str) -> String {
    let mut stream = app.connect();
    stream.write_all(requests.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn head_of_a_stream_is_answered_at_once_and_holds_no_seat() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_streams = 1;
    });
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let job = app.submit(json!({ "algorithms": ["sha256"], "max_bytes_per_second": 1000 }));
    let mut stream = app.connect();
    for path in [format!("/api/v1/jobs/{job}/events"), "/api/v1/events".to_owned()].iter().cycle().take(6) {
        write!(stream, "HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let head = next_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-type: text/event-stream\r\n"), "{head}");
        // The next user of a proxy's connection.
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert!(next_head(&mut stream).starts_with("HTTP/1.1 200 "));
        let mut body = [0; 3];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"ok\n");
    }
    let events = app.get("/api/v1/events").send().unwrap();
    assert_eq!(events.status(), 200, "the one seat is free");
}

#[test]
fn a_pipelined_request_does_not_change_how_the_one_before_it_is_answered() {
    let (app, job) = with_results();
    let ok = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    for (path, field) in streamed(&job) {
        let asked = |method: &str| format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n");
        let text = answers_to(&app, &(asked("HEAD") + "\r\n" + ok + "Connection: close\r\n\r\n"));
        let parts: Vec<_> = text.split("\r\n\r\n").collect();
        assert!(parts.len() == 3 && parts[2] == "ok\n" && parts[1].starts_with("HTTP/1.1 200 "), "{path}: {text}");
        let text = answers_to(&app, &(ok.to_owned() + "\r\n" + &asked("HEAD") + "Connection: close\r\n\r\n"));
        let parts: Vec<_> = text.split("\r\n\r\n").collect();
        assert!(parts.len() == 3 && parts[1].starts_with("ok\nHTTP/1.1 200 ") && parts[2].is_empty(), "{path}: {text}");
        let both = format!(
            "{}\r\n{}\r\nGET {path} HTTP/1.0\r\nHost: localhost\r\n{field}\r\n\r\n",
            asked("GET"),
            asked("HEAD")
        );
        let text = answers_to(&app, &both);
        // The length of a manifest is known, so that it has no chunks.
        let is_sized = path.contains("/manifest");
        let end = match is_sized {
            true => format!("\r\n\r\n{}", app.get(&path).send().unwrap().text().unwrap()),
            false => "\r\n0\r\n\r\n".to_owned(),
        };
        assert!(text.starts_with("HTTP/1.1 200 ") && text.contains(&format!("{end}HTTP/1.1 200 ")), "{path}");
        let framed = ["transfer-encoding: chunked\r\n", "content-length: ", "HTTP/1.0 200 "];
        let expected = if is_sized { [0, 3, 1] } else { [2, 0, 1] };
        assert_eq!(framed.map(|field| text.matches(field).count()), expected, "{path}");
    }
}

#[test]
fn http_1_0_gets_the_same_bytes_without_chunks() {
    let (app, job) = with_results();
    for (path, field) in streamed(&job) {
        let (name, value) = field.split_once(": ").unwrap();
        let expected = app.get(&path).header(name, value).send().unwrap().text().unwrap();
        for more in ["", "Connection: keep-alive\r\n", "Host: localhost\r\nConnection: close\r\n"] {
            let host = if more.contains("Host") { "" } else { "Host: localhost\r\n" };
            let text = answers_to(&app, &format!("GET {path} HTTP/1.0\r\n{host}{more}{field}\r\n\r\n"));
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.0 200 ") && !head.contains("transfer-encoding"), "{head}");
            assert!(body == expected, "{path} with {more:?}");
        }
        let text = answers_to(&app, &format!("HEAD {path} HTTP/1.0\r\nHost: localhost\r\n{field}\r\n\r\n"));
        assert!(text.ends_with("\r\n\r\n") && !text.contains("transfer-encoding"), "{text}");
    }
    let text = answers_to(&app, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert!(text.contains("content-length: 3\r\n") && text.ends_with("\r\n\r\nok\n"), "{text}");
}

#[test]
fn a_request_for_another_protocol_is_answered_in_this_one() {
    let app = TestApp::with(open);
    for protocol in ["websocket", "WebSocket", "h2c", "TLS/1.0"] {
        let mut stream = app.connect();
        let fields = format!("Host: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {protocol}\r\n");
        write!(
            stream,
            "POST /api/v1/hash?algorithms=sha256 HTTP/1.1\r\n{fields}Content-Length: 3\r\n\r\nabc\
             DELETE /api/v1/jobs/x HTTP/1.1\r\n{fields}\r\nHEAD /healthz HTTP/1.1\r\n{fields}\r\n\
             POST /api/v1/hash HTTP/1.1\r\n{fields}\r\n\
             GET /healthz HTTP/1.1\r\nConnection: close, upgrade\r\nUPGRADE: {protocol}\r\nHost: localhost\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let statuses: Vec<_> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
        assert_eq!(statuses, ["200", "404", "200", "200", "200"], "{protocol}: {text}");
        assert!(text.contains(ABC_SHA256) && !text.to_lowercase().contains("upgrade"), "{text}");
    }
}

#[test]
fn a_connection_without_requests_is_closed_after_the_keep_alive_time() {
    let [soon, late] = [1, 3600].map(|seconds| {
        TestApp::with(|config| {
            open(config);
            config.limits.keep_alive = std::time::Duration::from_secs(seconds);
            config.limits.head_timeout = std::time::Duration::from_secs(3600);
        })
    });
    let [mut soon, mut late] = [&soon, &late].map(|app| {
        let mut stream = app.connect();
        // All at once: a client that is late with the next one would find the connection closed.
        stream.write_all("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3).as_bytes()).unwrap();
        (0..3).for_each(|_| assert!(next_head(&mut stream).starts_with("HTTP/1.1 200 ")));
        stream
    });
    soon.read_to_string(&mut String::new()).unwrap();
    late.set_nonblocking(true).unwrap();
    let open = late.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(open, Err(std::io::ErrorKind::WouldBlock), "the other one has an hour");
}
