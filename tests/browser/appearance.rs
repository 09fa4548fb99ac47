//! The colours and the size of the screen, the five views by their addresses, and the button for the colours. What the views
//! look like is checked with their pictures.

use serde_json::json;

use crate::browser::Browser;
use crate::server::{ROOT, Server};

pub(crate) const NARROW_PIXELS: u32 = 390;
/// Each view, and an element that exists once it has its content.
pub(crate) const VIEWS: [(&str, &str); 5] = [
    ("hash", "[data-testid=drop-zone]"),
    ("files", "[data-testid=entry-row]"),
    ("job", "[data-testid=result-row] .name"),
    ("jobs", "[data-testid=job-row]"),
    ("system", "[data-testid=stat-size]"),
];

pub(crate) async fn colours(browser: &Browser, scheme: &str) {
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.devtools("Emulation.setEmulatedMedia", features).await;
}

pub(crate) async fn size(browser: &Browser, width: u32, height: u32) {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    browser.until(&format!("innerWidth === {width}")).await;
}

/// Opens a view by its address and awaits its content.
pub(crate) async fn visit(browser: &Browser, view: &str, content: &str, job: &str) {
    let address = match view {
        "files" => format!("#/files/{ROOT}"),
        "job" => job.to_owned(),
        name => format!("#/{name}"),
    };
    browser.visit(&address).await;
    browser.select(&format!(".view-{view} {content}")).await;
}

#[tokio::test]
async fn the_theme_button_changes_the_colours_permanently() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    colours(&browser, "light").await;
    let paper = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(paper).await;
    let toggle = browser.select("#theme").await;
    toggle.click().await.unwrap();
    assert_eq!(browser.value("document.documentElement.dataset.theme").await, "dark");
    browser.until(&format!("{paper} !== {light}")).await;
    browser.client.refresh().await.unwrap();
    browser.find("drop-zone").await;
    assert_eq!(browser.value("document.documentElement.dataset.theme").await, "dark");
    browser.close().await;
}
