//! An overloaded server: its refusals are shown as messages, and the page retries.

use serde_json::json;

use crate::browser::Browser;
use crate::jobs::start_job;
use crate::running_jobs::{ENDLESS, start_slow_job};
use crate::server::{ROOT, Server};

/// The browser logs these answers.
const REFUSED: [&str; 2] = ["status of 429", "status of 503"];
const MOST_VISITS: usize = 50;
/// Uses up the rate limit until a view shows that it waits. What it showed is kept: a test that looks now and then would
/// miss what is gone after a second.
const SPEND: &str = "window.__waits = [];
const spend = () => window.__waits.length || fetch('/api/v1/roots').then(spend);
for (let line = 0; line < 3; line += 1) spend();
new MutationObserver(() => {
    const banner = document.querySelector('#notices .banner.wait');
    if (banner?.textContent.includes('Trying again')) window.__waits.push({ role: banner.getAttribute('role'), text: banner.textContent });
}).observe(document.getElementById('notices'), { childList: true, subtree: true, characterData: true });";

#[tokio::test]
async fn a_rate_limited_view_shows_a_countdown_and_then_loads_by_itself() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--rate-limit", "2"]);
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    browser.run(SPEND, vec![]).await;
    // By chance a view is served in between: then it is opened again.
    for _ in 0..MOST_VISITS {
        browser.click("nav-hash").await;
        browser.find("drop-zone").await;
        browser.click("nav-jobs").await;
        browser.until("window.__waits.length || document.querySelector('.view-jobs .placeholder')").await;
        if browser.value("window.__waits.length").await != json!(0) {
            break;
        }
    }
    let shown = browser.value("window.__waits[0]").await;
    assert_eq!(shown["role"], "status", "{shown}");
    let text = shown["text"].as_str().unwrap();
    assert!(text.contains("Trying again in") && text.contains("rate_limited"), "{text}");
    browser.until("document.querySelector('.view-jobs .placeholder')?.textContent.includes('No jobs yet')").await;
    browser.until("!document.querySelector('.banner')").await;
    browser.close_ignoring(&REFUSED).await;
}

#[tokio::test]
async fn a_refused_upload_shows_that_it_waits_and_is_retried() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--rate-limit", "1"]);
    // Too large to go into one request.
    let paths: Vec<_> = (0..4).map(|n| server.write(format!("up {n}"), vec![n; 300 << 10])).collect();
    let list: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    browser.goto(&server.url).await;
    browser.find("file-input").await.send_keys(&list.join("\n")).await.unwrap();
    browser.until("[...document.querySelectorAll('[data-testid=upload-status]')].some((status) => status.textContent.includes('Trying again in'))").await;
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=done]').length === 4").await;
    browser.close_ignoring(&REFUSED).await;
}

#[tokio::test]
async fn a_full_queue_is_shown_and_the_job_starts_once_there_is_room() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--max-running-jobs", "1", "--max-queued-jobs", "1"]);
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    let first = browser.value("location.hash.split('/').pop()").await;
    let ask = "fetch('/api/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ root: arguments[0] }) })
        .then((answer) => answer.json()).then((job) => { window.__queued = job.id; });";
    browser.run(ask, vec![json!(ROOT)]).await;
    browser.until("window.__queued").await;
    let second = browser.value("window.__queued").await;

    browser.visit(&format!("#/files/{ROOT}")).await;
    start_job(&browser, "blake3").await;
    browser.until("document.querySelector('.banner.wait')?.textContent.includes('queue_full')").await;
    let cancel = "fetch(`/api/v1/jobs/${arguments[0]}/cancel`, { method: 'POST' })";
    browser.run(cancel, vec![first.clone()]).await;
    // The page opens the third job, which waits for the second one.
    browser.until(&format!("location.hash.startsWith('#/job/') && !location.hash.endsWith({first})")).await;
    browser.run(cancel, vec![second]).await;
    browser.until_text("job-state", "Running").await;
    browser.close_ignoring(&REFUSED).await;
}
