//! Directories: their last runs, and verification with what is on the server.

use hivesum_test_support::tools::output;
use serde_json::json;

use crate::accessibility::{assert_accessible, axe_core};
use crate::browser::Browser;
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
    browser.until("document.querySelector('[data-testid=last-run]')?.textContent.includes('Verified just now')").await;
    browser.close().await;
}

#[tokio::test]
async fn directories_are_sorted_naturally_searched_and_started_with_one_click() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for (name, size) in [("disc10/a", 10), ("disc2/a", 2000), ("disc2/b", 1), ("Notes.txt", 3), ("disc1/a", 1)] {
        server.write(name, vec![b'x'; size]);
    }
    let names =
        "[...document.querySelectorAll('[data-testid=entry-row]')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
        .map((row) => row.querySelector('.base').textContent).join()";
    let until_names = async |expected: &str| browser.until(&format!("{names} === '{expected}'")).await;
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    until_names("disc1,disc2,disc10,Notes.txt").await;
    let start = "[...document.querySelectorAll('[data-testid=entry-row]')]
        .find((row) => row.textContent.includes('disc2')).querySelector('[data-testid=start-row]').click()";
    browser.run(start, vec![]).await;
    browser.until_text("job-state", "Completed").await;
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.until("document.querySelector('[data-testid=last-run]')?.textContent === 'Hashed just now'").await;
    let cells = "[...[...document.querySelectorAll('[data-testid=entry-row]')]
        .find((row) => row.textContent.includes('disc2')).querySelectorAll('.count, .size')].map((cell) => cell.textContent)";
    assert_eq!(browser.value(cells).await, json!(["2", "1.95 KiB"]));
    browser.screenshot("directories").await;
    if let Some(axe) = axe_core() {
        assert_accessible(&browser, &axe, "directories").await;
    }
    browser.click("sort-size").await;
    until_names("disc2,Notes.txt,disc1,disc10").await;
    browser.click("sort-size").await;
    until_names("disc1,disc10,Notes.txt,disc2").await;
    browser.fill("entries-search", "DISC 1").await;
    until_names("disc1,disc10").await;
    // The last job of a directory below a root, too.
    browser.visit(&format!("#/files/{ROOT}/disc2")).await;
    browser.find("verify-against-last").await;
    browser.close().await;
}

#[tokio::test]
async fn more_entries_than_are_sorted_are_told() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for number in 0..10_400 {
        server.write(format!("{number}"), "");
    }
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    browser.until_text("entries-note", "In byte order, as it is read. Choose a column to sort.").await;
    browser.click("sort-path").await;
    browser.until_text("entries-note", "Only of the first 10,000 entries.").await;
    // The last in byte order are not among them.
    browser.fill("entries-search", "9999").await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 0").await;
    browser.fill("entries-search", "1039").await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length > 10").await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_never_read_says_so_in_its_row() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("folder/a", "a");
    std::os::unix::fs::symlink("folder", server.tree().join("way")).unwrap();
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    browser.until_text("odd", "symbolic link: never read").await;
    assert_eq!(browser.value("document.querySelectorAll('[data-testid=odd]').length").await, 1, "of folders nothing");
    browser.visit(&format!("#/files/{ROOT}/way")).await;
    browser
        .until("document.querySelector('.placeholder')?.textContent.includes('symbolic link, which is never followed')")
        .await;
    browser.close_ignoring(&["status of 404"]).await;
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
    browser
        .until(
            "document.querySelector('[data-testid=job-against]')?.textContent.startsWith('compared with the job of ')",
        )
        .await;
    // The job that failed is the last one now, and is no baseline.
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.until("document.querySelector('[data-testid=verify-against-last]')?.textContent.startsWith('Verify against the job of ')").await;
    browser.click("verify-against-last").await;
    browser.until_text("job-state", "Completed").await;
    browser.until("document.title.includes('1 modified of 1')").await;
    browser.close().await;
}
