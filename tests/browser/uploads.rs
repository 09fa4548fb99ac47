//! The hash view: a chosen file, its digests, and the comparison with an expected one.

use std::process::Command;

use crate::browser::{Browser, hook};
use crate::server::Server;

/// A cycle of 251 bytes, so that swapped blocks show; more than one read, less than a second.
const FILE_BYTES: usize = 300_000;

#[tokio::test]
async fn a_chosen_file_gets_the_digest_of_sha256sum_and_a_verdict_on_a_pasted_one() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("chosen.bin", (0..FILE_BYTES).map(|at| (at % 251) as u8).collect::<Vec<u8>>());
    let output = Command::new("sha256sum").arg(&path).output().unwrap();
    let expected = String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned();

    browser.goto(&server.url).await;
    browser.find("algorithm-sha256").await;
    if browser.value("document.querySelector('[data-testid=algorithm-sha256]').checked").await == false {
        browser.click("algorithm-sha256").await;
    }
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    browser.select(&format!("{}[data-state=done]", hook("upload-row"))).await;
    assert_eq!(browser.text("digest-sha256").await, expected);
    assert_eq!(browser.text("upload-status").await, "Done");

    browser.fill("expect-input", &format!("sha256:{expected}")).await;
    browser.select(&format!("{}[data-verdict=match]", hook("expect-verdict"))).await;
    browser.fill("expect-input", &format!("sha256:{}", "0".repeat(64))).await;
    browser.select(&format!("{}[data-verdict=mismatch]", hook("expect-verdict"))).await;
    browser.fill("expect-input", "hello").await;
    browser.select(&format!("{}[data-verdict=unknown]", hook("expect-verdict"))).await;
    browser.close().await;
}
