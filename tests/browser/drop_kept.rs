//! What stays of a drop: results that outlive a reload, checksum files to save in several formats, and how much the page
//! takes.

use std::collections::BTreeSet;

use hivesum_test_support::tools::check;
use serde_json::{Value, json};

use crate::browser::{Browser, hook};
use crate::drop_many::{DAMAGED, KEEP_SAVED, drop_damaged, open, save};
use crate::server::{Server, client_builder};

#[tokio::test]
async fn a_reload_keeps_results_and_verdicts_and_says_what_it_could_not_keep() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    drop_damaged(&browser, &server, tree.path()).await;
    let sums = save(&browser, "sha256").await;

    browser.client.refresh().await.unwrap();
    browser.until_text("queue-headline", DAMAGED).await;
    browser.until_text("queue-kept", "300 results kept from before the page was reloaded.").await;
    browser.run(KEEP_SAVED, vec![]).await;
    assert_eq!(sums.lines().collect::<BTreeSet<_>>(), save(&browser, "sha256").await.lines().collect());
    // A file that is dropped again is the same row.
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    let text = |testid: &str| format!("document.querySelector(\"{}\").textContent", hook(testid));
    let (detail, shown) = (text("upload-detail"), text("queue-headline"));
    browser.until(&format!("!{detail}.includes('before the page was reloaded') && {shown} === '{DAMAGED}'")).await;

    let less = "import('/views/hash-keep.js').then(({ keptLimits }) => { keptLimits.characters = 60000; window.__set = true; })";
    browser.run(less, vec![]).await;
    browser.until("window.__set").await;
    browser.run("document.querySelector('[data-tag=differs] [data-testid=upload-remove]').click()", vec![]).await;
    browser.until_text("queue-headline", "299 files hashed, 2 missing, 1 new").await;
    browser.client.refresh().await.unwrap();
    let room =
        "document.querySelector('[data-testid=queue-kept]')?.textContent.match(/for \\d+ files there was no room/)";
    browser.until(room).await;
    // What is cleared is not kept.
    crate::checksum_files::clear(&browser).await;
    browser.client.refresh().await.unwrap();
    browser.find("drop-zone").await;
    browser.until("document.querySelector('.queue').hidden").await;
    browser.close().await;
}

#[tokio::test]
async fn checksums_are_saved_in_several_formats_with_names_from_inside_the_dropped_folder() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("sub")).unwrap();
    for name in ["plain", "sub/with, \"quotes\"", "sub/back\\slash"] {
        std::fs::write(tree.path().join(name), name).unwrap();
    }
    open(&browser, &server).await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until_text("queue-headline", "3 files hashed").await;
    browser.click("save-manifest").await;
    let offered = "[...document.querySelectorAll('[data-testid=save-format]')].map((one) => one.textContent)";
    browser.until(&format!("{offered}.length")).await;
    let wanted = [
        "SHA256SUMS",
        "B3SUMS",
        "BSD tags",
        "CSV, sizes and times too",
        "JSON, everything",
        "NDJSON, one line per file",
    ];
    assert_eq!(browser.value(offered).await, json!(wanted));
    browser.screenshot("save-menu").await;
    browser.click("save-manifest").await;

    let sums = save(&browser, "sha256").await;
    let passed = check("sha256sum", &["--strict", "--quiet"], tree.path(), sums.as_bytes());
    assert!(passed.status.success(), "{passed:?}\n{sums}");
    let of_server = |format: &'static str| {
        let (browser, server) = (&browser, &server);
        async move {
            let text = save(browser, format).await;
            let answer = client_builder()
                .build()
                .unwrap()
                .post(format!("{}/api/v1/manifests/read?name=hivesum.{format}", server.url))
                .header("content-type", "text/plain")
                .body(text.clone())
                .send()
                .await
                .unwrap();
            let read: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            let entries = read["entries"].as_array().unwrap_or_else(|| panic!("{read}\n{text}")).clone();
            let mut listed: Vec<String> =
                entries.iter().map(|entry| format!("{} {}", entry["digests"]["sha256"], entry["path"])).collect();
            listed.sort();
            (listed, read["lines_not_read"]["count"].clone())
        }
    };
    let (bsd, not_read) = of_server("bsd").await;
    assert!(bsd.iter().any(|line| line.ends_with("\"plain\"")), "{bsd:?}");
    assert_eq!(not_read, 0);
    for format in ["csv", "json", "ndjson"] {
        let (listed, not_read) = of_server(format).await;
        assert_eq!(not_read, 0, "{format}");
        let tagged: Vec<&String> = bsd.iter().filter(|line| !line.starts_with("null")).collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), tagged, "{format}");
    }
    browser.close().await;
}

#[tokio::test]
async fn more_files_than_the_page_takes_are_refused_by_number() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let tree = tempfile::tempdir().unwrap();
    for n in 0..6 {
        std::fs::write(tree.path().join(n.to_string()), n.to_string()).unwrap();
    }
    open(&browser, &server).await;
    let fewer = "import('/views/hash-queue.js').then(({ queue }) => { queue.most = 4; window.__set = true; })";
    browser.run(fewer, vec![]).await;
    browser.until("window.__set").await;
    browser.drop_paths("drop-zone", &[tree.path()]).await;
    browser.until_text("queue-headline", "4 files hashed").await;
    let said = browser.text("error-banner").await;
    assert!(said.contains("This page takes 4 files.") && said.contains("too_many_files"), "{said}");
    browser.close().await;
}

#[tokio::test]
async fn signing_out_forgets_the_results() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_auth();
    let path = server.write("private", "private");
    browser.goto(server.link.as_ref().unwrap()).await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    browser.until_text("queue-headline", "1 file hashed").await;
    browser.client.refresh().await.unwrap();
    browser.until_text("queue-kept", "1 result kept from before the page was reloaded.").await;
    assert_eq!(browser.value("sessionStorage.length").await, 1);
    browser.click_on("#sign-out").await;
    browser.find("token-input").await;
    assert_eq!(browser.value("sessionStorage.length").await, 0);
    browser.close_ignoring(&["status of 401"]).await;
}
