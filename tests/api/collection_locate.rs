//! Where a file of a collection is damaged, through the API: as the command tells it, beneath roots alone, within
//! bounds.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use hivesum_test_support::{LONGEST_WAIT, comes_true, cycle};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};
use crate::collections::{path_of, scrub};

const MIB: usize = 1 << 20;

/// A service with a collection `photos` of a film that was damaged since, and copies of it elsewhere beneath the root.
fn damaged() -> TestApp {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("film"), cycle(6 * MIB)).unwrap();
        fs::write(photos.join("note"), "abc").unwrap();
        assert_eq!(scrub(config, &photos, &[]), Some(0));
    });
    let damage = |damaged: &[usize]| {
        let mut bytes = cycle(6 * MIB);
        damaged.iter().for_each(|piece| bytes[piece * MIB + 7] ^= 1);
        bytes
    };
    app.write("photos/film", damage(&[1, 4]));
    app.write("backup/film", damage(&[4, 5]));
    std::os::unix::fs::symlink("film", app.root.path().join("backup/link")).unwrap();
    app
}

fn post(app: &TestApp, body: &Value) -> reqwest::blocking::Response {
    app.post(&format!("{}/locate", path_of(app))).json(body).send().unwrap()
}

fn piece(number: usize) -> Value {
    json!([{ "offset": number * MIB, "bytes": MIB }])
}

#[test]
fn damage_is_located_and_another_copy_mends_what_it_has() {
    let app = damaged();
    let found = ok_json(post(&app, &json!({ "path": "film", "replica": { "root": "files", "path": "backup/film" } })));
    assert_eq!((&found["verdict"], &found["replica_is_good"]), (&json!("damaged"), &json!(false)));
    assert_eq!(found["ranges"], json!([piece(1)[0], piece(4)[0]]));
    assert_eq!((&found["copy"], &found["lacking"]), (&piece(1), &piece(4)));
    assert_eq!(found["expected"]["blake3"], blake3::hash(&cycle(6 * MIB)).to_string());
    assert_eq!((&found["file"]["path"], &found["replica"]["root"]), (&json!("film"), &json!("files")));
    // The command tells the same of the same files, which it names in another way.
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.args(["locate", "--json", "photos/film", "backup/film", "--state"]).arg(app.state.path().join("state"));
    let told = command.current_dir(app.root.path()).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    for member in ["verdict", "expected", "ranges", "copy", "lacking", "replica_is_good"] {
        assert_eq!(found[member], told[member], "{member}");
    }
    for copy in ["file", "replica"] {
        for member in ["size", "blake3", "unreadable"] {
            assert_eq!(found[copy][member], told[copy][member], "{copy}: {member}");
        }
    }
    let alone = ok_json(post(&app, &json!({ "path_b64": "ZmlsbQ==" })));
    assert_eq!((&alone["ranges"], &alone["replica"]), (&found["ranges"], &Value::Null));
    assert_eq!(ok_json(post(&app, &json!({ "path": "note" })))["verdict"], "good");
}

#[test]
fn what_is_not_beneath_a_root_or_not_of_the_collection_is_not_read() {
    let app = damaged();
    app.write("photos/new", "unknown to the collection");
    let replica = |replica: Value| json!({ "path": "film", "replica": replica });
    for (body, status, code) in [
        (json!({ "path": "new" }), 404, "not_found"),
        (json!({}), 404, "not_found"),
        (replica(json!({ "root": "none", "path": "backup/film" })), 404, "not_found"),
        (replica(json!({ "root": "files", "path": "backup" })), 404, "not_found"),
        (replica(json!({ "root": "files", "path": "backup/gone" })), 404, "not_found"),
        (replica(json!({ "root": "files", "path": "backup/link" })), 404, "not_found"),
        (replica(json!({ "root": "files", "path": "../film" })), 400, "path_invalid"),
        (json!({ "path": "/etc/passwd" }), 400, "path_invalid"),
        (replica(json!({ "path": "backup/film" })), 400, "invalid_request"),
        (json!({ "path": "film", "expect": "00" }), 400, "invalid_request"),
    ] {
        problem(post(&app, &body), status, code);
    }
    fs::remove_file(app.root.path().join("photos/film")).unwrap();
    problem(post(&app, &json!({ "path": "film" })), 404, "not_found");
    let url = format!("{}/locate", path_of(&app));
    for (scopes, status) in [("read:all", 403), ("hash", 403), ("hash,read", 403), ("hash,read:all", 200)] {
        let token = token_until(&app, scopes, None).1;
        let request = app.anonymous(Method::POST, &url).bearer_auth(token).json(&json!({ "path": "note" }));
        assert_eq!(request.send().unwrap().status(), status, "{scopes}");
    }
}

#[test]
fn without_a_blake3_digest_two_copies_are_compared_and_one_alone_tells_nothing() {
    let app = TestApp::with(|config| {
        let photos = config.roots[0].path.join("photos");
        fs::create_dir(&photos).unwrap();
        fs::write(photos.join("note"), "abc").unwrap();
        assert_eq!(scrub(config, &photos, &["--algorithms", "sha256"]), Some(0));
    });
    app.write("same", "abc");
    app.write("other", "abd");
    let refused = problem(post(&app, &json!({ "path": "note" })), 400, "invalid_request");
    assert_eq!(refused["pointer"], "/replica");
    for (path, verdict) in [("same", "same"), ("other", "different")] {
        let found = ok_json(post(&app, &json!({ "path": "note", "replica": { "root": "files", "path": path } })));
        assert_eq!((&found["verdict"], &found["expected"]), (&json!(verdict), &Value::Null));
    }
}

/// A service whose collection may be read so slowly that no file comes to its end.
fn slow() -> TestApp {
    let app = damaged();
    let change = app.request(Method::PATCH, &path_of(&app)).header("if-match", "*");
    let change = change.header("content-type", "application/merge-patch+json");
    assert_eq!(change.body(json!({ "max_bytes_per_second": 1 }).to_string()).send().unwrap().status(), 200);
    app
}

/// Sends a request on a connection of its own, and does not wait for the answer.
fn begin(app: &TestApp) -> TcpStream {
    let body = json!({ "path": "film" }).to_string();
    let (path, token) = (path_of(app), token_until(app, "hash,read:all", None).1);
    let mut stream = app.connect();
    let head = format!(
        "POST {path}/locate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    stream
}

/// The status for a file that is not known: whoever gets it has had a permit.
fn has_room(app: &TestApp) -> bool {
    match post(app, &json!({ "path": "none" })).status().as_u16() {
        404 => true,
        503 => false,
        other => panic!("{other}"),
    }
}

#[test]
fn two_files_are_located_at_a_time_and_a_client_that_goes_away_makes_room() {
    let app = slow();
    let first = begin(&app);
    let mut second = begin(&app);
    assert!(comes_true(|| !has_room(&app)), "two are read");
    let refused = post(&app, &json!({ "path": "film" }));
    assert!(refused.headers().contains_key("retry-after"));
    problem(refused, 503, "queue_full");
    assert_eq!(app.json("/api/v1/stats")["hashers"]["busy"], 0, "and no hasher is kept from other work");
    drop(first);
    assert!(comes_true(|| has_room(&app)), "the client is gone");
    let _third = begin(&app);
    assert!(comes_true(|| !has_room(&app)));
    second.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    second.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    second.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(comes_true(|| has_room(&app)), "the client has closed its half");
}

#[test]
fn a_service_that_stops_waits_for_no_file_that_is_located() {
    let app = slow();
    let (mut first, _second) = (begin(&app), begin(&app));
    assert!(comes_true(|| !has_room(&app)));
    app.begin_to_stop();
    let mut answer = String::new();
    first.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("draining"), "{answer}");
    app.stop();
}
