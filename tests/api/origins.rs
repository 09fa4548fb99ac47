//! CORS: which pages of other sites may call the API, and how.

use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::json;

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};

const ALLOWED: &str = "https://dashboard.example";

fn with_allowed_origins() -> TestApp {
    TestApp::with(|config| config.allow_origins = vec![ALLOWED.to_owned(), "http://localhost:3000".to_owned()])
}

/// A preflight, as a browser sends it for a page of the origin.
fn preflight(app: &TestApp, origin: &str, path: &str) -> Response {
    let request = app.anonymous(Method::OPTIONS, path).header("origin", origin).header("sec-fetch-site", "cross-site");
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "authorization,content-type").send().unwrap()
}

/// A request that a page of the origin makes in a browser.
fn from(origin: &str, request: RequestBuilder) -> Response {
    request.header("origin", origin).header("sec-fetch-site", "cross-site").send().unwrap()
}

fn cors_fields(answer: &Response) -> Vec<String> {
    let names = answer.headers().keys().map(|name| name.as_str().to_owned());
    names.filter(|name| name.starts_with("access-control")).collect()
}

#[test]
fn an_allowed_origin_may_call_with_a_token() {
    let app = with_allowed_origins();
    let token = token_until(&app, "read,hash", None).1;
    for path in ["/api/v1/jobs", "/api/v1/hash", "/api/v1/nothing"] {
        let answer = preflight(&app, ALLOWED, path);
        assert_eq!(answer.status(), 204, "{path}");
        let field = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(field("access-control-allow-origin"), ALLOWED);
        assert_eq!(field("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
        assert!(field("access-control-allow-headers").split(", ").any(|name| name == "authorization"));
        assert_eq!(field("vary"), "origin");
        assert!(answer.headers().contains_key("ratelimit"), "a preflight is counted");
    }
    let hash = || app.anonymous(Method::POST, "/api/v1/hash").bearer_auth(&token).body("abc");
    let answer = from(ALLOWED, hash());
    assert_eq!(answer.headers()["access-control-allow-origin"], ALLOWED);
    assert_eq!(ok_json(answer)["size"], 3);
    let stats = from("http://localhost:3000", app.anonymous(Method::GET, "/api/v1/stats").bearer_auth(&token));
    assert_eq!(stats.headers()["access-control-allow-origin"], "http://localhost:3000");
    assert!(stats.headers()["access-control-expose-headers"].to_str().unwrap().contains("retry-after"));
    assert_eq!(stats.status(), 200);
}

#[test]
fn a_page_can_read_why_it_was_refused() {
    let app = with_allowed_origins();
    let token = token_until(&app, "read", None).1;
    let post = |token: &str| app.anonymous(Method::POST, "/api/v1/jobs").bearer_auth(token).json(&json!({}));
    for (token, status, code) in [("bad", 401, "unauthenticated"), (token.as_str(), 403, "forbidden")] {
        let answer = from(ALLOWED, post(token));
        assert_eq!(answer.headers()["access-control-allow-origin"], ALLOWED);
        problem(answer, status, code);
    }
}

#[test]
fn a_cookie_gives_other_sites_no_access() {
    let app = with_allowed_origins();
    let hash = || app.post("/api/v1/hash").body("abc");
    ok_json(hash().send().unwrap());
    let answer = from(ALLOWED, hash());
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    problem(answer, 403, "cross_site");
    let read = from(ALLOWED, app.get("/api/v1/stats"));
    assert!(!read.headers().contains_key("access-control-allow-credentials"), "a browser hides it from the page");
}

#[test]
fn other_origins_get_nothing() {
    let app = with_allowed_origins();
    let token = token_until(&app, "read,hash,admin", None).1;
    let longer = format!("{ALLOWED}.evil.example");
    for origin in
        ["https://evil.example", "null", "*", "http://dashboard.example", &longer, "https://dashboard.example:8443"]
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
        assert_eq!(read.headers()["vary"], "origin", "caches store it per origin");
    }
}

#[test]
fn a_preflight_for_another_host_is_refused() {
    let app = with_allowed_origins();
    let request = app.anonymous(Method::OPTIONS, "/api/v1/jobs").header("origin", ALLOWED);
    let request = request.header("access-control-request-method", "POST").header("host", "evil.example");
    problem(request.send().unwrap(), 421, "host_not_allowed");
}

#[test]
fn without_allowed_origins_no_cors_fields_are_sent() {
    let app = TestApp::start();
    let token = token_until(&app, "read,hash", None).1;
    for answer in [
        preflight(&app, ALLOWED, "/api/v1/jobs"),
        from(ALLOWED, app.anonymous(Method::GET, "/api/v1/stats").bearer_auth(&token)),
        from(ALLOWED, app.anonymous(Method::POST, "/api/v1/hash").bearer_auth(&token).body("abc")),
    ] {
        assert_eq!(cors_fields(&answer), [""; 0]);
        assert!(!answer.headers().contains_key("vary"));
    }
}
