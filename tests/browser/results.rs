//! The results of a job: sorted, searched, filtered, opened and exported. Each state has its own address.

use std::os::unix::fs::{PermissionsExt, symlink};

use hivesum_test_support::tools::digest_of_file;

use crate::browser::{Browser, hook};
use crate::jobs::run_job;
use crate::server::Server;

const PATHS: &str =
    "[...document.querySelectorAll('[data-testid=result-row] .path')].map((path) => path.textContent).join(' ')";

/// Files of 1, 2, ... bytes: b, a, d, c.
fn write_sizes(server: &Server) {
    for (size, name) in ["b", "a", "d", "c"].iter().enumerate() {
        server.write(name, "x".repeat(size + 1));
    }
}

async fn until_paths(browser: &Browser, paths: &str) {
    browser.until(&format!("{PATHS} === '{paths}'")).await;
}

#[tokio::test]
async fn a_search_is_part_of_the_address_and_survives_a_reload() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    server.write("directory/needle in a haystack", "needle");
    run_job(&browser, &server, "blake3").await;
    until_paths(&browser, "a b c d directory/needle in a haystack").await;
    browser.fill("results-search", "needle").await;
    until_paths(&browser, "directory/needle in a haystack").await;
    browser.until("location.hash.endsWith('?q=needle')").await;
    browser.client.refresh().await.unwrap();
    until_paths(&browser, "directory/needle in a haystack").await;
    browser.until("document.querySelector('[data-testid=results-search]').value === 'needle'").await;

    browser.fill("results-search", "no such thing").await;
    browser.until("document.querySelector('.results-empty').textContent.includes('Nothing matches this filter')").await;
    browser.click_on(".results-empty button").await;
    until_paths(&browser, "a b c d directory/needle in a haystack").await;
    browser.close().await;
}

#[tokio::test]
async fn a_click_on_a_column_title_sorts_and_the_order_is_part_of_the_address() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    run_job(&browser, &server, "blake3").await;
    // The table appears with its first rows.
    until_paths(&browser, "a b c d").await;
    // Sorting is possible once the job has ended.
    browser.until("document.querySelector('[data-testid=sort-size]:enabled')").await;
    browser.click("sort-size").await;
    until_paths(&browser, "c d a b").await;
    browser.until("location.hash.endsWith('?sort=-size')").await;
    let sorted = "document.querySelector('[aria-sort]')";
    browser.until(&format!("{sorted}?.ariaSort === 'descending' && {sorted}.textContent === 'Size'")).await;
    browser.click("sort-size").await;
    until_paths(&browser, "b a d c").await;
    browser.client.refresh().await.unwrap();
    until_paths(&browser, "b a d c").await;
    browser.until(&format!("{sorted}?.ariaSort === 'ascending'")).await;
    // The third click restores walk order. Paths are in walk order already, so a click on their title reverses it.
    browser.click("sort-size").await;
    until_paths(&browser, "a b c d").await;
    browser.until(&format!("!{sorted}")).await;
    browser.click("sort-path").await;
    until_paths(&browser, "d c b a").await;
    browser.close().await;
}

#[tokio::test]
async fn a_digest_in_the_search_field_finds_the_files_with_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    server.write("elsewhere/copy of d", "xxx");
    run_job(&browser, &server, "sha256").await;
    until_paths(&browser, "a b c d elsewhere/copy of d").await;
    let digest = digest_of_file("sha256sum", &server.tree().join("d"));
    browser.fill("results-search", &digest.to_uppercase()).await;
    until_paths(&browser, "d elsewhere/copy of d").await;
    browser.until_text("results-total", "2 results shown").await;
    browser.until(&format!("location.hash.toLowerCase().endsWith('?digest={digest}')")).await;
    browser.client.refresh().await.unwrap();
    until_paths(&browser, "d elsewhere/copy of d").await;
    // With the name of the algorithm.
    let other = digest_of_file("sha256sum", &server.tree().join("b"));
    browser.fill("results-search", &format!("sha256:{other}")).await;
    until_paths(&browser, "b").await;
    browser.fill("results-search", &"0".repeat(64)).await;
    browser.until("document.querySelector('.results-empty').textContent.includes('Nothing matches this filter')").await;
    browser.close().await;
}

#[tokio::test]
async fn errors_and_skipped_files_have_tabs_with_their_reasons() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    symlink("a", server.tree().join("link")).unwrap();
    std::os::unix::net::UnixListener::bind(server.tree().join("socket")).unwrap();
    let locked = server.write("locked", "locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read every file and gets no permission error.
    let readable = std::fs::read(&locked).is_ok();
    run_job(&browser, &server, "blake3").await;

    browser.click_on("[data-tab=skipped]").await;
    until_paths(&browser, "link socket").await;
    let reasons = "[...document.querySelectorAll('[data-testid=result-row] .reason')].map((reason) => reason.textContent).join('|')";
    browser.until(&format!("{reasons} === 'A symbolic link; links are never followed.|Not a regular file: a pipe, a socket or a device.'")).await;
    browser.until("location.hash.endsWith('?status=skipped')").await;
    browser.click_on("[data-tab=error]").await;
    if readable {
        browser.until("document.querySelector('.results-empty').textContent.includes('Nothing matches')").await;
    } else {
        until_paths(&browser, "locked").await;
        browser.until(&format!("{reasons} === 'The server may not read this file.'")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_result_is_opened_by_keyboard_and_shows_every_digest() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    run_job(&browser, &server, "sha256").await;
    browser.find("result-row").await;
    browser.run("document.querySelector('[data-testid=result-rows]').focus()", vec![]).await;
    let table = browser.find("result-rows").await;
    // Down to "b", Enter.
    table.send_keys("\u{e015}\u{e007}").await.unwrap();
    browser.until("document.querySelector('dialog[open] h2')?.textContent === 'b'").await;
    let shown = browser
        .value(&format!(
            "document.querySelector('dialog[open]').querySelector(\"{}\").textContent",
            hook("digest-sha256")
        ))
        .await;
    assert_eq!(shown, digest_of_file("sha256sum", &server.tree().join("b")).as_str());
    browser.until("document.querySelector('dialog[open]').textContent.includes('1 byte')").await;
    browser.click_on("dialog[open] .button.square").await;
    browser.until("!document.querySelector('dialog')").await;
    browser.close().await;
}

#[tokio::test]
async fn the_export_menu_offers_the_formats_of_the_algorithm_and_shows_why_one_fails() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    server.write(b"not \xff utf-8", "raw");
    run_job(&browser, &server, "blake3").await;
    let menu = browser.select("[data-testid=export-menu] summary").await;
    menu.click().await.unwrap();
    let formats = browser
        .value(
            "[...document.querySelectorAll('[data-testid=export-link]')].map((link) => link.dataset.format).join(' ')",
        )
        .await;
    assert_eq!(formats, "gnu bsd b3sum csv json ndjson");
    let gnu = browser.value("document.querySelector('[data-format=gnu]').textContent").await;
    assert_eq!(gnu, "GNU lines, for b3sum --check", "the program that reads digests of this algorithm");
    // The b3sum format needs UTF-8 names.
    browser.click_on("[data-format=b3sum]").await;
    browser
        .until("document.querySelector('[data-testid=error-banner]')?.textContent.includes('name_not_representable')")
        .await;
    browser.close_ignoring(&["status of 409"]).await;
}
