//! Directories: their last runs, and verification with what is on the server; duplicates filtered and marked.

use hivesum_test_support::tools::output;

use crate::browser::{Browser, hook};
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

#[tokio::test]
async fn a_directory_is_verified_with_a_checksum_file_that_lies_in_it_and_then_says_so() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("photos/a", "a");
    server.write("photos/b", "b");
    let sums = output(&server.tree().join("photos"), "sha256sum", &["a", "b"]);
    server.write("photos/SHA256SUMS", sums);
    browser.goto(&format!("{}/#/files/{ROOT}/photos", server.url)).await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 3").await;
    browser.run("[...document.querySelectorAll('[data-testid=entry-row]')].find((row) => row.textContent.includes('SUMS')).click()", vec![]).await;
    browser.click("verify-with-this").await;
    browser.until_text("job-state", "Completed").await;
    browser.until("document.title.includes('All 2 match')").await;
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.until("document.querySelector('[data-testid=entry-row] [data-verdict=ok]')").await;
    browser.until("document.querySelector('[data-testid=last-run]').textContent.includes('Verified just now')").await;
    browser.close().await;
}

#[tokio::test]
async fn a_root_is_verified_against_its_last_job() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("a", "a");
    run_job(&browser, &server, "blake3").await;
    server.write("a", "other");
    browser.visit("#/files").await;
    browser.until("document.querySelector('[data-testid=last-run]')?.textContent === 'Hashed just now'").await;
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.click("verify-against-last").await;
    browser.until_text("job-state", "Completed").await;
    browser.until("document.title.includes('1 modified of 1')").await;
    browser.close().await;
}

#[tokio::test]
async fn duplicates_are_filtered_by_words_and_size_and_hard_links_are_marked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for name in ["small/a", "small/b", "large/a", "large/b"] {
        server.write(name, name[..5].repeat(if name.starts_with("large") { 1000 } else { 1 }));
    }
    std::fs::hard_link(server.tree().join("large/a"), server.tree().join("large/link")).unwrap();
    run_job(&browser, &server, "blake3").await;
    let address = browser.value("location.hash").await;
    let job = address.as_str().unwrap().trim_start_matches("#/job/").to_owned();
    browser.visit(&format!("#/duplicates/{}", job.split('?').next().unwrap())).await;
    let rows = |count: usize| format!("document.querySelectorAll('[data-testid=group-row]').length === {count}");
    browser.until(&rows(2)).await;
    browser.fill("results-search", "small").await;
    browser.until(&rows(1)).await;
    browser.fill("results-search", ">1kB").await;
    browser.until("document.querySelector('[data-testid=group-row]')?.textContent.includes('large')").await;
    browser.until(&rows(1)).await;
    browser.select(&hook("group-row")).await.click().await.unwrap();
    browser.until("document.querySelector('[data-testid=hard-link]')?.textContent === 'hard link to large/a'").await;
    browser.close().await;
}
