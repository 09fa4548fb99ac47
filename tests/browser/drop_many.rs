//! Many files dropped at once: few requests, one line each, failures first, verdicts to filter by.

use std::collections::BTreeSet;
use std::path::Path;

use hivesum_test_support::tools::output;
use serde_json::json;

use crate::accessibility::{assert_accessible, axe_core};
use crate::appearance::{NARROW_PIXELS, colours, size};
use crate::browser::{Browser, hook};
use crate::server::Server;

const FILES: usize = 10_000;
const FILE_BYTES: usize = 1024;
const FILES_PER_DIRECTORY: usize = 500;
/// One request carries at least so many files, unless a directory has fewer left.
const FILES_PER_REQUEST: usize = 100;
const MOST_AT_ONCE: u64 = 4;
/// The most rows in the document: the visible ones and some above and below.
const MOST_ROWS: u64 = 80;
/// Counts the uploads of the page and how many run at once.
const WATCH: &str = "window.__sent = 0; window.__now = 0; window.__most = 0;
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
        __sent += 1; __now += 1; __most = Math.max(__most, __now);
        this.addEventListener('readystatechange', () => { if (this.readyState === 4) __now -= 1; });
        return send.call(this, body);
    };";
/// Keeps the text of what is saved in `__saved`.
pub(crate) const KEEP_SAVED: &str = "const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => { blob.text().then((text) => { window.__saved = text; }); return make.call(URL, blob); };";
const NAMES: &str = "[...document.querySelectorAll('[data-testid=upload-row], [data-testid=missing-row]')]
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector('.path').textContent)";

pub(crate) fn sha256_sums(directory: &Path) -> String {
    let files = output(directory, "find", &["-type", "f", "!", "-name", "SHA256SUMS", "-printf", "%P\\n"]);
    let files = String::from_utf8(files).unwrap();
    let names: Vec<&str> = files.lines().collect();
    String::from_utf8(output(directory, "sha256sum", &names)).unwrap()
}

pub(crate) async fn open(browser: &Browser, server: &Server) {
    browser.goto(&server.modules_url()).await;
    browser.find("drop-zone").await;
    browser.run(WATCH, vec![]).await;
    browser.run(KEEP_SAVED, vec![]).await;
}

/// What the page says of the damaged tree.
pub(crate) const DAMAGED: &str = "300 files hashed, 1 differs, 1 missing, 1 new";

/// Drops the damaged tree, which is made in this directory, and waits until it is judged.
pub(crate) async fn drop_damaged(browser: &Browser, server: &Server, directory: &Path) {
    damaged_tree(directory);
    open(browser, server).await;
    browser.drop_paths("drop-zone", &[directory]).await;
    browser.until_text("queue-headline", DAMAGED).await;
}

pub(crate) async fn save(browser: &Browser, format: &str) -> String {
    browser.run("window.__saved = null", vec![]).await;
    browser.click("save-manifest").await;
    browser.click_on(&format!("{}[data-format={format}]", hook("save-format"))).await;
    browser.until("window.__saved !== null").await;
    browser.value("__saved").await.as_str().unwrap().to_owned()
}

/// Shows only the files of this kind, of which there are so many.
async fn filter(browser: &Browser, tag: &str, count: usize) {
    let tab = format!(".queue [data-tab='{tag}']");
    browser.until(&format!("document.querySelector(\"{tab} small\")?.textContent === '{count}'")).await;
    browser.click_on(&tab).await;
    browser.until(&format!("document.querySelector(\"{tab}\").getAttribute('aria-pressed') === 'true'")).await;
}

/// A tree of 300 files and their SHA256SUMS, of which one is changed since, one is gone, and one is new.
fn damaged_tree(directory: &Path) {
    for n in 0..300 {
        let path = directory.join(format!("part {}/a directory with a long name {n:03}/file {n:03}.tar.gz", n % 3));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, n.to_string()).unwrap();
    }
    std::fs::write(directory.join("SHA256SUMS"), sha256_sums(directory)).unwrap();
    let at =
        |n: usize| directory.join(format!("part {}/a directory with a long name {n:03}/file {n:03}.tar.gz", n % 3));
    std::fs::write(at(250), "damaged").unwrap();
    std::fs::remove_file(at(123)).unwrap();
    std::fs::write(directory.join("not listed"), "new").unwrap();
}

#[tokio::test]
async fn ten_thousand_small_files_go_in_few_requests_and_every_digest_is_right() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    for n in 0..FILES {
        let path = tree.path().join(format!("{:02}/{n:05}.bin", n / FILES_PER_DIRECTORY));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut content = vec![b'.'; FILE_BYTES];
        content[..5].copy_from_slice(format!("{n:05}").as_bytes());
        std::fs::write(path, content).unwrap();
    }
    let wanted = sha256_sums(tree.path());
    std::fs::write(tree.path().join("SHA256SUMS"), &wanted).unwrap();
    open(&browser, &server).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until("document.querySelector(\".queue [data-tab='match'] small\")?.textContent === '10,000'").await;
    browser.until_text("queue-headline", "10,000 files hashed").await;
    let sent = browser.value("__sent").await.as_u64().unwrap();
    assert!(sent <= (FILES / FILES_PER_REQUEST) as u64, "{sent} requests for {FILES} files");
    assert!(browser.value("__most").await.as_u64().unwrap() <= MOST_AT_ONCE);
    let rows = browser.value("document.querySelectorAll('[data-testid=upload-row]').length").await;
    assert!((10..=MOST_ROWS).contains(&rows.as_u64().unwrap()), "the document has {rows} rows");

    let saved = save(&browser, "sha256").await;
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    assert_eq!(saved.lines().count(), FILES);
    assert!(lines(&saved) == lines(&wanted), "the digests are not those of sha256sum");
    let last =
        "const table = document.querySelector('[data-testid=upload-rows]'); table.scrollTop = table.scrollHeight";
    browser.run(last, vec![]).await;
    browser.until(&format!("{NAMES}.at(-1).endsWith('09999.bin')")).await;
    browser.client.refresh().await.unwrap();
    browser.until_text("queue-headline", "10,000 files hashed").await;
    browser.until_text("queue-kept", "10,000 results kept from before the page was reloaded.").await;
    browser.close().await;
}

#[tokio::test]
async fn the_one_bad_file_is_first_and_each_verdict_is_a_filter() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    drop_damaged(&browser, &server, tree.path()).await;
    let first = browser.value(&format!("{NAMES}.slice(0, 2)")).await;
    assert!(first[0].as_str().unwrap().ends_with("file 250.tar.gz"), "{first}");
    assert!(first[1].as_str().unwrap().ends_with("file 123.tar.gz"), "{first}");
    let bar = browser.value("document.querySelector('[data-testid=queue-bar]').className").await;
    assert_eq!(bar, "bar failed", "a bar with a failure in it is not green");
    let height = browser.value("document.querySelector('[data-testid=upload-row]').offsetHeight").await;
    assert!((26..=28).contains(&height.as_i64().unwrap()), "a row of {height} pixels");
    for (scheme, shape, width, height) in [
        ("light", "light", 1200, 800),
        ("dark", "dark", 1200, 800),
        ("light", "narrow", NARROW_PIXELS, 844),
        ("dark", "wide", 2560, 1440),
        ("light", "wide-light", 2560, 1440),
    ] {
        colours(&browser, scheme).await;
        size(&browser, width, height).await;
        let overflow =
            browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert!(overflow.as_i64().unwrap() <= 0, "{overflow} pixels too wide at {width}");
        browser.screenshot(&format!("drop-{shape}")).await;
        if width == NARROW_PIXELS {
            browser.run("document.querySelector('.queue').scrollIntoView()", vec![]).await;
            browser.screenshot("drop-narrow-rows").await;
        }
        if let Some(axe) = axe_core() {
            assert_accessible(&browser, &axe, &format!("a damaged tree, {shape}")).await;
        }
    }

    filter(&browser, "differs", 1).await;
    browser.until(&format!("{NAMES}.length === 1 && {NAMES}[0].endsWith('file 250.tar.gz')")).await;
    filter(&browser, "missing", 1).await;
    browser.until("document.querySelectorAll('[data-testid=missing-row]').length === 1").await;
    browser.until(&format!("{NAMES}.length === 1 && {NAMES}[0].endsWith('file 123.tar.gz')")).await;
    filter(&browser, "new", 1).await;
    browser.until(&format!("{NAMES}.length === 1 && {NAMES}[0].endsWith('/not listed')")).await;
    filter(&browser, "match", 298).await;
    // All has no number: the headline counts the files, and those that are missing apart.
    browser.click_on(".queue [data-tab='']").await;
    browser.until("document.querySelector('[data-testid=upload-rows]').ariaRowCount === '302'").await;
    browser.fill("uploads-search", "file 25").await;
    browser.until(&format!("{NAMES}.length === 10")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_server_that_takes_fewer_parts_gets_fewer() {
    let Some(browser) = Browser::start().await else { return };
    let config = tempfile::tempdir().unwrap();
    let path = config.path().join("hivesum.toml");
    std::fs::write(&path, "max_parts = 7\n").unwrap();
    let server = Server::spawn(&["--no-auth", "--config", path.to_str().unwrap()]);
    let tree = tempfile::tempdir().unwrap();
    for n in 0..50 {
        std::fs::write(tree.path().join(n.to_string()), n.to_string()).unwrap();
    }
    open(&browser, &server).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until_text("queue-headline", "50 files hashed").await;
    assert_eq!(save(&browser, "sha256").await.lines().count(), 50);
    browser.close_ignoring(&["status of 413"]).await;
}

#[tokio::test]
async fn a_file_that_goes_away_or_is_cancelled_takes_no_other_with_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "d"];
    for name in names {
        std::fs::write(tree.path().join(name), name).unwrap();
    }
    open(&browser, &server).await;
    let line =
        |offline: bool| json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.emulateNetworkConditions", line(true)).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    let pausing = "document.querySelectorAll('[data-testid=upload-row][data-state=pausing]').length";
    browser.until(&format!("{pausing} === 4")).await;
    std::fs::remove_file(tree.path().join("b")).unwrap();
    browser.click("upload-cancel").await;
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=cancelled]').length === 1").await;
    browser.devtools("Network.emulateNetworkConditions", line(false)).await;
    browser.until_text("queue-headline", "2 files hashed, 1 failed, 1 cancelled").await;
    let failed = browser.select("[data-testid=upload-row][data-state=failed]").await.text().await.unwrap();
    assert!(failed.contains("The browser cannot read this file any more"), "{failed}");
    browser.close_ignoring(&["ERR_INTERNET_DISCONNECTED", "ERR_FILE_NOT_FOUND", "ERR_UPLOAD_FILE_CHANGED"]).await;
}

#[tokio::test]
async fn a_checksum_file_beside_each_of_many_files_is_checked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    for n in 0..200 {
        let name = format!("{n:03}.jar");
        std::fs::write(tree.path().join(&name), &name).unwrap();
        let line = output(tree.path(), "sha256sum", &[&name]);
        std::fs::write(tree.path().join(format!("{name}.sha256")), line).unwrap();
    }
    std::fs::write(tree.path().join("077.jar"), "damaged").unwrap();
    open(&browser, &server).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until_text("queue-headline", "200 files hashed, 1 differs").await;
    filter(&browser, "match", 199).await;
    filter(&browser, "differs", 1).await;
    browser.until(&format!("{NAMES}.length === 1 && {NAMES}[0].endsWith('077.jar')")).await;
    browser.until("document.querySelector('.manifests').textContent.endsWith('and 150 more checksum files')").await;
    browser.close().await;
}
