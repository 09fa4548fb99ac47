//! Every answer matches its schema in the OpenAPI document, and has no undocumented member.

use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::app::TestApp;

/// The document, with `additionalProperties: false` in every object: an undocumented member is an error.
fn closed_document(app: &TestApp) -> Value {
    let mut document = app.json("/openapi.json");
    close(&mut document["components"]["schemas"]);
    document
}

fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.contains_key("properties") && members.get("type") == Some(&json!("object")) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Checks an answer against the schema of its operation, status and media type.
#[track_caller]
fn check(document: &Value, operation: (&str, &str), answer: Response) -> Value {
    let (method, path) = operation;
    let status = answer.status().as_u16().to_string();
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body: Value = answer.json().unwrap();
    let schema = &document["paths"][path][method]["responses"][&status]["content"][&media_type]["schema"];
    assert!(schema.is_object(), "{method} {path}: {status} {media_type} is not documented");
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{body:#}");
    body
}

#[test]
fn every_answer_matches_the_document() {
    let app = TestApp::start();
    let document = closed_document(&app);
    app.write("d/a", "abc");
    app.write("b", "abc");
    std::os::unix::fs::symlink("nowhere", app.root.path().join("link")).unwrap();
    std::fs::write(app.root.path().join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff")), "x")
        .unwrap();
    let get = |path: &str, of: &str| check(&document, ("get", of), app.get(path).send().unwrap());
    for path in ["/api/v1/algorithms", "/api/v1/roots", "/api/v1/stats"] {
        get(path, path);
    }
    get("/api/v1/roots/files/entries?limit=2", "/api/v1/roots/{root}/entries");
    get("/api/v1/roots/files/entries", "/api/v1/roots/{root}/entries");
    let hashed = app.post("/api/v1/hash?algorithms=sha256,blake3").body("abc").send().unwrap();
    check(&document, ("post", "/api/v1/hash"), hashed);
    let wrong = app.post("/api/v1/hash?expect=md5:00000000000000000000000000000000").body("abc").send().unwrap();
    check(&document, ("post", "/api/v1/hash"), wrong);
    let sums = format!("352441c2  a\nMD5 (b) = {}\nx\n", "0".repeat(32));
    let read = app.post("/api/v1/manifests/read?name=sums").body(sums).send().unwrap();
    check(&document, ("post", "/api/v1/manifests/read"), read);
    let form = reqwest::blocking::multipart::Form::new().text("a", "abc").text("b", "");
    check(&document, ("post", "/api/v1/hash"), app.post("/api/v1/hash").multipart(form).send().unwrap());
    let full = json!({ "root": "files", "include": ["*"], "exclude": ["x"], "priority": "low", "deadline_seconds": 60,
        "max_bytes_per_second": 1_000_000_000, "algorithms": ["sha256", "md5"] });
    for asked in [json!({ "root": "files" }), full, json!({ "root": "files", "path": "b" })] {
        let accepted = app.post("/api/v1/jobs").json(&asked).send().unwrap();
        let id = check(&document, ("post", "/api/v1/jobs"), accepted)["id"].as_str().unwrap().to_owned();
        app.wait_for(&id);
        get(&format!("/api/v1/jobs/{id}"), "/api/v1/jobs/{id}");
        get(&format!("/api/v1/jobs/{id}/results"), "/api/v1/jobs/{id}/results");
        get(&format!("/api/v1/jobs/{id}/duplicates"), "/api/v1/jobs/{id}/duplicates");
        app.write("b", format!("changed {id}"));
        let cancelled = app.post(&format!("/api/v1/jobs/{id}/cancel")).send().unwrap();
        check(&document, ("post", "/api/v1/jobs/{id}/cancel"), cancelled);
    }
    let jobs = get("/api/v1/jobs", "/api/v1/jobs");
    let [new, old] = [0, 2].map(|at| jobs["items"][at]["id"].as_str().unwrap().to_owned());
    get(&format!("/api/v1/jobs/{old}/compare?with={new}"), "/api/v1/jobs/{id}/compare");
    get("/api/v1/jobs?limit=1", "/api/v1/jobs");
    check(&document, ("get", "/api/v1/jobs/{id}"), app.get("/api/v1/jobs/x").send().unwrap());
    check(&document, ("get", "/api/v1/stats"), app.get("/api/v1/stats?x").send().unwrap());
}

#[test]
fn every_answer_about_collections_matches_the_document() {
    let app = crate::collections::watched();
    let document = closed_document(&app);
    let get = |path: &str, of: &str| check(&document, ("get", of), app.get(path).send().unwrap());
    let list = get("/api/v1/collections", "/api/v1/collections");
    let of = format!("/api/v1/collections/{}", list["items"][0]["id"].as_str().unwrap());
    get(&of, "/api/v1/collections/{id}");
    for rest in ["/files", "/alerts", "/events"] {
        let page = get(&format!("{of}{rest}"), &format!("/api/v1/collections/{{id}}{rest}"));
        assert!(!page["items"].as_array().unwrap().is_empty(), "{rest}");
    }
    get(&format!("{of}/files?limit=1"), "/api/v1/collections/{id}/files");
    get(&format!("{of}/events?limit=1"), "/api/v1/collections/{id}/events");
    let alerts = app.json(&format!("{of}/alerts"));
    let [first, second] = [0, 1].map(|at| {
        let file = &alerts["items"][at];
        json!({ "path": file["path"], "condition": file["condition"], "digests": file["digests"] })
    });
    let mut changed = second.clone();
    changed["condition"] = json!("ok");
    for files in [json!([first, changed]), json!([{ "path": "none", "condition": "new", "digests": null }])] {
        for verb in ["acknowledge", "accept"] {
            let answer = app.post(&format!("{of}/{verb}")).json(&json!({ "files": files })).send().unwrap();
            check(&document, ("post", &format!("/api/v1/collections/{{id}}/{verb}")), answer);
            get(&format!("{of}/alerts"), "/api/v1/collections/{id}/alerts");
            get(&format!("{of}/events"), "/api/v1/collections/{id}/events");
        }
    }
    for verb in ["acknowledge", "accept"] {
        let body = json!({ "all": true, "upto": 1 });
        let answer = app.post(&format!("{of}/{verb}")).json(&body).send().unwrap();
        check(&document, ("post", &format!("/api/v1/collections/{{id}}/{verb}")), answer);
    }
    app.write("photos/large", vec![7; 5 << 20]);
    for body in [
        json!({ "path": "2026/b", "replica": { "root": "files", "path": "photos/large" } }),
        json!({ "path": "2026/a" }),
        json!({ "path": "large" }),
    ] {
        let answer = app.post(&format!("{of}/locate")).json(&body).send().unwrap();
        check(&document, ("post", "/api/v1/collections/{id}/locate"), answer);
    }
    get("/api/v1/collections/none", "/api/v1/collections/{id}");
    let of_one = |rest: &str| format!("/api/v1/collections/{{id}}{rest}");
    let change = app.request(reqwest::Method::PATCH, &of).header("if-match", "*");
    let change = change.header("content-type", "application/merge-patch+json");
    let settings = json!({ "aim_days": 1, "max_bytes_per_second": 1, "paused": true,
        "windows": [{ "cron": "* 3 * * *", "time_zone": "UTC" }] });
    check(&document, ("patch", &of_one("")), change.body(settings.to_string()).send().unwrap());
    let dry = app.post(&format!("{of}/scrub")).json(&json!({ "dry_run": true })).send().unwrap();
    check(&document, ("post", &of_one("/scrub")), dry);
    let started = app.post(&format!("{of}/survey")).send().unwrap();
    let run = started.headers()["location"].to_str().unwrap().to_owned();
    check(&document, ("post", &of_one("/survey")), started);
    get(&run, &of_one("/runs/{run}"));
    get(&format!("{of}/runs?limit=1"), &of_one("/runs"));
    let cancelled = app.post(&format!("{run}/cancel")).send().unwrap();
    check(&document, ("post", &of_one("/runs/{run}/cancel")), cancelled);
    get(&of, "/api/v1/collections/{id}");
    app.await_json(&run, |run| !run["outcome"].is_null() || run["state"] == "failed");
    get(&format!("{of}/runs"), &of_one("/runs"));
    app.write("more/a", "a");
    let made = app.post("/api/v1/collections").json(&json!({ "root": "files", "path": "more" })).send().unwrap();
    check(&document, ("post", "/api/v1/collections"), made);
}
