//! A job that is watched: its figures move, it is cancelled, it survives the death of the server.

use serde_json::json;

use crate::browser::Browser;
use crate::jobs::{choose_alone, run_job, start_job};
use crate::server::{ROOT, Server};

/// Small, as the budget is kept batch by batch, and a batch has some 256 files.
const FILE_BYTES: usize = 4 << 10;
/// Files that take longer than any test waits, at half a MiB a second.
pub(crate) const ENDLESS: usize = 16_000;

/// Starts a job over so many files at so many MiB a second, and awaits its first bytes.
pub(crate) async fn start_slow_job(browser: &Browser, server: &Server, files: usize, budget: &str) {
    for n in 0..files {
        server.write(format!("slow {n:05}.bin"), [n as u8; FILE_BYTES]);
    }
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    choose_alone(browser, "blake3").await;
    browser.run("document.querySelector('details.more').open = true", vec![]).await;
    browser.fill("budget", budget).await;
    start_job(browser, "blake3").await;
    browser.until_text("job-state", "Running").await;
    browser.until("document.querySelector('[data-testid=job-files-done]').textContent !== '0'").await;
}

#[tokio::test]
async fn a_running_job_shows_its_place_its_rate_and_its_results_and_is_cancelled() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    browser.until("document.querySelector('[data-testid=job-at]').textContent.startsWith('Now at slow')").await;
    browser.until("document.querySelector('[data-testid=job-rate]').textContent.endsWith('iB/s')").await;
    browser.until("document.querySelector('.chart canvas').getAttribute('aria-label').includes('now')").await;
    browser.until("document.querySelector('[data-testid=result-row] .name')").await;
    browser.until("document.querySelector('[data-testid=export-menu]') === null").await;

    browser.click("job-cancel").await;
    browser.until_text("job-state", "Cancelled").await;
    browser.until("document.querySelector('[data-testid=job-cancel]').hidden").await;
    browser.until("document.querySelector('[data-testid=job-at]').hidden").await;
    let done: usize = browser.text("job-files-done").await.replace(',', "").parse().unwrap();
    assert!(done < ENDLESS, "{done} files were hashed at half a MiB a second");
    browser.close().await;
}

#[tokio::test]
async fn an_answer_from_before_the_end_that_comes_after_it_is_asked_for_again() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    // The first page of results, as it was when nothing was committed yet, comes when it is let go.
    let hold = "const real = window.fetch; let held = false;
        window.fetch = (url, init) => (held || !url.includes('limit=200') ? real(url, init) : new Promise((answer) => {
            held = true;
            window.__release = () => answer(new Response(JSON.stringify({ items: [], total: 0 })));
        }));";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": hold })).await;
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    browser.until("window.__release").await;
    browser.click("job-cancel").await;
    browser.until_text("job-state", "Cancelled").await;
    browser.run("window.__release()", vec![]).await;
    browser.until("document.querySelector('[data-testid=result-row] .name')").await;
    browser.close().await;
}

#[tokio::test]
async fn a_job_is_followed_over_the_death_of_the_server_to_its_end() {
    let Some(browser) = Browser::start().await else { return };
    let mut server = Server::open();
    start_slow_job(&browser, &server, 5000, "1").await;
    server.kill();
    browser.until("document.querySelector('.link-lost')?.checkVisibility()").await;
    server.start_again();
    browser.until("document.querySelector('.link-lost').hidden").await;
    browser.until_text("job-state", "Completed").await;
    browser.until_text("job-files-done", "5,000").await;
    browser.until_text("results-total", "5,000 results").await;
    // What the browser itself says of requests that met a closed port.
    browser
        .close_but_for(&[
            "ERR_CONNECTION_REFUSED",
            "ERR_INCOMPLETE_CHUNKED_ENCODING",
            "ERR_CONNECTION_RESET",
            "ERR_EMPTY_RESPONSE",
        ])
        .await;
}

#[tokio::test]
async fn a_job_that_was_deleted_and_a_view_without_a_server_say_so_and_offer_a_way_on() {
    let Some(browser) = Browser::start().await else { return };
    let mut server = Server::open();
    browser.goto(&format!("{}/#/job/01890000-0000-7000-8000-000000000000", server.url)).await;
    browser.find("error-banner").await;
    let said = browser.text("error-banner").await;
    assert!(said.contains("There is no such job") && said.contains("not_found"), "{said}");

    server.write("one", "1");
    run_job(&browser, &server, "blake3").await;
    server.kill();
    browser.visit("#/jobs").await;
    browser
        .until("document.querySelector('[data-testid=error-banner]')?.textContent.includes('does not answer')")
        .await;
    server.start_again();
    browser.click("retry").await;
    browser.find("job-row").await;
    browser
        .close_but_for(&["ERR_CONNECTION_REFUSED", "status of 404", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"])
        .await;
}
