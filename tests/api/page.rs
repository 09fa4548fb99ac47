//! The page and its assets.

use reqwest::Method;

use crate::app::{TestApp, problem};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

#[test]
fn the_page_loads_nothing_from_other_hosts() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/", "/index.html", "/app.js", "/favicon.svg", "/style/base.css"] {
        let answer = app.get(path).send().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-security-policy"], POLICY);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    }
}

#[test]
fn assets_have_their_media_type() {
    let app = TestApp::signed_out(|_| {});
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style/base.css", "text/css; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        assert_eq!(app.get(path).send().unwrap().headers()["content-type"], media_type, "{path}");
    }
}

#[test]
fn a_page_with_a_matching_etag_is_not_sent_again() {
    let app = TestApp::signed_out(|_| {});
    let first = app.get("/").send().unwrap();
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(!first.text().unwrap().is_empty());
    let again = app.get("/").header("if-none-match", &tag).send().unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"].to_str().unwrap(), tag);
    assert_eq!(app.get("/").header("if-none-match", "\"other\"").send().unwrap().status(), 200);
}

#[test]
fn only_the_assets_are_served() {
    let app = TestApp::start();
    for path in [
        "/Cargo.toml",
        "/static/app.js",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/app.js/",
        "//app.js",
        "/style",
        "/app.js%00",
    ] {
        problem(app.get(path).send().unwrap(), 404, "not_found");
    }
}

#[test]
fn head_requests_have_the_fields_and_no_body() {
    let app = TestApp::start();
    for path in ["/", "/healthz", "/api/v1/stats", "/api/v1/algorithms"] {
        let (head, get) = (app.request(Method::HEAD, path).send().unwrap(), app.get(path).send().unwrap());
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!(head.headers()["content-type"], get.headers()["content-type"]);
        assert!(head.bytes().unwrap().is_empty());
    }
}

/// The addresses of the scripts and style sheets that a page names.
fn assets_of(page: &str) -> Vec<String> {
    let addresses = page.split("=\"./").skip(1).filter_map(|rest| rest.split_once('"'));
    addresses.map(|(address, _)| format!("/{address}")).collect()
}

#[test]
fn every_asset_of_the_page_is_kept_for_good_and_the_page_itself_is_asked_for() {
    let app = TestApp::signed_out(|_| {});
    let page = app.get("/").send().unwrap();
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let assets = assets_of(&page.text().unwrap());
    assert_eq!(assets.len(), 3, "{assets:?}");
    for path in &assets {
        let answer = app.get(path).send().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable", "{path}");
        assert_eq!(answer.headers()["content-security-policy"], POLICY);
        let media_type = if path.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert_eq!(answer.headers()["content-type"], format!("{media_type}; charset=utf-8").as_str());
        let tag = answer.headers()["etag"].clone();
        assert_eq!(app.get(path).header("if-none-match", &tag).send().unwrap().status(), 304);
        let other = path.replace('-', "-0").replacen("0.", ".", 1);
        assert_ne!(app.get(&other).send().unwrap().status(), 200, "{other}");
    }
    for path in ["/index.html", "/app.js", "/style/base.css", "/favicon.svg"] {
        assert_eq!(app.get(path).send().unwrap().headers()["cache-control"], "no-cache", "{path}");
    }
}

#[test]
fn the_page_below_a_base_path_loads_its_assets_with_and_without_it() {
    let app = TestApp::signed_out(|config| config.base_path = "/tools/hivesum/".parse().unwrap());
    for form in ["/tools/hivesum", ""] {
        for path in assets_of(&app.get(&format!("{form}/")).send().unwrap().text().unwrap()) {
            assert_eq!(app.get(&format!("{form}{path}")).send().unwrap().status(), 200, "{form}{path}");
        }
    }
}
