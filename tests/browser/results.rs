//! The results of a job: sorted, searched, filtered, looked at closely, taken away; each state has an address.

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
async fn a_search_is_part_of_the_address_and_is_there_again_after_a_reload() {
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
    browser.until("document.querySelector('.results-empty').textContent.includes('Nothing fits this filter')").await;
    browser.select(".results-empty button").await.click().await.unwrap();
    until_paths(&browser, "a b c d directory/needle in a haystack").await;
    browser.close().await;
}

#[tokio::test]
async fn a_click_on_a_title_sorts_and_the_order_is_part_of_the_address() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    run_job(&browser, &server, "blake3").await;
    // Without rows there is no table to click on.
    until_paths(&browser, "a b c d").await;
    // Other orders are made once the job has ended.
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
    // The third click goes back to the walk's order; the paths backwards are the path's own second order.
    browser.click("sort-size").await;
    until_paths(&browser, "a b c d").await;
    browser.until(&format!("!{sorted}")).await;
    browser.click("sort-path").await;
    until_paths(&browser, "d c b a").await;
    browser.close().await;
}

#[tokio::test]
async fn a_digest_in_the_search_field_finds_the_files_of_that_content() {
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
    // Of the other files by name of the algorithm.
    let other = digest_of_file("sha256sum", &server.tree().join("b"));
    browser.fill("results-search", &format!("sha256:{other}")).await;
    until_paths(&browser, "b").await;
    browser.fill("results-search", &"0".repeat(64)).await;
    browser.until("document.querySelector('.results-empty').textContent.includes('Nothing fits this filter')").await;
    browser.close().await;
}

#[tokio::test]
async fn errors_and_skips_have_views_of_their_own_with_reasons_in_words() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_sizes(&server);
    symlink("a", server.tree().join("link")).unwrap();
    std::os::unix::net::UnixListener::bind(server.tree().join("socket")).unwrap();
    let locked = server.write("locked", "locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Who may read everything gets no error of permission.
    let readable = std::fs::read(&locked).is_ok();
    run_job(&browser, &server, "blake3").await;

    browser.select("[data-tab=skipped]").await.click().await.unwrap();
    until_paths(&browser, "link socket").await;
    let reasons = "[...document.querySelectorAll('[data-testid=result-row] .reason')].map((reason) => reason.textContent).join('|')";
    browser.until(&format!("{reasons} === 'A symbolic link; links are never followed.|Not a regular file: a pipe, a socket or a device.'")).await;
    browser.until("location.hash.endsWith('?status=skipped')").await;
    browser.select("[data-tab=error]").await.click().await.unwrap();
    if readable {
        browser.until("document.querySelector('.results-empty').textContent.includes('Nothing fits')").await;
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
    browser.select("dialog[open] .button.square").await.click().await.unwrap();
    browser.until("!document.querySelector('dialog')").await;
    browser.close().await;
}

#[tokio::test]
async fn the_export_menu_offers_what_the_algorithm_can_be_and_says_in_words_what_cannot() {
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
    // b3sum's lines are UTF-8.
    browser.select("[data-format=b3sum]").await.click().await.unwrap();
    browser
        .until("document.querySelector('[data-testid=error-banner]')?.textContent.includes('name_not_representable')")
        .await;
    browser.close_but_for(&["status of 409"]).await;
}
