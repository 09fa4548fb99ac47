//! Running jobs: their progress is shown, they can be cancelled, and they survive a killed server.

use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::browser::{Browser, LOST_CONNECTION};
use crate::jobs::{run_job, select_only, start_job};
use crate::server::{ROOT, Server};

/// Small, because the bandwidth limit applies per batch, and a batch has about 256 files.
const FILE_BYTES: usize = 4 << 10;
/// Number of files that at 0.5 MiB/s take longer than any test waits.
pub(crate) const ENDLESS: usize = 64_000;

/// Starts a job over this many files with a bandwidth limit in MiB/s, and awaits its first results.
pub(crate) async fn start_slow_job(browser: &Browser, server: &Server, files: usize, budget: &str) {
    // Hard links: they are soon made, and each is read.
    for n in 0..files {
        let path = server.tree().join(format!("slow {n:05}.bin"));
        match n < 256 {
            true => drop(server.write(path.file_name().unwrap().as_bytes(), [n as u8; FILE_BYTES])),
            false => std::fs::hard_link(server.tree().join(format!("slow {:05}.bin", n % 256)), path).unwrap(),
        }
    }
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    select_only(browser, "blake3").await;
    browser.run("document.querySelector('[data-testid=budget]').closest('details').open = true", vec![]).await;
    browser.fill("budget", budget).await;
    start_job(browser, "blake3").await;
    browser.until_text("job-state", "Running").await;
    browser.until("document.querySelector('[data-testid=job-files-done]').textContent !== '0'").await;
}

#[tokio::test]
async fn a_running_job_shows_its_progress_and_results_and_can_be_cancelled() {
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
async fn results_requested_before_the_end_and_received_after_it_are_requested_again() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    // Holds back the first answer, an empty page, until `__release` is called.
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
async fn a_job_is_followed_to_its_end_although_the_server_is_killed() {
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
    browser.close_ignoring(&LOST_CONNECTION).await;
}

#[tokio::test]
async fn an_unknown_job_and_an_unreachable_server_are_shown_and_can_be_retried() {
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
        .close_ignoring(&["ERR_CONNECTION_REFUSED", "status of 404", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"])
        .await;
}

/// How many streams this tab has open, in `__streams`.
const COUNT_STREAMS: &str = "window.__streams = 0;
    const Real = window.EventSource;
    window.EventSource = class extends Real {
        constructor(...given) { super(...given); window.__streams += 1; }
        close() { if (this.readyState !== Real.CLOSED) window.__streams -= 1; super.close(); }
    };";

#[tokio::test]
async fn eight_tabs_follow_a_running_job_and_none_of_them_waits_for_a_connection() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    let job = browser.client.current_url().await.unwrap();
    let first = browser.client.window().await.unwrap();
    // A browser opens six connections to a host.
    for _ in 0..7 {
        let tab = browser.client.new_window(true).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        browser.goto(job.as_str()).await;
        browser.until_text("job-state", "Running").await;
    }
    // A tab without a stream learns of the progress, and of the end.
    browser.run("window.__before = document.querySelector('[data-testid=job-files-done]').textContent", vec![]).await;
    browser.until("document.querySelector('[data-testid=job-files-done]').textContent !== __before").await;
    browser.click("job-cancel").await;
    browser.until_text("job-state", "Cancelled").await;
    browser.client.switch_to_window(first).await.unwrap();
    browser.until_text("job-state", "Cancelled").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_nobody_looks_at_holds_no_stream() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": COUNT_STREAMS })).await;
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    browser.until("__streams === 1").await;
    let look = "Object.defineProperty(document, 'hidden', { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));";
    browser.run(look, vec![json!(true)]).await;
    browser.until("__streams === 0").await;
    browser.run(look, vec![json!(false)]).await;
    browser.until("__streams === 1").await;
    browser.click("job-cancel").await;
    browser.until_text("job-state", "Cancelled").await;
    browser.until("__streams === 0").await;
    browser.close().await;
}
