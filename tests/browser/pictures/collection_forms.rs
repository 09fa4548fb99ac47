//! The forms of collections and what is said of sinks that tell nobody, in every shape of the screen.

use super::look::Look;
use crate::browser::Browser;
use crate::collection_forms::{open, untold};

#[tokio::test]
async fn the_forms_of_collections_fit_their_screen_and_are_accessible() {
    let Some(browser) = Browser::start().await else { return };
    let (server, _config) = untold();
    let look = Look::new(&browser);
    browser.goto(&format!("{}/#/collections", server.url)).await;
    browser.until("document.querySelector('#undelivered:not([hidden])')").await;
    browser.find("undelivered").await;
    open(&browser, "add-collection").await;
    browser.fill("setting-path", "a/directory/that/is/not/there").await;
    browser.fill("setting-windows", "* 3 * * * Middle/Earth").await;
    browser.click("save-settings").await;
    browser.until("document.querySelector('[aria-invalid=true]')").await;
    look.at("collection-add").await;
    browser.click_on("[data-testid=collection] a").await;
    browser.find("schedule").await;
    open(&browser, "settings").await;
    browser.until("document.querySelector('[data-testid=alert]')").await;
    look.at("collection-settings").await;
    browser.click("stop-watching").await;
    browser.find("confirm-yes").await;
    look.at("collection-stop").await;
    look.assert_faultless();
    browser.close_ignoring(&["status of 400"]).await;
}
