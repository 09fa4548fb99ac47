//! Below a path of a proxy, which strips it or does not: the same answers, and everything that leads back has the path.

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::access::token_until;
use crate::app::{TestApp, client_builder, ok_json, problem};

const BASE: &str = "/tools/hivesum/";

/// As a proxy sends a path: as it is, and stripped.
const FORMS: [&str; 2] = ["/tools/hivesum", ""];

fn app() -> TestApp {
    TestApp::signed_out(|config| config.base_path = BASE.parse().unwrap())
}

#[test]
fn with_and_without_the_base_path_the_answers_are_the_same() {
    let app = app();
    app.write("a", "abc");
    let token = token_until(&app, "read,hash,admin", None).1;
    for form in FORMS {
        for path in ["/", "/app.js", "/healthz", "/readyz"] {
            assert_eq!(app.get(&format!("{form}{path}")).send().unwrap().status(), 200, "{form}{path}");
        }
        for path in ["/api/v1/stats", "/metrics", "/docs", "/openapi.json", "/nothing"] {
            problem(app.get(&format!("{form}{path}")).send().unwrap(), 401, "unauthenticated");
        }
        for path in ["/api/v1/roots/files/entries?path=&limit=1", "/metrics", "/docs", "/docs/start.js"] {
            let answer = app.get(&format!("{form}{path}")).bearer_auth(&token).send().unwrap();
            assert_eq!(answer.status(), 200, "{form}{path}");
        }
        let hashed = app.post(&format!("{form}/api/v1/hash?algorithms=crc32")).bearer_auth(&token).body("abc");
        assert_eq!(ok_json(hashed.send().unwrap())["digests"]["crc32"], "352441c2");
        let job = app.post(&format!("{form}/api/v1/jobs")).bearer_auth(&token).json(&json!({ "root": "files" }));
        let answer = job.send().unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.starts_with("/tools/hivesum/api/v1/jobs/"), "{location}");
        ok_json(app.get(&location).bearer_auth(&token).send().unwrap());
    }
    for path in
        ["/tools/hivesumx/healthz", "/tools/healthz", "/TOOLS/hivesum/healthz", "/tools/hivesum/tools/hivesum/healthz"]
    {
        assert_ne!(app.get(path).send().unwrap().status(), 200, "{path}");
    }
}

#[test]
fn host_and_csrf_rules_hold_below_the_base_path() {
    let app = app();
    let token = token_until(&app, "hash", None).1;
    for form in FORMS {
        let path = format!("{form}/api/v1/hash");
        let foreign = app.post(&path).bearer_auth(&token).header("sec-fetch-site", "cross-site").body("abc");
        problem(foreign.send().unwrap(), 403, "cross_site");
        let elsewhere = app.post(&path).bearer_auth(&token).header("host", "elsewhere.example").body("abc");
        problem(elsewhere.send().unwrap(), 421, "host_not_allowed");
    }
}

#[test]
fn the_cookie_the_document_and_the_page_name_the_base_path() {
    let app = app();
    for form in FORMS {
        let token = token_until(&app, "read", None).1;
        let session = app.anonymous(Method::POST, &format!("{form}/api/v1/session")).json(&json!({ "token": token }));
        let cookie = session.send().unwrap().headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("; Path=/tools/hivesum/;"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let document = app.get(&format!("{form}/openapi.json")).header("cookie", &cookie).send().unwrap();
        assert_eq!(ok_json(document)["servers"][0]["url"], "/tools/hivesum");
        for path in ["/", "/docs"] {
            let page = app.get(&format!("{form}{path}")).header("cookie", &cookie).send().unwrap().text().unwrap();
            assert!(!page.contains("href=\"/") && !page.contains("src=\"/"), "{page}");
        }
    }
    let page = app.get("/tools/hivesum/docs/start.js").bearer_auth(token_until(&app, "read", None).1).send().unwrap();
    assert!(!page.text().unwrap().contains("\"/"));
}

#[test]
fn the_base_path_without_its_last_slash_leads_to_the_page() {
    let app = app();
    let client = client_builder().redirect(Policy::none()).build().unwrap();
    let answer = client.get(app.url("/tools/hivesum")).send().unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (308, &BASE.parse().unwrap()));
}
