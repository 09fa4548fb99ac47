//! The hash view: files that are chosen, dropped or pasted, their digests, and the state of each upload.

use std::path::Path;

use hivesum_test_support::cycle;
use hivesum_test_support::tools::{check, digest_of_file};
use hivesum_test_support::vectors::ABC_SHA256;
use serde_json::json;

use crate::browser::{Browser, hook};
use crate::server::Server;

/// More than one read, and less than a second.
const FILE_BYTES: usize = 300_000;
const DONE: &str = "document.querySelectorAll('[data-testid=upload-row][data-state=done]').length";

/// Opens the hash view and selects only this algorithm.
async fn open_with(browser: &Browser, server: &Server, algorithm: &str) {
    browser.goto(&server.url).await;
    browser.find(&format!("algorithm-{algorithm}")).await;
    crate::jobs::select_only(browser, algorithm).await;
}

async fn choose(browser: &Browser, path: &Path) {
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
}

/// Limits the upload rate of the browser, or removes the limit.
async fn slow_down(browser: &Browser, bytes_per_second: Option<u32>) {
    let upload = bytes_per_second.map_or(json!(-1), |bytes| json!(bytes));
    let line = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload });
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.emulateNetworkConditions", line).await;
}

#[tokio::test]
async fn a_chosen_file_gets_the_digest_of_sha256sum_and_a_verdict_on_a_pasted_one() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("chosen.bin", cycle(FILE_BYTES));
    let expected = digest_of_file("sha256sum", &path);

    open_with(&browser, &server, "sha256").await;
    choose(&browser, &path).await;
    browser.select(&format!("{}[data-state=done]", hook("upload-row"))).await;
    assert_eq!(browser.text("digest-sha256").await, expected);
    assert_eq!(browser.text("upload-status").await, "Done");

    for (pasted, verdict) in [
        (format!("sha256:{expected}"), "match"),
        (expected.to_uppercase(), "match"),
        (format!("SHA256 (chosen.bin) = {expected}"), "match"),
        (format!("{expected}  chosen.bin"), "match"),
        (format!("sha256:{}", "0".repeat(64)), "mismatch"),
        ("hello".to_owned(), "unknown"),
    ] {
        browser.fill("expect-input", &pasted).await;
        browser.select(&format!("{}[data-verdict={verdict}]", hook("expect-verdict"))).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_algorithm_of_an_expected_digest_is_computed_automatically() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("other.bin", cycle(FILE_BYTES));
    open_with(&browser, &server, "blake3").await;
    choose(&browser, &path).await;
    browser.select(&format!("{}[data-state=done]", hook("upload-row"))).await;
    // 32 digits can only be an MD5.
    browser.fill("expect-input", &digest_of_file("md5sum", &path)).await;
    browser.select(&format!("{}[data-verdict=match]", hook("expect-verdict"))).await;
    assert_eq!(browser.text("digest-md5").await, digest_of_file("md5sum", &path));
    browser.close().await;
}

#[tokio::test]
async fn dropped_and_chosen_folders_are_hashed_completely_and_the_saved_manifest_passes_sha256sum() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let files = tempfile::tempdir().unwrap();
    for name in ["photos/a.jpg", "photos/2024/b b.jpg", "photos/2024/deep/er/c.jpg"] {
        let path = files.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    std::fs::write(files.path().join("loose"), "loose").unwrap();

    open_with(&browser, &server, "sha256").await;
    browser.drop_paths("drop-zone", &[&files.path().join("photos"), &files.path().join("loose")]).await;
    browser.until(&format!("{DONE} === 4")).await;
    let keep = "const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.__saved = text; }); return make.call(URL, blob); };";
    browser.run(keep, vec![]).await;
    browser.click("save-manifest").await;
    browser.click_on(&format!("{}[data-format=sha256]", hook("save-format"))).await;
    browser.until("window.__saved").await;
    let lines = browser.value("window.__saved").await;
    let output = check("sha256sum", &["--strict", "--quiet"], files.path(), lines.as_str().unwrap().as_bytes());
    assert!(output.status.success(), "{output:?}\n{lines}");
    assert_eq!(lines.as_str().unwrap().lines().count(), 4);

    browser.find("folder-input").await.send_keys(files.path().join("photos").to_str().unwrap()).await.unwrap();
    browser.until(&format!("{DONE} === 7")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_cancelled_upload_stops_and_can_be_retried() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("slow.bin", cycle(4 << 20));
    open_with(&browser, &server, "blake3").await;
    slow_down(&browser, Some(64 << 10)).await;
    choose(&browser, &path).await;
    browser.select(&format!("{}[data-state=sending]", hook("upload-row"))).await;
    browser.until("document.querySelector('[data-testid=upload-row] [role=progressbar]').offsetHeight > 0").await;
    browser.click("upload-cancel").await;
    browser.select(&format!("{}[data-state=cancelled]", hook("upload-row"))).await;
    browser.until_text("upload-status", "Cancelled").await;
    // It has ended on the server, too.
    browser.until_text("pool-busy", "0").await;

    slow_down(&browser, None).await;
    browser.click("upload-retry").await;
    browser.select(&format!("{}[data-state=done]", hook("upload-row"))).await;
    browser.until("document.querySelectorAll('[data-testid=digest-blake3]').length === 1").await;
    browser.close().await;
}

#[tokio::test]
async fn uploads_run_in_parallel_and_continue_while_another_view_is_open() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let paths: Vec<_> = (0..6).map(|n| server.write(format!("up {n}"), cycle((64 << 10) + n))).collect();
    let list: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    open_with(&browser, &server, "blake3").await;
    slow_down(&browser, Some(16 << 10)).await;
    browser.find("file-input").await.send_keys(&list.join("\n")).await.unwrap();
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=sending]').length > 1").await;
    browser.click("nav-system").await;
    browser.find("stat-size").await;
    browser.until("!document.querySelector('#uploads-active').hidden").await;
    slow_down(&browser, None).await;
    browser.click("nav-hash").await;
    browser.until(&format!("{DONE} === 6")).await;
    browser.until_text("queue-headline", "6 files hashed").await;
    browser.close().await;
}

#[tokio::test]
async fn pasted_text_and_files_are_hashed_and_a_pasted_digest_is_compared() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    open_with(&browser, &server, "sha256").await;
    let paste = "const data = new DataTransfer();
        if (arguments[0] === 'file') data.items.add(new File([arguments[1]], 'pasted.txt')); else data.setData('text/plain', arguments[1]);
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));";
    browser.run(paste, vec![json!("text"), json!("abc")]).await;
    browser.until_text("digest-sha256", ABC_SHA256).await;
    browser.run(paste, vec![json!("file"), json!("def")]).await;
    browser.until(&format!("{DONE} === 2")).await;
    browser.run(paste, vec![json!("text"), json!(ABC_SHA256)]).await;
    browser.select(&format!("{}[data-verdict=match]", hook("expect-verdict"))).await;
    browser.until(&format!("{DONE} === 2")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_copied_digest_is_the_displayed_one() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("copied", "copied");
    let allowed = json!({ "origin": server.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    browser.devtools("Browser.grantPermissions", allowed).await;
    open_with(&browser, &server, "sha512").await;
    choose(&browser, &path).await;
    browser.click("copy-digest").await;
    browser.select(".toast").await;
    browser.run("navigator.clipboard.readText().then((text) => { window.__copied = text; })", vec![]).await;
    browser.until(&format!("window.__copied === '{}'", digest_of_file("sha512sum", &path))).await;
    browser.close().await;
}
