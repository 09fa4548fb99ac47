//! The five views in light, dark, narrow and large: a screenshot of each, and no horizontal overflow.

use serde_json::json;

use crate::browser::Browser;
use crate::jobs::run_job;
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
async fn the_five_views_fit_a_narrow_screen_in_light_and_dark() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..30 {
        server
            .write(format!("a rather long directory name for a small screen/image-{n:04}-original.jpg"), n.to_string());
    }
    let name = format!("{}.tar", "unbroken".repeat(20));
    server.write(name, "long");
    run_job(&browser, &server, "sha512").await;
    let job = browser.value("location.hash").await.as_str().unwrap().to_owned();

    for scheme in ["light", "dark"] {
        colours(&browser, scheme).await;
        for (shape, width, height) in [("wide", 1200, 800), ("narrow", NARROW_PIXELS, 844), ("large", 2560, 1440)] {
            size(&browser, width, height).await;
            for (view, content) in VIEWS {
                visit(&browser, view, content, &job).await;
                browser.screenshot(&format!("{view}-{scheme}-{shape}")).await;
                let overflow =
                    browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
                assert!(overflow.as_i64().unwrap() <= 0, "{view} is {overflow} pixels too wide at {width}");
            }
        }
    }
    let dark = browser.value("matchMedia('(prefers-color-scheme: dark)').matches").await;
    assert_eq!(dark, true);
    browser.close().await;
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
