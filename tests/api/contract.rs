//! The OpenAPI document against its golden copy, so that every change of the contract shows in a diff.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::app::TestApp;

/// The document when the contract was last agreed on.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/openapi.json");

#[test]
fn the_document_is_the_golden_copy() {
    let app = TestApp::start();
    let served = app.get("/openapi.json").send().unwrap().text().unwrap() + "\n";
    // The cookie's name ends with the id of the state directory.
    let session = &app.json("/openapi.json")["components"]["securitySchemes"]["session"]["name"];
    let served = served.replace(session.as_str().unwrap(), "hivesum_{state}");
    if std::env::var_os("HIVESUM_AGREE").is_some() {
        std::fs::write(GOLDEN, &served).unwrap();
    }
    let golden = std::fs::read_to_string(Path::new(GOLDEN)).unwrap_or_default();
    let differs = served.lines().zip(golden.lines()).find(|(served, golden)| served != golden);
    let same = served == golden;
    assert!(
        same,
        "the contract has changed: {differs:?}\n\
         if that is intended, HIVESUM_AGREE=1 cargo test --test api the_document_is_the_golden_copy writes the copy"
    );
}

/// What `redocly lint` and `spectral lint` (rules of spectral:oas) asked for, so that the document stays clean:
/// `npx @redocly/cli@1.34.5 lint openapi.json`, `npx @stoplight/spectral-cli@6.15.0 lint openapi.json`.
#[test]
fn the_document_has_what_other_checkers_ask_for() {
    let document = TestApp::start().json("/openapi.json");
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    assert!(is_text(&document["info"]["contact"]["name"]) && is_text(&document["info"]["license"]["identifier"]));
    assert!(is_text(&document["info"]["description"]) && is_text(&document["servers"][0]["url"]));
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut ids = BTreeSet::new();
    for operation in operations {
        for member in ["operationId", "summary", "description"] {
            assert!(is_text(&operation[member]), "{operation} lacks {member}");
        }
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation} has the id of another");
        assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{operation}");
    }
    assert_eq!(
        document["paths"]["/api/v1/hash"]["post"]["responses"]["422"]["content"]["application/problem+json"]["examples"]
            ["digest_mismatch"]["value"]["title"],
        "Unprocessable Content"
    );
}

#[test]
fn the_docs_page_loads_nothing_from_other_hosts() {
    let app = TestApp::start();
    let page = app.get("/docs").send().unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    let page = page.text().unwrap();
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script>"), "{page}");
    for (file, media_type) in
        [("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript"), ("start.js", "text/javascript")]
    {
        assert!(page.contains(&format!("/docs/{file}")));
        let answer = app.get(&format!("/docs/{file}")).send().unwrap();
        assert_eq!(answer.status(), 200, "{file}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(media_type), "{file}");
        assert!(!answer.bytes().unwrap().is_empty(), "{file}");
    }
    for nothing in ["swagger-ui-bundle.js.map", "..%2fopenapi.json", "index.html"] {
        assert_eq!(app.get(&format!("/docs/{nothing}")).send().unwrap().status(), 404, "{nothing}");
    }
}
