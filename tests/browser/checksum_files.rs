//! Checksum files dropped together with the files they list: each format is recognised, and a changed file is found.

use std::path::Path;

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::output;

use crate::browser::Browser;
use crate::server::Server;

const NAMES: [&str; 3] = ["first.bin", "second one.bin", "third.bin"];
const STATUS: &str = "[...document.querySelectorAll('[data-testid=upload-row]')].map((row) => `${row.querySelector('.path').textContent}: ${row.querySelector('[data-testid=upload-status]').textContent}`).sort().join('|')";

/// Makes a checksum file with a system tool, changes the last listed file, and drops the directory.
async fn assert_recognised(browser: &Browser, manifest: &str, make: impl Fn(&Path) -> Vec<u8>) {
    let files = tempfile::tempdir().unwrap();
    for name in NAMES {
        std::fs::write(files.path().join(name), name.repeat(1000)).unwrap();
    }
    std::fs::write(files.path().join(manifest), make(files.path())).unwrap();
    std::fs::write(files.path().join(NAMES[2]), "changed").unwrap();

    browser.client.refresh().await.unwrap();
    browser.drop_paths("drop-zone", &[files.path()]).await;
    browser.find("manifest-row").await;
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=done]').length === 3").await;
    let directory = files.path().file_name().unwrap().to_str().unwrap();
    let [first, second, third] = NAMES.map(|name| format!("{directory}/{name}"));
    let list = format!("{directory}/{manifest}");
    let wanted = format!("{first}: Matches {list}|{second}: Matches {list}|{third}: Differs from {list}");
    browser.until(&format!("{STATUS} === {}", serde_json::json!(wanted))).await;
    let said = browser.text("manifest-row").await;
    assert!(said.contains("2 files match") && said.contains("1 file differs"), "{manifest}: {said}");
}

#[tokio::test]
async fn checksum_files_of_sha256sum_md5sum_and_b2sum_are_recognised_and_checked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let made_by = |tool: &'static str, args: &'static [&str]| {
        move |directory: &Path| output(directory, tool, &[args, &NAMES].concat())
    };
    assert_recognised(&browser, "SHA256SUMS", made_by("sha256sum", &[])).await;
    assert_recognised(&browser, "all.sha256", made_by("sha256sum", &["--tag"])).await;
    assert_recognised(&browser, "all.md5", made_by("md5sum", &[])).await;
    assert_recognised(&browser, "sums.txt.b2", made_by("b2sum", &[])).await;
    browser.close().await;
}

#[tokio::test]
async fn checksum_files_of_cksfv_b3sum_and_hashdeep_are_recognised_and_checked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    for (tool, manifest, args) in [
        ("cksfv", "all.sfv", &[][..]),
        ("b3sum", "B3SUMS", &[]),
        ("hashdeep", "known.hashdeep", &["-b", "-c", "md5,sha256"]),
    ] {
        if has_tool(tool) {
            assert_recognised(&browser, manifest, |directory| output(directory, tool, &[args, &NAMES].concat())).await;
        }
    }
    browser.close().await;
}
