//! Checksum files that are not only what a tool printed: signed, in other encodings, with other names than those of the
//! files, with lines that are not read, and of algorithms that nothing names.

use std::path::Path;

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::{digest_of_file, output};
use serde_json::json;

use crate::browser::Browser;
use crate::checksum_files::{NAMES, clear, drop_listed, until_said};
use crate::server::Server;

fn sums(directory: &Path) -> String {
    String::from_utf8(output(directory, "sha256sum", &NAMES)).unwrap()
}

#[tokio::test]
async fn the_first_file_that_matches_finds_the_algorithm_that_nothing_names() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    for (tool, algorithm, args) in [
        ("b3sum", "BLAKE3", &[][..]),
        ("sha256sum", "SHA-256", &[]),
        ("openssl", "SHA3-256", &["dgst", "-sha3-256", "-r"]),
        ("openssl", "SHA-512/256", &["dgst", "-sha512-256", "-r"]),
        ("openssl", "SHA3-512", &["dgst", "-sha3-512", "-r"]),
        ("openssl", "RIPEMD160", &["dgst", "-rmd160", "-r"]),
        ("xxhsum", "XXH64", &[]),
        ("xxhsum", "XXH3-64", &["-H3"]),
        ("xxhsum", "XXH3-128", &["-H2"]),
        ("b2sum", "BLAKE2b-256", &["-l", "256"]),
        ("b2sum", "BLAKE2b", &[]),
    ] {
        if has_tool(tool) {
            let made = |directory: &Path| output(directory, tool, &[args, &NAMES].concat());
            let said = drop_listed(&browser, "sums", algorithm, made).await;
            assert!(!said.contains("not read"), "{said}");
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn a_digest_alone_is_of_the_file_that_its_name_names() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("x.jar"), "abc").unwrap();
    for (tool, ending) in [("sha1sum", "sha1"), ("sha256sum", "sha256")] {
        let digest = digest_of_file(tool, &files.path().join("x.jar"));
        std::fs::write(files.path().join(format!("x.jar.{ending}")), digest.to_uppercase()).unwrap();
    }
    let paths = ["x.jar.sha256", "x.jar.sha1", "x.jar"].map(|name| files.path().join(name));
    browser.drop_paths("drop-zone", &paths.each_ref().map(std::path::PathBuf::as_path)).await;
    until_said(&browser, "x.jar: Matches x.jar.sha256 (SHA-256) and x.jar.sha1 (SHA-1)").await;
    browser.close().await;
}

#[tokio::test]
async fn documents_and_the_control_files_of_packages_are_read() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let sha256 = |directory: &Path, name: &str| digest_of_file("sha256sum", &directory.join(name));
    let ndjson = |directory: &Path| {
        let line = |name| json!({ "path": name, "digests": { "sha256": sha256(directory, name) } }).to_string() + "\n";
        format!("{}{{\"summary\":{{}}}}\n", NAMES.map(line).concat()).into_bytes()
    };
    drop_listed(&browser, "hivesum.ndjson", "SHA-256", ndjson).await;

    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("a_1.tar.xz"), "abc").unwrap();
    let line = format!("{} 3 a_1.tar.xz", sha256(files.path(), "a_1.tar.xz"));
    let control = format!("Format: 3.0 (quilt)\nSource: a\nVersion: 1\nChecksums-Sha256:\n {line}\n");
    std::fs::write(files.path().join("a_1.dsc"), control).unwrap();
    clear(&browser).await;
    browser.drop_paths("drop-zone", &[&files.path().join("a_1.dsc"), &files.path().join("a_1.tar.xz")]).await;
    until_said(&browser, "a_1.tar.xz: Matches a_1.dsc (SHA-256)").await;
    browser.close().await;
}

#[tokio::test]
async fn a_clear_signed_file_is_read_and_its_signature_is_said_not_to_be_verified() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let signed = |directory: &Path| {
        let head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n";
        let armor =
            "-----BEGIN PGP SIGNATURE-----\n\niHUEABYIAB0WIQQabcdefghijklmnop=\n=AbCd\n-----END PGP SIGNATURE-----\n";
        format!("{head}{}{armor}", sums(directory)).into_bytes()
    };
    let said = drop_listed(&browser, "SHA256SUMS.asc", "SHA-256", signed).await;
    assert!(said.contains("the signature is not verified"), "{said}");
    browser.close().await;
}

#[tokio::test]
async fn other_encodings_heads_of_prose_and_directories_are_read() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let powershell = |directory: &Path| {
        let text = format!("\u{feff}{}", sums(directory).replace('\n', "\r\n"));
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    drop_listed(&browser, "SHA256SUMS", "SHA-256", powershell).await;
    let marked = |directory: &Path| format!("\u{feff}{}", sums(directory)).into_bytes();
    drop_listed(&browser, "sums.txt", "SHA-256", marked).await;

    let prose = |directory: &Path| format!("Checksums of release 20251128\n\n{}", sums(directory)).into_bytes();
    let said = drop_listed(&browser, "CHECKSUMS", "SHA-256", prose).await;
    assert!(said.contains("not read: 1 line"), "{said}");

    let absolute = |directory: &Path| {
        let paths = NAMES.map(|name| directory.join(name).to_str().unwrap().to_owned());
        output(directory, "sha256sum", &paths.each_ref().map(String::as_str))
    };
    let said = drop_listed(&browser, "SHA256SUMS", "SHA-256", absolute).await;
    assert!(said.contains("all names begin with /"), "{said}");
    let windows = |directory: &Path| sums(directory).replace("  ", " *release\\").into_bytes();
    let said = drop_listed(&browser, "all.sha256", "SHA-256", windows).await;
    assert!(said.contains("all names begin with release/: taken off"), "{said}");
    browser.close().await;
}

#[tokio::test]
async fn an_algorithm_that_is_not_supported_is_said_and_never_taken_for_another() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let gost = |name: &str| format!("GOST ({name}) = {}\n", "0".repeat(64));
    let both = |directory: &Path| {
        let tagged = output(directory, "sha256sum", &[&["--tag"][..], &NAMES].concat());
        [tagged, NAMES.map(gost).concat().into_bytes()].concat()
    };
    let said = drop_listed(&browser, "CHECKSUM", "SHA-256", both).await;
    assert!(said.contains("not read: 3 lines") && said.contains("GOST R 34.11-94 is not supported"), "{said}");

    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("a"), "a").unwrap();
    std::fs::write(files.path().join("all.gost"), gost("a")).unwrap();
    clear(&browser).await;
    browser.drop_paths("drop-zone", &[&files.path().join("a"), &files.path().join("all.gost")]).await;
    until_said(&browser, "a: Done|all.gost: Done").await;
    let said = browser.text("error-banner").await;
    assert!(said.contains("“all.gost” is hashed as any other file: GOST R 34.11-94 is not supported."), "{said}");
    browser.close().await;
}

#[tokio::test]
async fn a_file_that_only_looks_like_a_checksum_file_is_hashed_as_any_other() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    let files = tempfile::tempdir().unwrap();
    for (name, content) in [("Release", "Notes.\n"), ("empty.md5", ""), ("hivesum.json", "{\"items\":[\n,]}")] {
        std::fs::write(files.path().join(name), content).unwrap();
    }
    let paths = ["Release", "empty.md5", "hivesum.json"].map(|name| files.path().join(name));
    browser.drop_paths("drop-zone", &paths.each_ref().map(std::path::PathBuf::as_path)).await;
    until_said(&browser, "Release: Done|empty.md5: Done|hivesum.json: Done").await;
    let said = browser.text("error-banner").await;
    assert!(said.contains("line 2 is not the JSON of a manifest"), "{said}");
    browser.close_ignoring(&["status of 400"]).await;
}
