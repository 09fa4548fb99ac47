//! The expected digest: judged on computed digests alone, on paste, on Enter or after a pause in typing, and never sent for
//! twice.

use hivesum_test_support::cycle;
use hivesum_test_support::tools::digest_of_file;
use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use serde_json::json;

use crate::browser::{Browser, hook};
use crate::checksum_files::until_said;
use crate::server::Server;

const ENTER: &str = "\u{e007}";
/// Counts the uploads of the page: the algorithms of each, in `__sent`.
const COUNT: &str = "window.__sent = []; const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function (method, url, ...rest) { __sent.push(new URL(url, location).searchParams.get('algorithms')); return open.call(this, method, url, ...rest); };";
/// Types into the field, a digit at a time, in one task of the page: no timer ends between two digits.
const TYPE: &str = "const field = document.querySelector('[data-testid=expect-input]'); field.value = '';
    for (const digit of arguments[0]) { field.value += digit; field.dispatchEvent(new InputEvent('input', { inputType: 'insertText', bubbles: true })); }";
/// What a paste from the clipboard does to the field.
const PASTE: &str = "const field = document.querySelector('[data-testid=expect-input]'); field.value = arguments[0];
    field.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste', bubbles: true }));";

/// Opens the page with this file and only this algorithm, or those by default, and counts its uploads.
async fn open_with(browser: &Browser, server: &Server, algorithm: Option<&str>, path: &std::path::Path) {
    browser.goto(&server.url).await;
    browser.find("algorithm-blake3").await;
    if let Some(algorithm) = algorithm {
        crate::jobs::select_only(browser, algorithm).await;
    }
    browser.run(COUNT, vec![]).await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    browser.select(&format!("{}[data-state=done]", hook("upload-row"))).await;
}

/// Only files of at most this size are sent again without being asked.
async fn send_again_at_most(browser: &Browser, bytes: u64) {
    let set = "import('/views/hash-queue.js').then(({ queue }) => { queue.resendBytes = arguments[0]; window.__set = true; })";
    browser.run(set, vec![json!(bytes)]).await;
    browser.until("window.__set").await;
}

async fn until_verdict(browser: &Browser, verdict: &str) -> String {
    browser.select(&format!("{}[data-verdict={verdict}]", hook("expect-verdict"))).await;
    browser.text("expect-verdict").await
}

#[tokio::test]
async fn a_right_file_is_never_a_mismatch_of_a_digest_that_was_not_computed() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("release.iso", cycle(3 << 20));
    browser.goto(&server.modules_url()).await;
    send_again_at_most(&browser, 1 << 20).await;
    crate::jobs::select_only(&browser, "blake3").await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_said(&browser, "release.iso: Done").await;

    let record = "window.__verdicts = []; new MutationObserver(() => __verdicts.push(document.querySelector('[data-testid=expect-verdict]').dataset.verdict))
        .observe(document.querySelector('[data-testid=expect-verdict]'), { attributes: true });";
    browser.run(record, vec![]).await;
    browser.run(PASTE, vec![json!(digest_of_file("sha256sum", &path))]).await;
    assert_eq!(browser.find("expect-again").await.text().await.unwrap(), "Hash again, 3.00 MiB");
    let said = until_verdict(&browser, "pending").await;
    assert!(said.starts_with("SHA-256 of this file is not known yet"), "{said}");
    browser.screenshot("expected-not-known").await;
    browser.click("expect-again").await;
    let said = until_verdict(&browser, "match").await;
    assert!(said.contains("Its SHA-256 digest is the expected one."), "{said}");
    let verdicts = browser.value("__verdicts").await;
    assert!(!verdicts.as_array().unwrap().contains(&json!("mismatch")), "{verdicts}");
    browser.close().await;
}

#[tokio::test]
async fn blake3_and_sha256_are_computed_by_default_in_one_pass_and_both_are_shown() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    open_with(&browser, &server, None, &path).await;
    browser.until_text("digest-sha256", ABC_SHA256).await;
    browser.until_text("digest-blake3", ABC_BLAKE3).await;
    assert_eq!(browser.value("__sent").await, json!(["blake3,sha256"]));
    // A right digest needs no second upload.
    browser.run(PASTE, vec![json!(ABC_SHA256)]).await;
    until_verdict(&browser, "match").await;
    assert_eq!(browser.value("__sent.length").await, 1);
    browser.close().await;
}

#[tokio::test]
async fn typing_a_digest_sends_nothing_until_it_is_complete_and_then_only_once() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    open_with(&browser, &server, Some("sha1"), &path).await;
    // What is said while one types may be gone before it is asked for.
    let record = "const said = document.querySelector('[data-testid=expect-verdict]'); window.__said = [];
        new MutationObserver(() => __said.push(said.textContent)).observe(said, { childList: true, characterData: true, subtree: true });";
    browser.run(record, vec![]).await;
    browser.run(TYPE, vec![json!(ABC_SHA256)]).await;
    browser.until("__said.includes('Compared when you pause or press Enter.')").await;
    until_verdict(&browser, "match").await;
    let sent = browser.value("__sent.map((names) => names.split(',').includes('sha256'))").await;
    assert_eq!(sent, json!([false, true]), "one upload, for the digest that was typed");

    // The same digest in other forms, again, and by other ways: all is known.
    for text in
        [ABC_SHA256.to_uppercase(), format!("sha256:{ABC_SHA256}"), format!("SHA256 (abc) = {}", "0".repeat(64))]
    {
        browser.run(TYPE, vec![json!(text)]).await;
        browser.find("expect-input").await.send_keys(ENTER).await.unwrap();
        let verdict = if text.contains("(abc)") { "mismatch" } else { "match" };
        until_verdict(&browser, verdict).await;
    }
    assert_eq!(browser.value("__sent.length").await, 2);
    assert!(
        !browser
            .value("document.querySelector('[data-testid=expect-input]').value")
            .await
            .as_str()
            .unwrap()
            .contains('\n')
    );
    browser.close().await;
}

#[tokio::test]
async fn the_beginning_of_a_digest_is_not_taken_for_a_shorter_one() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    open_with(&browser, &server, Some("sha256"), &path).await;
    for digits in [8, 16, 32, 40, 56] {
        browser.run(TYPE, vec![json!(&ABC_SHA256[..digits])]).await;
        let said = format!("These are the first {digits} of the 64 digits of a SHA-256 digest here.");
        browser
            .until(&format!("document.querySelector('[data-testid=expect-verdict]')?.textContent.includes('{said}')"))
            .await;
    }
    assert_eq!(browser.value("__sent").await, json!(["sha256"]));
    browser.run(TYPE, vec![json!(ABC_SHA256)]).await;
    until_verdict(&browser, "match").await;
    assert_eq!(browser.value("__sent").await, json!(["sha256"]));
    browser.close().await;
}

#[tokio::test]
async fn digests_that_nobody_chose_are_in_no_row_and_no_saved_file() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    open_with(&browser, &server, Some("sha1"), &path).await;
    browser.run(crate::drop_many::KEEP_SAVED, vec![]).await;
    let shown = "[...document.querySelectorAll('.digest-hex')].map((one) => one.dataset.testid.replace('digest-', '')).sort().join()";
    browser.run(PASTE, vec![json!("0".repeat(64))]).await;
    until_verdict(&browser, "mismatch").await;
    browser.until(&format!("{shown} === 'sha1'")).await;
    browser.run(PASTE, vec![json!(ABC_MD5)]).await;
    until_verdict(&browser, "match").await;
    browser.until(&format!("{shown} === 'md5,sha1'")).await;
    let saved = crate::drop_many::save(&browser, "bsd").await;
    assert_eq!(saved.lines().count(), 1, "{saved}");
    assert!(saved.starts_with("SHA1 (abc) = "), "{saved}");
    browser.run(PASTE, vec![json!("")]).await;
    until_verdict(&browser, "none").await;
    browser.until(&format!("{shown} === 'sha1'")).await;
    browser.close().await;
}

#[tokio::test]
async fn after_a_reload_a_digest_that_was_not_computed_needs_the_file_again() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    open_with(&browser, &server, Some("sha256"), &path).await;
    browser.client.refresh().await.unwrap();
    browser.find("expect-input").await;
    browser.run(PASTE, vec![json!(ABC_MD5)]).await;
    let said = until_verdict(&browser, "pending").await;
    let fits =
        said.starts_with("MD5 of this file is not known yet") && said.ends_with("Drop the file again to compute it.");
    assert!(fits, "{said}");
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_verdict(&browser, "match").await;
    browser.until("document.querySelectorAll('[data-testid=upload-row]').length === 1").await;
    browser.close().await;
}

/// Whether the headline, the bar and the row of the only file look red, and what the row says.
const RED: &str = "[document.querySelector('[data-testid=queue-bar]').className === 'bar failed',
    Boolean(document.querySelector('[data-testid=upload-row][data-tag=differs] .upload-glyph.bad')),
    document.querySelector('[data-testid=upload-status]').title]";

#[tokio::test]
async fn a_digest_that_no_usual_algorithm_gives_is_red_before_the_others_of_its_length_are_known() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("big.iso", cycle(3 << 20));
    browser.goto(&server.modules_url()).await;
    send_again_at_most(&browser, 1 << 20).await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_said(&browser, "big.iso: Done").await;

    let right = digest_of_file("sha256sum", &path);
    let wrong = format!("{}{}", &right[..63], if right.ends_with('0') { '1' } else { '0' });
    browser.run(PASTE, vec![json!(wrong)]).await;
    let said = until_verdict(&browser, "mismatch").await;
    let whole = "Does not match its BLAKE3 or SHA-256big.isoOther algorithms of this length are not known yet.\
        Hash again, 3.00 MiB";
    assert_eq!(said, whole);
    let differs = "Differs from the expected digest (BLAKE3 or SHA-256)";
    browser.until(&format!("String({RED}) === 'true,true,{differs}'")).await;
    browser.until_text("expected-hex", &wrong).await;
    browser.screenshot("expected-differs").await;

    // The others, which only the click computes, change the words.
    browser.click("expect-again").await;
    let sentence = "It is not the digest of this file by BLAKE3, SHA-256 or another of its length.";
    browser.until(&format!("document.body.innerText.includes('{sentence}')")).await;
    until_verdict(&browser, "mismatch").await;
    browser.run(PASTE, vec![json!(right)]).await;
    until_verdict(&browser, "match").await;
    until_said(&browser, "big.iso: Matches the expected digest (SHA-256)").await;
    browser.until("document.querySelector('[data-testid=queue-bar]').className === 'bar completed'").await;
    browser.close().await;
}

#[tokio::test]
async fn a_line_with_another_name_says_so_and_one_of_a_file_here_is_about_that_file() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let (path, other) = (server.write("big.iso", "abc"), server.write("two words", "other"));
    open_with(&browser, &server, Some("sha256"), &path).await;
    let note = |name: &str| format!("The name differs: this digest is given for “{name}”.");
    for (line, name) in [
        (format!("{ABC_SHA256}  other.iso"), Some("other.iso")),
        (format!("SHA256 (sub/other.iso) = {ABC_SHA256}"), Some("sub/other.iso")),
        (format!("{ABC_SHA256} *somewhere/big.iso"), None),
        (format!("{ABC_SHA256}  -"), None),
        (ABC_SHA256.to_owned(), None),
    ] {
        browser.run(PASTE, vec![json!(line)]).await;
        let said = until_verdict(&browser, "match").await;
        assert_eq!(said.contains("The name differs"), name.is_some(), "{line}: {said}");
        assert!(name.is_none_or(|name| said.contains(&note(name))), "{line}: {said}");
    }
    // The file of that name has another digest, which is no match because another file has it.
    browser.find("file-input").await.send_keys(other.to_str().unwrap()).await.unwrap();
    browser.until("document.querySelectorAll('[data-testid=upload-row][data-state=done]').length === 2").await;
    browser.run(PASTE, vec![json!(format!("{ABC_SHA256}  two words"))]).await;
    let said = until_verdict(&browser, "mismatch").await;
    assert!(said.starts_with("Mismatchtwo words") && said.contains("“big.iso” has this digest."), "{said}");
    until_said(
        &browser,
        "big.iso: Done|two words: Differs from the expected digest (BLAKE3, SHA-256 or another of its length)",
    )
    .await;
    browser.close().await;
}
