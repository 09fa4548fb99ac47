//! What the page says of files that a checksum file or a pasted digest may mean: a verdict only on digests that were
//! computed, and only of the file that is meant.

use hivesum_test_support::tools::{digest_of_bytes, output};
use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use serde_json::{Value, json};

use crate::browser::{Browser, hook};
use crate::checksum_files::{clear, until_said};
use crate::server::Server;

/// The value of an asynchronous function of a module of the page.
pub(crate) async fn of_module(browser: &Browser, module: &str, body: &str) -> Value {
    let script = format!(
        "window.__value = undefined; import('{module}').then((module) => {{ window.__value = (({body})(module)) ?? null; }})"
    );
    browser.run(&script, vec![]).await;
    browser.until("window.__value !== undefined").await;
    browser.value("window.__value").await
}

#[tokio::test]
async fn every_name_that_tells_a_checksum_file_is_sent_to_be_read() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let names = "SHA256SUMS a/sha512sums.txt x.tar.gz.sha256 x.sha256sum x.sha256.sum x.sha256.txt B3SUMS backup.b3 a.md5 \
        a.md5sums MD5SUMS.txt CHECKSUMS.md5 SHA1SUM B2SUMS B2SUMS.asc blake2b.txt SHA-256SUMS SHA512-256SUMS x.sha3-384 \
        terraform_1.5.0_SHA256SUMS SHASUMS256.txt.asc checksums-sha256.txt sha256-checksums.txt manifest-sha3_512.txt \
        tagmanifest-md5.txt f.sha3 f.sha x.crc32 x.crc64 x.xxh64 x.rmd160 x.sm3 x.whirlpool x.wp x.gost sha256.txt sums \
        CHECKSUM Fedora-42-CHECKSUM CHECKSUM.SHA512-FreeBSD-14.0-amd64 SHA256.sig a.sfv a.mhl a.mtree .MTREE RECORD \
        .cargo-checksum.json package-lock.json Release InRelease a_1.dsc a_1_amd64.changes a_1.buildinfo Manifest \
        known.hashdeep hivesum.ndjson hivesum.csv go.sum md5sum.gz checksums.txt.asc listing.json aide.db integrity.txt \
        sums.quickxor sums.dropbox";
    let names: Vec<&str> = names.split_whitespace().collect();
    let others = ["README.md", "a.jpg", "notes.txt", "sharing", "summary.pdf", "manifest.xml", "blake", "record.mp3"];
    let looking = |names: &[&str]| {
        format!("({{ looksLikeManifest }}) => {}.filter((name) => looksLikeManifest(name))", json!(names))
    };
    let module = "/kernel/manifest.js";
    assert_eq!(of_module(&browser, module, &looking(&names)).await, json!(names));
    assert_eq!(of_module(&browser, module, &looking(&others)).await, json!([]));
    browser.close().await;
}

#[tokio::test]
async fn candidates_are_narrowed_by_matches_and_a_digest_that_is_not_computed_decides_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let body = "({ Candidates, judge }) => {
        const claim = { hex: 'aa'.repeat(32), names: ['sha256', 'blake3', 'sha3_256'] };
        const crc = { hex: '00000000', names: ['crc32', 'crc32c'] };
        const all = new Candidates([claim, crc]);
        const said = [];
        const say = (one, digests) => { const { verdict, names } = judge([all.of(one)], digests); said.push([verdict, names.flat().join()]); };
        say(claim, { sha256: 'bb' });
        say(claim, { sha256: 'bb', blake3: 'cc', sha3_256: 'dd' });
        all.narrow([claim], { sha256: 'bb', blake3: 'cc', sha3_256: 'dd' });
        say(claim, {});
        all.narrow([claim], { sha256: 'bb', blake3: claim.hex });
        say(claim, {});
        say(claim, { blake3: 'cc' });
        all.narrow([crc], { crc32: '00000000' });
        say(crc, { crc32: '11111111' });
        all.narrow([crc], { crc32: '00000000', crc32c: '00000000' });
        say(crc, { crc32: '00000000', crc32c: '00000000' });
        all.narrow([crc], { crc32: '11111111', crc32c: '00000000' });
        say(crc, { crc32: '00000000' });
        said.push([judge([{ hex: claim.hex, names: [] }], { sha256: 'bb' }).verdict, '']);
        return said;
    }";
    let said = of_module(&browser, "/kernel/candidates.js", body).await;
    let wanted = json!([
        [null, "blake3,sha3_256"],
        ["mismatch", "sha256,blake3,sha3_256"],
        [null, "sha256,blake3,sha3_256"],
        [null, "blake3"],
        ["mismatch", "blake3"],
        [null, "crc32c"],
        ["match", "crc32,crc32c"],
        [null, "crc32c"],
        [null, ""],
    ]);
    assert_eq!(said, wanted);
    browser.close().await;
}

#[tokio::test]
async fn a_file_of_the_same_name_elsewhere_is_not_the_one_that_is_listed() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let files = tempfile::tempdir().unwrap();
    let tree = files.path().join("tree");
    std::fs::create_dir_all(tree.join("sub")).unwrap();
    for (name, content) in [("README", "listed"), ("sub/README", "not listed"), ("sub/b", "b")] {
        std::fs::write(tree.join(name), content).unwrap();
    }
    let sums = output(&tree, "sha256sum", &["README", "sub/b"]);
    let said = |list: &str| {
        let list = format!("Matches {list} (SHA-256)");
        format!("tree/README: {list}|tree/sub/README: Done|tree/sub/b: {list}")
    };
    for (directory, list) in [(&tree, "tree/SHA256SUMS"), (&files.path().to_owned(), "SHA256SUMS")] {
        std::fs::write(directory.join("SHA256SUMS"), &sums).unwrap();
        browser.goto(&server.url).await;
        browser.find("drop-zone").await;
        clear(&browser).await;
        let beside = files.path().join("SHA256SUMS");
        let paths = [&tree, &beside];
        let count = if beside.exists() { 2 } else { 1 };
        browser.drop_paths("drop-zone", &paths[..count].iter().map(|path| path.as_path()).collect::<Vec<_>>()).await;
        until_said(&browser, &said(list)).await;
        std::fs::remove_file(directory.join("SHA256SUMS")).unwrap();
    }
    browser.close().await;
}

#[tokio::test]
async fn several_checksum_files_and_several_digests_of_a_file_must_all_match() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("abc"), "abc").unwrap();
    std::fs::write(files.path().join("SHA256SUMS"), format!("{ABC_SHA256}  abc\n")).unwrap();
    let two = format!("MD5 (abc) = {ABC_MD5}\nBLAKE3 (abc) = {ABC_BLAKE3}\n");
    std::fs::write(files.path().join("CHECKSUMS"), &two).unwrap();
    browser.goto(&server.url).await;
    let paths = ["abc", "SHA256SUMS", "CHECKSUMS"].map(|name| files.path().join(name));
    let paths = paths.each_ref().map(std::path::PathBuf::as_path);
    browser.drop_paths("drop-zone", &paths).await;
    until_said(&browser, "abc: Matches SHA256SUMS (SHA-256) and CHECKSUMS (MD5, BLAKE3)").await;
    let rows = "[...document.querySelectorAll('[data-testid=manifest-row]')].every((row) => row.textContent.includes('1 file matches') && row.textContent.includes('1 entry'))";
    browser.until(rows).await;

    std::fs::write(files.path().join("CHECKSUMS"), two.replace(ABC_MD5, &"0".repeat(32))).unwrap();
    browser.drop_paths("drop-zone", &paths[2..]).await;
    until_said(&browser, "abc: Differs from CHECKSUMS (MD5)").await;
    browser.close().await;
}

#[tokio::test]
async fn a_digest_that_was_not_computed_is_not_known_and_never_a_mismatch() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let files = tempfile::tempdir().unwrap();
    // Larger than what is hashed again without being asked.
    let (path, bytes) = (files.path().join("large"), 257 << 20);
    std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
    let md5 = digest_of_bytes("md5sum", &vec![0; bytes as usize]);
    browser.goto(&server.url).await;
    browser.find("algorithm-blake3").await;
    crate::jobs::select_only(&browser, "blake3").await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_said(&browser, "large: Done").await;
    browser.fill("expect-input", &format!("md5:{}", "0".repeat(32))).await;
    browser.find("expect-again").await;
    assert!(browser.text("expect-verdict").await.starts_with("MD5 of this file is not known yet"));
    browser.fill("expect-input", "").await;

    std::fs::write(files.path().join("MD5SUMS"), format!("{md5}  large\n")).unwrap();
    browser.drop_paths("drop-zone", &[&files.path().join("MD5SUMS")]).await;
    until_said(&browser, "large: Not known yet: MD5 is not computed").await;
    assert!(browser.text("manifest-row").await.contains("1 not checked yet"));
    browser.click("upload-retry").await;
    until_said(&browser, "large: Matches MD5SUMS (MD5)").await;
    browser.close().await;
}

#[tokio::test]
async fn a_pasted_digest_is_compared_with_every_algorithm_of_its_length() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    browser.goto(&server.url).await;
    browser.find("algorithm-sha256").await;
    crate::jobs::select_only(&browser, "sha256").await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_said(&browser, "abc: Done").await;
    for (pasted, verdict, said) in [
        (ABC_BLAKE3, "match", "Its BLAKE3 digest is the expected one."),
        (&"0".repeat(64), "mismatch", "It is not the digest of this file by BLAKE3, SHA-256 or another of its length."),
        (&format!("BLAKE3 (abc) = {}", "0".repeat(64)), "mismatch", "Its BLAKE3 digest is different."),
        (&format!("GOST (abc) = {ABC_BLAKE3}"), "unknown", "GOST is not a listed algorithm."),
        (&format!("SHA2-256: {ABC_SHA256}"), "match", "Its SHA-256 digest is the expected one."),
    ] {
        browser.fill("expect-input", pasted).await;
        browser.select(&format!("{}[data-verdict={verdict}]", hook("expect-verdict"))).await;
        browser
            .until(&format!(
                "document.querySelector(\"{}\").textContent.includes({})",
                hook("expect-verdict"),
                json!(said)
            ))
            .await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_saved_manifest_has_the_tags_of_the_server() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    let path = server.write("abc", "abc");
    browser.goto(&server.url).await;
    browser.find("algorithm-sha256").await;
    crate::jobs::select_only(&browser, "sha512_256").await;
    browser.run("document.querySelector('[data-testid=algorithm-xxh3_128]').click()", vec![]).await;
    browser.find("file-input").await.send_keys(path.to_str().unwrap()).await.unwrap();
    until_said(&browser, "abc: Done").await;
    let keep = "const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.__saved = text; }); return make.call(URL, blob); };
        fetch('/api/v1/algorithms').then((answer) => answer.json()).then((all) => { window.__tags = Object.fromEntries(all.map((known) => [known.name, known.bsd_tag])); })";
    browser.run(keep, vec![]).await;
    browser.click("save-manifest").await;
    browser.click_on(&format!("{}[data-format=bsd]", hook("save-format"))).await;
    browser.until("window.__saved && window.__tags").await;
    let mut wanted = String::new();
    for algorithm in ["sha512_256", "xxh3_128"] {
        let tag = browser.value(&format!("window.__tags.{algorithm}")).await;
        let hex = browser.text(&format!("digest-{algorithm}")).await;
        wanted += &format!("{} (abc) = {hex}\n", tag.as_str().unwrap());
    }
    assert_eq!(browser.value("window.__saved").await, json!(wanted));
    browser.close().await;
}
