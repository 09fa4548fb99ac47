//! Two jobs compared: the evidence in each row, an icon for each kind of change, search, export, and a narrow screen.

use serde_json::{Value, json};

use crate::accessibility::{assert_accessible, axe_core};
use crate::appearance::{NARROW_PIXELS, OVERLAPS, assert_fits, colours, size};
use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

const LONG: &str = "a directory with a rather long name/and another one below it";

/// The address of a comparison with a difference of each kind.
async fn compared(browser: &Browser, server: &Server) -> String {
    for name in ["edited", "kept", "removed", "moved before", "swapped/one", "swapped/two"] {
        server.write(name, name);
    }
    server.write(format!("{LONG}/before the move.tar.gz"), "archive");
    run_job(browser, server, "blake3").await;
    let old = browser.value("location.hash.split('/').pop()").await;
    let tree = server.tree();
    server.write("edited", "other bytes, and more of them");
    server.write("copy", "kept");
    server.write("added", "added");
    std::fs::remove_file(tree.join("removed")).unwrap();
    std::fs::rename(tree.join("moved before"), tree.join("moved after")).unwrap();
    std::fs::rename(tree.join(LONG).join("before the move.tar.gz"), tree.join(LONG).join("after.tar.gz")).unwrap();
    server.write("swapped/one", "swapped/two");
    server.write("swapped/two", "swapped/one");
    run_job(browser, server, "blake3").await;
    let new = browser.value("location.hash.split('/').pop()").await;
    format!("#/compare/{}/{}", old.as_str().unwrap(), new.as_str().unwrap())
}

/// Awaits that many rows.
async fn until_rows(browser: &Browser, count: usize) {
    let drawn =
        "[...document.querySelectorAll('[data-testid=change-row]')].filter((row) => row.querySelector('.name')).length";
    browser.until(&format!("{drawn} === {count}")).await;
}

/// Of each row the first cell, the evidence and the icon.
async fn rows(browser: &Browser) -> Vec<[String; 3]> {
    let shown = browser
        .value(
            "[...document.querySelectorAll('[data-testid=change-row]')].map((row) => [row.querySelector('.grow').textContent, \
             row.querySelector('.why').textContent, row.querySelector('.outcome path').getAttribute('d')])",
        )
        .await;
    serde_json::from_value(shown).unwrap()
}

#[tokio::test]
async fn the_older_job_is_before_in_whichever_order_the_address_names_them() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let address = compared(&browser, &server).await;
    let (old, new) = address.trim_start_matches("#/compare/").split_once('/').unwrap();
    for address in [format!("#/compare/{old}/{new}"), format!("#/compare/{new}/{old}")] {
        browser.visit(&address).await;
        browser
            .until(&format!(
                "document.querySelector('[data-testid=side-before]')?.hash === '#/job/{old}' \
             && document.querySelector('[data-testid=side-after]').hash === '#/job/{new}'"
            ))
            .await;
        until_rows(&browser, 8).await;
        let rows = rows(&browser).await;
        assert!(rows.iter().any(|[path, ..]| path == "added") && rows.iter().any(|[path, ..]| path == "removed"));
        let changes = browser
            .value(
                "[...document.querySelectorAll('[data-testid=change-row]')]
            .find((row) => row.querySelector('.grow').textContent === 'removed').querySelector('.outcome').textContent",
            )
            .await;
        assert_eq!(changes, "Removed");
    }
    browser.close().await;
}

#[tokio::test]
async fn each_kind_of_change_has_its_icon_and_its_evidence_in_the_row() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let address = compared(&browser, &server).await;
    browser.visit(&address).await;
    until_rows(&browser, 8).await;
    let rows = rows(&browser).await;
    let of = |path: &str| rows.iter().find(|[shown, ..]| shown == path).unwrap_or_else(|| panic!("{path}: {rows:?}"));
    assert_eq!(of("copy")[1], "Copy of kept");
    assert!(of("swapped/one")[1].starts_with("Has the content of swapped/two; "), "{rows:?}");
    assert!(of("swapped/two")[1].starts_with("Has the content of swapped/one; "), "{rows:?}");
    assert_eq!(of("edited")[1], "Size, time of modification, time of change changed");
    assert_eq!(of("moved beforemoved after")[1], "Was at moved before");
    assert!(of("added")[1].starts_with("Modified ") && of("removed")[1].starts_with("Modified "), "{rows:?}");
    let mut icons: Vec<_> = ["copy", "swapped/one", "edited", "moved beforemoved after", "added", "removed"]
        .into_iter()
        .map(|path| &of(path)[2])
        .collect();
    icons.sort();
    icons.dedup();
    assert_eq!(icons.len(), 6, "no two kinds look alike");
    for side in ["before", "after"] {
        let text =
            browser.value(&format!("document.querySelector('[data-testid=side-{side}] time').textContent")).await;
        let written = browser
            .value(&format!(
                "new Intl.DateTimeFormat(undefined, {{ dateStyle: 'medium', timeStyle: 'short' }}).format(Date.parse(\
                 document.querySelector('[data-testid=side-{side}] time').dateTime))"
            ))
            .await;
        assert_eq!(text, written, "a date, not how long ago it was");
    }
    let row =
        "[...document.querySelectorAll('[data-testid=change-row]')].find((row) => row.textContent.startsWith('copy'))";
    browser.run(&format!("{row}.click()"), vec![]).await;
    browser.until("document.querySelector('dialog[open] .facts')?.textContent.includes('Copy ofkept')").await;
    browser.close().await;
}

#[tokio::test]
async fn a_comparison_is_searched_and_what_is_shown_is_exported() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let address = compared(&browser, &server).await;
    browser.visit(&address).await;
    until_rows(&browser, 8).await;
    browser.fill("results-search", "swapped/").await;
    until_rows(&browser, 2).await;
    browser.until("location.hash.endsWith('?q=swapped%2F')").await;
    browser.run("document.querySelector('[data-testid=export-menu] summary').click()", vec![]).await;
    let exported = |format: &str| {
        format!(
            "fetch(document.querySelector('[data-testid=export-link][data-format={format}]').href)\
             .then((answer) => answer.text()).then((text) => {{ window.__{format} = text; }})"
        )
    };
    for format in ["csv", "ndjson"] {
        browser.run(&exported(format), vec![]).await;
        browser.until(&format!("window.__{format}")).await;
    }
    let csv = browser.value("window.__csv").await;
    let names: Vec<_> = csv.as_str().unwrap().lines().map(|line| line.split(',').take(3).collect::<Vec<_>>()).collect();
    assert_eq!(names[1..3], [["modified", "swapped/one", "swapped/two"], ["modified", "swapped/two", "swapped/one"]]);
    assert_eq!((names.len(), names[3][0]), (4, "summary"));
    let ndjson = browser.value("window.__ndjson").await;
    let last: Value = serde_json::from_str(ndjson.as_str().unwrap().lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["items"], 2);
    browser.run("document.querySelector('[data-tab=moved]').click()", vec![]).await;
    browser.until("document.querySelector('.results-empty')?.textContent.includes('Nothing matches')").await;
    browser.close().await;
}

#[tokio::test]
async fn a_comparison_fits_a_narrow_screen_without_overlap_and_is_accessible() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let address = compared(&browser, &server).await;
    let axe = axe_core();
    for (scheme, width, height) in [("light", NARROW_PIXELS, 844), ("dark", NARROW_PIXELS, 844), ("light", 1200, 800)] {
        colours(&browser, scheme).await;
        size(&browser, width, height).await;
        browser.visit(&format!("#/files/{ROOT}")).await;
        browser.visit(&address).await;
        until_rows(&browser, 8).await;
        browser.screenshot(&format!("compare-{scheme}-{width}")).await;
        assert!(assert_fits(&browser, &format!("compare, {scheme}, {width}")).await > 40);
        if let Some(axe) = &axe {
            assert_accessible(&browser, axe, &format!("compare, {scheme}, {width}")).await;
        }
        browser.run("document.querySelector('[data-testid=export-menu] summary').click()", vec![]).await;
        let inside = "[...document.querySelectorAll('[data-testid=export-link]')].every((link) => { const at = link.getBoundingClientRect();
            return at.width > 0 && at.left >= 0 && at.right <= innerWidth; })";
        browser.until(inside).await;
    }
    browser
        .run("document.querySelector('.table-layer .cell.status').style.transform = 'translateX(-2.5rem)'", vec![])
        .await;
    let squeezed = browser.value(OVERLAPS).await;
    assert_ne!((&squeezed["found"], &squeezed["outside"]), (&json!([]), &json!([])), "a planted fault is found");
    browser.close().await;
}
