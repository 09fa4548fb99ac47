//! Files of collections are accepted and acknowledged as they were shown, and collections are forgotten, by those who may.

use std::fs;

use hivesum_test_support::vectors::ABC_SHA256;
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};
use crate::collections::{only, path_of, paths, scrub, watched};

/// A file of a page as it is accepted.
fn as_shown(file: &Value) -> Value {
    json!({ "path": file["path"], "condition": file["condition"], "digests": file["digests"] })
}

#[test]
fn files_are_accepted_as_they_were_shown_and_others_are_refused_one_by_one() {
    let app = watched();
    let of = path_of(&app);
    let accept = |files: Value| {
        let answer = ok_json(app.post(&format!("{of}/accept")).json(&json!({ "files": files })).send().unwrap());
        let short = |item: &Value| format!("{} {}", item["outcome"], item["reason"]).replace('"', "");
        answer["items"].as_array().unwrap().iter().map(short).collect::<Vec<_>>()
    };
    let files = app.json(&format!("{of}/files"));
    let [ok, modified, missing, new] = [0, 1, 2, 3].map(|at| as_shown(&files["items"][at]));
    let mut changed = modified.clone();
    changed["digests"] = ok["digests"].clone();
    let mut unknown = new.clone();
    unknown["path"] = json!("none");
    assert_eq!(
        accept(json!([changed, ok, unknown, missing])),
        ["refused changed", "refused nothing_to_accept", "unknown null", "accepted null"]
    );
    assert_eq!(only(&app)["open_alerts"], 2, "it is counted at once");
    assert_eq!(accept(json!([modified, new, missing])), ["accepted null"; 3], "asked again, it stays accepted");
    assert_eq!((&only(&app)["open_alerts"], &only(&app)["health"]), (&json!(0), &json!("ok")));
    assert_eq!(only(&app)["last_event"], 6, "nothing was accepted twice");
    assert_eq!(paths(&app.json(&format!("{of}/alerts"))), [""; 0]);
}

#[test]
fn what_somebody_acknowledges_stays_what_it_is_and_is_no_open_alert() {
    let app = watched();
    let of = path_of(&app);
    let files = app.json(&format!("{of}/files"));
    let [ok, modified, missing, new] = [0, 1, 2, 3].map(|at| as_shown(&files["items"][at]));
    let acknowledge = |files: Value, note: Value| {
        let body = json!({ "files": files, "note": note });
        let answer = ok_json(app.post(&format!("{of}/acknowledge")).json(&body).send().unwrap());
        let short = |item: &Value| format!("{} {}", item["outcome"], item["reason"]).replace('"', "");
        answer["items"].as_array().unwrap().iter().map(short).collect::<Vec<_>>()
    };
    let known = ["acknowledged null", "refused nothing_to_acknowledge"];
    assert_eq!(acknowledge(json!([modified, ok]), json!("ticket 4711")), known);
    let one = only(&app);
    assert_eq!(
        (&one["open_alerts"], &one["acknowledged_alerts"], &one["health"]),
        (&json!(2), &json!(1), &json!("alert"))
    );
    assert_eq!(one["files"]["modified"]["acknowledged"], 1);
    let alerts = |query: &str| app.json(&format!("{of}/alerts{query}"));
    assert_eq!(paths(&alerts("?acknowledged=true")), ["2026/b"]);
    assert_eq!(paths(&alerts("?acknowledged=false")), ["c", "d"]);
    let all = alerts("");
    assert_eq!(paths(&all), ["2026/b", "c", "d"]);
    let shown = &all["items"][0];
    assert_eq!((&shown["alert"], &shown["condition"]), (&json!(true), &json!("modified")));
    assert_eq!(
        (&shown["acknowledged"]["note"], &shown["last_event"]["kind"]),
        (&json!("ticket 4711"), &json!("modified"))
    );
    assert_eq!(all["items"][1]["acknowledged"], Value::Null);
    let events = app.json(&format!("{of}/events?after=3"));
    let event = &events["items"][0];
    assert_eq!(
        (&event["kind"], &event["was"], &event["is"]),
        (&json!("acknowledged"), &json!("modified"), &json!("modified"))
    );
    assert_eq!(event["acknowledged"], shown["acknowledged"], "{event}");
    // The same words again are no event; others are.
    assert_eq!(acknowledge(json!([modified]), json!("ticket 4711")), known[..1]);
    assert_eq!(only(&app)["last_event"], 4);
    assert_eq!(acknowledge(json!([modified, missing, new]), Value::Null), [known[0]; 3]);
    let one = only(&app);
    assert_eq!(
        (&one["open_alerts"], &one["acknowledged_alerts"], &one["last_event"]),
        (&json!(0), &json!(3), &json!(7))
    );
    assert_eq!(one["health"], "ok");
}

#[test]
fn a_note_is_one_line_and_who_wrote_it_is_the_token_s_name() {
    let app = watched();
    let url = format!("{}/acknowledge", path_of(&app));
    let missing = as_shown(&app.json(&format!("{}/files", path_of(&app)))["items"][2]);
    for note in [json!(""), json!("x".repeat(501)), json!("two\nlines"), json!(7)] {
        let refused = app.post(&url).json(&json!({ "files": [missing], "note": note })).send().unwrap();
        problem(refused, 400, "invalid_request");
    }
    let long = "\u{e9}".repeat(250);
    ok_json(app.post(&url).json(&json!({ "files": [missing], "note": long })).send().unwrap());
    let alerts = app.json(&format!("{}/alerts?acknowledged=true", path_of(&app)));
    let said = &alerts["items"][0]["acknowledged"];
    assert_eq!((&said["note"], said["by"].as_str().is_some_and(|by| !by.is_empty())), (&json!(long), true), "{said}");
}

#[test]
fn what_is_not_a_list_of_shown_files_is_refused_and_accepts_nothing() {
    let app = watched();
    let of = path_of(&app);
    for url in ["accept", "acknowledge"].map(|verb| format!("{of}/{verb}")) {
        refuses_what_was_not_shown(&app, &url);
    }
    assert_eq!((&only(&app)["open_alerts"], &only(&app)["last_event"]), (&json!(3), &json!(3)));
}

fn refuses_what_was_not_shown(app: &TestApp, url: &str) {
    let of = path_of(app);
    let b = as_shown(&app.json(&format!("{of}/files"))["items"][1]);
    let with = |member: &str, value: Value| {
        let mut file = b.clone();
        file[member] = value;
        json!({ "files": [b, file] })
    };
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({ "files": [] }), "invalid_request"),
        (json!({ "files": vec![b.clone(); 1001] }), "invalid_request"),
        (json!({ "files": [b], "all": true }), "invalid_request"),
        (with("condition", json!("rotten")), "invalid_request"),
        (with("digests", json!({ "sha256": ABC_SHA256 })), "invalid_request"),
        (with("digests", json!({ "sha256": ABC_SHA256, "md5": "00" })), "invalid_request"),
        (with("digests", json!({ "sha256": ABC_SHA256, "blake3": "0g" })), "invalid_request"),
        (with("path_b64", json!("YQ==")), "invalid_request"),
        (with("path", json!("../a")), "path_invalid"),
    ] {
        let body = serde_json::to_vec(&body).unwrap();
        let short = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let answer = app.post(url).header("content-type", "application/json").body(body).send().unwrap();
        let (status, problem): (_, Value) = (answer.status(), answer.json().unwrap());
        let is_long = problem["code"] == "too_large" && status == 413;
        assert!(is_long || (status == 400 && problem["code"] == code), "{short}: {problem}");
    }
    assert_eq!(only(app)["open_alerts"], 3);
}

#[test]
fn a_name_that_is_not_text_is_shown_and_accepted_by_its_bytes() {
    use std::os::unix::ffi::OsStrExt as _;
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a"), "a").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
        fs::write(photos.join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(1));
    });
    let of = path_of(&app);
    let file = app.json(&format!("{of}/files?path_prefix=%ff"))["items"][0].clone();
    assert_eq!((&file["path"], &file["path_b64"]), (&json!("\u{fffd}"), &json!("/w==")));
    assert_eq!(app.json(&format!("{of}/events?path=%ff"))["items"][0]["path_b64"], "/w==");
    let shown = json!({ "path_b64": "/w==", "condition": file["condition"], "digests": file["digests"] });
    let accepted = ok_json(app.post(&format!("{of}/accept")).json(&json!({ "files": [shown] })).send().unwrap());
    assert_eq!(accepted["items"], json!([{ "path": "\u{fffd}", "path_b64": "/w==", "outcome": "accepted" }]));
}

#[test]
fn a_collection_is_forgotten_and_its_files_are_not_touched() {
    let app = watched();
    let of = path_of(&app);
    assert_eq!(app.request(Method::DELETE, &of).send().unwrap().status(), 204);
    assert_eq!(app.json("/api/v1/collections")["items"], json!([]));
    for path in ["", "/files", "/alerts", "/events"] {
        problem(app.get(&format!("{of}{path}")).send().unwrap(), 404, "not_found");
    }
    problem(app.request(Method::DELETE, &of).send().unwrap(), 404, "not_found");
    assert_eq!(fs::read_to_string(app.root.path().join("photos/2026/a")).unwrap(), "abc");
}

#[test]
fn who_sees_all_jobs_sees_collections_and_admin_alone_changes_them() {
    let app = watched();
    let (list, of) = ("/api/v1/collections".to_owned(), path_of(&app));
    let body = json!({ "files": [as_shown(&app.json(&format!("{of}/files"))["items"][1])] });
    let status = |method: Method, path: &str, token: &str| {
        let request = app.anonymous(method, path).bearer_auth(token);
        request.json(&body).send().unwrap().status().as_u16()
    };
    for (scopes, sees, accepts) in [
        ("read", 403, 403),
        ("read,hash", 403, 403),
        ("read:all", 200, 403),
        ("read:all,hash", 200, 403),
        ("hash,admin", 403, 200),
        ("read,hash,admin", 200, 200),
    ] {
        let token = token_until(&app, scopes, None).1;
        for path in [&list, &of, &format!("{of}/files"), &format!("{of}/alerts"), &format!("{of}/events")] {
            assert_eq!(status(Method::GET, path, &token), sees, "{path} with {scopes}");
        }
        assert_eq!(status(Method::POST, &format!("{of}/accept"), &token), accepts, "{scopes}");
    }
    let not_admin = token_until(&app, "read:all,hash", None).1;
    assert_eq!(status(Method::DELETE, &of, &not_admin), 403);
    assert_eq!(status(Method::DELETE, &of, &token_until(&app, "admin", None).1), 204);
}
