//! `POST /hash` with many files in one body.

use hivesum_test_support::vectors::{ABC_SHA256, EMPTY_SHA256};
use reqwest::blocking::multipart::{Form, Part};
use serde_json::json;

use crate::app::{TestApp, ok_json, problem};

const HASH: &str = "/api/v1/hash?algorithms=sha256";

#[test]
fn every_part_has_its_result_in_order() {
    let app = TestApp::start();
    let form = Form::new()
        .part("file", Part::text("abc").file_name("a.bin"))
        .part("file", Part::text("").file_name("d/ü \"b\".bin"))
        .text("note", "abc");
    let results = ok_json(app.post(HASH).multipart(form).send().unwrap());
    let names: Vec<_> = results.as_array().unwrap().iter().map(|result| result["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.bin", "d/ü \"b\".bin", "note"]);
    let digests: Vec<_> =
        results.as_array().unwrap().iter().map(|result| result["digests"]["sha256"].clone()).collect();
    assert_eq!(digests, [json!(ABC_SHA256), json!(EMPTY_SHA256), json!(ABC_SHA256)]);
    assert_eq!(results[0]["size"], 3);
}

#[test]
fn large_parts_are_hashed_while_they_arrive() {
    let app = TestApp::start();
    let body = hivesum_test_support::cycle(2_500_000);
    let alone = ok_json(app.post(HASH).body(body.clone()).send().unwrap());
    let form = Form::new().part("a", Part::bytes(body.clone())).part("b", Part::bytes(body));
    let results = ok_json(app.post(HASH).multipart(form).send().unwrap());
    assert_eq!([&results[0]["digests"], &results[1]["digests"]], [&alone["digests"]; 2]);
}

#[test]
fn one_part_over_the_limit_is_too_large() {
    let app = TestApp::with(|config| config.limits.max_parts = 3);
    let form = |parts: usize| (0..parts).fold(Form::new(), |form, at| form.text(at.to_string(), "abc"));
    assert_eq!(ok_json(app.post(HASH).multipart(form(3)).send().unwrap()).as_array().unwrap().len(), 3);
    problem(app.post(HASH).multipart(form(4)).send().unwrap(), 413, "too_large");
}

#[test]
fn a_malformed_multipart_body_is_refused() {
    let app = TestApp::start();
    for (media_type, body) in [
        ("multipart/form-data", ""),
        ("multipart/form-data; boundary=", "x"),
        ("multipart/form-data; boundary=b", ""),
        ("multipart/form-data; boundary=b", "--c\r\n\r\n"),
        ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc"),
        ("multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\nabc\r\n--b--\r\n"),
    ] {
        let answer = app.post(HASH).header("content-type", media_type).body(body).send().unwrap();
        problem(answer, 400, "invalid_request");
    }
}

#[test]
fn an_expected_digest_with_a_multipart_body_is_refused() {
    let app = TestApp::start();
    let path = format!("{HASH}&expect=sha256:{ABC_SHA256}");
    let answer = app.post(&path).multipart(Form::new().text("a", "abc")).send().unwrap();
    problem(answer, 400, "invalid_request");
}
