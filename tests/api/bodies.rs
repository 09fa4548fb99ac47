//! Request bodies that are too large, too slow, encoded, or cut short.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use hivesum::config::{Access, BodyPace, ServeConfig};
use hivesum_test_support::vectors::ABC_SHA256;
use hivesum_test_support::{LONGEST_WAIT, comes_true, cycle};

use crate::app::{TestApp, ok_json, problem};
use crate::program::Program;

/// Lets everybody upload, so that raw connections need no cookie.
fn open(config: &mut ServeConfig) {
    config.access = Access::Open;
}

/// Sends a head and part of a body, and returns the open connection.
fn begin_upload(app: &TestApp, length: usize, sent: &[u8]) -> TcpStream {
    let mut stream = app.connect();
    let head =
        format!("POST /api/v1/hash?algorithms=sha256 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(sent).unwrap();
    stream
}

/// An upload of six bytes that has its permit: the service asked for its body, and got half of it.
fn hold_an_upload(app: &TestApp) -> TcpStream {
    const ASKED: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = app.connect();
    let head = b"POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut asked = [0; ASKED.len()];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(asked, *ASKED);
    stream.write_all(b"abc").unwrap();
    stream
}

/// Everything up to the end of the connection. The service must close it, as we keep our side open.
fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let end = stream.read_to_end(&mut text);
    let kind = end.err().map(|error| error.kind());
    assert!(matches!(kind, None | Some(ErrorKind::ConnectionReset)), "the connection stays open: {kind:?}");
    String::from_utf8_lossy(&text).into_owned()
}

/// One answer on a connection that stays open.
fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0; 1];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_the_body() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_upload_bytes = 1000;
    });
    let answer = read_to_end(begin_upload(&app, 1001, b""));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"too_large\""), "{answer}");
    ok_json(app.post("/api/v1/hash").body(cycle(1000)).send().unwrap());
    problem(app.post("/api/v1/hash").body(cycle(1001)).send().unwrap(), 413, "too_large");
}

#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_upload_bytes = 1000;
    });
    let mut stream = app.connect();
    stream.write_all(b"POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
    stream.write_all(chunk.repeat(2).as_bytes()).unwrap();
    let answer = read_to_end(stream);
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"too_large\""), "{answer}");
}

#[test]
fn the_answer_to_a_refused_head_ends_an_endless_chunked_body() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/api/v1/hash", "/api/v1/hash?algorithms=x", "/nothing", "/healthz"] {
        let mut stream = app.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut endless = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || while endless.write_all(b"1\r\nx\r\n").is_ok() {});
        let answer = read_to_end(stream);
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
        writer.join().unwrap();
    }
}

#[test]
fn a_connection_whose_chunked_body_was_read_is_kept() {
    let app = TestApp::with(open);
    let mut stream = app.connect();
    for _ in 0..3 {
        let request =
            b"POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        stream.write_all(request).unwrap();
        let answer = read_answer(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[test]
fn a_body_with_any_content_encoding_is_refused() {
    let app = TestApp::start();
    for encoding in ["gzip", "identity", "x"] {
        for path in ["/api/v1/hash", "/api/v1/session"] {
            let request =
                app.post(path).header("content-encoding", encoding).header("content-type", "application/json");
            problem(request.body("{}").send().unwrap(), 415, "unsupported_media_type");
        }
    }
}

#[test]
fn a_gzip_bomb_is_refused_at_its_head_and_takes_no_memory() {
    let program = Program::start();
    let before = program.resident_bytes();
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    let head = b"POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut endless = stream.try_clone().unwrap();
    let chunk = [&b"10000\r\n"[..], &vec![0x1f; 1 << 16], b"\r\n"].concat();
    let writer = std::thread::spawn(move || while endless.write_all(&chunk).is_ok() {});
    let answer = read_to_end(stream);
    assert!(answer.starts_with("HTTP/1.1 415 ") && answer.contains("\"unsupported_media_type\""), "{answer}");
    writer.join().unwrap();
    let more = program.resident_bytes().saturating_sub(before);
    assert!(more < 32 << 20, "{before} bytes, then {more} more");
}

#[test]
fn a_stalled_body_is_given_up() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_uploads = 1;
        config.limits.body_pace = BodyPace { stall: Duration::from_millis(50), ..BodyPace::default() };
    });
    let answer = read_to_end(begin_upload(&app, 100, b"abc"));
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"body_too_slow\""), "{answer}");
    // A body that is late by itself gets the same answer.
    let mut last = Vec::new();
    let is_read = || {
        let answer = app.post("/api/v1/hash").body("abc").send().unwrap();
        last.push(answer.status().as_u16());
        answer.status() == 200
    };
    assert!(comes_true(is_read) && last[..last.len() - 1].iter().all(|status| *status == 408), "{last:?}");
}

#[test]
fn a_body_below_the_minimum_rate_is_given_up_and_a_faster_one_is_not() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.body_pace = BodyPace {
            grace: Duration::from_millis(200),
            min_bytes_per_second: 1 << 20,
            stall: Duration::from_secs(10),
        };
    });
    let mut stream = begin_upload(&app, 1 << 30, b"");
    let began = Instant::now();
    let mut answered = [0; 12];
    stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    while stream.read_exact(&mut answered).is_err() {
        let _ = stream.write_all(b"x");
        assert!(began.elapsed() < LONGEST_WAIT, "the trickle goes on");
    }
    assert_eq!(&answered, b"HTTP/1.1 408");
    ok_json(app.post("/api/v1/hash").body(cycle(4 << 20)).send().unwrap());
}

#[test]
fn a_client_that_disconnects_releases_its_upload_permit() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_uploads = 1;
    });
    for _ in 0..5 {
        let stream = begin_upload(&app, 1000, b"abc");
        stream.shutdown(Shutdown::Both).unwrap();
    }
    let began = Instant::now();
    loop {
        let answer = app.post("/api/v1/hash?algorithms=sha256").body("abc").send().unwrap();
        if answer.status() == 200 {
            assert_eq!(ok_json(answer)["digests"]["sha256"], ABC_SHA256);
            return;
        }
        problem(answer, 503, "queue_full");
        assert!(began.elapsed() < LONGEST_WAIT, "the permit is not released");
    }
}

#[test]
fn uploads_over_the_limit_get_503_before_their_body() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.max_uploads = 1;
        // The first upload is held as long as the test takes.
        let hour = Duration::from_secs(3600);
        config.limits.body_pace = BodyPace { grace: hour, stall: hour, ..BodyPace::default() };
    });
    // Only now may others upload: in a race for the one permit, this upload could be the one that is refused.
    let mut held = hold_an_upload(&app);
    let is_full = || app.post("/api/v1/hash").body("abc").send().unwrap().status() != 200;
    assert!(comes_true(is_full), "the first upload takes no permit");
    problem(app.post("/api/v1/hash").body("abc").send().unwrap(), 503, "queue_full");
    let refused_by_its_head = read_to_end(begin_upload(&app, 1 << 20, b""));
    assert!(refused_by_its_head.starts_with("HTTP/1.1 503 "), "{refused_by_its_head}");
    held.write_all(b"def").unwrap();
    let mut answered = [0; 12];
    held.read_exact(&mut answered).unwrap();
    assert_eq!(&answered, b"HTTP/1.1 200", "the accepted upload is not lost");
}

#[test]
fn a_json_body_over_its_limit_is_refused() {
    let app = TestApp::with(|config| config.limits.max_json_bytes = 1000);
    let body = format!("{{\"root\": \"{}\"}}", "x".repeat(1000));
    let request = app.post("/api/v1/jobs").header("content-type", "application/json").body(body);
    problem(request.send().unwrap(), 413, "too_large");
}
