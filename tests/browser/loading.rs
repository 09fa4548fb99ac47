//! How the page loads: few requests, names that browsers keep for good, and errors that say where they were.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::Server;

/// The requests of the page itself: what it loads, and its first three questions to the service.
const MOST_REQUESTS: u64 = 7;
/// Runs before the document: counts the requests that were sent before the drop zone was there. An address with data in
/// it is no request.
const COUNT: &str = "new MutationObserver((_, watch) => {
    if (!document.querySelector('[data-testid=drop-zone]')) return;
    watch.disconnect();
    const sent = performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => !name.startsWith('data:'));
    window.__sent = [...new Set(sent)];
    window.__requests = sent.filter((name) => !name.endsWith('/stats')).length + 2;
}).observe(document, { childList: true, subtree: true });";

#[tokio::test]
async fn the_drop_zone_is_there_after_seven_requests() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": COUNT })).await;
    browser.goto(&server.url).await;
    browser.until("window.__requests").await;
    let sent = browser.value("window.__sent").await;
    // The document is one, and the question for figures, which is asked again each second, is another.
    let requests = browser.value("window.__requests").await.as_u64().unwrap();
    assert!(requests <= MOST_REQUESTS, "{requests}: {sent}");
    browser.close().await;
}

#[tokio::test]
async fn the_joined_page_shows_every_view_and_says_where_an_error_was() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    server.write("file", "file");
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    for view in ["files", "jobs", "collections", "system", "hash"] {
        browser.visit(&format!("#/{view}")).await;
        browser.select(&format!(".view-{view} > *")).await;
    }
    // Functions keep their names and lines: the trace of a request leads to the line that sends it.
    let watch = "const real = fetch; \
        window.fetch = (...request) => { window.__trace ??= new Error().stack; return real(...request); };";
    browser.run(watch, vec![]).await;
    browser.visit("#/system").await;
    browser.until("window.__trace").await;
    let trace = browser.value("window.__trace").await;
    let frame = trace.as_str().unwrap().lines().find(|line| line.contains("/app-")).unwrap();
    assert!(frame.trim().starts_with("at ") && frame.contains(" ("), "{trace}");
    let (address, place) = frame.split_once('(').unwrap().1.split_once(".js:").unwrap();
    let line: usize = place.split(':').next().unwrap().parse().unwrap();
    let script = crate::server::get(&format!("{address}.js")).await.text().await.unwrap();
    assert!(script.lines().nth(line - 1).unwrap().contains("fetch("), "{frame}");
    browser.close().await;
}

#[tokio::test]
async fn the_view_before_is_marked_busy_until_the_next_one_has_something_to_show() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let busy = "document.querySelector('main').ariaBusy";
    assert_eq!(browser.value(busy).await, Value::Null);
    let hold = "window.held = []; window.fetched = fetch;
        window.fetch = (...asked) => new Promise((go) => { held.push(() => go(fetched(...asked))); });";
    browser.run(hold, vec![]).await;
    browser.leave_for("#/jobs").await;
    assert_eq!(browser.value(busy).await, "true");
    browser.run("window.fetch = fetched; held.forEach((go) => go());", vec![]).await;
    browser.until(&format!("!{busy} && document.querySelector('.view-jobs')")).await;
    browser.visit("#/files").await;
    assert_eq!(browser.value("document.querySelectorAll('.view-files').length").await, 1);
    browser.close().await;
}
