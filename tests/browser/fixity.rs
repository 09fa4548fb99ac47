//! Fixity: an audit against a dropped checksum file, two jobs compared, and duplicate files.

use std::path::PathBuf;

use hivesum_test_support::tools::output;
use serde_json::json;
use tempfile::TempDir;

use crate::browser::{Browser, hook};
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const MARKUP: &str = "<img src=x onerror=window.__pwned=1>";

/// Writes four files, and their SHA256SUMS outside of the tree.
fn write_listed(server: &Server) -> (TempDir, PathBuf) {
    for name in ["edited", "gone", "kept", "moved before"] {
        server.write(name, name);
    }
    let outside = tempfile::tempdir().unwrap();
    let manifest = outside.path().join("SHA256SUMS");
    std::fs::write(&manifest, output(server.tree(), "sha256sum", &["edited", "gone", "kept", "moved before"])).unwrap();
    (outside, manifest)
}

/// Edits one file, removes one, moves one and adds one.
fn change(server: &Server) {
    server.write("edited", "other bytes");
    std::fs::remove_file(server.tree().join("gone")).unwrap();
    std::fs::rename(server.tree().join("moved before"), server.tree().join("moved after")).unwrap();
    server.write("new one", "new");
}

/// Opens a tab and awaits that it has exactly these rows.
async fn until_tab(browser: &Browser, testid: &str, tab: &str, rows: &[&str]) {
    browser.until(&format!("document.querySelector('[data-tab={tab}] small')?.textContent === '{}'", rows.len())).await;
    browser.run(&format!("document.querySelector('[data-tab={tab}]').click()"), vec![]).await;
    let shown = format!(
        "[...document.querySelectorAll('[data-testid={testid}]')].map((row) => row.querySelector('.cell').textContent).join('|')"
    );
    browser.until(&format!("{shown} === {}", json!(rows.join("|")))).await;
    browser.until(&format!("location.hash.endsWith('?verdict={tab}')")).await;
}

#[tokio::test]
async fn a_directory_is_audited_against_a_checksum_file_and_each_verdict_has_its_tab() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let (_outside, manifest) = write_listed(&server);
    change(&server);
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    browser.click("task-verify").await;
    assert!(!browser.find("start-verify").await.is_enabled().await.unwrap());
    browser.find("manifest-input").await.send_keys(manifest.to_str().unwrap()).await.unwrap();
    browser.click("start-verify").await;
    browser.until_text("job-state", "Completed").await;
    until_tab(&browser, "result-row", "matched", &["kept"]).await;
    until_tab(&browser, "result-row", "modified", &["edited"]).await;
    until_tab(&browser, "result-row", "moved", &["moved after"]).await;
    until_tab(&browser, "result-row", "missing", &["gone"]).await;
    until_tab(&browser, "result-row", "new", &["new one"]).await;
    browser.client.refresh().await.unwrap();
    until_tab(&browser, "result-row", "new", &["new one"]).await;
    browser.close().await;
}

#[tokio::test]
async fn a_checksum_file_dropped_on_a_job_audits_its_directory() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let (_outside, manifest) = write_listed(&server);
    run_job(&browser, &server, "blake3").await;
    let first = browser.value("location.hash").await;
    browser.drop_paths("job-files-done", &[&manifest]).await;
    browser.until(&format!("location.hash !== {first}")).await;
    browser.until_text("job-state", "Completed").await;
    browser.until("document.querySelector('[data-tab=matched] small')?.textContent === '4'").await;
    browser.close().await;
}

#[tokio::test]
async fn a_file_that_is_not_a_manifest_is_refused_with_a_message() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("letter.txt");
    std::fs::write(&path, "Dear all,\nthis is no manifest.\n").unwrap();
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    browser.drop_paths("target-tally", &[&path]).await;
    browser.click("start-verify").await;
    browser
        .until("document.querySelector('[data-testid=error-banner]')?.textContent.includes('manifest_invalid')")
        .await;
    browser.close_ignoring(&["status of 400"]).await;
}

#[tokio::test]
async fn two_jobs_of_the_history_are_compared_and_hostile_names_stay_text() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let _kept = write_listed(&server);
    run_job(&browser, &server, "blake3").await;
    change(&server);
    server.write(MARKUP, "markup");
    server.write("twin\u{202e}gpj.exe", "markup");
    run_job(&browser, &server, "blake3").await;
    let latest = browser.value("location.hash.split('/').pop()").await;

    browser.visit("#/jobs").await;
    browser.until("document.querySelectorAll('[data-testid=job-tick]').length === 2").await;
    browser.run("document.querySelectorAll('[data-testid=job-tick]').forEach((tick) => tick.click())", vec![]).await;
    browser.click("compare-two").await;
    until_tab(&browser, "change-row", "modified", &["edited"]).await;
    until_tab(&browser, "change-row", "moved", &["moved beforemoved after"]).await;
    until_tab(&browser, "change-row", "removed", &["gone"]).await;
    until_tab(&browser, "change-row", "added", &[MARKUP, "new one", "twinU+202Egpj.exe"]).await;
    browser.until_text("unchanged", "1 file is unchanged").await;
    browser.run("document.querySelector('[data-testid=change-row]').click()", vec![]).await;
    browser.until(&format!("document.querySelector('dialog[open] h2')?.textContent === {}", json!(MARKUP))).await;

    browser.visit(&format!("#/duplicates/{}", latest.as_str().unwrap())).await;
    browser.until_text("reclaimable", "6 B reclaimable").await;
    browser.until("!document.querySelector('dialog')").await;
    browser.click_on(&hook("group-row")).await;
    browser.until("document.querySelectorAll('dialog[open] .plain-list li').length === 2").await;
    let names = browser.value("document.querySelector('dialog[open] .plain-list').textContent").await;
    assert_eq!(names, format!("{MARKUP}twinU+202Egpj.exe").as_str());
    assert_eq!(browser.value("document.querySelectorAll('main img, dialog img, [onerror]').length").await, 0);
    assert_eq!(browser.value("typeof window.__pwned").await, "undefined");
    browser.close().await;
}

#[tokio::test]
async fn a_directory_is_verified_against_the_job_that_is_shown() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("a", "a");
    run_job(&browser, &server, "blake3").await;
    let chosen = browser.value("location.hash").await;
    server.write("a", "other");
    run_job(&browser, &server, "blake3").await;
    browser.visit(chosen.as_str().unwrap()).await;
    browser.click("job-verify-against").await;
    browser.until("document.title.includes('1 modified of 1')").await;
    browser.until("document.querySelector('[data-testid=job-verify-against]').hidden").await;
    browser.close().await;
}
