//! HTTP conventions: gzip, digest fields, ETags, Accept, and the security headers for browsers.

use std::io::Read;

use hivesum_test_support::has_tool;
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::{Value, json};

use crate::app::TestApp;

/// A service with a finished job over 300 files.
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
fn long_json_is_compressed_only_for_clients_that_accept_gzip() {
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
    assert_eq!(short.headers().get("content-encoding"), None, "a short answer is not compressed");
}

#[test]
fn the_results_and_manifests_of_a_finished_job_have_etags() {
    let (app, id) = with_job();
    let mut tags = std::collections::BTreeSet::new();
    for path in ["results", "results?limit=7", "results?status=error", "manifest", "manifest?format=bsd"] {
        let path = format!("/api/v1/jobs/{id}/{path}");
        let first = app.get(&path).send().unwrap();
        assert_eq!(first.headers()["cache-control"], "private, no-cache");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(app.get(&path).send().unwrap().headers()["etag"], tag.as_str(), "it does not change");
        for known in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}")] {
            let again = app.get(&path).header("if-none-match", known).send().unwrap();
            assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &tag.parse().unwrap()), "{path}");
            assert!(again.bytes().unwrap().is_empty());
        }
        assert_eq!(app.get(&path).header("if-none-match", "\"x\"").send().unwrap().status(), 200);
        assert!(tags.insert(tag), "{path} has the ETag of another answer");
    }
    let lines = app.get(&format!("/api/v1/jobs/{id}/results")).header("accept", "application/x-ndjson").send().unwrap();
    assert!(tags.insert(lines.headers()["etag"].to_str().unwrap().to_owned()), "another media type has another ETag");
}

#[test]
fn an_answer_carries_the_digest_that_a_client_asks_for() {
    let app = TestApp::start();
    for (want, field) in [("want-repr-digest", "repr-digest"), ("want-content-digest", "content-digest")] {
        let answer = app.get("/api/v1/algorithms").header(want, "sha-512=1, sha-256=10").send().unwrap();
        let digest = answer.headers()[field].to_str().unwrap().to_owned();
        let body = answer.bytes().unwrap();
        // The service accepts its own field as the digest of an upload.
        let checked =
            app.post("/api/v1/hash?algorithms=sha256").header("repr-digest", &digest).body(body).send().unwrap();
        let checked: Value = checked.json().unwrap();
        assert_eq!(checked["repr_digest"], digest);
    }
    let preferred = r#"sha-512=3, sha-256=10;p="x,sha-512=9""#;
    let answer = app.get("/api/v1/algorithms").header("want-repr-digest", preferred).send().unwrap();
    assert!(answer.headers()["repr-digest"].to_str().unwrap().starts_with("sha-256=:"), "a parameter is no preference");
    let unwanted = app.get("/api/v1/algorithms").header("want-repr-digest", "md5=10").send().unwrap();
    assert_eq!(unwanted.headers().get("repr-digest"), None);
    let abc = app.post("/api/v1/hash?algorithms=sha256").body("abc").send().unwrap();
    assert_eq!(abc.headers().get("repr-digest"), None, "the digest of the upload is in the body");
    assert_eq!(abc.json::<Value>().unwrap()["digests"]["sha256"], ABC_SHA256);
}

#[test]
fn ndjson_is_sent_only_to_clients_that_prefer_it() {
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
fn every_answer_forbids_framing_and_scripts() {
    let app = TestApp::start();
    for path in ["/api/v1/stats", "/api/v1/nothing", "/healthz", "/metrics", "/", "/docs", "/openapi.json"] {
        let answer = app.get(path).send().unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers()["cross-origin-resource-policy"], "same-origin", "{path}");
    }
}
