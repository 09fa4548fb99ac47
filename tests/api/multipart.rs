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
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc\r\n--bc\r\n--b--",
        ),
        ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"b\"\r\n\r\nabc\r\n--b--"),
    ] {
        let answer = app.post(HASH).header("content-type", media_type).body(body).send().unwrap();
        problem(answer, 400, "invalid_request");
    }
}

/// The results of these parts, which are written as they stand, with their heads.
fn results_of(app: &TestApp, parts: &[&[u8]]) -> serde_json::Value {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(&[b"--b\r\nContent-Disposition: form-data; name=\"f\"", *part, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--\r\n");
    let request = app.post(HASH).header("content-type", "multipart/form-data; boundary=b").body(body);
    ok_json(request.send().unwrap())
}

#[test]
fn a_part_ends_at_the_boundary_whatever_its_own_length_says() {
    let app = TestApp::start();
    for length in ["0", "1", "3", "300", "x"] {
        let part = format!("\r\nContent-Length: {length}\r\n\r\nabc");
        let results = results_of(&app, &[part.as_bytes(), b"\r\n\r\n"]);
        assert_eq!(
            (&results[0]["size"], &results[0]["digests"]["sha256"]),
            (&json!(3), &json!(ABC_SHA256)),
            "{length}"
        );
        assert_eq!(results[1]["digests"]["sha256"], EMPTY_SHA256, "{length}");
    }
    let results = results_of(&app, &[b"\r\n\r\nabc\r--b\n--b\r"]);
    assert_eq!(results[0]["size"], 12, "a boundary stands at the beginning of a line that CR LF ended");
}

#[test]
fn a_name_comes_back_byte_for_byte() {
    let app = TestApp::start();
    let names = [
        (&br#"a\b.txt"#[..], json!("a\\b.txt")),
        (b"ab.txt", json!("ab.txt")),
        (br#"a\\b\"c"#, json!("a\\b\"c")),
        (b"a%22b%0D%0Ac%41", json!("a\"b\r\nc%41")),
        ("\u{fc}".as_bytes(), json!("\u{fc}")),
    ];
    let parts = names.iter().map(|(written, _)| [b"; filename=\"", *written, b"\"\r\n\r\nabc"].concat());
    let parts: Vec<_> = parts.collect();
    let results = results_of(&app, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let read: Vec<_> = results.as_array().unwrap().iter().map(|result| &result["name"]).collect();
    assert_eq!(read, names.iter().map(|(_, name)| name).collect::<Vec<_>>());
    let results = results_of(&app, &[b"; filename=\"\xe4\"\r\n\r\nabc"]);
    assert_eq!(results[0]["name_b64"], "5A==", "{results}");
}

#[test]
fn a_part_that_is_encoded_is_not_hashed_as_it_is() {
    let app = TestApp::start();
    let body =
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--";
    let request = app.post(HASH).header("content-type", "multipart/form-data; boundary=b").body(body);
    problem(request.send().unwrap(), 415, "unsupported_media_type");
}

#[test]
fn an_expected_digest_with_a_multipart_body_is_refused() {
    let app = TestApp::start();
    let path = format!("{HASH}&expect=sha256:{ABC_SHA256}");
    let answer = app.post(&path).multipart(Form::new().text("a", "abc")).send().unwrap();
    problem(answer, 400, "invalid_request");
}
