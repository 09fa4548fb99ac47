//! `POST /hash` with a raw body.

use hivesum_test_support::tools::digest_of_bytes;
use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256, EMPTY_BLAKE3, EMPTY_SHA256};
use hivesum_test_support::{cycle, has_tool};
use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, ok_json, problem};

#[test]
fn published_vectors_are_answered_in_the_requested_order() {
    let app = TestApp::start();
    let answer = app.post("/api/v1/hash?algorithms=sha256,md5,blake3").body("abc").send().unwrap();
    let text = answer.text().unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["size"], 3);
    assert_eq!(result["digests"], json!({ "sha256": ABC_SHA256, "md5": ABC_MD5, "blake3": ABC_BLAKE3 }));
    assert!(result["elapsed_ms"].is_u64());
    let at = |name: &str| text.find(&format!("\"{name}\":")).unwrap();
    assert!(at("sha256") < at("md5") && at("md5") < at("blake3"), "{text}");
}

#[test]
fn blake3_is_the_default() {
    let app = TestApp::start();
    let result = ok_json(app.post("/api/v1/hash").body("abc").send().unwrap());
    assert_eq!(result["digests"], json!({ "blake3": ABC_BLAKE3 }));
    assert_eq!(result.get("repr_digest"), None);
}

#[test]
fn an_empty_body_has_the_digest_of_nothing() {
    let app = TestApp::start();
    let result = ok_json(app.post("/api/v1/hash?algorithms=blake3,sha256").body("").send().unwrap());
    assert_eq!(result["size"], 0);
    assert_eq!(result["digests"], json!({ "blake3": EMPTY_BLAKE3, "sha256": EMPTY_SHA256 }));
}

#[test]
fn bodies_of_every_size_around_the_thresholds_agree_with_sha256sum() {
    if !has_tool("sha256sum") {
        return;
    }
    let app = TestApp::start();
    for threshold in [1, 1 << 10, 32 << 10, 256 << 10, 512 << 10, 3 << 20] {
        for size in [threshold - 1, threshold, threshold + 1] {
            let body = cycle(size);
            let expected = digest_of_bytes("sha256sum", &body);
            let result = ok_json(app.post("/api/v1/hash?algorithms=sha256").body(body).send().unwrap());
            assert_eq!(result["digests"]["sha256"], expected, "{size} bytes");
            assert_eq!(result["size"], size);
        }
    }
}

#[test]
fn a_body_of_unknown_length_is_hashed() {
    let app = TestApp::start();
    let body = reqwest::blocking::Body::new(std::io::Cursor::new(cycle(1_000_003)));
    let result = ok_json(app.post("/api/v1/hash?algorithms=sha256").body(body).send().unwrap());
    let known = ok_json(app.post("/api/v1/hash?algorithms=sha256").body(cycle(1_000_003)).send().unwrap());
    assert_eq!(result["digests"], known["digests"]);
}

#[test]
fn the_repr_digest_is_of_the_uploaded_bytes() {
    let app = TestApp::start();
    let result = ok_json(app.post("/api/v1/hash?algorithms=sha256,sha1").body(r#"{"hello": "world"}"#).send().unwrap());
    assert_eq!(result["repr_digest"], "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
}

#[test]
fn an_expected_digest_is_checked() {
    let app = TestApp::start();
    for expect in [ABC_SHA256.to_owned(), ABC_SHA256.to_uppercase()] {
        let result = ok_json(app.post(&format!("/api/v1/hash?expect=sha256:{expect}")).body("abc").send().unwrap());
        assert_eq!(result["digests"], json!({ "blake3": ABC_BLAKE3, "sha256": ABC_SHA256 }));
    }
    let answer = app.post(&format!("/api/v1/hash?expect=sha256:{EMPTY_SHA256}")).body("abc").send().unwrap();
    let problem = problem(answer, 422, "digest_mismatch");
    assert_eq!((&problem["expected"], &problem["computed"]), (&json!(EMPTY_SHA256), &json!(ABC_SHA256)));
    assert_eq!(problem["algorithm"], "sha256");
}

#[test]
fn an_expected_digest_without_its_algorithm_is_refused_with_those_that_it_may_be_of() {
    let app = TestApp::start();
    let detail = |expect: &str| {
        let answer = app.post(&format!("/api/v1/hash?expect={expect}")).body("abc").send().unwrap();
        problem(answer, 400, "invalid_request")["detail"].as_str().unwrap().to_owned()
    };
    for right in [ABC_SHA256, ABC_BLAKE3] {
        let said = detail(right);
        assert!(said.contains("64 digits may be of ") && said.contains("ALGORITHM:HEX"), "{said}");
        assert!(["sha256", "blake3", "sha3_256"].iter().all(|name| said.contains(name)), "{said}");
    }
    assert!(detail("900150983cd24fb0d6963f7d28e17f72").contains("32 digits may be of md5"));
    for other in ["abc", "xyz", ""] {
        assert!(detail(other).ends_with("as in sha256:9f86..."), "{other}");
    }
    assert!(detail("sha256:ab").ends_with("a sha256 digest has 64 hexadecimal digits"));
}

#[test]
fn digest_fields_are_checked() {
    let app = TestApp::start();
    let body = r#"{"hello": "world"}"#;
    let right = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    let wrong = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    for field in ["content-digest", "repr-digest"] {
        ok_json(app.post("/api/v1/hash").header(field, right).body(body).send().unwrap());
        ok_json(app.post("/api/v1/hash").header(field, format!("unixsum=:AAA=:, {right}")).body(body).send().unwrap());
        let with_parameters = format!(r#"{right};p="a,b";q="x,sha-256=:AAAA:""#);
        ok_json(app.post("/api/v1/hash").header(field, with_parameters).body(body).send().unwrap());
        problem(app.post("/api/v1/hash").header(field, wrong).body(body).send().unwrap(), 422, "digest_mismatch");
        for broken in ["sha-256", "sha-256=X48E", "sha-256=:X48E:", ""] {
            let answer = app.post("/api/v1/hash").header(field, broken).body(body).send().unwrap();
            problem(answer, 400, "digest_field_invalid");
        }
    }
}

#[test]
fn wrong_queries_are_refused_each_with_its_code() {
    let app = TestApp::start();
    for (query, code) in [
        ("algorithms=sha257", "algorithm_unknown"),
        ("algorithms=blake3,,sha256", "invalid_request"),
        ("algorithms=", "invalid_request"),
        ("algorithms=blake3&algorithms=", "invalid_request"),
        ("expect=md5:900150983cd24fb0d6963f7d28e17f72&expect=md5:900150983cd24fb0d6963f7d28e17f72", "invalid_request"),
        ("algorithm=blake3", "invalid_request"),
        ("expect=sha256", "invalid_request"),
        ("expect=sha256:zz", "invalid_request"),
        ("expect=sha257:00", "algorithm_unknown"),
        ("algorithms=%zz", "invalid_request"),
    ] {
        let answer = app.post(&format!("/api/v1/hash?{query}")).body("abc").send().unwrap();
        problem(answer, 400, code);
    }
}

#[test]
fn a_put_is_a_post_and_stores_nothing() {
    let app = TestApp::start();
    for path in ["/api/v1/hash", "/api/v1/hash/a.bin", "/api/v1/hash/%FF%20%2F"] {
        let put = app.request(Method::PUT, &format!("{path}?algorithms=sha256")).body("abc");
        assert_eq!(ok_json(put.send().unwrap())["digests"]["sha256"], ABC_SHA256, "{path}");
    }
    let wrong = app.request(Method::PUT, "/api/v1/hash/a?expect=sha256:00").body("abc");
    problem(wrong.send().unwrap(), 400, "invalid_request");
    for nothing in ["/api/v1/hash/", "/api/v1/hash/a/b"] {
        assert_eq!(app.request(Method::PUT, nothing).body("abc").send().unwrap().status(), 404, "{nothing}");
    }
    problem(app.get("/api/v1/hash/a.bin").send().unwrap(), 405, "method_not_allowed");
    assert_eq!(app.root.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_repeated_list_of_algorithms_is_one_list() {
    let app = TestApp::start();
    for query in ["algorithms=md5,sha256", "algorithms=md5&algorithms=sha256", "algorithms=md5&algorithms=sha256,md5"] {
        let hashed = ok_json(app.post(&format!("/api/v1/hash?{query}")).body("abc").send().unwrap());
        let expected = json!({ "md5": "900150983cd24fb0d6963f7d28e17f72", "sha256": ABC_SHA256 });
        assert_eq!(hashed["digests"], expected, "{query}");
    }
}

#[test]
fn json_is_hashed_like_any_other_bytes() {
    let app = TestApp::start();
    let answer =
        app.post("/api/v1/hash?algorithms=sha256").header("content-type", "application/json").body("abc").send();
    assert_eq!(ok_json(answer.unwrap())["digests"]["sha256"], ABC_SHA256);
}
