//! `GET /jobs/{id}/manifest`: manifests that other tools can check.

use std::os::unix::ffi::OsStrExt;

use hivesum_test_support::has_tool;
use hivesum_test_support::tools::check;
use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use serde_json::json;

use crate::app::{TestApp, problem};

fn manifest(app: &TestApp, job: &serde_json::Value, query: &str) -> reqwest::blocking::Response {
    app.get(&format!("/api/v1/jobs/{}/manifest?{query}", job["id"].as_str().unwrap())).send().unwrap()
}

fn small_tree(app: &TestApp) {
    app.write("a", "abc");
    app.write("d/with space", "abc");
    app.write("d/new\nline", "abc");
    app.write("d/back\\slash", "abc");
}

#[test]
fn sha256sum_accepts_the_gnu_and_the_bsd_format() {
    let app = TestApp::start();
    small_tree(&app);
    let job = app.run(json!({ "algorithms": ["sha256", "blake3"] }));
    for query in ["format=gnu&algorithm=sha256", "format=gnu", "format=bsd&algorithm=sha256"] {
        let answer = manifest(&app, &job, query);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\""));
        let manifest = answer.bytes().unwrap();
        if has_tool("sha256sum") {
            let output = check("sha256sum", &[], app.root.path(), &manifest);
            assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
        }
    }
}

#[test]
fn b3sum_accepts_the_b3sum_format() {
    let app = TestApp::start();
    small_tree(&app);
    let job = app.run(json!({ "algorithms": ["sha256", "blake3"] }));
    let manifest = manifest(&app, &job, "format=b3sum").bytes().unwrap();
    if has_tool("b3sum") {
        let output = check("b3sum", &[], app.root.path(), &manifest);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn each_format_has_its_lines() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let job = app.run(json!({ "path": "d", "algorithms": ["blake3", "sha256"] }));
    let text = |query: &str| manifest(&app, &job, query).text().unwrap();
    assert_eq!(text("format=gnu&algorithm=sha256"), format!("{ABC_SHA256}  a\n"));
    assert_eq!(text("format=b3sum"), format!("{ABC_BLAKE3}  a\n"));
    let both = format!("BLAKE3 (a) = {ABC_BLAKE3}\nSHA256 (a) = {ABC_SHA256}\n");
    assert_eq!(text("format=bsd"), both);
    assert_eq!(text(""), both, "several algorithms need the format that names them");
}

#[test]
fn a_long_manifest_is_streamed_completely() {
    let app = TestApp::start();
    for number in 0..2500 {
        app.write(&format!("{number:04}"), "abc");
    }
    let job = app.run(json!({}));
    let text = manifest(&app, &job, "format=gnu").text().unwrap();
    let expected: String = (0..2500).map(|number| format!("{ABC_BLAKE3}  {number:04}\n")).collect();
    assert_eq!(text, expected);
}

#[test]
fn a_name_that_the_format_cannot_carry_is_refused_before_the_first_byte() {
    let app = TestApp::start();
    std::fs::write(app.root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "abc").unwrap();
    let job = app.run(json!({}));
    let refused = problem(manifest(&app, &job, "format=b3sum"), 409, "name_not_representable");
    assert!(refused["detail"].as_str().unwrap().contains("caf"), "{refused}");
    assert_eq!(manifest(&app, &job, "format=gnu").status(), 200);
}

#[test]
fn an_algorithm_that_the_job_lacks_is_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({ "algorithms": ["sha256"] }));
    problem(manifest(&app, &job, "format=gnu&algorithm=md5"), 409, "algorithm_not_in_job");
    problem(manifest(&app, &job, "format=b3sum"), 409, "algorithm_not_in_job");
    problem(manifest(&app, &job, "format=b3sum&algorithm=sha256"), 409, "algorithm_not_in_format");
    problem(manifest(&app, &job, "format=sfv&algorithm=sha256"), 409, "algorithm_not_in_format");
    problem(manifest(&app, &job, "format=tar"), 400, "invalid_request");
    problem(manifest(&app, &job, "algorithm=sha257"), 400, "algorithm_unknown");
}

#[test]
fn each_format_carries_all_digests_that_it_can() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({ "algorithms": ["sha512", "sha256", "blake3", "crc32", "md5"] }));
    let text = |query: &str| manifest(&app, &job, query).text().unwrap();
    assert_eq!(text("format=b3sum"), format!("{ABC_BLAKE3}  a\n"));
    assert!(text("format=hashdeep").ends_with(&format!("\n3,{ABC_MD5},{ABC_SHA256},a\n")));
    assert_eq!(text("format=sfv").lines().last().unwrap().to_lowercase(), "a 352441c2", "the CRC-32 of zlib");
    assert!(text("format=csv").starts_with("path,size,modified_at,sha512,sha256,blake3,crc32,md5\r\n"));
    assert_eq!(text("format=bagit&algorithm=sha256"), format!("{ABC_SHA256}  data/a\n"));
    assert_eq!(text("format=bagit"), text("format=bagit&algorithm=sha512"), "the first of several");
    let other = app.run(json!({ "algorithms": ["sha512"] }));
    for format in ["b3sum", "hashdeep", "sfv"] {
        problem(manifest(&app, &other, &format!("format={format}")), 409, "algorithm_not_in_job");
    }
}

/// Names that hashdeep, cksfv and bagit.py can write and read in their own manifests.
const PLAIN_NAMES: [&str; 5] = ["a", "with space", "d/comma,comma", "d/caf\u{e9}", "d/*star"];

/// Checks that a tool accepts the manifest, and no longer does once a file has changed.
fn accepts(app: &TestApp, name: &str, run: impl Fn() -> std::process::Output) {
    let unchanged = run();
    let said = [unchanged.stdout, unchanged.stderr].concat();
    assert!(unchanged.status.success(), "{}", String::from_utf8_lossy(&said));
    app.write(name, "another");
    assert!(!run().status.success(), "a changed file is accepted");
}

#[test]
fn hashdeep_and_cksfv_accept_their_own_formats() {
    for (program, format, before) in
        [("hashdeep", "hashdeep", &["-l", "-a", "-k"][..]), ("cksfv", "sfv", &["-q", "-f"])]
    {
        if !has_tool(program) {
            continue;
        }
        let (app, beside) = (TestApp::start(), tempfile::tempdir().unwrap());
        PLAIN_NAMES.iter().for_each(|name| app.write(name, name));
        let job = app.run(json!({ "algorithms": ["md5", "crc32", "sha256", "blake3"] }));
        let file = beside.path().join("manifest");
        std::fs::write(&file, manifest(&app, &job, &format!("format={format}")).bytes().unwrap()).unwrap();
        accepts(&app, PLAIN_NAMES[0], || {
            let mut command = std::process::Command::new(program);
            command.args(before).arg(&file).current_dir(app.root.path());
            if program == "hashdeep" {
                command.args(PLAIN_NAMES);
            }
            command.output().unwrap()
        });
    }
}

#[test]
fn the_bagit_format_turns_a_payload_into_a_valid_bag() {
    if !has_tool("bagit.py") {
        return;
    }
    let app = TestApp::start();
    let names: Vec<_> = PLAIN_NAMES.iter().chain(&["new\nline"]).map(|name| format!("bag/data/{name}")).collect();
    names.iter().for_each(|name| app.write(name, name));
    app.write("bag/bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    let job = app.run(json!({ "path": "bag/data", "algorithms": ["sha512", "sha256"] }));
    let bag = app.root.path().join("bag");
    for algorithm in ["sha512", "sha256"] {
        let answer = manifest(&app, &job, &format!("format=bagit&algorithm={algorithm}"));
        let name = format!("manifest-{algorithm}.txt");
        assert!(answer.headers()["content-disposition"].to_str().unwrap().contains(&name));
        std::fs::write(bag.join(name), answer.bytes().unwrap()).unwrap();
    }
    accepts(&app, &names[0], || std::process::Command::new("bagit.py").arg("--validate").arg(&bag).output().unwrap());
}
