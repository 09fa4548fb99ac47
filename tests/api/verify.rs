//! `POST /verify`: a directory compared with a manifest.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use hivesum_test_support::vectors::{ABC_BLAKE3, ABC_MD5, ABC_SHA256};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, ok_json, problem};

fn post(app: &TestApp, query: &str, manifest: impl Into<Vec<u8>>) -> Response {
    app.post(&format!("/api/v1/verify?{query}")).body(manifest.into()).send().unwrap()
}

/// The finished job and all of its results.
fn verified(app: &TestApp, query: &str, manifest: impl Into<Vec<u8>>) -> (Value, Vec<Value>) {
    let answer = post(app, query, manifest);
    assert_eq!(answer.status(), 202, "{}", answer.text().unwrap_or_default());
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let job = app.wait_for(location.rsplit('/').next().unwrap());
    let page = app.json(&format!("{location}/results?limit=1000"));
    (job, page["items"].as_array().unwrap().clone())
}

fn shown(items: &[Value]) -> Vec<(&str, &str)> {
    items.iter().map(|item| (item["path"].as_str().unwrap(), item["verdict"].as_str().unwrap_or("-"))).collect()
}

/// Writes a tree, runs a job on it and changes the tree. The manifest of the job.
fn edited(app: &TestApp) -> String {
    for name in ["d/edited", "d/gone", "d/old name", "d/same", "d/z/empty"] {
        app.write(name, if name.ends_with("empty") { "" } else { name });
    }
    let job = app.run(json!({ "path": "d", "algorithms": ["sha256"] }));
    let manifest = app.get(&format!("/api/v1/jobs/{}/manifest", job["id"].as_str().unwrap())).send().unwrap();
    let manifest = manifest.text().unwrap();
    app.write("d/edited", "otherwise");
    fs::remove_file(app.root.path().join("d/gone")).unwrap();
    fs::remove_file(app.root.path().join("d/z/empty")).unwrap();
    fs::rename(app.root.path().join("d/old name"), app.root.path().join("d/z/new name")).unwrap();
    app.write("d/new", "new");
    app.write("d/another empty", "");
    std::os::unix::fs::symlink("same", app.root.path().join("d/link")).unwrap();
    manifest
}

#[test]
fn an_audit_finds_changed_moved_missing_and_new_files() {
    let app = TestApp::start();
    let manifest = edited(&app);
    let (job, items) = verified(&app, "root=files&path=d", manifest);
    assert_eq!(
        (&job["state"], &job["kind"], &job["spec"]["mode"]),
        (&json!("completed"), &json!("verify"), &json!("audit"))
    );
    assert_eq!(
        shown(&items),
        [
            ("another empty", "new"),
            ("edited", "modified"),
            ("link", "-"),
            ("new", "new"),
            ("same", "matched"),
            ("z/new name", "moved"),
            ("gone", "missing"),
            ("z/empty", "missing"),
        ]
    );
    let verdicts = json!({ "matched": 1, "modified": 1, "moved": 1, "missing": 2, "new": 2, "unreadable": 0 });
    assert_eq!(job["summary"]["verdicts"], verdicts);
    assert_eq!(items[5]["moved_from"], "old name");
    assert_eq!((&items[6]["status"], &items[6]["code"]), (&json!("error"), &json!("not_found")));
    assert_eq!(items[1]["evidence"], "none", "a plain manifest records no metadata");
}

#[test]
fn results_are_filtered_by_verdict_and_prefix() {
    let app = TestApp::start();
    let manifest = edited(&app);
    let (job, _) = verified(&app, "root=files&path=d", manifest);
    let results = format!("/api/v1/jobs/{}/results", job["id"].as_str().unwrap());
    for (query, expected) in [
        ("verdict=missing", &["gone", "z/empty"][..]),
        ("verdict=moved", &["z/new name"]),
        ("verdict=new&position=1", &["new"]),
        ("verdict=suspected_rot", &[]),
        ("path_prefix=z/", &["z/new name", "z/empty"]),
        ("verdict=missing&path_prefix=z", &["z/empty"]),
        ("verdict=missing&q=one", &["gone"]),
        ("verdict=missing,moved", &["z/new name", "gone", "z/empty"]),
        ("verdict=moved&verdict=missing", &["z/new name", "gone", "z/empty"]),
        ("verdict=moved,moved,suspected_rot", &["z/new name"]),
        ("verdict=moved,missing&position=1&limit=1", &["gone"]),
        ("verdict=moved,missing&path_prefix=z&sort=-size", &["z/new name", "z/empty"]),
    ] {
        let page = app.json(&format!("{results}?{query}"));
        let paths: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect();
        assert_eq!(paths, expected, "{query}");
    }
    assert_eq!(app.json(&format!("{results}?verdict=new&limit=1"))["total"], 2);
    assert_eq!(app.json(&format!("{results}?verdict=new,moved&limit=1"))["total"], 3);
    assert_eq!(app.json(&format!("{results}?verdict=new,moved&limit=1&sort=size"))["total"], 3);
    let stream = app.get(&format!("{results}?verdict=new,moved&sort=size")).header("accept", "application/x-ndjson");
    assert_eq!(stream.send().unwrap().text().unwrap().lines().count(), 3 + 1, "the summary comes last");
    for wrong in ["lost", "new,lost", "new,", "", "new, moved", "new&verdict="] {
        problem(app.get(&format!("{results}?verdict={wrong}")).send().unwrap(), 400, "invalid_request");
    }
}

#[test]
fn a_check_reads_only_files_in_the_manifest() {
    let app = TestApp::start();
    let manifest = edited(&app);
    let (job, items) = verified(&app, "root=files&path=d&mode=check", manifest);
    assert_eq!(shown(&items)[0], ("edited", "modified"));
    let verdicts = json!({ "matched": 1, "modified": 1, "moved": 0, "missing": 3, "new": 0, "unreadable": 0 });
    assert_eq!(job["summary"]["verdicts"], verdicts);
}

#[test]
fn a_check_never_leaves_the_root() {
    let app = TestApp::start();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "abc").unwrap();
    std::os::unix::fs::symlink(outside.path(), app.root.path().join("out")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), app.root.path().join("link")).unwrap();
    app.write("a", "abc");
    let manifest = format!("{ABC_MD5}  a\n{ABC_MD5}  link\n{ABC_MD5}  out/secret\n");
    let (job, items) = verified(&app, "root=files&mode=check", manifest);
    assert_eq!(shown(&items), [("a", "matched"), ("link", "unreadable"), ("out/secret", "unreadable")]);
    assert!(items[1..].iter().all(|item| item.get("digests").is_none()), "{items:?}");
    assert_eq!(job["summary"]["bytes"], 3);
}

#[test]
fn every_format_is_accepted_and_the_first_match_decides_the_algorithm_of_untagged_digests() {
    let app = TestApp::start();
    app.write("a", "abc");
    for manifest in [
        format!("{ABC_BLAKE3}  a\n"),
        format!("{ABC_SHA256} *./a\r\n"),
        format!("SHA256(a)= {ABC_SHA256}\n"),
        "a 352441C2\n".to_owned(),
        format!("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n3,{ABC_MD5},a\n"),
        format!("path,md5\r\na,{ABC_MD5}\r\n"),
        format!("{{\"items\":[{{\"path\":\"a\",\"digests\":{{\"md5\":\"{ABC_MD5}\"}}}}]}}"),
        format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{ABC_MD5}\"}}}}\n{{\"summary\":{{}}}}\n"),
    ] {
        let (job, items) = verified(&app, "root=files", manifest.clone());
        assert_eq!(shown(&items), [("a", "matched")], "{manifest}: {job}");
        match manifest.len() {
            67.. if manifest.starts_with(ABC_BLAKE3) => assert_eq!(job["summary"]["algorithm"], "blake3"),
            _ => {}
        }
    }
    let (_, items) = verified(&app, "root=files&algorithm=sha256", format!("{ABC_BLAKE3}  a\n"));
    assert_eq!(shown(&items), [("a", "modified")], "the requested algorithm does not match");
}

#[test]
fn names_that_are_not_utf8_are_compared_byte_for_byte() {
    let app = TestApp::start();
    let (name, moved) = (b"caf\xe9\n", b"caf\xea");
    fs::write(app.root.path().join(std::ffi::OsStr::from_bytes(moved)), "abc").unwrap();
    let mut manifest = format!("\\{ABC_MD5}  ").into_bytes();
    manifest.extend_from_slice(&name[..4]);
    manifest.extend_from_slice(b"\\n\n");
    let (_, items) = verified(&app, "root=files", manifest);
    assert_eq!((&items[0]["verdict"], &items[0]["path_b64"]), (&json!("moved"), &json!("Y2Fm6g==")));
    assert_eq!(items[0]["moved_from_b64"], "Y2Fm6Qo=");
}

#[test]
fn an_invalid_manifest_is_refused_with_the_line_number() {
    let app = TestApp::start();
    app.write("a", "abc");
    for (manifest, line) in [
        (format!("{ABC_MD5}  a\njunk\n"), json!(2)),
        (format!("{ABC_MD5}  /etc/passwd\n"), json!(1)),
        (format!("{ABC_MD5}  a\n{ABC_MD5}  ../a\n"), json!(2)),
        (format!("\u{feff}junk\n{ABC_MD5}  a\n"), json!(1)),
        (format!("{ABC_MD5}  {}\n", "a".repeat(9000)), json!(1)),
        (String::new(), Value::Null),
        (format!("{{\"path\":\"a\",\"digests\":{{\"md5\":\"{ABC_MD5}\"}}}}\n"), Value::Null),
    ] {
        let refused = problem(post(&app, "root=files&strict=true", manifest), 400, "manifest_invalid");
        assert_eq!(refused.get("line").cloned().unwrap_or_default(), line, "{refused}");
    }
    assert_eq!(app.json("/api/v1/jobs")["items"], json!([]), "no job was created");
}

#[test]
fn a_manifest_over_its_limits_is_too_large() {
    let app = TestApp::with(|config| config.limits.max_manifest_bytes = 1000);
    problem(post(&app, "root=files", "352441c2  a\n".repeat(100)), 413, "too_large");
    let app = TestApp::start();
    let refused = problem(post(&app, "root=files", "352441c2  a\n".repeat(1_000_001)), 413, "too_large");
    assert_eq!(refused["line"], 1_000_001);
}

#[test]
fn an_invalid_query_is_refused() {
    let app = TestApp::start();
    let manifest = format!("{ABC_MD5}  a\n");
    for (query, status, code) in [
        ("", 400, "invalid_request"),
        ("root=files&mode=both", 400, "invalid_request"),
        ("root=files&colour=red", 400, "invalid_request"),
        ("root=files&path=..", 400, "path_invalid"),
        ("root=files&algorithm=haval", 400, "algorithm_unknown"),
        ("root=other", 404, "not_found"),
        ("root=files&path=nothing", 404, "not_found"),
    ] {
        problem(post(&app, query, manifest.clone()), status, code);
    }
    let by_job = app.post("/api/v1/jobs").json(&json!({ "root": "files", "kind": "verify" })).send().unwrap();
    problem(by_job, 400, "invalid_request");
}

#[test]
fn a_repeated_request_with_the_same_idempotency_key_creates_one_job() {
    let app = TestApp::start();
    app.write("a", "abc");
    let send = |manifest: String| {
        app.post("/api/v1/verify?root=files").header("idempotency-key", "k").body(manifest).send().unwrap()
    };
    let first: Value = send(format!("{ABC_MD5}  a\n")).json().unwrap();
    let second: Value = send(format!("{ABC_MD5}  a\n")).json().unwrap();
    assert_eq!(first["id"], second["id"]);
    problem(send(format!("{ABC_MD5}  b\n")), 409, "idempotency_conflict");
}

#[test]
fn one_file_can_be_verified_and_its_results_exported_and_compared() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let (job, items) = verified(&app, "root=files&path=d%2Fa", format!("{ABC_SHA256}  a\n"));
    assert_eq!(shown(&items), [("a", "matched")]);
    let id = job["id"].as_str().unwrap();
    let manifest = app.get(&format!("/api/v1/jobs/{id}/manifest?algorithm=sha256&format=gnu")).send().unwrap();
    assert_eq!(manifest.text().unwrap(), format!("{ABC_SHA256}  a\n"));
    let other = app.run(json!({ "path": "d", "algorithms": ["sha256"] }));
    let page =
        ok_json(app.get(&format!("/api/v1/jobs/{id}/compare?with={}", other["id"].as_str().unwrap())).send().unwrap());
    assert_eq!(page["counts"]["unchanged"], 1);
}

#[test]
fn a_copy_is_told_from_a_new_file_and_a_swap_from_two_edits() {
    let app = TestApp::start();
    for name in ["d/one", "d/other", "d/a\u{e9}", "d/same"] {
        app.write(name, name);
    }
    let latin = app.root.path().join("d").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::write(&latin, "coffee").unwrap();
    let job = app.run(json!({ "path": "d", "algorithms": ["sha256"] }));
    let manifest = app.get(&format!("/api/v1/jobs/{}/manifest", job["id"].as_str().unwrap())).send().unwrap();
    let manifest = manifest.bytes().unwrap();
    app.write("d/one", "d/other");
    app.write("d/other", "d/one");
    app.write("d/z", "d/same");
    app.write("d/zz", "coffee");
    let (job, items) = verified(&app, "root=files&path=d", manifest);
    let of = |path: &str| items.iter().find(|item| item["path"] == path).unwrap();
    assert_eq!((&of("one")["verdict"], &of("one")["content_from"]), (&json!("modified"), &json!("other")));
    assert_eq!((&of("other")["verdict"], &of("other")["content_from"]), (&json!("modified"), &json!("one")));
    assert_eq!((&of("z")["verdict"], &of("z")["copied_from"]), (&json!("new"), &json!("same")));
    assert_eq!((&of("zz")["copied_from"], &of("zz")["copied_from_b64"]), (&json!("caf\u{fffd}"), &json!("Y2Fm6Q==")));
    let verdicts = json!({ "matched": 3, "modified": 2, "moved": 0, "missing": 0, "new": 2, "unreadable": 0 });
    assert_eq!((&job["summary"]["verdicts"], &job["summary"]["untraced"]), (&verdicts, &Value::Null));
}

#[test]
fn an_entry_of_which_one_secure_digest_matches_and_another_does_not_contradicts_itself() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let manifest = format!("SHA256 (a) = {ABC_SHA256}\nBLAKE3 (a) = {}\n", "0".repeat(64));
    let (job, items) = verified(&app, "root=files&path=d", manifest);
    assert_eq!((&job["summary"]["verdict"], &items[0]["verdict"]), (&json!("failed"), &json!("modified")));
    assert_eq!(items[0]["evidence"]["digests"], "contradict");
}
