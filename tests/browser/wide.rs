//! Rows on screens of every width: what is cut, and what never is.

use serde_json::json;

use crate::appearance::{NARROW_PIXELS, assert_fits, size};
use crate::browser::{Browser, hook};
use crate::checksum_verdicts::of_module;
use crate::jobs::run_job;
use crate::server::Server;

/// Whether the digest of the first row is cut, the length of its text, and whether its last digits are all inside.
const DIGEST: &str = "(() => {
    const code = document.querySelector('[data-testid=result-row] .ends');
    if (!code) return [];
    const head = code.firstChild;
    const tail = document.createRange();
    tail.selectNode(code.lastChild);
    const fits = tail.getBoundingClientRect().right <= code.getBoundingClientRect().right + 1;
    return [head.scrollWidth > head.clientWidth, code.textContent.length, code.title.length, fits];
})()";

#[tokio::test]
async fn a_digest_in_a_row_is_whole_where_it_fits_and_else_keeps_its_ends() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..60 {
        server.write(format!("directory/file {n}"), n.to_string());
    }
    run_job(&browser, &server, "sha512").await;
    for (width, height, is_cut) in [(2560, 1440, false), (NARROW_PIXELS, 844, true)] {
        size(&browser, width, height).await;
        // Rows are made anew after a change of size, so all is asked for at once.
        browser.until(&format!("String({DIGEST}) === '{is_cut},128,128,true'")).await;
        if width == 2560 {
            browser.until(&format!("document.querySelectorAll(\"{}\").length > 17", hook("result-row"))).await;
            let column = "document.querySelector('.results').getBoundingClientRect().width";
            assert!(browser.value(column).await.as_f64().unwrap() > 1170.0);
        }
    }
    // The icon takes the focus, and a copy opens no details.
    let copy = format!("document.querySelector(\"{}\")", hook("copy-result"));
    browser.run(&format!("{copy}.focus()"), vec![]).await;
    assert_eq!(browser.value(&format!("document.activeElement === {copy}")).await, true);
    browser.run(&format!("{copy}.click()"), vec![]).await;
    assert_eq!(browser.value("document.querySelectorAll('dialog[open]').length").await, 0);
    browser.close().await;
}

#[tokio::test]
async fn the_table_of_directories_fills_the_window() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&format!("{}/#/files", server.url)).await;
    for (width, height) in [(2560, 1440), (1200, 800), (NARROW_PIXELS, 844)] {
        size(&browser, width, height).await;
        browser.find("entry-row").await;
        let widths = "['.view', '.roots', '[data-testid=entry-rows]'].map((part) => document.querySelector(part).getBoundingClientRect().width)";
        let widths: Vec<f64> = serde_json::from_value(browser.value(widths).await).unwrap();
        // The panel has a border of a pixel on each side.
        assert_eq!((widths[1], widths[2]), (widths[0], widths[0] - 2.0), "at {width}");
        // Margins of 24 pixels, and a scroll bar.
        assert!(widths[0] > f64::from(width) - 80.0, "{widths:?} at {width}");
        browser.screenshot(&format!("roots-{width}")).await;
        assert_fits(&browser, &format!("directories at {width}")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_axis_of_a_chart_says_nothing_twice() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let body =
        "({ axis }) => [axis(1, (n) => `${Math.ceil(n)} B/s`), axis(8, (n) => `${n} B/s`)].map((m) => [...m.values()])";
    assert_eq!(of_module(&browser, "/kernel/chart.js", body).await, json!([["1 B/s"], ["4 B/s", "8 B/s"]]));
    browser.close().await;
}
