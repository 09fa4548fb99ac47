//! Every error is a problem document, whichever layer it comes from.

use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, problem};

#[test]
fn unknown_paths_are_not_found() {
    let app = TestApp::start();
    for path in ["/api/v1/nothing", "/api/v2/stats", "/api/v1/jobs/", "/nothing", "/index.htm", "/api/v1/jobs/x/y/z"] {
        problem(app.get(path).send().unwrap(), 404, "not_found");
    }
}

#[test]
fn an_unsupported_method_gets_405_with_the_allowed_ones() {
    let app = TestApp::start();
    for (path, method, allow) in [
        ("/api/v1/hash", Method::GET, "POST, PUT"),
        ("/api/v1/hash", Method::PATCH, "POST, PUT"),
        ("/api/v1/stats", Method::POST, "GET, HEAD"),
        ("/api/v1/jobs", Method::DELETE, "GET, HEAD, POST"),
        ("/api/v1/jobs/x", Method::PATCH, "GET, HEAD, DELETE"),
        ("/api/v1/jobs/x/cancel", Method::GET, "POST"),
        ("/healthz", Method::POST, "GET, HEAD"),
        ("/", Method::POST, "GET, HEAD"),
        ("/app.js", Method::PUT, "GET, HEAD"),
    ] {
        let answer = app.request(method.clone(), path).send().unwrap();
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
        problem(answer, 405, "method_not_allowed");
    }
}

#[test]
fn unknown_query_parameters_are_refused_everywhere() {
    let app = TestApp::start();
    app.write("a", "abc");
    let id = app.submit(json!({}));
    app.wait_for(&id);
    for path in [
        "algorithms",
        "roots",
        "roots/files/entries",
        "stats",
        "jobs",
        "jobs/{id}",
        "jobs/{id}/results",
        "jobs/{id}/manifest",
        "jobs/{id}/duplicates",
        "jobs/{id}/events",
        "events",
    ] {
        let path = format!("/api/v1/{}?surprise=1", path.replace("{id}", &id));
        problem(app.get(&path).send().unwrap(), 400, "invalid_request");
    }
    problem(app.post(&format!("/api/v1/jobs/{id}/cancel?x")).send().unwrap(), 400, "invalid_request");
    problem(app.request(Method::DELETE, &format!("/api/v1/jobs/{id}?x")).send().unwrap(), 400, "invalid_request");
}

#[test]
fn invalid_json_is_refused_with_the_reason() {
    let app = TestApp::start();
    for body in
        ["", "{", "[]", "null", "{\"root\": 1}", "{\"root\": \"files\", \"surprise\": 1}", "{\"path\": \"\"}", "\u{0}"]
    {
        let request = app.post("/api/v1/jobs").header("content-type", "application/json").body(body);
        problem(request.send().unwrap(), 400, "invalid_request");
    }
    let surprise = app.post("/api/v1/jobs").json(&json!({ "root": "files", "surprise": 1 })).send().unwrap();
    let detail = problem(surprise, 400, "invalid_request")["detail"].to_string();
    assert!(detail.contains("surprise"), "{detail}");
}

#[test]
fn json_needs_its_content_type() {
    let app = TestApp::start();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = app.post("/api/v1/jobs").header("content-type", media_type).body("{\"root\": \"files\"}");
        problem(request.send().unwrap(), 415, "unsupported_media_type");
    }
    problem(app.post("/api/v1/jobs").body("{\"root\": \"files\"}").send().unwrap(), 415, "unsupported_media_type");
}

#[test]
fn each_answer_has_an_id_of_its_own() {
    let app = TestApp::start();
    let id = || problem(app.get("/nothing").send().unwrap(), 404, "not_found")["request_id"].to_string();
    assert_ne!(id(), id());
}
