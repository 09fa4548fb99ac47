//! The pool panel and the system view.

use crate::browser::Browser;
use crate::server::Server;

#[tokio::test]
async fn the_pool_panel_and_the_system_view_show_the_hashers() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--hashers", "3"]);
    browser.goto(&server.url).await;
    browser.until_text("pool-size", "3").await;
    browser.until_text("pool-busy", "0").await;
    browser.click("nav-system").await;
    browser.until_text("stat-size", "3").await;
    browser.until_text("stat-alive", "3").await;
    browser.until_text("stat-panics", "0").await;
    browser.close().await;
}

#[tokio::test]
async fn the_system_view_leads_to_the_documentation_and_the_metrics() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::spawn(&["--no-auth", "--base-path", "/tools/"]);
    browser.goto(&format!("{}/tools/#/system", server.url)).await;
    browser.until("document.querySelector('[data-testid=system-links]')?.hidden === false").await;
    let links =
        browser.value("[...document.querySelectorAll('[data-testid=system-links] a')].map((a) => a.href)").await;
    let expected = ["docs", "metrics"].map(|name| format!("{}/tools/{name}", server.url));
    assert_eq!(links, serde_json::json!(expected));
    for link in expected {
        assert_eq!(crate::server::get(&link).await.status(), 200, "{link}");
    }
    browser.close().await;
}
