//! The list of jobs: filtered, repeated, and deleted after a confirmation.

use serde_json::json;

use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const ROWS: &str =
    "[...document.querySelectorAll('[data-testid=job-row]')].filter((row) => row.checkVisibility()).length";

#[tokio::test]
async fn jobs_are_filtered_by_state_and_by_words() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    run_job(&browser, &server, "blake3").await;
    run_job(&browser, &server, "sha512").await;
    browser.visit("#/jobs").await;
    browser.until(&format!("{ROWS} === 2")).await;
    for word in ["sha-512", "sha512"] {
        browser.fill("jobs-filter", word).await;
        browser.until(&format!("{ROWS} === 1")).await;
        browser.fill("jobs-filter", "").await;
        browser.until(&format!("{ROWS} === 2")).await;
    }
    browser.fill("jobs-filter", &format!("{ROOT} nothing")).await;
    browser.until(&format!("{ROWS} === 0")).await;
    browser.until("document.querySelector('[data-testid=no-match]').textContent.startsWith('No job matches')").await;
    browser.visit("#/jobs?state=failed").await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('No job is in this state')").await;
    browser.visit("#/jobs?state=completed").await;
    browser.until(&format!("{ROWS} === 2")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_is_deleted_only_after_a_confirmation() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    run_job(&browser, &server, "blake3").await;
    browser.visit("#/jobs").await;
    browser.until(&format!("{ROWS} === 1")).await;
    browser.click("job-delete").await;
    browser
        .until("document.querySelector('dialog[open]')?.textContent.includes('The files themselves are not touched')")
        .await;
    browser.run("document.querySelector('dialog[open] .button').click()", vec![]).await;
    browser.until("!document.querySelector('dialog')").await;
    browser.until(&format!("{ROWS} === 1")).await;
    browser.click("job-delete").await;
    browser.click("confirm-yes").await;
    browser.until("document.querySelector('.placeholder')?.textContent.includes('No jobs yet')").await;
    browser.run("fetch('/api/v1/jobs').then((answer) => answer.json()).then(({ items }) => { window.__left = items.length; })", vec![]).await;
    browser.until("window.__left === 0").await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_is_repeated_with_its_whole_spec() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("kept.txt", "1");
    server.write("left.tmp", "2");
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let spec = json!({ "root": ROOT, "algorithms": ["sha256", "md5"], "exclude": ["*.tmp"], "priority": "low" });
    let ask = "fetch('/api/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(arguments[0]) })
        .then((answer) => answer.json()).then(({ id }) => { location.hash = `#/job/${id}`; });";
    browser.run(ask, vec![spec.clone()]).await;
    browser.until_text("job-state", "Completed").await;
    let first = browser.value("location.hash").await;
    browser.click("job-repeat").await;
    browser.until(&format!("location.hash.startsWith('#/job/') && location.hash !== {first}")).await;
    browser.until_text("job-state", "Completed").await;
    browser.until_text("job-files-done", "1").await;
    browser.run("fetch(`/api/v1/jobs/${location.hash.split('/').pop()}`).then((answer) => answer.json()).then((job) => { window.__spec = job.spec; })", vec![]).await;
    browser.until("window.__spec").await;
    let repeated = browser.value("window.__spec").await;
    for (member, value) in spec.as_object().unwrap() {
        assert_eq!(&repeated[member], value, "{member}");
    }
    browser.close().await;
}
