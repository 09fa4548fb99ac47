//! Duplicates: the copies of a group in its row, its hard links, filters by name and size, the export, narrow screens.

use serde_json::{Value, json};

use crate::accessibility::{assert_accessible, axe_core};
use crate::appearance::{NARROW_PIXELS, assert_fits, colours, size};
use crate::browser::{Browser, hook};
use crate::jobs::run_job;
use crate::server::{ROOT, Server};

/// Hashes the tree and opens the duplicates of that job. Returns their address.
async fn open(browser: &Browser, server: &Server) -> String {
    run_job(browser, server, "blake3").await;
    let job = browser.value("location.hash.split('/').pop()").await;
    let address = format!("#/duplicates/{}", job.as_str().unwrap());
    browser.visit(&address).await;
    browser.select(&format!("{} .name", hook("group-row"))).await;
    address
}

/// Groups of 12, 3 and 2 copies with 3000, 200 and 1 bytes, the one in the middle with a hard link.
fn write_groups(server: &Server) {
    for n in 0..12 {
        server.write(format!("large in a directory with a long name/{n:02}.tar.gz"), "large".repeat(600));
    }
    for name in ["middle/a", "middle/b"] {
        server.write(name, "m".repeat(200));
    }
    std::fs::hard_link(server.tree().join("middle/a"), server.tree().join("middle/c")).unwrap();
    server.write("small a", "s");
    server.write("small b", "s");
}

async fn until_groups(browser: &Browser, firsts: &[&str]) {
    let shown = "[...document.querySelectorAll('[data-testid=group-row]')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)\
        .map((row) => row.querySelector('.path')?.textContent)";
    browser.until(&format!("JSON.stringify({shown}) === JSON.stringify({})", json!(firsts))).await;
}

const LARGE: &str = "large in a directory with a long name/00.tar.gz";

/// In each row: how many copies, where it begins, and where its last copy ends, in pixels from the first row.
const ROWS: &str = "(() => {
    const rows = [...document.querySelectorAll('[data-testid=group-row]')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex);
    const first = rows[0].getBoundingClientRect().top;
    return rows.map((row) => {
        const copies = [...row.querySelectorAll('[data-testid=copy]')];
        return [copies.length, row.getBoundingClientRect().top - first, copies.at(-1).getBoundingClientRect().bottom - first];
    });
})()";

async fn rows(browser: &Browser) -> Vec<[f64; 3]> {
    serde_json::from_value(browser.value(ROWS).await).unwrap()
}

#[tokio::test]
async fn copies_stand_in_the_row_of_their_group_and_the_rest_of_them_opens_there() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_groups(&server);
    for n in 0..5 {
        server.write(format!("tiny {n}"), "tiny");
    }
    open(&browser, &server).await;
    until_groups(&browser, &[LARGE, "middle/a", "tiny 0", "small a"]).await;
    let closed = rows(&browser).await;
    assert_eq!(closed.iter().map(|[copies, ..]| *copies).collect::<Vec<_>>(), [2.0, 3.0, 2.0, 2.0]);
    let links = "[...document.querySelectorAll('[data-testid=hard-link]')].map((mark) => [mark.parentNode.querySelector('.path').textContent, mark.textContent])";
    assert_eq!(browser.value(links).await, json!([["middle/c", "hard link to middle/a"]]));

    let buttons = "[...document.querySelectorAll('[data-testid=more-copies]')]";
    let states = format!("{buttons}.map((button) => [button.textContent, button.ariaExpanded])");
    let of = |large: &str, tiny: &str| json!([["and 10 more", large], ["and 3 more", tiny]]);
    assert_eq!(browser.value(&states).await, of("false", "false"));
    browser.run(&format!("{buttons}[0].focus(); {buttons}[0].click()"), vec![]).await;
    assert_eq!(browser.value(&states).await, of("true", "false"));
    let opened = rows(&browser).await;
    assert_eq!((opened[0][0], opened[1][0]), (12.0, 3.0));
    assert!(opened[1][1] >= opened[0][2], "the next row begins below the last copy: {opened:?}");
    // The focus stays, so that a second press closes it.
    assert_eq!(browser.value(&format!("document.activeElement === {buttons}[0]")).await, true);
    assert_eq!(browser.value("document.querySelectorAll('dialog').length").await, 0);

    // Another group opens instead, and stays under the pointer.
    let top = format!("{buttons}[1].getBoundingClientRect().top");
    size(&browser, 1200, 560).await;
    browser.run(&format!("{buttons}[1].scrollIntoView({{ block: 'center' }})"), vec![]).await;
    browser.run("document.querySelector('.table').scrollTop = 150", vec![]).await;
    browser.until("document.querySelector('.table').scrollTop === 150").await;
    browser.run(&format!("window.__top = {top}; {buttons}[1].click()"), vec![]).await;
    let moved = browser.value(&format!("{top} - window.__top")).await;
    let scrolled = browser.value("document.querySelector('.table').scrollTop").await;
    assert!(moved == json!(0) || scrolled == json!(0), "it moved by {moved}");
    assert_eq!(browser.value(&states).await, of("false", "true"));
    browser.run(&format!("{buttons}[1].click()"), vec![]).await;
    assert_eq!(rows(&browser).await, closed);

    // The details have the digest and each name in full.
    browser.run("document.querySelectorAll('[data-testid=group-row]')[1].click()", vec![]).await;
    browser.until("document.querySelectorAll('dialog[open] .plain-list li').length === 3").await;
    browser.close().await;
}

#[tokio::test]
async fn duplicates_are_filtered_by_name_and_least_size_and_what_is_shown_is_exported() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_groups(&server);
    let address = open(&browser, &server).await;
    until_groups(&browser, &[LARGE, "middle/a", "small a"]).await;
    browser.fill("least-size", "0.15 kB\n").await;
    until_groups(&browser, &[LARGE, "middle/a"]).await;
    browser.until("location.hash.endsWith('?min_size=150')").await;
    browser.fill("results-search", "middle").await;
    until_groups(&browser, &["middle/a"]).await;
    browser.until("location.hash.endsWith('?q=middle&min_size=150')").await;

    browser.run("document.querySelector('[data-testid=export-menu] summary').click()", vec![]).await;
    for format in ["csv", "ndjson"] {
        let fetched = format!(
            "fetch(document.querySelector('[data-testid=export-link][data-format={format}]').href)\
             .then((answer) => answer.text()).then((text) => {{ window.__{format} = text; }})"
        );
        browser.run(&fetched, vec![]).await;
        browser.until(&format!("window.__{format}")).await;
    }
    let csv = browser.value("window.__csv").await;
    let names: Vec<_> = csv.as_str().unwrap().lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(names, ["path", "middle/a", "middle/b", "middle/c", ""]);
    let ndjson = browser.value("window.__ndjson").await;
    let lines: Vec<Value> = ndjson.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["file_numbers"], &lines[1]["summary"]["groups"]), (&json!([0, 1, 0]), &json!(1)));

    // What is no size is said so, and changes nothing.
    browser.fill("least-size", "many\n").await;
    browser.until("document.querySelector('[data-testid=least-size]').validationMessage.includes('1.5 GiB')").await;
    until_groups(&browser, &["middle/a"]).await;
    browser.fill("least-size", "1 KiB\n").await;
    browser.until("location.hash.endsWith('min_size=1024')").await;
    browser.click_on(".results-empty button").await;
    until_groups(&browser, &[LARGE, "middle/a", "small a"]).await;
    browser.until("document.querySelector('[data-testid=least-size]').value === ''").await;
    // From its address it is the same.
    browser.visit(&format!("{address}?q=small")).await;
    until_groups(&browser, &["small a"]).await;
    browser.visit(&format!("{address}?min_size=201")).await;
    until_groups(&browser, &[LARGE]).await;
    browser.until("document.querySelector('[data-testid=least-size]').value === '201 B'").await;
    browser.close().await;
}

#[tokio::test]
async fn a_group_of_more_than_a_thousand_names_says_how_many_are_not_listed() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    for n in 0..1003 {
        server.write(format!("{n:04}"), "same");
    }
    open(&browser, &server).await;
    browser.until_text("more-copies", "and 1,001 more").await;
    browser.click("more-copies").await;
    browser.until("document.querySelectorAll('[data-testid=copy]').length === 1000").await;
    let last = browser.value("document.querySelector('.copies').lastChild.textContent").await;
    assert_eq!(last, "and 3 more, which the export lists");
    // All of it can be reached.
    browser.run("const table = document.querySelector('.table'); table.scrollTop = table.scrollHeight", vec![]).await;
    let rest = "document.querySelector('.copies').lastChild.getBoundingClientRect().bottom - document.querySelector('.table').getBoundingClientRect().bottom";
    browser.until(&format!("{rest} <= 0 && {rest} > -60")).await;
    browser.close().await;
}

#[tokio::test]
async fn duplicates_fit_screens_of_every_width_and_are_accessible() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    write_groups(&server);
    let address = open(&browser, &server).await;
    let axe = axe_core();
    for (scheme, width, height) in
        [("light", NARROW_PIXELS, 844), ("dark", NARROW_PIXELS, 844), ("light", 1200, 800), ("dark", 2560, 1440)]
    {
        colours(&browser, scheme).await;
        size(&browser, width, height).await;
        browser.visit(&format!("#/files/{ROOT}")).await;
        browser.find("entry-row").await;
        browser.visit(&address).await;
        until_groups(&browser, &[LARGE, "middle/a", "small a"]).await;
        browser.click("more-copies").await;
        browser.until("document.querySelectorAll('[data-testid=copy]').length === 17").await;
        browser.screenshot(&format!("duplicates-{scheme}-{width}")).await;
        assert!(assert_fits(&browser, &format!("duplicates, {scheme}, {width}")).await > 30);
        if let Some(axe) = &axe {
            assert_accessible(&browser, axe, &format!("duplicates, {scheme}, {width}")).await;
        }
    }
    browser.close().await;
}
