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

/// In the open view: pairs of elements with text or an icon, neither in the other, that cover the same pixels.
pub(crate) const OVERLAPS: &str = "(() => {
    const leaves = [...document.querySelectorAll('main *')].filter((node) => node.checkVisibility()
        && (node.tagName === 'svg' || node.tagName === 'INPUT' || [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())));
    // What an element shows: the box of its text, cut by every ancestor that cuts it.
    const seen = leaves.map((node) => {
        const range = document.createRange();
        const boxes = ['svg', 'INPUT'].includes(node.tagName) ? [node.getBoundingClientRect()]
            : [...node.childNodes].filter((child) => child.nodeType === 3).map((text) => { range.selectNode(text); return range.getBoundingClientRect(); });
        let [left, top] = ['left', 'top'].map((side) => Math.min(...boxes.map((box) => box[side])));
        let [right, bottom] = ['right', 'bottom'].map((side) => Math.max(...boxes.map((box) => box[side])));
        for (let above = node; above && above !== document.body; above = above.parentElement) {
            if (getComputedStyle(above).overflow === 'visible') continue;
            const box = above.getBoundingClientRect();
            [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
        }
        return { node, left, top, right, bottom };
    }).filter(({ left, top, right, bottom }) => right - left > 1 && bottom - top > 1);
    const name = ({ node }) => `${node.tagName} ${node.getAttribute('class')} ${node.textContent}`;
    const found = [];
    seen.forEach((one, at) => seen.slice(at + 1).forEach((other) => {
        if (one.node.contains(other.node) || other.node.contains(one.node) || one.node.closest('label')?.contains(other.node)) return;
        const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (across > 1 && down > 1) found.push(`${name(one)} | ${name(other)} | ${across} x ${down}`);
    }));
    return { found, seen: seen.length, outside: seen.filter(({ node, left, right }) => {
        const panel = node.closest('.panel, .browser, .job-list, body').getBoundingClientRect();
        return left < panel.left || right > panel.right;
    }).map(name) };
})()";

/// Asserts that the page does not scroll sideways, and that nothing in the view lies outside or covers anything else.
/// Returns how many elements were looked at.
pub(crate) async fn assert_fits(browser: &Browser, what: &str) -> u64 {
    let wide = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
    assert_eq!(wide, 0, "{what} scrolls sideways");
    let overlaps = browser.value(OVERLAPS).await;
    assert_eq!((&overlaps["found"], &overlaps["outside"]), (&json!([]), &json!([])), "{what}");
    overlaps["seen"].as_u64().unwrap()
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
