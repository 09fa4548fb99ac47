//! Checksum files dropped together with the files they list: each format is recognised, and a changed file is found.

use std::path::Path;

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::output;

use crate::browser::Browser;
use crate::server::Server;

pub(crate) const NAMES: [&str; 3] = ["first.bin", "second one.bin", "third.bin"];
/// The names of the uploads with their statuses in full, sorted and separated by `|`.
pub(crate) const STATUS: &str = "[...document.querySelectorAll('[data-testid=upload-row]')].map((row) => `${row.querySelector('.path').textContent}: ${row.querySelector('[data-testid=upload-status]').title}`).sort().join('|')";

/// Makes a checksum file, changes the last listed file, drops the directory, and returns the text of the checksum file's
/// row. Each verdict names the algorithm.
pub(crate) async fn drop_listed(
    browser: &Browser,
    manifest: &str,
    algorithm: &str,
    make: impl Fn(&Path) -> Vec<u8>,
) -> String {
    let files = tempfile::tempdir().unwrap();
    for name in NAMES {
        std::fs::write(files.path().join(name), name.repeat(1000)).unwrap();
    }
    std::fs::write(files.path().join(manifest), make(files.path())).unwrap();
    std::fs::write(files.path().join(NAMES[2]), "changed").unwrap();

    clear(browser).await;
    browser.drop_paths("drop-zone", &[files.path()]).await;
    browser.find("manifest-row").await;
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=done]').length === 3").await;
    let directory = files.path().file_name().unwrap().to_str().unwrap();
    let [first, second, third] = NAMES.map(|name| format!("{directory}/{name}"));
    let list = format!("{directory}/{manifest}");
    let list = format!("{list} ({algorithm})");
    until_said(browser, &format!("{first}: Matches {list}|{second}: Matches {list}|{third}: Differs from {list}"))
        .await;
    let said = browser.text("manifest-row").await;
    assert!(said.contains(&format!("3 entries, {algorithm}")), "{manifest}: {said}");
    assert!(said.contains("2 files match") && said.contains("1 file differs"), "{manifest}: {said}");
    said
}

/// Empties the list, which a reload of the page keeps.
pub(crate) async fn clear(browser: &Browser) {
    browser.find("drop-zone").await;
    browser.run("document.querySelector('[data-testid=clear]').click()", vec![]).await;
    browser.until("!document.querySelector('[data-testid=upload-row], [data-testid=manifest-row]')").await;
}

/// Awaits that the rows of the uploads say this: each name with its status, in order, separated by `|`.
pub(crate) async fn until_said(browser: &Browser, wanted: &str) {
    browser.until(&format!("{STATUS} === {}", serde_json::json!(wanted))).await;
}

/// As the tool prints it: nothing is said but the verdicts.
async fn assert_recognised(browser: &Browser, manifest: &str, algorithm: &str, make: impl Fn(&Path) -> Vec<u8>) {
    let said = drop_listed(browser, manifest, algorithm, make).await;
    assert!(!said.contains("not read"), "{said}");
}

#[tokio::test]
async fn checksum_files_of_sha256sum_md5sum_and_b2sum_are_recognised_and_checked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let made_by = |tool: &'static str, args: &'static [&str]| {
        move |directory: &Path| output(directory, tool, &[args, &NAMES].concat())
    };
    assert_recognised(&browser, "SHA256SUMS", "SHA-256", made_by("sha256sum", &[])).await;
    assert_recognised(&browser, "all.sha256", "SHA-256", made_by("sha256sum", &["--tag"])).await;
    assert_recognised(&browser, "all.md5", "MD5", made_by("md5sum", &[])).await;
    assert_recognised(&browser, "sums.txt.b2", "BLAKE2b", made_by("b2sum", &[])).await;
    browser.close().await;
}

#[tokio::test]
async fn checksum_files_of_other_tools_are_recognised_and_checked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    for (tool, manifest, algorithm, args) in [
        ("cksfv", "all.sfv", "CRC32", &[][..]),
        ("b3sum", "B3SUMS", "BLAKE3", &[]),
        ("hashdeep", "known.hashdeep", "MD5, SHA-256", &["-b", "-c", "md5,sha256"]),
        ("xxhsum", "all.xxh128", "XXH3-128", &["-H2"]),
        ("rhash", "all.sha512", "SHA-512", &["--sha512"]),
        ("rhash", "all.txt.md5", "MD5", &["--bsd", "--md5"]),
    ] {
        if has_tool(tool) {
            let made = |directory: &Path| output(directory, tool, &[args, &NAMES].concat());
            assert_recognised(&browser, manifest, algorithm, made).await;
        }
    }
    browser.close().await;
}
