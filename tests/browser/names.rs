//! Hostile file names are shown as text in every view and never interpreted.

use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const MARKUP: &str = "<img src=x onerror=window.__pwned=1>";
const HOSTILE: [&str; 4] =
    [MARKUP, "<script>window.__pwned=2<\u{2044}script>", "two\nlines.txt", "safe\u{202e}gpj.exe"];

/// Asserts that every name is shown as text with its invisible characters made visible, and none as markup.
async fn assert_inert(browser: &Browser, row: &str) {
    let rows = format!("[...document.querySelectorAll('[data-testid={row}]')]");
    browser.until(&format!("{rows}.length === {}", HOSTILE.len())).await;
    browser.until(&format!("{rows}.every((row) => row.querySelector('.name'))")).await;
    let texts = browser.value(&format!("{rows}.map((row) => row.textContent).join('|')")).await;
    let texts = texts.as_str().unwrap();
    assert!(texts.contains(MARKUP) && texts.contains("<script>"), "{texts}");
    assert!(texts.contains("two\\nlines.txt"), "{texts}");
    assert!(!texts.contains(['\n', '\u{202e}']), "{texts:?}");
    assert_eq!(browser.value("document.querySelectorAll('main img, main script, [onerror]').length").await, 0);
    assert_eq!(browser.value("typeof window.__pwned").await, "undefined");
}

#[tokio::test]
async fn hostile_names_are_inert_text_in_every_list() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let paths: Vec<_> = HOSTILE.iter().map(|name| server.write(name, "content")).collect();

    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    assert_inert(&browser, "entry-row").await;
    run_job(&browser, &server, "blake3").await;
    assert_inert(&browser, "result-row").await;

    // chromedriver takes one path per line, so the name with a newline cannot be chosen.
    browser.click("nav-hash").await;
    for path in paths.iter().filter(|path| !path.to_str().unwrap().contains('\n')) {
        browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    }
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=done]').length === 3").await;
    assert_eq!(browser.value("document.querySelectorAll('main img, main script, [onerror]').length").await, 0);
    assert_eq!(browser.value("typeof window.__pwned").await, "undefined");
    browser.close().await;
}
