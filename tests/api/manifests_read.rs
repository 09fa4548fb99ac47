//! `POST /manifests/read`: the entries of a checksum file, for clients that compare files themselves.

use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};

fn post(app: &TestApp, name: &str, manifest: impl Into<Vec<u8>>) -> Response {
    app.post("/api/v1/manifests/read").query(&[("name", name)]).body(manifest.into()).send().unwrap()
}

fn read(app: &TestApp, name: &str, manifest: impl Into<Vec<u8>>) -> Value {
    ok_json(post(app, name, manifest))
}

#[test]
fn entries_have_digests_by_algorithm_or_the_algorithms_that_they_may_be_of() {
    let app = TestApp::start();
    let answer = read(&app, "sums", format!("MD5 (a b) = {ABC_MD5}\n{ABC_BLAKE3}  /srv/c\n"));
    assert_eq!((&answer["form"], &answer["algorithm"]), (&json!("checksums"), &Value::Null));
    assert_eq!(answer["entries"][0], json!({ "path": "a b", "digests": { "md5": ABC_MD5 }, "untagged": [] }));
    let [untagged] = &answer["entries"][1]["untagged"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!((&answer["entries"][1]["path"], &untagged["hex"]), (&json!("/srv/c"), &json!(ABC_BLAKE3)));
    let candidates = untagged["candidates"].as_array().unwrap();
    assert!(candidates.contains(&json!("sha256")) && candidates.contains(&json!("blake3")), "{untagged}");
    // Each can be asked for.
    let names: Vec<_> = candidates.iter().map(|name| name.as_str().unwrap()).collect();
    let hashed = app.post(&format!("/api/v1/hash?algorithms={}", names.join(","))).body("abc").send().unwrap();
    let digests = &ok_json(hashed)["digests"];
    assert!(names.iter().all(|name| digests[name].as_str().is_some_and(|hex| hex.len() == 64)), "{digests}");
    assert_eq!(answer["lines_not_read"], json!({ "count": 0, "first": [], "unsupported": [], "signed": false }));
}

#[test]
fn the_name_of_the_file_tells_the_algorithm() {
    let app = TestApp::start();
    for (name, algorithm, digest) in
        [("SHA256SUMS", "sha256", ABC_SHA256), ("x/B3SUMS", "blake3", ABC_BLAKE3), ("f.md5", "md5", ABC_MD5)]
    {
        let answer = read(&app, name, format!("{digest}  a\n"));
        assert_eq!(answer["entries"][0]["digests"], json!({ algorithm: digest }), "{name}");
        assert_eq!(answer["entries"][0]["untagged"], json!([]), "{name}");
    }
    assert_eq!(read(&app, "SHA256SUMS", "\n")["algorithm"], "sha256");
}

#[test]
fn every_form_is_read_with_its_sizes_and_several_digests() {
    let app = TestApp::start();
    for (form, manifest) in [
        ("hashdeep", format!("%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n3,{ABC_MD5},{ABC_SHA256},a\n")),
        ("csv", format!("path,size,md5,sha256\r\na,3,{ABC_MD5},{ABC_SHA256}\r\n")),
    ] {
        let answer = read(&app, "m", manifest);
        let digests = json!({ "md5": ABC_MD5, "sha256": ABC_SHA256 });
        let entry = json!({ "path": "a", "size": 3, "digests": digests, "untagged": [] });
        assert_eq!((&answer["form"], &answer["entries"]), (&json!(form), &json!([entry])));
    }
    let utf_16: Vec<u8> = format!("\u{feff}{ABC_MD5}  é\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&app, "f.md5", utf_16)["entries"][0]["path"], "é");
    assert_eq!(read(&app, "a.sfv", "; made today\r\na 352441C2\r\n")["entries"][0]["digests"]["crc32"], "352441c2");
}

#[test]
fn a_name_that_is_not_utf8_comes_with_its_exact_bytes() {
    let app = TestApp::start();
    let line = [ABC_MD5.as_bytes(), b"  caf\xe9\n"].concat();
    let entry = &read(&app, "MD5SUMS", line)["entries"][0];
    assert_eq!((&entry["path"], &entry["path_b64"]), (&json!("caf\u{fffd}"), &json!("Y2Fm6Q==")));
}

#[test]
fn lines_that_are_not_read_are_counted_and_said() {
    let app = TestApp::start();
    let gost = format!("GOST (b) = {ABC_SHA256}\n");
    let answer = read(&app, "CHECKSUM", format!("Release 1\n\n# a comment\nSHA256 (a) = {ABC_SHA256}\n{gost}"));
    assert_eq!(answer["entries"].as_array().unwrap().len(), 1);
    let lines = &answer["lines_not_read"];
    assert_eq!((&lines["count"], &lines["first"][0]), (&json!(2), &json!({ "line": 1, "why": "not an entry" })));
    assert_eq!((&lines["first"][1]["line"], &lines["unsupported"]), (&json!(5), &json!(["GOST R 34.11-94"])));
    let prose = read(&app, "README", "no checksum file\n".repeat(1000));
    assert_eq!((&prose["entries"], &prose["lines_not_read"]["count"]), (&json!([]), &json!(1000)));
    assert_eq!(prose["lines_not_read"]["first"].as_array().unwrap().len(), 100);
}

#[test]
fn a_damaged_document_is_refused_with_its_line() {
    let app = TestApp::start();
    let ndjson = format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{ABC_MD5}\"}}}}\n");
    for (manifest, line) in [("{\"items\":[\n,]}", Some(2)), ("path,size\r\na,1\r\n", Some(1)), (&ndjson, None)] {
        let refused = problem(post(&app, "", manifest), 400, "manifest_invalid");
        if line.is_some() {
            assert_eq!(refused["line"], json!(line), "{refused}");
        }
        assert!(!refused["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(problem(post(&app, "", ""), 400, "manifest_invalid")["detail"], "the body is empty");
    problem(post(&app, "x.md5.gz", &b"\x1f\x8b\x08\x00broken"[..]), 400, "manifest_invalid");
}

#[test]
fn a_checksum_file_over_its_limits_is_too_large() {
    let app = TestApp::with(|config| config.limits.max_manifest_bytes = 2 << 20);
    let lines = |count| "352441c2  a\n".repeat(count);
    assert_eq!(read(&app, "", lines(100_000))["entries"].as_array().unwrap().len(), 100_000);
    let refused = problem(post(&app, "", lines(100_001)), 413, "too_large");
    assert_eq!(refused["line"], 100_001);
    problem(post(&app, "", "x".repeat((2 << 20) + 1)), 413, "too_large");
    assert_eq!(read(&app, "", "x".repeat(2 << 20))["entries"], json!([]));
}

#[test]
fn an_invalid_request_is_refused_and_nothing_is_stored() {
    let app = TestApp::start();
    let path = "/api/v1/manifests/read";
    problem(app.post(&format!("{path}?colour=red")).body("x").send().unwrap(), 400, "invalid_request");
    problem(app.post(&format!("{path}?name=a&name=b")).body("x").send().unwrap(), 400, "invalid_request");
    let packed = app.post(path).header("content-encoding", "gzip").body("x").send().unwrap();
    problem(packed, 415, "unsupported_media_type");
    problem(app.get(path).send().unwrap(), 405, "method_not_allowed");
    read(&app, "SHA256SUMS", format!("{ABC_SHA256}  a\n"));
    assert_eq!(app.json("/api/v1/jobs")["items"], json!([]));
}
