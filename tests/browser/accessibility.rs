//! Accessibility: axe-core, which finds nothing in the queue and a planted fault. It looks at every view with its picture.

use std::path::Path;

use hivesum_test_support::Requirement;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{ROOT, Server};

/// The source of axe-core, where `.ci/run` installs it from npm.
pub(crate) fn axe_core() -> Option<String> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(path).ok();
    if source.is_none() {
        Requirement::tool("axe-core", "npm install --prefix target/tmp/npm axe-core").report_missing();
    }
    source
}

/// The violations that axe-core finds in the page: the rule and the elements of each.
pub(crate) async fn violations(browser: &Browser, axe: &str) -> Vec<Value> {
    if browser.value("typeof window.axe").await == "undefined" {
        browser.run(axe, vec![]).await;
    }
    let audit = "window.__axe = undefined; axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => { window.__axe = { passes: passes.length, \
        violations: violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.html).join(' ')}`) }; });";
    browser.run(audit, vec![]).await;
    browser.until("window.__axe").await;
    let found = browser.value("window.__axe").await;
    assert!(found["passes"].as_u64().unwrap() > 10, "axe-core checked nothing: {found}");
    found["violations"].as_array().unwrap().clone()
}

pub(crate) async fn assert_accessible(browser: &Browser, axe: &str, what: &str) {
    let found = violations(browser, axe).await;
    assert!(found.is_empty(), "{what}: {found:#?}");
}

#[tokio::test]
async fn axe_core_finds_nothing_in_the_queue_the_banner_or_the_signed_out_page() {
    let Some(browser) = Browser::start().await else { return };
    let Some(axe) = axe_core() else { return };
    let server = Server::with_auth();
    browser.goto(&server.url).await;
    browser.find("token-input").await;
    assert_accessible(&browser, &axe, "signed out").await;
    browser.goto(server.link.as_ref().unwrap()).await;
    let path = server.write("file", "file");
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    browser.find("copy-digest").await;
    browser.fill("expect-input", &"0".repeat(64)).await;
    browser.select("[data-verdict=mismatch]").await;
    assert_accessible(&browser, &axe, "the queue").await;
    browser.visit(&format!("#/files/{ROOT}/nothing here")).await;
    browser.find("error-banner").await;
    assert_accessible(&browser, &axe, "a path that does not exist").await;
    browser.close_ignoring(&["status of 401", "status of 404"]).await;
}

#[tokio::test]
async fn axe_core_finds_a_planted_fault() {
    let Some(browser) = Browser::start().await else { return };
    let Some(axe) = axe_core() else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    browser.run("document.querySelector('#theme').removeAttribute('aria-label'); document.querySelector('#theme').removeAttribute('title')", vec![]).await;
    let found = violations(&browser, &axe).await;
    assert!(found.iter().any(|fault| fault.as_str().unwrap().starts_with("button-name")), "{}", json!(found));
    browser.close().await;
}
