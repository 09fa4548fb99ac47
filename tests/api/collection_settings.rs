//! Collections are made of directories beneath a root and changed by those who may, and every wrong member is named.

use std::fs;

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, problem};
use crate::collections::{only, scrub};

const LIST: &str = "/api/v1/collections";

/// A service with the directories `photos` and `photos/2026` beneath its root.
fn with_photos() -> TestApp {
    TestApp::with(|config| {
        fs::create_dir_all(config.roots[0].path.join("photos/2026")).unwrap();
        fs::write(config.roots[0].path.join("photos/a"), "abc").unwrap();
    })
}

fn make(app: &TestApp, body: &Value) -> Response {
    app.post(LIST).json(body).send().unwrap()
}

/// A collection of `photos` that nothing reads by itself.
fn made(app: &TestApp) -> (String, String) {
    let answer = make(app, &json!({ "root": "files", "path": "photos", "paused": true }));
    assert_eq!(answer.status(), 201);
    let field = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    (field("location"), field("etag"))
}

fn change(app: &TestApp, path: &str, tag: &str, body: &Value) -> Response {
    let request = app.request(Method::PATCH, path).header("content-type", "application/merge-patch+json");
    request.header("if-match", tag).body(body.to_string()).send().unwrap()
}

#[test]
fn a_collection_is_made_with_its_settings_and_shown_with_the_same_tag() {
    let app = with_photos();
    let windows = json!([{ "cron": "* 1-5 * * *", "time_zone": "Europe/Berlin" }]);
    let answer = make(
        &app,
        &json!({
            "root": "files", "path": "photos", "name": "Our photos", "algorithms": ["sha256"], "exclude": ["*.tmp"],
            "kind": "living", "aim_days": 90, "survey_every_hours": 12.0, "windows": windows,
            "max_bytes_per_second": 40_000_000, "paused": true,
        }),
    );
    assert_eq!(answer.status(), 201);
    let (location, tag) = (answer.headers()["location"].clone(), answer.headers()["etag"].clone());
    let made: Value = answer.json().unwrap();
    assert_eq!(location, format!("{LIST}/{}", made["id"].as_str().unwrap()).as_str());
    for (member, value) in [
        ("name", json!("Our photos")),
        ("path", json!("photos")),
        ("kind", json!("living")),
        ("algorithms", json!(["sha256"])),
        ("aim_days", json!(90)),
        ("survey_every_hours", json!(12)),
        ("windows", windows),
        ("max_bytes_per_second", json!(40_000_000)),
        ("paused", json!(true)),
        ("passes", json!(0)),
        ("health", Value::Null),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!((&made["schedule"]["state"], &made["schedule"]["run"]), (&json!("paused"), &Value::Null));
    let shown = app.get(location.to_str().unwrap()).send().unwrap();
    assert_eq!(shown.headers()["etag"], tag);
    assert_eq!(shown.json::<Value>().unwrap()["windows"], made["windows"]);
    assert_eq!(only(&app)["id"], made["id"]);
}

#[test]
fn without_settings_everything_is_read_in_a_month_and_looked_at_each_day() {
    let app = with_photos();
    let made: Value = make(&app, &json!({ "root": "files", "path": "photos" })).json().unwrap();
    assert_eq!((&made["aim_days"], &made["survey_every_hours"]), (&json!(30), &json!(24)));
    assert_eq!((&made["kind"], &made["name"]), (&json!("fixed"), &json!("photos")));
    assert_eq!((&made["windows"], &made["paused"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_directory_has_one_collection_and_collections_may_overlap() {
    let app = with_photos();
    let (location, _) = made(&app);
    let again = problem(make(&app, &json!({ "root": "files", "path": "photos" })), 409, "collection_exists");
    assert!(again["detail"].as_str().unwrap().ends_with(location.rsplit('/').next().unwrap()), "{again}");
    assert_eq!(make(&app, &json!({ "root": "files", "path": "photos/2026", "paused": true })).status(), 201);
    assert_eq!(make(&app, &json!({ "root": "files", "paused": true })).status(), 201, "the root itself");
}

#[test]
fn a_repeated_request_under_a_key_returns_the_collection_of_the_first() {
    let app = with_photos();
    let send = |body: Value| app.post(LIST).header("idempotency-key", "k").json(&body).send().unwrap();
    let first: Value = send(json!({ "root": "files", "path": "photos", "paused": true })).json().unwrap();
    let second: Value = send(json!({ "root": "files", "path": "photos", "paused": true })).json().unwrap();
    assert!(first["id"].is_string() && first["id"] == second["id"], "{second}");
    problem(send(json!({ "root": "files", "path": "photos/2026" })), 409, "idempotency_conflict");
}

#[test]
fn every_wrong_member_is_named_and_no_collection_is_made() {
    let app = with_photos();
    let window = |cron: &str, zone: &str| json!([{ "cron": cron, "time_zone": zone }]);
    for (member, value, pointer, status, code) in [
        ("root", json!("none"), "/root", 404, "not_found"),
        ("root", Value::Null, "/root", 400, "invalid_request"),
        ("path", json!("none"), "/path", 404, "not_found"),
        ("path", json!("photos/a"), "/path", 404, "not_found"),
        ("path", json!("../x"), "/path", 400, "path_invalid"),
        ("algorithms", json!(["md6"]), "/algorithms", 400, "algorithm_unknown"),
        ("algorithms", json!([]), "/algorithms", 400, "invalid_request"),
        ("include", json!(["../x"]), "/include", 400, "invalid_request"),
        ("exclude", json!(["[a"]), "/exclude", 400, "invalid_request"),
        ("kind", json!("frozen"), "/kind", 400, "invalid_request"),
        ("name", json!("a\r\nb"), "/name", 400, "invalid_request"),
        ("name", json!(""), "/name", 400, "invalid_request"),
        ("aim_days", json!(0), "/aim_days", 400, "invalid_request"),
        ("aim_days", json!(1.5), "/aim_days", 400, "invalid_request"),
        ("survey_every_hours", json!(0), "/survey_every_hours", 400, "invalid_request"),
        ("max_bytes_per_second", json!(0), "/max_bytes_per_second", 400, "invalid_request"),
        ("windows", window("* 3 31 2 *", "UTC"), "/windows/0", 400, "invalid_request"),
        ("windows", window("* 3 * * *", "Middle/Earth"), "/windows/0", 400, "invalid_request"),
        ("windows", window("x", "UTC"), "/windows/0", 400, "invalid_request"),
        ("windows", json!([{ "cron": "* 3 * * *" }]), "/windows", 400, "invalid_request"),
        ("paused", json!("yes"), "/paused", 400, "invalid_request"),
        ("notify_all", json!(true), "/notify_all", 400, "invalid_request"),
    ] {
        let mut body = json!({ "root": "files", "path": "photos" });
        body[member] = value;
        let answer = problem(make(&app, &body), status, code);
        assert_eq!(answer["pointer"], pointer, "{body}: {answer}");
    }
    problem(make(&app, &json!({ "path": "photos" })), 400, "invalid_request");
    let text = app.post(LIST).header("content-type", "text/plain").body("{}").send().unwrap();
    problem(text, 415, "unsupported_media_type");
    assert_eq!(app.json(LIST)["items"], json!([]));
}

#[test]
fn a_change_needs_the_tag_of_what_it_changes_and_null_takes_a_setting_back() {
    let app = with_photos();
    let (of, tag) = made(&app);
    let patch = |body: &Value| app.request(Method::PATCH, &of).body(body.to_string());
    let typed = |body: &Value| patch(body).header("content-type", "application/merge-patch+json");
    let body = json!({ "aim_days": 7, "name": "Photos", "max_bytes_per_second": 1000 });
    problem(typed(&body).send().unwrap(), 428, "precondition_required");
    problem(typed(&body).header("if-match", "x").send().unwrap(), 412, "precondition_failed");
    problem(typed(&body).header("if-match", format!("W/{tag}")).send().unwrap(), 412, "precondition_failed");
    problem(change(&app, &of, "\"0000000000000000\"", &body), 412, "precondition_failed");
    let json_type = patch(&body).header("content-type", "application/json").header("if-match", &tag);
    problem(json_type.send().unwrap(), 415, "unsupported_media_type");
    let changed = change(&app, &of, &tag, &body);
    let newer = changed.headers()["etag"].to_str().unwrap().to_owned();
    let changed: Value = changed.json().unwrap();
    assert_eq!((&changed["aim_days"], &changed["name"]), (&json!(7), &json!("Photos")));
    assert_eq!((&changed["survey_every_hours"], &changed["paused"]), (&json!(24), &json!(true)), "it stays");
    problem(change(&app, &of, &tag, &json!({ "paused": false })), 412, "precondition_failed");
    let none = json!({ "aim_days": null, "survey_every_hours": null, "name": null, "paused": null });
    let changed: Value = change(&app, &of, &newer, &none).json().unwrap();
    assert_eq!((&changed["aim_days"], &changed["paused"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["name"], &changed["schedule"]["state"]), (&json!("photos"), &json!("off")));
    assert_eq!(changed["max_bytes_per_second"], 1000);
    assert_eq!(change(&app, &of, "*", &json!({})).status(), 200);
}

#[test]
fn what_is_decided_once_is_not_changed_and_wrong_members_change_nothing() {
    let app = with_photos();
    let (of, tag) = made(&app);
    for (member, value) in
        [("algorithms", json!(["md5"])), ("include", json!(["*.c"])), ("exclude", json!([])), ("root", json!("files"))]
    {
        let answer = problem(change(&app, &of, &tag, &json!({ member: value })), 409, "setting_fixed");
        assert_eq!(answer["pointer"], format!("/{member}"));
    }
    let wrong = problem(change(&app, &of, &tag, &json!({ "kind": "living", "aim_days": 0 })), 400, "invalid_request");
    assert_eq!(wrong["pointer"], "/aim_days");
    assert_eq!(app.get(&of).send().unwrap().headers()["etag"], tag.as_str());
    assert_eq!(only(&app)["kind"], "fixed");
}

#[test]
fn a_collection_that_a_command_has_made_is_read_by_nobody_until_somebody_gives_it_an_aim() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("a"), "abc").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
    });
    let one = only(&app);
    assert_eq!(
        (&one["schedule"]["state"], &one["aim_days"], &one["forecast"]),
        (&json!("off"), &Value::Null, &Value::Null)
    );
    let of = format!("{LIST}/{}", one["id"].as_str().unwrap());
    let changed: Value = change(&app, &of, "*", &json!({ "aim_days": 30, "paused": true })).json().unwrap();
    assert_eq!((&changed["schedule"]["state"], &changed["forecast"]["files"]), (&json!("paused"), &json!(1)));
}

#[test]
fn an_aim_that_cannot_be_met_is_told_in_figures() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::File::create(photos.join("a")).unwrap().set_len(864_000).unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
    });
    let of = format!("{LIST}/{}", only(&app)["id"].as_str().unwrap());
    let slow = json!({ "aim_days": 5, "max_bytes_per_second": 1, "paused": true });
    let forecast = change(&app, &of, "*", &slow).json::<Value>().unwrap()["forecast"].clone();
    assert_eq!((&forecast["meets_aim"], &forecast["seconds"]), (&json!(false), &json!(864_000)));
    assert_eq!(forecast["detail"], "at 1 B/s 864 kB take 10 days; aim 5 days");
    let fast = change(&app, &of, "*", &json!({ "max_bytes_per_second": 1000 })).json::<Value>().unwrap();
    assert_eq!((&fast["forecast"]["meets_aim"], &fast["forecast"]["detail"]), (&json!(true), &Value::Null));
    let told = || {
        let text = app.get("/metrics").send().unwrap().text().unwrap();
        text.lines().any(|line| line.starts_with("hivesum_collection_aim_seconds{") && line.ends_with(" 432000"))
    };
    assert!(hivesum_test_support::comes_true(told));
}

#[test]
fn admin_alone_makes_and_changes_collections_and_hash_starts_runs() {
    let app = with_photos();
    let (of, _) = made(&app);
    let status = |method: Method, path: &str, token: &str| {
        let request = app.anonymous(method, path).bearer_auth(token).header("if-match", "*");
        request.header("content-type", "application/merge-patch+json").body("{}").send().unwrap().status().as_u16()
    };
    for (scopes, makes, changes, starts) in [
        ("read:all", 403, 403, 403),
        ("read:all,hash", 403, 403, 415),
        ("hash", 403, 403, 415),
        ("admin", 415, 200, 403),
        ("hash,admin", 415, 200, 415),
    ] {
        let token = token_until(&app, scopes, None).1;
        assert_eq!(status(Method::POST, LIST, &token), makes, "{scopes}");
        assert_eq!(status(Method::PATCH, &of, &token), changes, "{scopes}");
        assert_eq!(status(Method::POST, &format!("{of}/scrub"), &token), starts, "{scopes}");
    }
}

#[test]
fn the_sinks_of_the_configuration_are_named_and_no_others() {
    let app = TestApp::with(|config| {
        fs::create_dir_all(config.roots[0].path.join("photos")).unwrap();
        let sink = json!({ "name": "ops", "kind": "smtp", "server": "localhost", "tls": "none", "from": "a@b.example",
            "to": ["a@b.example"] });
        config.sinks = vec![serde_json::from_value(sink).unwrap()];
    });
    let unknown = json!({ "root": "files", "path": "photos", "notify": ["mail"] });
    let refused = problem(make(&app, &unknown), 400, "invalid_request");
    assert_eq!(refused["pointer"], "/notify");
    assert!(refused["detail"].as_str().unwrap().contains("it has ops"), "{refused}");
    let (path, tag) = made(&app);
    let told = change(&app, &path, &tag, &json!({ "notify": ["ops"] }));
    assert_eq!(told.status(), 200);
    let tag = told.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(told.json::<Value>().unwrap()["notify"], json!(["ops"]));
    let nobody = change(&app, &path, &tag, &json!({ "notify": null }));
    assert_eq!(nobody.json::<Value>().unwrap()["notify"], Value::Null);
}
