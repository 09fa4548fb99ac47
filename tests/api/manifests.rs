//! `GET /jobs/{id}/manifest`: what other tools check.

use std::os::unix::ffi::OsStrExt;

use crate::app::{TestApp, problem};
use crate::tools::{ABC_BLAKE3, ABC_SHA256, check, has};
use serde_json::json;

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
fn sha256sum_accepts_the_gnu_and_the_bsd_form() {
    let app = TestApp::start();
    small_tree(&app);
    let job = app.run(json!({ "algorithms": ["sha256", "blake3"] }));
    for query in ["format=gnu&algorithm=sha256", "format=gnu", "format=bsd&algorithm=sha256"] {
        let answer = manifest(&app, &job, query);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\""));
        let manifest = answer.bytes().unwrap();
        if has("sha256sum", "apt-get install coreutils") {
            let output = check("sha256sum", app.root.path(), &manifest);
            assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
        }
    }
}

#[test]
fn b3sum_accepts_its_own_form() {
    let app = TestApp::start();
    small_tree(&app);
    let job = app.run(json!({ "algorithms": ["sha256", "blake3"] }));
    let manifest = manifest(&app, &job, "format=b3sum").bytes().unwrap();
    if has("b3sum", "cargo install b3sum") {
        let output = check("b3sum", app.root.path(), &manifest);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_forms_are_what_they_say() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let job = app.run(json!({ "path": "d", "algorithms": ["blake3", "sha256"] }));
    let text = |query: &str| manifest(&app, &job, query).text().unwrap();
    assert_eq!(text("format=gnu&algorithm=sha256"), format!("{ABC_SHA256}  a\n"));
    assert_eq!(text("format=b3sum"), format!("{ABC_BLAKE3}  a\n"));
    let both = format!("BLAKE3 (a) = {ABC_BLAKE3}\nSHA256 (a) = {ABC_SHA256}\n");
    assert_eq!(text("format=bsd"), both);
    assert_eq!(text(""), both, "several algorithms need the form that names them");
}

#[test]
fn a_long_manifest_streams_whole() {
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
fn what_a_form_cannot_carry_is_refused_by_name_before_the_first_byte() {
    let app = TestApp::start();
    std::fs::write(app.root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "abc").unwrap();
    let job = app.run(json!({}));
    let refused = problem(manifest(&app, &job, "format=b3sum"), 409, "name_not_representable");
    assert!(refused["detail"].as_str().unwrap().contains("caf"), "{refused}");
    assert_eq!(manifest(&app, &job, "format=gnu").status(), 200);
}

#[test]
fn an_algorithm_that_the_job_has_not_is_refused() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({ "algorithms": ["sha256"] }));
    problem(manifest(&app, &job, "format=gnu&algorithm=md5"), 409, "algorithm_not_in_job");
    problem(manifest(&app, &job, "format=b3sum"), 409, "algorithm_not_in_job");
    problem(manifest(&app, &job, "format=b3sum&algorithm=sha256"), 400, "invalid_request");
    problem(manifest(&app, &job, "format=tar"), 400, "invalid_request");
    problem(manifest(&app, &job, "algorithm=sha257"), 400, "algorithm_unknown");
}
