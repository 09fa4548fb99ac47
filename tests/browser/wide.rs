//! Rows on screens of every width: what is cut, and what never is.

use hivesum_test_support::tools::output;
use serde_json::json;

use crate::appearance::{NARROW_PIXELS, assert_fits, size};
use crate::browser::{Browser, hook};
use crate::checksum_verdicts::of_module;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

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

/// The labels of what lies beside or below the first rows of the view, and is no part of them.
const PANELS_BELOW: &str = "(() => {
    const rows = document.querySelector('main :is(.table, .job-list, .find-list)');
    const { top } = rows.getBoundingClientRect();
    return [...document.querySelectorAll('main :is(.panel, .side, .view-head, .job-head, form)')]
        .filter((node) => !node.contains(rows) && !rows.contains(node) && node.checkVisibility() && node.getBoundingClientRect().bottom > top)
        .map((node) => node.ariaLabel ?? node.className);
})()";

#[tokio::test]
async fn on_a_narrow_screen_panels_come_before_rows_and_nothing_overlaps() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..60 {
        server.write(format!("a rather long name of a directory/image-{n:04}-original.jpg"), (n / 2).to_string());
    }
    let unbroken = server.write(format!("{}.tar", "unbroken".repeat(20)), "long");
    run_job(&browser, &server, "sha512").await;
    let first = browser.value("location.hash.split('/').pop()").await.as_str().unwrap().to_owned();
    server.write("a rather long name of a directory/image-0000-original.jpg", "changed");
    run_job(&browser, &server, "sha512").await;
    let job = browser.value("location.hash.split('/').pop()").await.as_str().unwrap().to_owned();
    size(&browser, NARROW_PIXELS, 844).await;
    let digest = output(server.tree(), "sha512sum", &[unbroken.file_name().unwrap().to_str().unwrap()]);
    let digest = String::from_utf8(digest).unwrap();
    let views = [
        ("#/hash".to_owned(), "[data-testid=drop-zone]"),
        ("#/files".to_owned(), ".roots [data-testid=entry-row]"),
        (format!("#/files/{ROOT}"), "[data-testid=verify-against-last]"),
        (format!("#/job/{job}"), ".view-job [data-testid=result-row] .name"),
        ("#/jobs".to_owned(), "[data-testid=job-row]"),
        (format!("#/find?digest=sha512:{}", digest.split(' ').next().unwrap()), "[data-testid=find-hit]"),
        (format!("#/compare/{first}/{job}"), "[data-testid=change-row] .name"),
        (format!("#/duplicates/{job}"), "[data-testid=group-row] .name"),
        ("#/system".to_owned(), "[data-testid=limit-max_upload_bytes]"),
    ];
    for (address, content) in views {
        let name = address.split(['/', '?']).nth(1).unwrap().to_owned();
        browser.visit(&address).await;
        browser.select(content).await;
        if name == "hash" {
            browser.find("file-input").await.send_keys(unbroken.to_str().unwrap()).await.unwrap();
            browser.find("upload-row").await;
            browser.fill("expect-input", &"0".repeat(64)).await;
            browser.select("[data-verdict=mismatch]").await;
        }
        // Limits are panels below rows; of a drop, the verdict and the list come before the settings.
        if !["system", "hash"].contains(&name.as_str()) {
            assert_eq!(browser.value(PANELS_BELOW).await, json!([]), "{address}");
        }
        browser.screenshot(&format!("narrow-{name}")).await;
        assert!(assert_fits(&browser, &address).await > 5, "{address} shows something");
    }
    // What was chosen among the rows is seen in the panel above them.
    browser.visit(&format!("#/files/{ROOT}")).await;
    let file = "[...document.querySelectorAll('.entry.file')].find((row) => row.textContent.includes('unbroken'))";
    browser.until(file).await;
    browser.run(&format!("{file}.scrollIntoView({{ block: 'end' }}); {file}.click()"), vec![]).await;
    browser
        .until("document.querySelector('.target').textContent.startsWith('This file') && document.querySelector('.target').getBoundingClientRect().top >= 0")
        .await;
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
