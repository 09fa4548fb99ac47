//! The error recording itself: without it, the other tests could not fail on page errors.

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn an_inline_script_is_blocked_and_recorded() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    assert_eq!(browser.faults().await, Vec::<String>::new());
    let inline =
        "const s = document.createElement('script'); s.textContent = 'window.__pwned = 1'; document.body.append(s);";
    browser.client.execute(inline, vec![]).await.unwrap();
    browser.until("window.__faults.length > 0").await;
    assert_eq!(browser.value("typeof window.__pwned").await, "undefined");
    let faults = browser.faults().await;
    assert!(faults.iter().any(|fault| fault.contains("csp: script-src")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("SEVERE")), "{faults:#?}");
}
