//! Interaction: keyboard only, reduced motion, first paint and layout shift.

use std::time::Instant;

use hivesum_test_support::LONGEST_WAIT;
use serde_json::json;

use crate::appearance::visit;
use crate::browser::{Browser, hook};
use crate::jobs::run_job;
use crate::running_jobs::{ENDLESS, start_slow_job};
use crate::server::{ROOT, Server};

/// The limit for a release build on loopback, five times that in a debug build, which reads assets from the disk.
const FIRST_PAINT_MS: f64 = if cfg!(debug_assertions) { 500.0 } else { 100.0 };
/// web.dev calls up to 0.1 good.
const MAX_LAYOUT_SHIFT: f64 = 0.02;
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";

async fn press(browser: &Browser, keys: &str) {
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}

/// Presses Tab until the element with this test hook has focus. The focus must be visible at every step.
async fn tab_to(browser: &Browser, testid: &str) {
    for _ in 0..60 {
        press(browser, TAB).await;
        let at = browser
            .value("[document.activeElement.dataset.testid ?? '', document.activeElement.matches(':focus-visible')]")
            .await;
        assert_eq!(at[1], true, "the focus is not visible");
        if at[0] == testid {
            return;
        }
    }
    panic!("{testid} cannot be reached by the Tab key");
}

#[tokio::test]
async fn a_directory_is_found_and_hashed_by_keyboard_alone() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for name in ["alpha/1", "beta/2", "beta/3", "gamma/4"] {
        server.write(name, name);
    }
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    tab_to(&browser, "nav-files").await;
    press(&browser, ENTER).await;
    browser.find("root-list").await;
    tab_to(&browser, "entry-rows").await;
    press(&browser, ENTER).await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 3").await;
    browser.until("document.activeElement.dataset.testid === 'entry-rows'").await;
    // Typing selects the first name with this prefix.
    press(&browser, "be").await;
    press(&browser, ENTER).await;
    browser.until(&format!("location.hash === '#/files/{ROOT}/beta'")).await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 2").await;
    browser.until("document.activeElement.dataset.testid === 'entry-rows'").await;
    press(&browser, DOWN).await;
    browser.until("document.querySelector('[aria-selected=true]').textContent.startsWith('3')").await;
    tab_to(&browser, "start-job").await;
    press(&browser, ENTER).await;
    browser.until_text("job-state", "Completed").await;
    browser.until_text("job-files-done", "2").await;
    browser.close().await;
}

#[tokio::test]
async fn with_reduced_motion_nothing_is_animated() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    start_slow_job(&browser, &server, ENDLESS, "0.5").await;
    let moving = "document.getAnimations().filter((animation) => animation.playState === 'running').length";
    browser.until(&format!("{moving} > 0")).await;
    let features = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    browser.devtools("Emulation.setEmulatedMedia", features).await;
    browser.until(&format!("{moving} === 0")).await;
    browser.click("job-cancel").await;
    browser.close().await;
}

#[tokio::test]
async fn the_first_paint_is_fast_and_the_layout_does_not_shift() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..50 {
        server.write(format!("file {n}"), n.to_string());
    }
    run_job(&browser, &server, "blake3").await;
    let job = browser.value("location.hash").await.as_str().unwrap().to_owned();
    browser.goto(&format!("{}/#/hash", server.url)).await;
    browser.client.refresh().await.unwrap();
    let watch = "window.__shift = 0; window.__moved = []; \
        const about = ({ node, previousRect: was, currentRect: is }) => `${node?.nodeName}.${node?.className} ${was.x},${was.y} to ${is.x},${is.y}`; \
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) { __shift += entry.value; __moved.push(...entry.sources.map(about)); } }) \
        .observe({ type: 'layout-shift', buffered: true });";
    // Beside other tests one load takes longer now and then, but not each of them.
    let (began, painted) = (Instant::now(), "performance.getEntriesByName('first-contentful-paint')");
    loop {
        browser.find("drop-zone").await;
        browser.until(&format!("{painted}.length")).await;
        let paint = browser.value(&format!("{painted}[0].startTime")).await;
        if paint.as_f64().unwrap() < FIRST_PAINT_MS {
            break;
        }
        assert!(began.elapsed() < LONGEST_WAIT, "the first paint took {paint} ms");
        browser.client.refresh().await.unwrap();
    }
    browser.run(watch, vec![]).await;
    for (view, content) in crate::appearance::VIEWS {
        visit(&browser, view, content, &job).await;
        browser.until("!document.querySelector('[aria-busy]')").await;
        let shift = browser.value("window.__shift").await;
        let moved = browser.value("window.__moved").await;
        assert!(shift.as_f64().unwrap() < MAX_LAYOUT_SHIFT, "{view} shifted the layout by {shift}: {moved}");
    }
    browser.close().await;
}

#[tokio::test]
async fn files_of_the_open_directory_or_selection_are_counted() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for name in ["a/1", "a/b/2", "a/b/c/3", "top"] {
        server.write(name, "12345");
    }
    browser.goto(&format!("{}/#/files/{ROOT}", server.url)).await;
    browser.until_text("target-tally", "4 files, 20 B").await;
    browser.visit(&format!("#/files/{ROOT}/a")).await;
    browser.until_text("target-tally", "3 files, 15 B").await;
    browser.visit(&format!("#/files/{ROOT}")).await;
    browser.until("document.querySelectorAll('[data-testid=entry-row]').length === 2").await;
    let row =
        "[...document.querySelectorAll('[data-testid=entry-row]')].find((row) => row.textContent.startsWith('top'))";
    browser.until(row).await;
    browser.run(&format!("{row}.click()"), vec![]).await;
    browser.until_text("target-tally", "5 B").await;
    browser.click_on(&hook("start-job")).await;
    browser.until_text("job-files-done", "1").await;
    browser.close().await;
}
