//! Clients' conventions: gzip, digests of answers, tags, and the fields that keep browsers careful.

use std::io::Read;

use hivesum_test_support::has_tool;
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::{Value, json};

use crate::app::TestApp;

/// A service with a finished job of some hundred files.
fn with_job() -> (TestApp, String) {
    let app = TestApp::start();
    for number in 0..300 {
        app.write(&format!("{number:03}"), "abc");
    }
    let id = app.submit(json!({ "algorithms": ["sha256"] }));
    app.wait_for(&id);
    (app, id)
}

fn gunzip(bytes: &[u8]) -> String {
    use std::process::{Command, Stdio};
    let mut child = Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, bytes) = (child.stdin.take().unwrap(), bytes.to_vec());
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &bytes).unwrap());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    text
}

#[test]
fn long_json_is_sent_as_gzip_to_who_takes_it_and_as_it_is_to_others() {
    if !has_tool("gzip") {
        return;
    }
    let (app, id) = with_job();
    for (path, accept) in [("results?limit=1000", "application/json"), ("results", "application/x-ndjson")] {
        let ask = |coding: &str| {
            let request = app.get(&format!("/api/v1/jobs/{id}/{path}")).header("accept", accept);
            request.header("accept-encoding", coding).send().unwrap()
        };
        let plain = ask("identity");
        assert_eq!(plain.headers().get("content-encoding"), None);
        let strong = plain.headers()["etag"].to_str().unwrap().to_owned();
        let plain = plain.text().unwrap();
        let packed = ask("br, gzip;q=0.8");
        assert_eq!(
            (&packed.headers()["content-encoding"], &packed.headers()["vary"]),
            (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
        );
        assert_eq!(packed.headers()["etag"].to_str().unwrap(), format!("W/{strong}"));
        let packed = packed.bytes().unwrap();
        assert!(packed.len() * 2 < plain.len(), "{} of {}", packed.len(), plain.len());
        assert_eq!(gunzip(&packed), plain);
        assert_eq!(ask("gzip;q=0").headers().get("content-encoding"), None);
    }
    let short = app.get("/api/v1/roots").header("accept-encoding", "gzip").send().unwrap();
    assert_eq!(short.headers().get("content-encoding"), None, "a short answer stays as it is");
}

#[test]
fn a_finished_jobs_answers_are_known_by_their_tags() {
    let (app, id) = with_job();
    let mut tags = std::collections::BTreeSet::new();
    for path in ["results", "results?limit=7", "results?status=error", "manifest", "manifest?format=bsd"] {
        let path = format!("/api/v1/jobs/{id}/{path}");
        let first = app.get(&path).send().unwrap();
        assert_eq!(first.headers()["cache-control"], "private, no-cache");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(app.get(&path).send().unwrap().headers()["etag"], tag.as_str(), "it stays the same");
        for known in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}")] {
            let again = app.get(&path).header("if-none-match", known).send().unwrap();
            assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &tag.parse().unwrap()), "{path}");
            assert!(again.bytes().unwrap().is_empty());
        }
        assert_eq!(app.get(&path).header("if-none-match", "\"x\"").send().unwrap().status(), 200);
        assert!(tags.insert(tag), "{path} has the tag of another");
    }
    let lines = app.get(&format!("/api/v1/jobs/{id}/results")).header("accept", "application/x-ndjson").send().unwrap();
    assert!(tags.insert(lines.headers()["etag"].to_str().unwrap().to_owned()), "another form has another tag");
}

#[test]
fn an_answer_tells_its_digest_to_who_wants_it() {
    let app = TestApp::start();
    for (want, field) in [("want-repr-digest", "repr-digest"), ("want-content-digest", "content-digest")] {
        let answer = app.get("/api/v1/algorithms").header(want, "sha-512=1, sha-256=10").send().unwrap();
        let told = answer.headers()[field].to_str().unwrap().to_owned();
        let body = answer.bytes().unwrap();
        // The service checks what it told, as the digest of an upload.
        let checked =
            app.post("/api/v1/hash?algorithms=sha256").header("repr-digest", &told).body(body).send().unwrap();
        let checked: Value = checked.json().unwrap();
        assert_eq!(checked["repr_digest"], told);
    }
    let unwanted = app.get("/api/v1/algorithms").header("want-repr-digest", "md5=10").send().unwrap();
    assert_eq!(unwanted.headers().get("repr-digest"), None);
    let abc = app.post("/api/v1/hash?algorithms=sha256").body("abc").send().unwrap();
    assert_eq!(abc.headers().get("repr-digest"), None, "the digest of the upload is in the body");
    assert_eq!(abc.json::<Value>().unwrap()["digests"]["sha256"], ABC_SHA256);
}

#[test]
fn lines_are_sent_to_who_prefers_them_alone() {
    let (app, id) = with_job();
    for (accept, lines) in [
        ("application/x-ndjson", true),
        ("application/x-ndjson, application/json;q=0.9", true),
        ("application/x-ndjson;q=0.5, application/json", false),
        ("application/x-ndjson;q=0", false),
        ("*/*", false),
        ("application/*", false),
        ("text/html, */*;q=0.1", false),
        ("application/x-ndjson;q=0.9, */*;q=0.1", true),
    ] {
        let answer = app.get(&format!("/api/v1/jobs/{id}/results?limit=1")).header("accept", accept).send().unwrap();
        let got = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(got.starts_with("application/x-ndjson"), lines, "{accept}: {got}");
    }
}

#[test]
fn no_answer_may_be_framed_or_run() {
    let app = TestApp::start();
    for path in ["/api/v1/stats", "/api/v1/nothing", "/healthz", "/metrics", "/", "/docs", "/openapi.json"] {
        let answer = app.get(path).send().unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers()["cross-origin-resource-policy"], "same-origin", "{path}");
    }
}
