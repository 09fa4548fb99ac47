//! Any bytes: whatever stands in a path or a body, the answer is a result or a client's error, never a 5xx.
//!
//! The paths name a root beside a canary. Bodies are made of nothing, of pieces of good ones, and of good ones
//! with bytes changed. More cases with `PROPTEST_CASES`.

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

/// A root with a file in it, beside a canary. Nobody is turned away for being quick.
fn app() -> (TestApp, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    std::fs::create_dir_all(root.join("a")).unwrap();
    std::fs::write(root.join("a/b"), "inside").unwrap();
    std::fs::write(place.path().join("canary"), "what lies outside must never be read").unwrap();
    let app = TestApp::with(|config| {
        config.limits.rate = RateLimit::Off;
        config.roots = vec![RootConfig { name: Some("files".to_owned()), path: root }];
    });
    (app, place)
}

fn runner(cases_in_the_suite: u32) -> TestRunner {
    let cases = number_from_env("PROPTEST_CASES").map_or(cases_in_the_suite, |cases| cases.try_into().unwrap());
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// Bytes that look like ways out, among others.
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
fn no_path_of_any_bytes_leads_outside_or_breaks_the_service() {
    let (app, _place) = app();
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
            prop_assert!(!text.contains("canary\""), "{url} shows what lies outside: {text}");
        }
        Ok(())
    });
    result.unwrap();
    assert_eq!(app.get("/healthz").send().unwrap().status(), 200);
}

#[test]
fn a_job_takes_every_path_literally_and_none_that_leads_outside() {
    use base64::Engine as _;
    let (app, _place) = app();
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

/// A good body with some of its bytes changed, cut out or doubled.
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

/// Everything of a kind that a body can be.
fn bodies(good: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), mutated(good)]
}

const JOB: &str = r#"{"root":"nowhere","path":"a","algorithms":["sha256"],"include":["*.rs"],"priority":"low"}"#;
const TOKEN: &str = r#"{"token":"0123456789abcdef"}"#;
static MANIFEST: LazyLock<String> = LazyLock::new(|| format!("{ABC_SHA256}  a/b\nSHA256 (c) = {ABC_SHA256}\n"));
const PARTS: &str = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n";

/// Sends such bodies and looks at the answers: a result, or the client's fault said in the service's words.
fn endure(method: Method, url: &str, content_type: &str, good: &'static str, cases: u32) {
    let (app, _place) = app();
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
    endure(Method::POST, "/api/v1/jobs", "application/json", JOB, 200);
}

#[test]
fn a_sign_in_of_any_bytes_is_answered() {
    endure(Method::POST, "/api/v1/session", "application/json", TOKEN, 100);
}

#[test]
fn a_manifest_of_any_bytes_is_answered() {
    endure(Method::POST, "/api/v1/verify?root=files&mode=check", "text/plain", &MANIFEST, 100);
}

#[test]
fn a_multipart_upload_of_any_bytes_is_answered() {
    endure(Method::POST, "/api/v1/hash", "multipart/form-data; boundary=x", PARTS, 200);
}
