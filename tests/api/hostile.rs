//! Paths that lead out, and requests that are none: never a byte of the canary, never a 500, never a server's path.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use crate::app::TestApp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum::config::{Access, RateLimit, ServeConfig};
use serde_json::{Value, json};

/// What is outside of the root, and must never be seen or digested.
const CANARY: &str = "canary-4f1d9c72";

fn open(config: &mut ServeConfig) {
    config.access = Access::Open;
    config.limits.rate = RateLimit::Off;
    config.limits.max_queued_jobs = 10_000;
}

/// A root with a file, and beside it a directory with the canary.
fn house() -> (TestApp, tempfile::TempDir) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join(CANARY), CANARY).unwrap();
    let app = TestApp::with(open);
    app.write("d/f", "abc");
    std::os::unix::fs::symlink(outside.path(), app.root.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join(CANARY), app.root.path().join("d/link")).unwrap();
    (app, outside)
}

/// Ways out, written in every way known.
fn traversals(outside: &std::path::Path) -> Vec<String> {
    let up = [
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "%25252e%25252e",
        "..%00",
        "..;",
        "..\\",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "\u{ff0e}\u{ff0e}",
        "...",
        "....",
        ". .",
        "..%20",
        "..%0a",
        "%uff0e%uff0e",
        "..%01",
    ];
    let slash = ["/", "//", "%2f", "%252f", "\\", "%5c", "%255c", "/./", "%c0%af", "\u{2215}"];
    let outside = outside.display().to_string();
    let name = outside.rsplit('/').next().unwrap();
    let mut all = BTreeSet::new();
    for up in up {
        for slash in slash {
            all.insert(format!("{up}{slash}{name}{slash}{CANARY}"));
            all.insert(format!("d{slash}{up}{slash}{up}{slash}{name}{slash}{CANARY}"));
            all.insert(format!("{}etc{slash}passwd", format!("{up}{slash}").repeat(8)));
        }
    }
    for prefix in ["", "/", "//", "\\", "%2f", "file://", "d/../..", "./", "~", "~/", "%00", "\0", "d\0/", " /"] {
        all.insert(format!("{prefix}{outside}/{CANARY}"));
        all.insert(format!("{prefix}/etc/passwd"));
    }
    for fixed in [
        "link",
        "link/",
        &format!("link/{CANARY}"),
        "d/link",
        "d//f",
        "d/./f",
        "d/f/",
        "./d",
        "/proc/self/root",
        "d/\0",
    ] {
        all.insert(fixed.to_owned());
    }
    all.into_iter().collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// One request on a connection that goes on.
fn ask(stream: &mut TcpStream, method: &str, target: &str, body: Option<&str>) -> (u16, String) {
    let fields = body.map_or_else(String::new, |body| {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    });
    let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{}", body.unwrap_or_default());
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head[9..12].parse().unwrap(), String::from_utf8(body).unwrap())
}

#[test]
fn no_path_in_any_field_leads_out_of_the_root() {
    let (app, outside) = house();
    let words = traversals(outside.path());
    assert!(words.len() >= 500, "{} ways out are too few", words.len());
    let digest =
        app.post("/api/v1/hash").body(CANARY).send().unwrap().json::<Value>().unwrap()["digests"]["blake3"].clone();
    let digest = digest.as_str().unwrap().to_owned();
    let mut stream = app.connect();
    let mut jobs = 0;
    for word in &words {
        let listings = [encoded(word), word.replace(['\0', ' ', '\\', '\u{ff0e}', '\u{2215}', '#', '\n'], "")];
        for target in listings {
            let (status, body) = ask(&mut stream, "GET", &format!("/api/v1/roots/files/entries?path={target}"), None);
            assert!(matches!(status, 400 | 404) || !body.contains(CANARY), "{word:?}: {status} {body}");
            assert!(status < 500 && !body.contains(CANARY), "{word:?}: {status} {body}");
        }
        let (status, body) = ask(&mut stream, "GET", &format!("/api/v1/roots/{}/entries", encoded(word)), None);
        assert!(matches!(status, 400 | 404) && !body.contains("\"items\""), "{word:?} as a root: {status} {body}");
        for asked in [
            json!({ "root": "files", "path": word }),
            json!({ "root": "files", "path_b64": STANDARD.encode(word) }),
            json!({ "root": word }),
        ] {
            let (status, body) = ask(&mut stream, "POST", "/api/v1/jobs", Some(&asked.to_string()));
            assert!(matches!(status, 400 | 404), "{asked}: {status} {body}");
            assert!(!body.contains(CANARY) && !body.contains(outside.path().to_str().unwrap()), "{asked}: {body}");
        }
        // Globs choose among the files of the walk and reach nothing else.
        let asked = json!({ "root": "files", "include": [word] });
        let (status, body) = ask(&mut stream, "POST", "/api/v1/jobs", Some(&asked.to_string()));
        assert!(matches!(status, 202 | 400), "{asked}: {status} {body}");
        jobs += u32::from(status == 202);
        let id = encoded(word);
        for target in [
            format!("/api/v1/jobs/{id}"),
            format!("/api/v1/jobs/{id}/results"),
            format!("/docs/{id}"),
            format!("/{id}"),
        ] {
            let (status, body) = ask(&mut stream, "GET", &target, None);
            assert!(matches!(status, 400 | 404), "{target}: {status} {body}");
            assert!(!body.contains(CANARY) && !body.contains("root:x:"), "{target}: {body}");
        }
    }
    assert!(jobs > 0, "some globs are taken");
    let id = app.submit(json!({}));
    app.wait_for(&id);
    let mut cursor = String::new();
    loop {
        let page = app.json(&format!("/api/v1/jobs?limit=1000{cursor}"));
        for job in page["items"].as_array().unwrap() {
            let results = app.json(&format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap())).to_string();
            assert!(!results.contains(&digest) && !results.contains(CANARY), "{results}");
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
}

/// A generator of its own, so that every run sends the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants.
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

/// A request that is wrong somewhere: its line, its fields, its body, or in several places.
fn malformed(dice: &mut Dice) -> Vec<u8> {
    let method =
        dice.pick(&["GET", "POST", "DELETE", "PUT", "get", "G\0T", "", "POST POST", "OPTIONS", "TRACE", "CONNECT"]);
    let path = dice.pick(&[
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
    ]);
    let query = dice.pick(&[
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
    ]);
    let version = dice.pick(&[
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/2.0",
        "HTTP/0.9",
        "http/1.1",
        "",
        "HTTP/1.1 x",
    ]);
    let mut request =
        format!("{method} {path}{query} {version}\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    for _ in 0..dice.roll(4) {
        let field = dice.pick(&[
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
            "Cookie: hivesum_session=;;=",
            "Cookie: hivesum_session=18446744073709551616.0",
            "Last-Event-ID: x",
            "If-None-Match: \"",
            "Accept: ;;q",
            "Accept-Encoding: gzip;q=x",
            "Range: bytes=0-",
            "Upgrade: h2c",
            "Host: x",
            "Sec-Fetch-Site: \u{1}",
        ]);
        request.extend_from_slice(field.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    if dice.roll(4) == 0 {
        request.extend_from_slice(&dice.noise());
    }
    request.extend_from_slice(b"\r\n");
    let body = dice.pick(&[
        "",
        "{",
        "[]",
        "null",
        "{\"root\": \"../..\"}",
        "{\"root\": \"files\", \"path\": \"/etc\"}",
        "--b\r\n\r\n",
        "5\r\nabc",
        "\u{0}\u{1}",
    ]);
    request.extend_from_slice(body.as_bytes());
    if dice.roll(3) == 0 {
        request.extend_from_slice(&dice.noise());
    }
    request
}

/// The first whole answer to these bytes, or what there was when the service ended the connection.
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
    assert!(by_status.len() > 4, "they are all refused for the same reason: {by_status:?}");
    let stats = app.json("/api/v1/stats");
    assert_eq!((&stats["hashers"]["panics"], &stats["hashers"]["restarts"]), (&json!(0), &json!(0)));
    assert!(!app.get("/metrics").send().unwrap().text().unwrap().contains("status=\"500\""), "a handler failed");
}
