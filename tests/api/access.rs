//! Access control: sign-in links, sessions, tokens and their scopes.

use hivesum::config::{Access, ConfigError, ServeConfig};
use hivesum_actors::store::tokens::{NewToken, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};

/// A token without expiry, created beside the running service as the command line does. Its id and its secret.
fn token(app: &TestApp, scopes: &str) -> (String, String) {
    token_until(app, scopes, None)
}

/// The same with an expiry.
pub fn token_until(app: &TestApp, scopes: &str, expires_at: Option<jiff::Timestamp>) -> (String, String) {
    let mut tokens = Tokens::open(&app.state.path().join("state")).unwrap();
    let token = NewToken { name: "test".to_owned(), scopes: scopes.parse().unwrap(), expires_at };
    let made = tokens.create(token).unwrap();
    (made.record.id, made.secret)
}

fn sign_in(app: &TestApp, token: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::POST, "/api/v1/session").json(&json!({ "token": token })).send().unwrap()
}

#[test]
fn without_a_token_only_the_page_health_and_the_sign_in_are_open() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/", "/app.js", "/favicon.svg", "/healthz", "/readyz"] {
        assert_eq!(app.get(path).send().unwrap().status(), 200, "{path}");
    }
    for path in [
        "/api/v1/stats",
        "/api/v1/algorithms",
        "/api/v1/roots",
        "/api/v1/jobs",
        "/api/v1/jobs/x",
        "/api/v1/jobs/x/events",
        "/api/v1/events",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/nothing",
        "/api/v1/nothing",
        "/%61pi/v1/stats",
        "//api/v1/stats",
        "/api/v1/session/",
    ] {
        let answer = app.get(path).send().unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"hivesum\"");
        problem(answer, 401, "unauthenticated");
    }
    problem(app.post("/api/v1/hash").body("abc").send().unwrap(), 401, "unauthenticated");
    problem(app.request(Method::DELETE, "/api/v1/jobs/x").send().unwrap(), 401, "unauthenticated");
}

#[test]
fn a_browser_that_opens_the_docs_without_a_session_is_told_where_to_sign_in() {
    let app = TestApp::signed_out(|_| {});
    let of_browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let get = |path: &str, accept: &str| app.get(path).header("accept", accept).send().unwrap();
    let page = get("/docs", of_browser);
    assert_eq!((page.status().as_u16(), &page.headers()["vary"]), (401, &"accept".parse().unwrap()));
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["www-authenticate"], "Bearer realm=\"hivesum\"");
    assert!(page.text().unwrap().contains("<a href=\"./\">Sign in"));
    for (path, accept) in [("/docs", "*/*"), ("/docs", "application/json"), ("/api/v1/jobs", of_browser)] {
        problem(get(path, accept), 401, "unauthenticated");
    }
}

#[test]
fn the_sign_in_link_opens_one_session_and_no_more() {
    let app = TestApp::signed_out(|_| {});
    let token = app.start_token.clone().unwrap();
    problem(app.get("/api/v1/stats").bearer_auth(&token).send().unwrap(), 401, "unauthenticated");
    let answer = sign_in(&app, &token);
    assert_eq!(answer.status(), 204);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(app.get("/api/v1/stats").header("cookie", pair).send().unwrap().status(), 200);
    problem(sign_in(&app, &token), 401, "unauthenticated");
}

#[test]
fn behind_a_tls_proxy_the_cookie_is_secure() {
    let app = TestApp::signed_out(|config| config.behind_proxy = true);
    let answer = sign_in(&app, app.start_token.as_ref().unwrap());
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.split("; ").any(|part| part == "Secure"), "{cookie}");
}

#[test]
fn a_page_over_http_behind_a_tls_proxy_is_told_why_it_cannot_sign_in() {
    let app = TestApp::signed_out(|config| {
        config.behind_proxy = true;
        config.allow_hosts = vec!["sums.example".to_owned()];
    });
    let token = app.start_token.as_ref().unwrap();
    let from = |origin: &str| {
        let request = app.anonymous(Method::POST, "/api/v1/session").json(&json!({ "token": token }));
        let host = origin.split_once("://").unwrap().1;
        request.header("host", host).header("origin", origin).send().unwrap()
    };
    for origin in ["http://sums.example", "http://sums.example:8080"] {
        let refused = problem(from(origin), 400, "invalid_request");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("--behind-proxy") && detail.contains("https://"), "{detail}");
    }
    assert_eq!(from("https://sums.example").status(), 204, "the link was not used up");
    let app = TestApp::signed_out(|config| config.behind_proxy = true);
    let own = format!("http://{}", app.address);
    let request = app.anonymous(Method::POST, "/api/v1/session").json(&json!({ "token": app.start_token }));
    assert_eq!(request.header("origin", own).send().unwrap().status(), 204, "browsers keep it on this machine");
}

#[test]
fn a_wrong_token_gives_no_access() {
    let app = TestApp::signed_out(|_| {});
    let cookie = app.sign_in(&token(&app, "read").1);
    let name = cookie.split_once('=').unwrap().0;
    for wrong in ["", "x", "hs_0000000000000000000000000000000000000000000", &"0".repeat(64)] {
        problem(sign_in(&app, wrong), 401, "unauthenticated");
        problem(app.get("/api/v1/stats").bearer_auth(wrong).send().unwrap(), 401, "unauthenticated");
        let cookie = format!("{name}={wrong}");
        problem(app.get("/api/v1/stats").header("cookie", cookie).send().unwrap(), 401, "unauthenticated");
    }
    assert_eq!(
        sign_in(&app, app.start_token.as_ref().unwrap()).status(),
        204,
        "the link still works after wrong guesses"
    );
}

#[test]
fn guesses_are_limited() {
    let app = TestApp::signed_out(|_| {});
    let refused = (0..1000).map(|_| sign_in(&app, "x")).find(|answer| answer.status() == 429);
    problem(refused.expect("guessing is never limited"), 429, "rate_limited");
}

#[test]
fn a_token_may_do_what_its_scopes_say() {
    let app = TestApp::signed_out(|_| {});
    let [(_, read), (_, hash), (_, admin)] = ["read", "hash", "admin"].map(|scope| token(&app, scope));
    let get = |token: &str| app.get("/api/v1/stats").bearer_auth(token).send().unwrap();
    let post = |token: &str| app.post("/api/v1/hash").bearer_auth(token).body("abc").send().unwrap();
    let delete = |token: &str| app.request(Method::DELETE, "/api/v1/jobs/x").bearer_auth(token).send().unwrap();
    ok_json(get(&read));
    problem(post(&read), 403, "forbidden");
    problem(delete(&read), 403, "forbidden");
    problem(get(&hash), 403, "forbidden");
    ok_json(post(&hash));
    problem(delete(&hash), 403, "forbidden");
    problem(get(&admin), 403, "forbidden");
    problem(delete(&admin), 404, "not_found");
}

#[test]
fn a_revoked_token_is_refused_at_once_and_so_is_its_session() {
    let app = TestApp::signed_out(|_| {});
    let (id, secret) = token(&app, "read,hash");
    let cookie = app.sign_in(&secret);
    let by_token = || app.get("/api/v1/stats").bearer_auth(&secret).send().unwrap();
    let by_session = || app.get("/api/v1/stats").header("cookie", &cookie).send().unwrap();
    ok_json(by_token());
    ok_json(by_session());
    assert!(Tokens::open(&app.state.path().join("state")).unwrap().revoke(&id).unwrap());
    problem(by_token(), 401, "unauthenticated");
    problem(by_session(), 401, "unauthenticated");
}

#[test]
fn only_an_admin_token_sees_the_jobs_of_other_tokens() {
    let app = TestApp::signed_out(|_| {});
    app.write("a", "abc");
    let (_, mine) = token(&app, "read,hash");
    let (_, other) = token(&app, "read,hash");
    let (_, admin) = token(&app, "read,hash,admin");
    let asked = app.post("/api/v1/jobs").bearer_auth(&mine).json(&json!({ "root": "files" })).send().unwrap();
    let job: Value = asked.json().unwrap();
    let id = job["id"].as_str().unwrap();
    assert_eq!(job.get("owner"), None, "the owner is never shown");
    let get = |token: &str, path: &str| app.get(&format!("/api/v1/jobs{path}")).bearer_auth(token).send().unwrap();
    for path in ["", "/results", "/events", "/manifest"] {
        problem(get(&other, &format!("/{id}{path}")), 404, "not_found");
    }
    problem(app.post(&format!("/api/v1/jobs/{id}/cancel")).bearer_auth(&other).send().unwrap(), 404, "not_found");
    assert_eq!(ok_json(get(&other, ""))["items"], json!([]));
    for token in [&mine, &admin] {
        assert_eq!(ok_json(get(token, &format!("/{id}")))["id"], id);
        assert_eq!(ok_json(get(token, ""))["items"][0]["id"], id);
    }
}

#[test]
fn read_all_sees_every_job_and_changes_none_of_others() {
    let app = TestApp::signed_out(|_| {});
    app.write("a", "abc");
    let [owner, read, all, all_and_hash, admin] =
        ["read,hash", "read,hash", "read:all", "read:all,hash", "read,admin"].map(|scopes| token(&app, scopes).1);
    let asked = app.post("/api/v1/jobs").bearer_auth(&owner).json(&json!({ "root": "files" })).send().unwrap();
    let id = asked.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned();
    let get = |token: &str, path: &str| app.get(&format!("/api/v1{path}")).bearer_auth(token).send().unwrap();
    get(&owner, &format!("/jobs/{id}/events")).text().unwrap();
    let of_jobs: Vec<String> = ["", "/results", "/manifest", "/duplicates", "/events"]
        .map(|path| format!("/jobs/{id}{path}"))
        .into_iter()
        .chain([format!("/jobs/{id}/compare?with={id}")])
        .collect();
    let document: Value = serde_json::from_str(include_str!("openapi.json")).unwrap();
    let of_one_job =
        |(path, routes): &(&String, &Value)| path.starts_with("/api/v1/jobs/{id}") && routes.get("get").is_some();
    let known = document["paths"].as_object().unwrap().iter().filter(of_one_job).count();
    assert_eq!(known, of_jobs.len(), "each GET route of one job is asked");
    for path in of_jobs {
        for token in [&owner, &all, &all_and_hash, &admin] {
            assert_eq!(get(token, &path).status(), 200, "{path}");
        }
        problem(get(&read, &path), 404, "not_found");
    }
    let jobs = |token: &str| ok_json(get(token, "/jobs"))["items"].as_array().unwrap().len();
    assert_eq!([&owner, &read, &all, &admin].map(|token| jobs(token)), [1, 0, 1, 1]);
    let again = |token: &str| {
        let spec = json!({ "root": "files", "reuse_unchanged_from": id });
        app.post("/api/v1/jobs").bearer_auth(token).json(&spec).send().unwrap()
    };
    let of_all_and_hash = again(&all_and_hash);
    assert_eq!(of_all_and_hash.status(), 202);
    let other = of_all_and_hash.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned();
    get(&all, &format!("/jobs/{other}/events")).text().unwrap();
    let compared = format!("/jobs/{id}/compare?with={other}");
    problem(get(&owner, &compared), 404, "not_found");
    for token in [&all, &all_and_hash, &admin] {
        assert_eq!(get(token, &compared).status(), 200, "of two owners");
    }
    problem(again(&read), 404, "not_found");
    let cancel = |token: &str| app.post(&format!("/api/v1/jobs/{id}/cancel")).bearer_auth(token).send().unwrap();
    problem(cancel(&read), 404, "not_found");
    let refused = problem(cancel(&all_and_hash), 403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("admin"), "{refused}");
    assert_eq!(cancel(&owner).status(), 200);
    let delete = app.request(Method::DELETE, &format!("/api/v1/jobs/{id}")).bearer_auth(&all_and_hash).send().unwrap();
    problem(delete, 403, "forbidden");
}

#[test]
fn a_caller_is_told_what_it_may_do() {
    let app = TestApp::signed_out(|_| {});
    let session = |token: &str| ok_json(app.get("/api/v1/session").bearer_auth(token).send().unwrap());
    for (scopes, told) in [
        ("read,hash", json!(["read", "hash"])),
        ("read:all", json!(["read", "read:all"])),
        ("hash", json!(["hash"])),
        ("admin", json!(["admin"])),
    ] {
        let expected = json!({ "authenticated": true, "scopes": told, "name": "test" });
        assert_eq!(session(&token(&app, scopes).1), expected);
    }
    let end: jiff::Timestamp = "2999-12-31T12:00:00Z".parse().unwrap();
    let ending = token_until(&app, "read", Some(end)).1;
    let expected =
        json!({ "authenticated": true, "scopes": ["read"], "name": "test", "expires_at": "2999-12-31T12:00:00Z" });
    assert_eq!(session(&ending), expected);
    let by_its_session = app.get("/api/v1/session").header("cookie", app.sign_in(&ending)).send().unwrap();
    assert_eq!(ok_json(by_its_session), expected);
    let cookie = app.sign_in(app.start_token.as_ref().unwrap());
    let by_session = app.get("/api/v1/session").header("cookie", cookie).send().unwrap();
    let everything = json!(["read", "read:all", "hash", "admin"]);
    assert_eq!(ok_json(by_session), json!({ "authenticated": true, "scopes": everything }));
    problem(app.get("/api/v1/session").send().unwrap(), 401, "unauthenticated");
    let open = TestApp::signed_out(|config| config.access = Access::Open);
    let everybody = json!({ "authenticated": false, "scopes": ["read", "read:all", "hash", "admin"] });
    assert_eq!(open.json("/api/v1/session"), everybody);
}

#[test]
fn access_without_authentication_is_allowed_only_on_loopback() {
    let app = TestApp::signed_out(|config| config.access = Access::Open);
    assert_eq!(app.start_token, None);
    app.json("/api/v1/stats");
    let mut config = ServeConfig::new("/nowhere".into());
    config.access = Access::Open;
    config.listen = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(config.check(), Err(ConfigError::OpenToTheNetwork(_))));
}
