//! Paths and bodies of arbitrary bytes: the answer is a result or a client error, never a 5xx.
//!
//! The root lies beside a canary that no path may reach. Bodies are arbitrary bytes, or valid ones with bytes changed.
//! `PROPTEST_CASES` sets the number of cases.

use std::sync::LazyLock;

use hivesum::config::{RateLimit, RootConfig};
use hivesum_test_support::number_from_env;
use hivesum_test_support::vectors::ABC_SHA256;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::app::TestApp;

/// A service whose root lies beside a canary, without a rate limit.
fn app() -> (TestApp, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    std::fs::create_dir_all(root.join("a")).unwrap();
    std::fs::write(root.join("a/b"), "inside").unwrap();
    std::fs::write(dir.path().join("canary"), "what lies outside must never be read").unwrap();
    let app = TestApp::with(|config| {
        config.limits.rate = RateLimit::Off;
        config.roots = vec![RootConfig { name: Some("files".to_owned()), path: root }];
    });
    (app, dir)
}

fn runner(cases_in_the_suite: u32) -> TestRunner {
    let cases = number_from_env("PROPTEST_CASES").map_or(cases_in_the_suite, |cases| cases.try_into().unwrap());
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// Arbitrary bytes, and bytes that look like paths out of the root.
fn path_bytes() -> impl Strategy<Value = Vec<u8>> {
    let step = prop_oneof![
        Just(b"..".to_vec()),
        Just(b"%2e%2e".to_vec()),
        Just(b"%252e".to_vec()),
        Just(b"/".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"\xc0\xae\xc0\xae".to_vec()),
        Just(b"a".to_vec()),
        Just(b"a/b".to_vec()),
        Just(b"../canary".to_vec()),
        Just(vec![0]),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(step, 0..6).prop_map(|steps| steps.concat())
}

/// Every byte as `%XX`.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn no_path_of_any_bytes_leaves_the_root_or_breaks_the_service() {
    let (app, _dir) = app();
    let result = runner(200).run(&path_bytes(), |path| {
        for url in [
            format!("/api/v1/roots/files/entries?path={}", encoded(&path)),
            format!("/api/v1/roots/{}/entries", encoded(&path).replace("%2F", "/")),
            format!("/api/v1/jobs/{}", encoded(&path)),
        ] {
            let answer = app.get(&url).send().unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().unwrap();
            prop_assert!(matches!(status, 200 | 400 | 404), "{url}: {status} {text}");
            prop_assert!(!text.contains("canary\""), "{url} shows a file outside of the root: {text}");
        }
        Ok(())
    });
    result.unwrap();
    assert_eq!(app.get("/healthz").send().unwrap().status(), 200);
}

#[test]
fn a_job_takes_every_path_literally_and_none_that_leaves_the_root() {
    use base64::Engine as _;
    let (app, _dir) = app();
    let result = runner(100).run(&path_bytes(), |path| {
        let exact = base64::engine::general_purpose::STANDARD.encode(&path);
        let spec = serde_json::json!({ "root": "files", "path_b64": exact });
        let answer = app.post("/api/v1/jobs").json(&spec).send().unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        let inside = [&b""[..], b"a", b"a/b"].contains(&&path[..]);
        prop_assert_eq!(status == 202, inside, "{:?}: {} {}", path, status, text);
        prop_assert!(matches!(status, 202 | 400 | 404), "{:?}: {} {}", path, status, text);
        Ok(())
    });
    result.unwrap();
}

/// A valid body with some of its bytes changed, removed or inserted.
fn mutated(good: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut body = good.as_bytes().to_vec();
        for (index, byte, how) in changes {
            if body.is_empty() {
                break;
            }
            let at = index.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => drop(body.remove(at)),
                _ => body.insert(at, byte),
            }
        }
        body
    })
}

/// Arbitrary bytes, and mutations of a valid body.
fn bodies(good: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), mutated(good)]
}

const JOB: &str = r#"{"root":"nowhere","path":"a","algorithms":["sha256"],"include":["*.rs"],"priority":"low"}"#;
const TOKEN: &str = r#"{"token":"0123456789abcdef"}"#;
static MANIFEST: LazyLock<String> = LazyLock::new(|| format!("{ABC_SHA256}  a/b\nSHA256 (c) = {ABC_SHA256}\n"));
const PARTS: &str = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n";

/// Sends such bodies and checks the answers: each is a result, or a problem document about a client error.
fn send_any_bodies(method: Method, url: &str, content_type: &str, good: &'static str, cases: u32) {
    let (app, _dir) = app();
    let result = runner(cases).run(&bodies(good), |body| {
        let request = app.request(method.clone(), url).header("content-type", content_type).body(body.clone());
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().unwrap();
        prop_assert!(status < 500, "{:?}: {} {}", body, status, text);
        if status >= 400 {
            let problem: Value = serde_json::from_str(&text).unwrap_or_default();
            prop_assert!(
                problem["code"].is_string() && problem["detail"].is_string(),
                "{:?}: {} {}",
                body,
                status,
                text
            );
        }
        Ok(())
    });
    result.unwrap();
    assert_eq!(app.get("/healthz").send().unwrap().status(), 200);
}

#[test]
fn a_job_request_of_any_bytes_is_answered() {
    send_any_bodies(Method::POST, "/api/v1/jobs", "application/json", JOB, 200);
}

#[test]
fn a_sign_in_of_any_bytes_is_answered() {
    send_any_bodies(Method::POST, "/api/v1/session", "application/json", TOKEN, 100);
}

#[test]
fn a_manifest_of_any_bytes_is_answered() {
    send_any_bodies(Method::POST, "/api/v1/verify?root=files&mode=check", "text/plain", &MANIFEST, 100);
}

#[test]
fn a_checksum_file_of_any_bytes_is_read_or_refused() {
    send_any_bodies(Method::POST, "/api/v1/manifests/read?name=sums", "text/plain", &MANIFEST, 200);
}

#[test]
fn a_multipart_upload_of_any_bytes_is_answered() {
    send_any_bodies(Method::POST, "/api/v1/hash", "multipart/form-data; boundary=x", PARTS, 200);
}
