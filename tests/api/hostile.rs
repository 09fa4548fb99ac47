//! Malformed requests: whatever is wrong with them, never a 500 and never a path of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::sync::Mutex;
use std::time::Duration;

use hivesum::config::{Access, RateLimit, ServeConfig};
use serde_json::json;

use crate::app::TestApp;

/// Lets everybody do everything, without a rate limit.
pub fn open(config: &mut ServeConfig) {
    config.access = Access::Open;
    config.limits.rate = RateLimit::Off;
    config.limits.max_queued_jobs = 10_000;
}

/// A random number generator with a fixed seed, so that every run sends the same requests.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }

    fn noise(&mut self) -> Vec<u8> {
        let length = self.roll(40);
        (0..length).map(|_| self.roll(256) as u8).collect()
    }
}

const METHODS: &[&str] =
    &["GET", "POST", "DELETE", "PUT", "get", "G\0T", "", "POST POST", "OPTIONS", "TRACE", "CONNECT"];

const PATHS: &[&str] = &[
    "/api/v1/jobs",
    "/api/v1/hash",
    "/api/v1/session",
    "/api/v1/jobs/x",
    "/api/v1/jobs/0197a2b4-6d3c-7000-8000-000000000001/results",
    "/api/v1/roots/files/entries",
    "/api/v1/roots/%ff/entries",
    "*",
    "//",
    "/%",
    "/%zz",
    "http://[::1",
    "/\u{7f}",
    "",
    "/docs/..",
    "/metrics",
];

const QUERIES: &[&str] = &[
    "",
    "?",
    "?path=%",
    "?path=%2e%2e",
    "?limit=-1",
    "?limit=99999999999999999999",
    "?cursor=!",
    "?x",
    "?&&=",
    "?path=a&path=b",
    "?%ff=1",
    "?algorithms=",
    "?algorithms=md5,md5",
    "?algorithms=sha257",
    "?expect=sha256:0",
    "?position=-1",
    "?state=none",
];

const VERSIONS: &[&str] =
    &["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "http/1.1", "", "HTTP/1.1 x"];

const FIELDS: &[&str] = &[
    "Content-Length: 5",
    "Content-Length: x",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Content-Type: application/json",
    "Content-Type: multipart/form-data",
    "Content-Type: multipart/form-data; boundary=b",
    "Content-Encoding: gzip",
    "Content-Digest: sha-256=:x:",
    "Repr-Digest: sha-256",
    "Expect: 100-continue",
    "Expect: y",
    "Authorization: Bearer",
    "Authorization: \u{e9}",
    "Cookie: hivesum_0123456789abcdef=;;=",
    "Cookie: hivesum_=hs_0",
    "Last-Event-ID: x",
    "If-None-Match: \"",
    "Accept: ;;q",
    "Accept-Encoding: gzip;q=x",
    "Range: bytes=0-",
    "Upgrade: h2c",
    "Host: x",
    "Sec-Fetch-Site: \u{1}",
];

const BODIES: &[&str] = &[
    "",
    "{",
    "[]",
    "null",
    "{\"root\": \"../..\"}",
    "{\"root\": \"files\", \"path\": \"/etc\"}",
    "--b\r\n\r\n",
    "5\r\nabc",
    "\u{0}\u{1}",
];

/// A request with mistakes in its line, its header fields or its body.
fn malformed(dice: &mut Dice) -> Vec<u8> {
    let method = dice.pick(METHODS);
    let path = dice.pick(PATHS);
    let query = dice.pick(QUERIES);
    let version = dice.pick(VERSIONS);
    let mut request =
        format!("{method} {path}{query} {version}\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    for _ in 0..dice.roll(4) {
        let field = dice.pick(FIELDS);
        request.extend_from_slice(field.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    if dice.roll(4) == 0 {
        request.extend_from_slice(&dice.noise());
    }
    request.extend_from_slice(b"\r\n");
    let body = dice.pick(BODIES);
    request.extend_from_slice(body.as_bytes());
    if dice.roll(3) == 0 {
        request.extend_from_slice(&dice.noise());
    }
    request
}

/// The first complete answer to these bytes, or what arrived until the service ended the connection.
fn answer_to(app: &TestApp, request: &[u8]) -> String {
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = app.connect();
    let _ = stream.write_all(request);
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&said);
        let text = text.strip_prefix(CONTINUE).unwrap_or(&text);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| length.parse::<usize>().is_ok_and(|length| body.len() >= length)) {
                return text.to_owned();
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return text.to_owned(),
            Ok(read) => said.extend_from_slice(&piece[..read]),
        }
    }
}

#[test]
fn ten_thousand_malformed_requests_get_no_500_and_no_path_of_the_server() {
    let app = TestApp::with(|config| {
        open(config);
        config.limits.head_timeout = Duration::from_secs(1);
        config.limits.body_pace.stall = Duration::from_millis(20);
    });
    let secrets = [app.root.path(), app.state.path()].map(|path| path.to_str().unwrap().to_owned());
    let mut dice = Dice(20_260_101);
    let mut requests = BTreeSet::new();
    while requests.len() < 10_000 {
        requests.insert(malformed(&mut dice));
    }
    let requests: Vec<_> = requests.into_iter().collect();
    let by_status = Mutex::new(BTreeMap::<String, u32>::new());
    std::thread::scope(|scope| {
        for some in requests.chunks(requests.len() / 16) {
            let (app, secrets, by_status) = (&app, &secrets, &by_status);
            scope.spawn(move || {
                for request in some {
                    let said = answer_to(app, request);
                    let shown = String::from_utf8_lossy(request);
                    let status = said.get(9..12).unwrap_or("none").to_owned();
                    assert!(!status.starts_with('5') || status == "501", "{shown}\n{said}");
                    assert!(secrets.iter().all(|secret| !said.contains(secret.as_str())), "{shown}\n{said}");
                    *by_status.lock().unwrap().entry(status).or_default() += 1;
                }
            });
        }
    });
    let by_status = by_status.into_inner().unwrap();
    assert!(by_status.len() > 4, "all are refused for the same reason: {by_status:?}");
    let stats = app.json("/api/v1/stats");
    assert_eq!((&stats["hashers"]["panics"], &stats["hashers"]["restarts"]), (&json!(0), &json!(0)));
    assert!(!app.get("/metrics").send().unwrap().text().unwrap().contains("status=\"500\""), "a handler failed");
}
