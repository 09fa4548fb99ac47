//! What the page says of a drop: counts that agree, names as they were dropped, the digest of the checksum file, under
//! which name a checksum file is saved, and what is first on a small screen.

use std::path::Path;
use std::time::Duration;

use hivesum_test_support::tools::digest_of_file;
use serde_json::json;

use crate::appearance::{NARROW_PIXELS, size};
use crate::browser::{Browser, hook};
use crate::checksum_files::clear;
use crate::drop_many::{drop_damaged, open};
use crate::server::Server;

/// The longest wait for a file that the browser saves.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);
/// What the tabs over the list say, those that are shown.
const TABS: &str =
    "[...document.querySelectorAll('.queue .tab')].filter((tab) => !tab.hidden).map((tab) => tab.textContent).join()";

/// A directory whose SHA256SUMS lists one file that matches, one that differs, and one that is gone; another is not listed.
fn write_release(directory: &Path) {
    for name in ["d1/f1.txt", "d2/f2.txt", "new.txt"] {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    let right = digest_of_file("sha256sum", &directory.join("d1/f1.txt"));
    let wrong = "0".repeat(64);
    let sums = format!("{right}  ./d1/f1.txt\n{wrong}  ./d2/f2.txt\n{wrong}  ./d3/f3.txt\n");
    std::fs::write(directory.join("SHA256SUMS"), sums).unwrap();
}

/// Drops the release and waits until it is judged.
async fn drop_release(browser: &Browser, server: &Server, directory: &Path) {
    write_release(directory);
    open(browser, server).await;
    browser.drop_paths("drop-zone", &[directory]).await;
    browser.until_text("queue-headline", "3 files hashed, 1 differs, 1 missing, 1 new").await;
}

#[tokio::test]
async fn counts_agree_and_a_row_says_its_verdict_in_a_word() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    drop_release(&browser, &server, tree.path()).await;
    browser.until(&format!("{TABS} === 'All,Differs1,Missing1,New1,Matched1'")).await;
    let card = browser.text("manifest-row").await;
    assert!(card.contains("1 file matches1 file differs1 missing"), "{card}");
    let words =
        "[...document.querySelectorAll('[data-testid=upload-status]')].map((one) => one.textContent).sort().join()";
    browser.until(&format!("{words} === 'Differs,Done,Matches,Missing'")).await;
    let directory = tree.path().file_name().unwrap().to_str().unwrap();
    let said = format!("Missing: listed in {directory}/SHA256SUMS as ./d3/f3.txt");
    browser
        .until(&format!(
            "document.querySelector('[data-testid=missing-row] [data-testid=upload-status]').title === '{said}'"
        ))
        .await;

    // The file that differs is first, and is selected.
    browser.until_text("expected-hex", &"0".repeat(64)).await;
    let hex = digest_of_file("sha256sum", &tree.path().join("d2/f2.txt"));
    browser.until(&format!("document.querySelector('.uploads [data-tag=differs] code').textContent === '{hex}'")).await;
    let choice = "document.querySelector('.uploads-tools select')";
    browser.run(&format!("{choice}.value = 'blake3'; {choice}.dispatchEvent(new Event('change'))"), vec![]).await;
    browser.until(&format!("document.querySelector('.uploads [data-tag=differs] code').textContent !== '{hex}'")).await;
    browser.screenshot("drop-said").await;
    browser.close().await;
}

#[tokio::test]
async fn a_missing_file_is_named_as_its_neighbours_without_gaps() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    drop_release(&browser, &server, tree.path()).await;
    let path = "document.querySelector('[data-testid=missing-row] .path')";
    let directory = tree.path().file_name().unwrap().to_str().unwrap();
    browser.until(&format!("{path}.textContent === '{directory}/d3/f3.txt'")).await;
    let gaps = format!(
        "[...{path}.children].filter((part) => {{ const text = document.createRange(); text.selectNodeContents(part);
            return part.getBoundingClientRect().width > text.getBoundingClientRect().width + 1; }}).map((part) => part.textContent)"
    );
    assert_eq!(browser.value(&format!("{path}.children.length")).await, 4);
    assert_eq!(browser.value(&gaps).await, json!([]), "parts that are wider than their text");
    browser.close().await;
}

#[tokio::test]
async fn checksums_are_saved_under_the_name_in_the_menu_and_what_differs_or_is_missing_is_said() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let (tree, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop_release(&browser, &server, tree.path()).await;
    let said = "1 file that differs is saved with the digest it has. 1 missing file is left out.";
    browser.until_text("save-note", said).await;
    let to = json!({ "behavior": "allow", "downloadPath": saved.path() });
    browser.devtools("Browser.setDownloadBehavior", to).await;
    for (format, name) in [("sha256", "SHA256SUMS"), ("blake3", "B3SUMS"), ("bsd", "CHECKSUMS"), ("csv", "hivesum.csv")]
    {
        browser.click("save-manifest").await;
        browser.click_on(&format!("{}[data-format={format}]", hook("save-format"))).await;
        let arrives = async {
            let mut beat = tokio::time::interval(POLL);
            while !saved.path().join(name).exists() {
                beat.tick().await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, arrives).await;
        let there: Vec<_> = std::fs::read_dir(saved.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(arrived.is_ok(), "no {name} in {there:?}");
    }
    browser.close().await;
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_so_and_does_not_outlive_the_list() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    drop_release(&browser, &server, tree.path()).await;
    browser.fill("uploads-search", "F127").await;
    browser.until_text("uploads-none", "No name contains “F127”.").await;
    browser.fill("uploads-search", "f1").await;
    browser.click_on(".queue [data-tab=missing]").await;
    browser.until_text("uploads-none", "No name under “Missing” contains “f1”.").await;
    clear(&browser).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until("document.querySelectorAll('[data-testid=upload-row]').length === 3").await;
    assert_eq!(browser.value("document.querySelector('[data-testid=uploads-search]').value").await, "");
    browser.close().await;
}

#[tokio::test]
async fn on_a_small_screen_the_verdict_and_the_list_come_before_the_options() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    size(&browser, NARROW_PIXELS, 844).await;
    drop_damaged(&browser, &server, tree.path()).await;
    let edge =
        |css: &str, edge: &str| format!("document.querySelector(\"{css}\").getBoundingClientRect().{edge} + scrollY");
    for css in [&hook("queue-headline"), &hook("save-manifest"), &hook("clear"), ".queue .tabs", ".uploads .is-differs"]
    {
        let bottom = browser.value(&edge(css, "bottom")).await.as_f64().unwrap();
        assert!(bottom <= 844.0, "{css} ends at {bottom}");
    }
    let list = browser.value(&edge(".uploads", "bottom")).await.as_f64().unwrap();
    for css in [&hook("manifest-row"), &hook("expect-input"), &hook("upload-detail"), ".chips"] {
        let top = browser.value(&edge(css, "top")).await.as_f64().unwrap();
        assert!(top >= list, "{css} begins at {top}, before the end of the list at {list}");
    }
    browser.screenshot("drop-said-narrow").await;
    browser.close().await;
}

#[tokio::test]
async fn the_usual_algorithms_are_offered_first_and_the_others_behind_more() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("algorithm-blake3").await;
    let chips = "[...document.querySelectorAll('.chip')].filter((chip) => chip.checkVisibility()).map((chip) => chip.textContent)";
    let usual = browser.value(&format!("{chips}.sort().join()")).await;
    assert_eq!(usual, "BLAKE2b,BLAKE3,CRC32,MD5,SHA-1,SHA-256,SHA-512");
    browser.screenshot("algorithms-usual").await;
    browser.click_on("[data-testid=more-algorithms] > summary").await;
    browser.until(&format!("{chips}.length > 30")).await;
    browser.run("document.querySelector('[data-testid=algorithm-sm3]').click()", vec![]).await;
    // What was chosen is in sight when the page is opened again.
    browser.client.refresh().await.unwrap();
    browser.find("algorithm-sm3").await;
    browser.until(&format!("{chips}.length === 8 && {chips}.includes('SM3')")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_folder_without_files_is_said_to_have_none() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    for name in ["empty", "full of empty ones/empty"] {
        std::fs::create_dir_all(tree.path().join(name)).unwrap();
    }
    open(&browser, &server).await;
    let said =
        |text: &str| format!("document.querySelector('[data-testid=error-banner]')?.textContent.includes('{text}')");
    browser.drop_paths("drop-zone", &[&tree.path().join("full of empty ones")]).await;
    browser.until(&said("This folder has no files.")).await;
    browser.drop_paths("drop-zone", &[&tree.path().join("empty"), &tree.path().join("full of empty ones")]).await;
    browser.until(&said("These folders have no files.")).await;
    browser.until("document.querySelector('.queue').hidden").await;
    // Beside files, empty folders are counted.
    for name in ["both/empty", "both/in/empty"] {
        std::fs::create_dir_all(tree.path().join(name)).unwrap();
    }
    std::fs::write(tree.path().join("both/file"), "abc").unwrap();
    browser.drop_paths("drop-zone", &[&tree.path().join("both")]).await;
    browser.until("document.body.textContent.includes('2 empty folders hold no files')").await;
    browser.until("!document.querySelector('.queue').hidden").await;
    browser.close().await;
}
