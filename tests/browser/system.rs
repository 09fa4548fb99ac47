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
