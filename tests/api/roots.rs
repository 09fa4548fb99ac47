//! `GET /roots` and the entries below a root.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};
use crate::restartable_server::RestartableServer;

const ENTRIES: &str = "/api/v1/roots/files/entries";

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn roots_show_their_names_and_no_paths() {
    let app = TestApp::start();
    let roots = app.json("/api/v1/roots");
    assert_eq!(roots[0]["name"], "files");
    assert!(roots[0]["filesystem"].is_string());
    assert!(!roots.to_string().contains(app.root.path().to_str().unwrap()));
}

#[test]
fn entries_have_their_kind_and_are_sorted_by_bytes() {
    let app = TestApp::start();
    app.write("b.txt", "abc");
    app.write("B/x", "");
    symlink("/etc", app.root.path().join("link")).unwrap();
    let page = app.json(ENTRIES);
    let kinds: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|entry| (&entry["name"], &entry["kind"])).collect();
    assert_eq!(
        kinds,
        [(&json!("B"), &json!("directory")), (&json!("b.txt"), &json!("file")), (&json!("link"), &json!("symlink"))]
    );
    assert_eq!(page["items"][1]["size"], 3);
    assert!(page["items"][1]["modified_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(page["next_cursor"], Value::Null);
}

#[test]
fn roots_and_directories_show_their_last_run() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("d/inner/b", "abc");
    app.write("never/c", "abc");
    app.write("file", "abc");
    let last = |listed: &Value, name: &str| {
        let items = listed.as_array().unwrap_or_else(|| listed["items"].as_array().unwrap());
        items.iter().find(|item| item["name"] == name).unwrap()["last_run"].clone()
    };
    app.run(json!({ "path": "d/inner" }));
    app.run(json!({ "path": "file" }));
    assert_eq!(last(&app.json("/api/v1/roots"), "files"), Value::Null, "only a job on exactly the root counts");
    let whole = app.run(json!({}));
    app.run(json!({ "path": "d" }));
    let manifest = "900150983cd24fb0d6963f7d28e17f72  a\n";
    let verify = app.post("/api/v1/verify?root=files&path=d&mode=check").body(manifest).send().unwrap();
    let verify: Value = verify.json().unwrap();
    let verify = app.wait_for(verify["id"].as_str().unwrap());
    let expected = json!({
        "job": verify["id"], "kind": "verify", "state": "completed", "verdict": "ok", "errors": 0, "files": 1, "bytes": 3,
        "finished_at": verify["finished_at"]
    });
    let page = app.json(ENTRIES);
    assert_eq!(last(&page, "d"), expected);
    assert_eq!((last(&page, "never"), last(&page, "file")), (Value::Null, Value::Null));
    assert_eq!(last(&app.json(&format!("{ENTRIES}?path=d")), "inner")["bytes"], 3);
    let of_root = last(&app.json("/api/v1/roots"), "files");
    assert_eq!((&of_root["job"], &of_root["kind"], &of_root["files"]), (&whole["id"], &json!("hash"), &json!(4)));
}

#[test]
fn the_last_run_of_another_token_is_not_shown() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.run(json!({}));
    app.run(json!({ "path": "d" }));
    let (_, reader) = token_until(&app, "read", None);
    for (path, of) in [("/api/v1/roots", "/0/last_run"), (ENTRIES, "/items/0/last_run")] {
        assert!(app.json(path).pointer(of).is_some(), "{path}");
        let seen = ok_json(app.anonymous(reqwest::Method::GET, path).bearer_auth(&reader).send().unwrap());
        assert_eq!(seen.pointer(of), None, "{path}");
    }
}

#[test]
fn a_long_directory_is_split_into_pages() {
    let app = TestApp::start();
    for number in 0..25 {
        app.write(&format!("{number:02}"), "");
    }
    let (mut seen, mut path) = (Vec::new(), format!("{ENTRIES}?limit=10"));
    loop {
        let page = app.json(&path);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{ENTRIES}?limit=10&cursor={cursor}");
    }
    assert_eq!(seen, (0..25).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    problem(app.get(&format!("{ENTRIES}?cursor=%20")).send().unwrap(), 400, "invalid_request");
}

#[test]
fn names_that_are_not_utf8_can_be_read_and_requested() {
    let app = TestApp::start();
    let dir = app.root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("in"), "").unwrap();
    let page = app.json(ENTRIES);
    assert_eq!(page["items"][0]["name_b64"], "Y2Fm6Q==");
    assert_eq!(names(&app.json(&format!("{ENTRIES}?path=caf%E9"))), ["in"]);
}

#[test]
fn no_path_leads_out_of_a_root() {
    let app = TestApp::start();
    app.write("d/f", "");
    symlink("/etc", app.root.path().join("link")).unwrap();
    for path in ["..", "d/..", "../etc", "/etc", "d//f", "./d", "d/", "%00", "d%2f..", "%2e%2e", "%2fetc"] {
        problem(app.get(&format!("{ENTRIES}?path={path}")).send().unwrap(), 400, "path_invalid");
    }
    for path in ["nothing", "link", "link/passwd", "d/f", "d/f/g", "%252e%252e", "..%5cetc", "%c0%ae%c0%ae", "%ff"] {
        problem(app.get(&format!("{ENTRIES}?path={path}")).send().unwrap(), 404, "not_found");
    }
    for root in ["nothing", "..", "%2e%2e", "FILES"] {
        let answer = app.get(&format!("/api/v1/roots/{root}/entries")).send().unwrap();
        problem(answer, 404, "not_found");
    }
}

#[test]
fn a_service_without_roots_lists_none() {
    let app = TestApp::with(|config| config.roots.clear());
    assert_eq!(ok_json(app.get("/api/v1/roots").send().unwrap()), json!([]));
    let answer = app.post("/api/v1/jobs").json(&json!({ "root": "files" })).send().unwrap();
    problem(answer, 403, "no_roots");
}

fn accept(state: &Path, name: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.args(["roots", "accept", name, "--state"]).arg(state).output().unwrap()
}

#[test]
fn a_root_that_was_replaced_is_refused_until_it_is_accepted() {
    let app = TestApp::start();
    app.write("old", "abc");
    let away = app.state.path().join("away");
    std::fs::rename(app.root.path(), &away).unwrap();
    std::fs::create_dir(app.root.path()).unwrap();
    app.write("new", "abc");
    assert_eq!(app.json("/api/v1/roots")[0]["warning"], "root_changed");
    let jobs = app.post("/api/v1/jobs").json(&json!({ "root": "files" })).send().unwrap();
    problem(jobs, 409, "root_changed");
    let verify = app.post("/api/v1/verify?root=files").body("900150983cd24fb0d6963f7d28e17f72  new\n").send().unwrap();
    problem(verify, 409, "root_changed");
    problem(app.get(ENTRIES).send().unwrap(), 409, "root_changed");
    let state = app.state.path().join("state");
    let unknown = accept(&state, "file");
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && said.contains("are: files"), "{said}");
    let accepted = accept(&state, "files");
    assert!(accepted.status.success(), "{accepted:?}");
    assert_eq!(names(&app.json(ENTRIES)), ["new"]);
    assert_eq!(app.run(json!({}))["summary"]["hashed"], 1);
    assert_eq!(app.json("/api/v1/roots")[0]["warning"], Value::Null);
}

#[test]
fn an_audit_of_a_directory_that_was_emptied_between_two_starts_says_so() {
    let server = RestartableServer::new();
    server.write("file", "abc");
    let process = server.start();
    let id = server.submit(&process, "first", &json!({})).unwrap();
    assert_eq!(server.wait_for(&process, &id)["summary"].get("root_warning"), None);
    process.kill();
    let away = server.state().join("away");
    std::fs::rename(server.tree(), &away).unwrap();
    std::fs::create_dir(server.tree()).unwrap();
    let process = server.start();
    let id = server.audit(&process, "second", "900150983cd24fb0d6963f7d28e17f72  file\n").unwrap();
    let summary = &server.wait_for(&process, &id)["summary"];
    assert_eq!((&summary["verdicts"]["missing"], &summary["root_warning"]), (&json!(1), &json!("root_empty")));
    assert_eq!(server.get(&process, "/api/v1/roots")[0]["warning"], "root_empty");
    assert!(accept(&server.state(), "files").status.success());
    let id = server.submit(&process, "third", &json!({})).unwrap();
    assert_eq!(server.wait_for(&process, &id)["summary"].get("root_warning"), None);
}
