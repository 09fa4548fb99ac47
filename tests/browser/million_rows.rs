//! A job with a million results, scrolled from the first row to the last.
//!
//! `HIVESUM_TABLE_ROWS` sets the number. The files are hard links, as a million inodes take longer to create than to
//! hash.

use std::path::Path;

use hivesum_test_support::number_from_env;

use crate::browser::Browser;
use crate::jobs::run_job;
use crate::server::Server;

const ROWS: usize = 1_000_000;
/// All are links to one inode, of which ext4 allows 65,000.
const ROWS_PER_DIRECTORY: usize = 1_000;
/// The most rows in the document: the visible ones and some above and below.
const MAX_NODES: u64 = 80;

fn write_tree(tree: &Path, rows: usize) {
    for directory in 0..rows.div_ceil(ROWS_PER_DIRECTORY) {
        let path = tree.join(format!("{directory:04}"));
        std::fs::create_dir(&path).unwrap();
        let first = path.join("000");
        std::fs::write(&first, directory.to_string()).unwrap();
        for n in 1..ROWS_PER_DIRECTORY.min(rows - directory * ROWS_PER_DIRECTORY) {
            std::fs::hard_link(&first, path.join(format!("{n:03}"))).unwrap();
        }
    }
}

/// The path of a row, in walk order.
fn path_of(row: usize) -> String {
    format!("{:04}/{:03}", row / ROWS_PER_DIRECTORY, row % ROWS_PER_DIRECTORY)
}

async fn until_row(browser: &Browser, row: usize) {
    let shown = format!(
        "[...document.querySelectorAll('[data-testid=result-row]')].some((row) => row.textContent.startsWith('{}'))",
        path_of(row)
    );
    browser.until(&shown).await;
    let nodes = browser.value("document.querySelectorAll('[data-testid=result-row]').length").await;
    assert!(nodes.as_u64().unwrap() <= MAX_NODES, "the document has {nodes} rows");
}

#[tokio::test]
async fn every_row_of_a_table_of_a_million_can_be_reached() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let rows = number_from_env("HIVESUM_TABLE_ROWS").map_or(ROWS, |rows| rows.try_into().unwrap());
    write_tree(server.tree(), rows);
    run_job(&browser, &server, "blake3").await;
    let counted = format!(
        "document.querySelector('[data-testid=results-total]').textContent.replaceAll(',', '') === '{rows} results'"
    );
    browser.until(&counted).await;
    until_row(&browser, 0).await;

    // By the scrollbar: to the end, to the middle.
    let table = "const table = document.querySelector('[data-testid=result-rows]');";
    browser.run(&format!("{table} table.scrollTop = table.scrollHeight"), vec![]).await;
    until_row(&browser, rows - 1).await;
    browser.run(&format!("{table} table.scrollTop = (table.scrollHeight - table.clientHeight) / 2"), vec![]).await;
    until_row(&browser, rows / 2).await;
    // By keys: exactly the last row, and the one above it.
    browser.run(&format!("{table} table.focus()"), vec![]).await;
    let keys = browser.find("result-rows").await;
    keys.send_keys("\u{e010}").await.unwrap();
    let selected = "document.querySelector('[data-testid=result-row][aria-selected=true]')";
    browser.until(&format!("{selected}?.textContent.startsWith('{}')", path_of(rows - 1))).await;
    browser.until(&format!("{selected}.getAttribute('aria-rowindex') === '{}'", rows + 1)).await;
    keys.send_keys("\u{e013}").await.unwrap();
    browser.until(&format!("{selected}?.textContent.startsWith('{}')", path_of(rows - 2))).await;
    // By wheel: exact to the pixel at any scroll position.
    let tops = "[...document.querySelectorAll('[data-testid=result-row]')].find((row) => row.ariaSelected === 'true').getBoundingClientRect().top";
    let before = browser.value(tops).await.as_f64().unwrap();
    browser.run(&format!("{table} table.scrollBy(0, -100)"), vec![]).await;
    browser.until(&format!("Math.abs({tops} - {before} - 100) < 2")).await;
    // By a search on the server.
    let sought = path_of(rows * 3 / 4);
    browser.fill("results-search", &sought).await;
    browser.until_text("results-total", "1 result shown").await;
    until_row(&browser, rows * 3 / 4).await;
    browser.close().await;
}
