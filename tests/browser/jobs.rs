//! Jobs: browse to a directory, start a job, watch it, and export the manifest.

use hivesum_test_support::tools::check;
use serde_json::json;

use crate::browser::{Browser, hook};
use crate::server::{ROOT, Server, get};

const FILES: usize = 40;

/// Selects this algorithm and no other.
pub(crate) async fn select_only(browser: &Browser, algorithm: &str) {
    browser.find(&format!("algorithm-{algorithm}")).await;
    let choose = "const wanted = `algorithm-${arguments[0]}`;
        const boxes = [...document.querySelectorAll('[data-testid^=algorithm-]')];
        for (const box of boxes) if (box.dataset.testid === wanted && !box.checked) box.click();
        for (const box of boxes) if (box.dataset.testid !== wanted && box.checked) box.click();";
    browser.run(choose, vec![json!(algorithm)]).await;
}

/// Starts a job with this algorithm on the open directory.
pub(crate) async fn start_job(browser: &Browser, algorithm: &str) {
    select_only(browser, algorithm).await;
    browser.click("start-job").await;
}

/// Runs a job on the whole root and waits for its end.
pub(crate) async fn run_job(browser: &Browser, server: &Server, algorithm: &str) {
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    start_job(browser, algorithm).await;
    let results = "document.querySelector('[data-testid=results-total]')?.textContent";
    let completed = "document.querySelector('[data-testid=job-state]')?.textContent.startsWith('Completed')";
    browser.until_after(results, completed).await;
}

#[tokio::test]
async fn a_browsed_directory_is_hashed_and_its_export_passes_sha256sum() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..FILES {
        server.write(format!("photos/2024/image {n}.jpg"), n.to_string());
    }
    server.write("beside.txt", "not in the job");

    browser.goto(&server.url).await;
    browser.click("nav-files").await;
    browser.find("root-list").await;
    open_entry(&browser, ROOT).await;
    open_entry(&browser, "photos").await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 1").await;
    open_entry(&browser, "2024").await;
    browser.until(&format!("location.hash === '#/files/{ROOT}/photos/2024'")).await;
    browser.until("document.querySelector('[data-testid=entry-row]')?.textContent.includes('image')").await;
    start_job(&browser, "sha256").await;

    browser.until_text("job-state", "Completed").await;
    browser.until_text("job-files-done", &FILES.to_string()).await;
    browser.until_text("results-total", &format!("{FILES} results")).await;
    browser.until("document.querySelector('[role=progressbar]').getAttribute('aria-valuenow') === '100'").await;
    browser.find("result-row").await;

    let link = browser.select(&format!("{}[data-format=gnu]", hook("export-link"))).await;
    let href = link.prop("href").await.unwrap().unwrap();
    let manifest = get(&href).await.error_for_status().unwrap().bytes().await.unwrap();
    assert_eq!(manifest.iter().filter(|&&byte| byte == b'\n').count(), FILES);
    let output = check("sha256sum", &["--strict", "--quiet"], &server.tree().join("photos/2024"), &manifest);
    assert!(output.status.success(), "{output:?}\n{}", String::from_utf8_lossy(&manifest));
    browser.close().await;
}

#[tokio::test]
async fn the_tabs_of_the_results_count_what_was_hashed_and_what_was_skipped() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("one", "1");
    server.write("two", "2");
    for link in ["link a", "link b", "link c"] {
        std::os::unix::fs::symlink("one", server.tree().join(link)).unwrap();
    }
    run_job(&browser, &server, "blake3").await;
    browser.until_text("results-total", "5 results").await;
    let amounts = "[...document.querySelectorAll('[data-tab] small')].map((amount) => amount.textContent).join(' ')";
    browser.until(&format!("{amounts} === '5 2 0 3'")).await;
    browser.click_on("[data-tab=skipped]").await;
    browser.until_text("results-total", "3 results shown").await;
    browser.until("[...document.querySelectorAll('[data-testid=result-row]')].every((row) => row.textContent.includes('symbolic link'))").await;
    browser.close().await;
}

/// Opens the entry with this name in the file browser.
async fn open_entry(browser: &Browser, name: &str) {
    let row = format!(
        "[...document.querySelectorAll('[data-testid=entry-row]')].find((row) => row.textContent.includes({}))",
        json!(name)
    );
    browser.until(&row).await;
    browser.client.execute(&format!("{row}.click()"), vec![]).await.unwrap();
}
