//! The nodes of a fleet, and a directory of one, in every shape of the screen.

use super::look::Look;
use crate::browser::Browser;
use crate::nodes::{Fleet, start_slow_job};

#[tokio::test]
async fn the_views_of_a_fleet_fit_their_screen_and_are_accessible() {
    let Some(browser) = Browser::start().await else { return };
    let Some(fleet) = Fleet::start() else { return };
    let look = Look::new(&browser);
    browser.goto(&format!("{}/#/nodes", fleet.server.url)).await;
    browser.until("document.querySelector('.view-nodes .placeholder')").await;
    look.at("nodes-none").await;
    let long = "a-name-of-as-many-letters-as-the-name-of-a-node-may-have-at-most";
    let nodes = [fleet.node("n1", &[]), fleet.node("n2", &["--pool"]), fleet.node(long, &["--pool"])];
    let [_, _, last] = nodes;
    start_slow_job(&browser, "photos@n1").await;
    browser.until("document.querySelector('[data-testid=job-nodes]:not([hidden])')").await;
    look.at("nodes-job").await;
    drop(last);
    browser.visit("#/nodes").await;
    browser.until("document.querySelectorAll('[data-testid=node]').length === 3").await;
    browser.until("document.querySelector('[data-state=lost]')").await;
    browser.until("document.querySelector('[data-testid=node-reading] a')").await;
    look.at("nodes").await;
    browser.visit("#/files").await;
    browser.until("document.querySelector('[data-testid=root-nodes]')").await;
    look.at("nodes-roots").await;
    browser.visit("#/files/photos/2026").await;
    browser.until("document.querySelector('[data-testid=entry-row]')").await;
    look.at("nodes-root").await;
    look.assert_faultless();
    browser.close().await;
}
