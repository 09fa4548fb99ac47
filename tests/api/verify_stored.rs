//! `POST /verify` with a manifest that is not in the body: a file beneath the root, or the results of a job.

use std::fs;
use std::os::unix::fs::symlink;

use hivesum_test_support::vectors::ABC_SHA256;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, problem};

fn post(app: &TestApp, query: &str) -> Response {
    app.post(&format!("/api/v1/verify?root=files{query}")).send().unwrap()
}

fn accepted(answer: Response) -> Value {
    assert_eq!(answer.status(), 202);
    answer.json().unwrap()
}

/// The finished job, and the path and verdict of each of its results.
fn verified(app: &TestApp, query: &str) -> (Value, Vec<(String, String)>) {
    let answer = post(app, query);
    let job = app.wait_for(accepted(answer)["id"].as_str().unwrap());
    let page = app.json(&format!("/api/v1/jobs/{}/results?limit=1000", job["id"].as_str().unwrap()));
    let text = |item: &Value, member: &str| item[member].as_str().unwrap_or("-").to_owned();
    let items = page["items"].as_array().unwrap().iter();
    let mut shown: Vec<_> = items.map(|item| (text(item, "path"), text(item, "verdict"))).collect();
    shown.sort();
    (job, shown)
}

fn pairs(items: &[(String, String)]) -> Vec<(&str, &str)> {
    items.iter().map(|(path, verdict)| (&**path, &**verdict)).collect()
}

#[test]
fn a_checksum_file_that_lies_in_the_directory_is_read_there_and_is_not_a_new_file() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("d/b", "other");
    app.write("d/SHA256SUMS", format!("{ABC_SHA256}  a\n{ABC_SHA256}  b\n"));
    let (job, items) = verified(&app, "&path=d&manifest_path=d/SHA256SUMS");
    assert_eq!(job["summary"]["verdict"], "failed");
    assert_eq!(job["spec"]["manifest_name"], "SHA256SUMS");
    let verdicts: Vec<_> = pairs(&items).into_iter().filter(|(_, verdict)| *verdict != "-").collect();
    assert_eq!(verdicts, [("a", "matched"), ("b", "modified")]);
    app.write("d/b", "abc");
    let (job, _) = verified(&app, "&path=d&manifest_path=d/SHA256SUMS&mode=check");
    assert_eq!((&job["summary"]["verdict"], &job["summary"]["verdicts"]["matched"]), (&json!("ok"), &json!(2)));
}

#[test]
fn a_directory_is_verified_against_a_checksum_file_of_a_directory_above() {
    let app = TestApp::start();
    app.write("2026/a/x", "abc");
    app.write("2026/a/y", "other");
    app.write("2026/b/z", "abc");
    let lines = ["a/x", "a/y", "a/gone", "b/z", "c/none"].map(|name| format!("{ABC_SHA256}  {name}\n"));
    app.write("2026/SHA256SUMS", lines.concat());
    for mode in ["audit", "check"] {
        let (job, items) = verified(&app, &format!("&path=2026/a&manifest_path=2026/SHA256SUMS&mode={mode}"));
        let mut verdicts = pairs(&items);
        verdicts.retain(|(_, verdict)| *verdict != "-");
        assert_eq!(verdicts, [("gone", "missing"), ("x", "matched"), ("y", "modified")], "{mode}");
        assert_eq!(job["spec"]["names"]["taken_off"], "a/");
    }
    let body = format!("{ABC_SHA256}  2026/a/x\n{ABC_SHA256}  2026/b/z\n");
    let sent = accepted(app.post("/api/v1/verify?root=files&path=2026/a&mode=check").body(body).send().unwrap());
    let job = app.wait_for(sent["id"].as_str().unwrap());
    assert_eq!((&job["summary"]["verdict"], &job["summary"]["verdicts"]["matched"]), (&json!("ok"), &json!(1)));
}

#[test]
fn the_path_of_a_manifest_obeys_the_rules_of_paths_and_excludes_a_body() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("SUMS", format!("{ABC_SHA256}  a\n"));
    app.write("none", "no entry here");
    symlink("SUMS", app.root.path().join("link")).unwrap();
    for path in ["", "/SUMS", "../SUMS", "d/../SUMS", "%00"] {
        let refused = post(&app, &format!("&path=d&manifest_path={path}"));
        let code = if path.is_empty() { (404, "not_found") } else { (400, "path_invalid") };
        problem(refused, code.0, code.1);
    }
    for path in ["nothing", "link", "d", "SUMS/x"] {
        problem(post(&app, &format!("&path=d&manifest_path={path}")), 404, "not_found");
    }
    problem(post(&app, "&path=d&manifest_path=none"), 400, "manifest_invalid");
    problem(post(&app, "&path=d&manifest_path=SUMS&against=x"), 400, "invalid_request");
    let both = app.post("/api/v1/verify?root=files&manifest_path=SUMS").body("abc").send().unwrap();
    problem(both, 400, "invalid_request");
}

#[test]
fn a_repeated_request_is_recognised_though_the_checksum_file_has_changed_or_gone() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("SUMS", format!("{ABC_SHA256}  a\n"));
    app.write("OTHER", format!("{ABC_SHA256}  a\n"));
    let keyed = |path: &str| {
        let address = format!("/api/v1/verify?root=files&path=d&manifest_path={path}");
        app.post(&address).header("idempotency-key", "one").send().unwrap()
    };
    let first = accepted(keyed("SUMS"))["id"].clone();
    app.write("SUMS", "changed");
    assert_eq!(accepted(keyed("SUMS"))["id"], first);
    fs::remove_file(app.root.path().join("SUMS")).unwrap();
    assert_eq!(accepted(keyed("SUMS"))["id"], first);
    problem(keyed("OTHER"), 409, "idempotency_conflict");
}

#[test]
fn a_directory_is_verified_against_its_last_job_and_rot_is_told_from_an_edit() {
    let app = TestApp::start();
    for name in ["d/edited", "d/gone", "d/rotten", "d/same"] {
        app.write(name, name);
    }
    let last = app.run(json!({ "path": "d", "algorithms": ["sha256"], "exclude": ["*.tmp"] }));
    let rotten = app.root.path().join("d/rotten");
    let before = fs::metadata(&rotten).unwrap();
    app.write("d/edited", "otherwise and longer");
    fs::remove_file(app.root.path().join("d/gone")).unwrap();
    app.write("d/rotten", "D/rotten");
    fs::File::options().write(true).open(&rotten).unwrap().set_modified(before.modified().unwrap()).unwrap();
    app.write("d/new", "new");
    app.write("d/left.tmp", "never in the job");
    let (job, items) = verified(&app, &format!("&path=d&against={}", last["id"].as_str().unwrap()));
    let verdicts: Vec<_> = pairs(&items).into_iter().filter(|(_, verdict)| *verdict != "-").collect();
    // The ctime tells of the write to `rotten`: only damage below the file system leaves it as it was.
    assert_eq!(
        verdicts,
        [("edited", "modified"), ("gone", "missing"), ("new", "new"), ("rotten", "modified"), ("same", "matched")]
    );
    let results = app.json(&format!("/api/v1/jobs/{}/results?q=rotten", job["id"].as_str().unwrap()));
    assert!(results["items"][0]["evidence"].to_string().contains("ctime"), "{results}");
    assert_eq!(job["spec"]["algorithms"], json!(["sha256"]));
}

#[test]
fn only_a_completed_job_on_the_same_tree_that_the_caller_may_see_is_compared_with() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let other = app.run(json!({}));
    let id = other["id"].as_str().unwrap();
    problem(post(&app, &format!("&path=d&against={id}")), 400, "invalid_request");
    problem(post(&app, "&path=d&against=nothing"), 404, "not_found");
    let (_, secret) = token_until(&app, "read,hash", None);
    let address = format!("/api/v1/verify?root=files&against={id}");
    let stranger = app.anonymous(reqwest::Method::POST, &address).bearer_auth(secret).send().unwrap();
    problem(stranger, 404, "not_found");
    let (job, items) = verified(&app, &format!("&against={id}"));
    assert_eq!((&job["summary"]["verdict"], pairs(&items)), (&json!("ok"), vec![("d/a", "matched")]));
}

#[test]
fn the_last_job_is_the_newest_one_that_did_not_fail_and_the_new_one_says_which() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    problem(post(&app, "&path=d&against=last"), 404, "not_found");
    let hashed = app.run(json!({ "path": "d", "algorithms": ["sha256"] }));
    app.write("d/a", "damaged");
    // What was found on the first night is not what the second night should find.
    for _night in 0..2 {
        let (job, items) = verified(&app, "&path=d&against=last");
        assert_eq!((&job["summary"]["verdict"], pairs(&items)), (&json!("failed"), vec![("a", "modified")]));
        let against = json!({ "job": hashed["id"], "finished_at": hashed["finished_at"] });
        assert_eq!(job["spec"]["against"], against);
    }
    let here = || app.json("/api/v1/roots/files/entries?path=d");
    let page = here();
    assert_eq!((&page["baseline"]["job"], &page["last_run"]["verdict"]), (&hashed["id"], &json!("failed")));
    app.write("d/a", "abc");
    let (matched, _) = verified(&app, "&path=d&against=last");
    assert_eq!(here()["baseline"]["job"], matched["id"]);
    let address = "/api/v1/verify?root=files&path=d&against=last";
    let keyed = || accepted(app.post(address).header("idempotency-key", "one").send().unwrap())["id"].clone();
    let first = keyed();
    app.wait_for(first.as_str().unwrap());
    assert_eq!(keyed(), first, "although another job is the last one now");
}

#[test]
fn below_the_directory_of_the_last_job_its_results_of_there_are_compared_with() {
    let app = TestApp::start();
    for name in ["photos/2024/a", "photos/2024/sub/b", "photos/2024/gone", "photos/2025/c", "photos/2024.txt"] {
        app.write(name, name);
    }
    let above = app.run(json!({ "path": "photos", "algorithms": ["sha256"], "exclude": ["2024/*.tmp"] }));
    app.run(json!({ "path": "photos/2025" }));
    fs::remove_file(app.root.path().join("photos/2024/gone")).unwrap();
    app.write("photos/2024/sub/b", "edited");
    app.write("photos/2024/left.tmp", "never in the job");
    app.write("photos/later/new", "made after the job");
    let baseline = &app.json("/api/v1/roots/files/entries?path=photos/2024")["baseline"];
    assert_eq!((&baseline["job"], &baseline["directory"]), (&above["id"], &json!({ "path": "photos" })));
    let (job, items) = verified(&app, "&path=photos/2024&against=last");
    let verdicts: Vec<_> = pairs(&items).into_iter().filter(|(_, verdict)| *verdict != "-").collect();
    assert_eq!(verdicts, [("a", "matched"), ("gone", "missing"), ("sub/b", "modified")]);
    let against = json!({ "job": above["id"], "finished_at": above["finished_at"], "directory": { "path": "photos" } });
    assert_eq!(job["spec"]["against"], against);
    // The job on exactly the directory comes first, and one that has nothing of a directory is none.
    let (job, _) = verified(&app, "&path=photos/2025&against=last");
    assert_eq!(job["spec"]["against"].get("directory"), None);
    problem(post(&app, "&path=photos/later&against=last"), 404, "not_found");
    assert_eq!(app.json("/api/v1/roots/files/entries?path=photos/later").get("baseline"), None);
    // Nor is a job of somebody else.
    let (_, secret) = token_until(&app, "read,hash", None);
    let address = "/api/v1/verify?root=files&path=photos/2024&against=last";
    let stranger = app.anonymous(reqwest::Method::POST, address).bearer_auth(secret).send().unwrap();
    problem(stranger, 404, "not_found");
}

#[test]
fn a_verify_job_is_repeated_with_the_manifest_that_is_kept_with_it() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    app.write("d/b", "not listed");
    let address = "/api/v1/verify?root=files&path=d&mode=check&name=SHA256SUMS";
    let sent = app.post(address).body(format!("{ABC_SHA256}  d/a\n")).send().unwrap();
    let first = app.wait_for(accepted(sent)["id"].as_str().unwrap());
    assert_eq!(first["summary"]["verdict"], "ok");
    app.write("d/a", "damaged");
    let id = first["id"].as_str().unwrap();
    let (again, items) = verified(&app, &format!("&path=d&repeat={id}"));
    assert_eq!((&again["spec"], pairs(&items)), (&first["spec"], vec![("a", "modified")]));
    // Also of a job that was compared with one that is deleted by now.
    let hashed = app.run(json!({ "path": "d" }));
    let hashed = hashed["id"].as_str().unwrap();
    let (against, _) = verified(&app, &format!("&path=d&against={hashed}"));
    let deleted = app.request(reqwest::Method::DELETE, &format!("/api/v1/jobs/{hashed}")).send().unwrap();
    assert_eq!(deleted.status(), 204);
    let (again, _) = verified(&app, &format!("&path=d&repeat={}", against["id"].as_str().unwrap()));
    assert_eq!((&again["summary"]["verdict"], &again["spec"]), (&json!("ok"), &against["spec"]));
    let hashed = app.run(json!({ "path": "d" }));
    for (query, status, code) in [
        (format!("&path=d&repeat={}", hashed["id"].as_str().unwrap()), 400, "invalid_request"),
        (format!("&repeat={id}"), 400, "invalid_request"),
        (format!("&path=d&repeat={id}&mode=audit"), 400, "invalid_request"),
        (format!("&path=d&repeat={id}&against=last"), 400, "invalid_request"),
        ("&path=d&repeat=nothing".to_owned(), 404, "not_found"),
    ] {
        problem(post(&app, &query), status, code);
    }
    let with_body = app.post(&format!("/api/v1/verify?root=files&path=d&repeat={id}")).body("x").send().unwrap();
    problem(with_body, 400, "invalid_request");
}

#[test]
fn a_checksum_file_in_the_directory_is_not_new_when_its_text_is_the_body() {
    let app = TestApp::start();
    app.write("d/a", "abc");
    let sums = format!("{ABC_SHA256}  a\n");
    app.write("d/SHA256SUMS", &sums);
    let verify = |query: &str| {
        let path = format!("/api/v1/verify?root=files&path=d{query}");
        let job = accepted(app.post(&path).body(sums.clone()).send().unwrap());
        app.wait_for(job["id"].as_str().unwrap())["summary"].clone()
    };
    for query in ["", "&name=SHA256SUMS", "&algorithm=sha256"] {
        let summary = verify(query);
        assert_eq!((&summary["verdict"], &summary["verdicts"]["new"]), (&json!("ok"), &json!(0)), "{query}");
    }
    app.write("d/SHA256SUMS", format!("{sums}# one more line\n"));
    let summary = verify("");
    assert_eq!((&summary["verdict"], &summary["verdicts"]["new"]), (&json!("failed"), &json!(1)), "another content");
}

#[test]
fn the_payload_manifest_of_a_bag_says_nothing_of_files_outside_of_data() {
    let app = TestApp::start();
    for (name, content) in [("bag/bagit.txt", "BagIt-Version: 1.0\n"), ("bag/notes/n.txt", "n"), ("bag/data/a", "abc")]
    {
        app.write(name, content);
    }
    let manifest = format!("{ABC_SHA256}  data/a\n");
    app.write("bag/manifest-sha256.txt", &manifest);
    app.write("bag/tagmanifest-sha256.txt", format!("{ABC_SHA256}  notes/gone\n"));
    let query = "&path=bag&manifest_path=bag/manifest-sha256.txt";
    let (job, items) = verified(&app, query);
    assert_eq!(job["summary"]["verdict"], "ok", "{items:?}");
    assert_eq!(items.iter().filter(|(_, verdict)| verdict != "-").count(), 1, "{items:?}");
    let address = "/api/v1/verify?root=files&path=bag&name=manifest-sha256.txt&include=*.txt&include=a";
    let posted = accepted(app.post(address).body(manifest.clone()).send().unwrap());
    let job = app.wait_for(posted["id"].as_str().unwrap());
    assert_eq!(job["summary"]["verdict"], "ok", "globs of the request change nothing in it");
    symlink("a", app.root.path().join("bag/data/link")).unwrap();
    let (job, items) = verified(&app, query);
    assert_eq!(job["summary"]["verdict"], "incomplete", "a bag has no symbolic links");
    assert!(pairs(&items).contains(&("data/link", "unreadable")), "{items:?}");
    fs::remove_file(app.root.path().join("bag/data/link")).unwrap();
    app.write("bag/data/b.txt", "new");
    let (job, items) = verified(&app, query);
    assert_eq!(job["summary"]["verdicts"]["new"], 1, "{items:?}");
    let (job, items) = verified(&app, "&path=bag&manifest_path=bag/tagmanifest-sha256.txt");
    let counts = &job["summary"]["verdicts"];
    assert_eq!((&counts["missing"], &counts["new"]), (&json!(1), &json!(3)), "tag files alone: {items:?}");
    fs::remove_file(app.root.path().join("bag/bagit.txt")).unwrap();
    fs::remove_file(app.root.path().join("bag/data/b.txt")).unwrap();
    let (job, items) = verified(&app, query);
    assert_eq!(job["summary"]["verdicts"]["new"], 2, "a directory that is no bag: {items:?}");
}
