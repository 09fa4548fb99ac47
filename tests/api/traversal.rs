//! Path traversal in every field that takes a path: never a byte from outside of the root, never a 500.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::hostile::open;

/// Name and content of a file outside of the root. Neither may be shown or digested.
const CANARY: &str = "canary-4f1d9c72";

/// A service whose root has a file, and a directory with the canary outside of it.
fn app_and_outside() -> (TestApp, tempfile::TempDir) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join(CANARY), CANARY).unwrap();
    let app = TestApp::with(open);
    app.write("d/f", "abc");
    std::os::unix::fs::symlink(outside.path(), app.root.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join(CANARY), app.root.path().join("d/link")).unwrap();
    (app, outside)
}

/// Paths out of the root, in every known encoding.
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

/// One request on a connection that stays open.
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

/// Tries a path in queries, as the name of a root, as an id and as the URL path.
fn try_in_paths(stream: &mut TcpStream, word: &str) {
    let listings = [encoded(word), word.replace(['\0', ' ', '\\', '\u{ff0e}', '\u{2215}', '#', '\n'], "")];
    for target in listings {
        let (status, body) = ask(stream, "GET", &format!("/api/v1/roots/files/entries?path={target}"), None);
        assert!(status < 500 && !body.contains(CANARY), "{word:?}: {status} {body}");
    }
    let id = encoded(word);
    let (status, body) = ask(stream, "GET", &format!("/api/v1/roots/{id}/entries"), None);
    assert!(matches!(status, 400 | 404) && !body.contains("\"items\""), "{word:?} as a root: {status} {body}");
    for target in
        [format!("/api/v1/jobs/{id}"), format!("/api/v1/jobs/{id}/results"), format!("/docs/{id}"), format!("/{id}")]
    {
        let (status, body) = ask(stream, "GET", &target, None);
        assert!(matches!(status, 400 | 404), "{target}: {status} {body}");
        assert!(!body.contains(CANARY) && !body.contains("root:x:"), "{target}: {body}");
    }
}

fn try_in_bodies(stream: &mut TcpStream, word: &str, outside: &std::path::Path) {
    for asked in [
        json!({ "root": "files", "path": word }),
        json!({ "root": "files", "path_b64": STANDARD.encode(word) }),
        json!({ "root": word }),
    ] {
        let (status, body) = ask(stream, "POST", "/api/v1/jobs", Some(&asked.to_string()));
        assert!(matches!(status, 400 | 404), "{asked}: {status} {body}");
        assert!(!body.contains(CANARY) && !body.contains(outside.to_str().unwrap()), "{asked}: {body}");
    }
}

#[test]
fn no_path_in_any_field_leads_out_of_the_root() {
    let (app, outside) = app_and_outside();
    let words = traversals(outside.path());
    assert!(words.len() >= 500, "{} paths are too few", words.len());
    let digest =
        app.post("/api/v1/hash").body(CANARY).send().unwrap().json::<Value>().unwrap()["digests"]["blake3"].clone();
    let digest = digest.as_str().unwrap().to_owned();
    let mut stream = app.connect();
    let mut jobs = 0;
    for word in &words {
        try_in_paths(&mut stream, word);
        try_in_bodies(&mut stream, word, outside.path());
        // Globs only select files that the walk finds.
        let asked = json!({ "root": "files", "include": [word] });
        let (status, body) = ask(&mut stream, "POST", "/api/v1/jobs", Some(&asked.to_string()));
        assert!(matches!(status, 202 | 400), "{asked}: {status} {body}");
        jobs += u32::from(status == 202);
    }
    assert!(jobs > 0, "no glob is accepted");
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
