//! Pages of other sites: which of them may call the API, and how (CORS).

use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::json;

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};

const FRIEND: &str = "https://dashboard.example";

fn open_to_a_friend() -> TestApp {
    TestApp::with(|config| config.allow_origins = vec![FRIEND.to_owned(), "http://localhost:3000".to_owned()])
}

/// As a browser asks whether a page of the origin may send such a request.
fn preflight(app: &TestApp, origin: &str, path: &str) -> Response {
    let request = app.anonymous(Method::OPTIONS, path).header("origin", origin).header("sec-fetch-site", "cross-site");
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "authorization,content-type").send().unwrap()
}

/// As a browser sends what a page of the origin asks for.
fn from(origin: &str, request: RequestBuilder) -> Response {
    request.header("origin", origin).header("sec-fetch-site", "cross-site").send().unwrap()
}

fn cors_fields(answer: &Response) -> Vec<String> {
    let names = answer.headers().keys().map(|name| name.as_str().to_owned());
    names.filter(|name| name.starts_with("access-control")).collect()
}

#[test]
fn an_origin_that_is_named_may_call_with_a_token() {
    let app = open_to_a_friend();
    let token = token_until(&app, "read,hash", None).1;
    for path in ["/api/v1/jobs", "/api/v1/hash", "/api/v1/nothing"] {
        let answer = preflight(&app, FRIEND, path);
        assert_eq!(answer.status(), 204, "{path}");
        let field = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(field("access-control-allow-origin"), FRIEND);
        assert_eq!(field("access-control-allow-methods"), "GET, HEAD, POST, DELETE");
        assert!(field("access-control-allow-headers").split(", ").any(|name| name == "authorization"));
        assert_eq!(field("vary"), "origin");
        assert!(answer.headers().contains_key("ratelimit"), "a preflight is counted");
    }
    let hash = || app.anonymous(Method::POST, "/api/v1/hash").bearer_auth(&token).body("abc");
    let answer = from(FRIEND, hash());
    assert_eq!(answer.headers()["access-control-allow-origin"], FRIEND);
    assert_eq!(ok_json(answer)["size"], 3);
    let stats = from("http://localhost:3000", app.anonymous(Method::GET, "/api/v1/stats").bearer_auth(&token));
    assert_eq!(stats.headers()["access-control-allow-origin"], "http://localhost:3000");
    assert!(stats.headers()["access-control-expose-headers"].to_str().unwrap().contains("retry-after"));
    assert_eq!(stats.status(), 200);
}

#[test]
fn a_page_can_read_why_it_was_refused() {
    let app = open_to_a_friend();
    let token = token_until(&app, "read", None).1;
    let post = |token: &str| app.anonymous(Method::POST, "/api/v1/jobs").bearer_auth(token).json(&json!({}));
    for (token, status, code) in [("bad", 401, "unauthenticated"), (token.as_str(), 403, "forbidden")] {
        let answer = from(FRIEND, post(token));
        assert_eq!(answer.headers()["access-control-allow-origin"], FRIEND);
        problem(answer, status, code);
    }
}

#[test]
fn a_cookie_lets_no_other_site_in() {
    let app = open_to_a_friend();
    let hash = || app.post("/api/v1/hash").body("abc");
    ok_json(hash().send().unwrap());
    let answer = from(FRIEND, hash());
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    problem(answer, 403, "cross_site");
    let read = from(FRIEND, app.get("/api/v1/stats"));
    assert!(!read.headers().contains_key("access-control-allow-credentials"), "a browser shows it to no page");
}

#[test]
fn other_origins_get_nothing() {
    let app = open_to_a_friend();
    let token = token_until(&app, "read,hash,admin", None).1;
    let dressed_up = format!("{FRIEND}.evil.example");
    for origin in
        ["https://evil.example", "null", "*", "http://dashboard.example", &dressed_up, "https://dashboard.example:8443"]
    {
        let answer = preflight(&app, origin, "/api/v1/jobs");
        assert!(answer.status().is_client_error(), "{origin}");
        assert_eq!(cors_fields(&answer), [""; 0], "{origin}");
        let hash = app.anonymous(Method::POST, "/api/v1/hash").bearer_auth(&token).body("abc");
        let answer = from(origin, hash);
        assert_eq!(cors_fields(&answer), [""; 0], "{origin}");
        problem(answer, 403, "cross_site");
        let read = from(origin, app.anonymous(Method::GET, "/api/v1/stats").bearer_auth(&token));
        assert_eq!(cors_fields(&read), [""; 0], "{origin}");
        assert_eq!(read.headers()["vary"], "origin", "caches keep them apart");
    }
}

#[test]
fn a_preflight_for_another_host_is_refused() {
    let app = open_to_a_friend();
    let request = app.anonymous(Method::OPTIONS, "/api/v1/jobs").header("origin", FRIEND);
    let request = request.header("access-control-request-method", "POST").header("host", "evil.example");
    problem(request.send().unwrap(), 421, "host_not_allowed");
}

#[test]
fn unless_origins_are_named_there_is_no_word_of_them() {
    let app = TestApp::start();
    let token = token_until(&app, "read,hash", None).1;
    for answer in [
        preflight(&app, FRIEND, "/api/v1/jobs"),
        from(FRIEND, app.anonymous(Method::GET, "/api/v1/stats").bearer_auth(&token)),
        from(FRIEND, app.anonymous(Method::POST, "/api/v1/hash").bearer_auth(&token).body("abc")),
    ] {
        assert_eq!(cors_fields(&answer), [""; 0]);
        assert!(!answer.headers().contains_key("vary"));
    }
}
