//! Exports are whole or visibly cut off, whatever happens to their job, and few at a time. A busy store refuses.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use hivesum::config::BodyPace;
use hivesum_test_support::LONGEST_WAIT;
use reqwest::Method;
use reqwest::blocking::Response;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::app::{TestApp, problem};
use crate::unread::{Unread, write_many};

/// Exports that run at a time, and those that may wait for their turn.
const RUNNING: usize = 8;
const WAITING: usize = 64;

/// The database of the service.
fn database(app: &TestApp) -> Connection {
    let connection = Connection::open(app.state.path().join("state/hivesum.db")).unwrap();
    connection.busy_timeout(LONGEST_WAIT).unwrap();
    connection
}

/// Deletes the job and awaits that no row of it is left in the store.
fn delete_with_rows(app: &TestApp, id: &str) {
    let answer = app.request(Method::DELETE, &format!("/api/v1/jobs/{id}")).send().unwrap();
    assert_eq!(answer.status(), 204);
    let database = database(app);
    let rows = || database.query_row("SELECT count(*) FROM results", [], |row| row.get::<_, i64>(0)).unwrap();
    while rows() > 0 {
        // Requests to this route are not limited.
        assert_eq!(app.get("/healthz").send().unwrap().status(), 200);
    }
}

fn cookie(app: &TestApp) -> String {
    let request = app.get("/").build().unwrap();
    format!("Cookie: {}\r\nConnection: close\r\n", request.headers()["cookie"].to_str().unwrap())
}

fn ndjson(app: &TestApp, id: &str) -> Response {
    app.get(&format!("/api/v1/jobs/{id}/results")).header("accept", "application/x-ndjson").send().unwrap()
}

#[test]
fn a_job_that_is_deleted_while_a_slow_client_reads_it_is_read_to_its_end_in_every_format() {
    let app = TestApp::with(|config| config.limits.write_timeout = Duration::from_secs(3600));
    write_many(&app, 'n', 1);
    let manifests = |formats: &[(&str, &str)]| -> Vec<String> {
        formats.iter().map(|(format, algorithm)| format!("manifest?format={format}&algorithm={algorithm}")).collect()
    };
    // As many as may run at a time.
    for parts in [
        manifests(&[
            ("gnu", "sha256"),
            ("bsd", "sha256"),
            ("b3sum", "blake3"),
            ("hashdeep", "sha256"),
            ("sfv", "crc32"),
        ]),
        manifests(&[
            ("bagit", "sha256"),
            ("csv", "sha256"),
            ("json", "sha256"),
            ("ndjson", "blake3"),
            ("mtree", "sha256"),
        ]),
        vec!["results".to_owned(), "results?sort=-size".to_owned(), "results?status=hashed".to_owned()],
    ] {
        let job = app.run(json!({ "algorithms": ["blake3", "sha256", "crc32"] }));
        let id = job["id"].as_str().unwrap();
        let fields = format!("{}Accept: application/x-ndjson\r\n", cookie(&app));
        let open = |part: &String| Unread::open(&app, &format!("/api/v1/jobs/{id}/{part}"), &fields);
        let whole: Vec<Vec<u8>> = parts.iter().map(|part| open(part).body().expect("nothing disturbs it")).collect();
        let unread: Vec<Unread> = parts.iter().map(open).collect();
        delete_with_rows(&app, id);
        for ((part, unread), whole) in parts.iter().zip(unread).zip(whole) {
            let body = unread.body().unwrap_or_else(|| panic!("{part} was cut off"));
            assert!(body == whole, "{part}: {} bytes of {}", body.len(), whole.len());
        }
    }
}

/// Starts `hivesum jobs export` beside the service.
fn command(app: &TestApp, id: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
    command.args(["jobs", "export", "--format", "ndjson", id, "--state"]).arg(app.state.path().join("state"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The lines that a command has written after the first bytes, and its exit status.
fn end_of(mut child: Child, mut written: Vec<u8>) -> (Vec<Value>, Option<i32>) {
    child.stdout.take().unwrap().read_to_end(&mut written).unwrap();
    let lines = written.split_inclusive(|&byte| byte == b'\n').map(|line| serde_json::from_slice(line).unwrap());
    (lines.collect(), child.wait().unwrap().code())
}

#[test]
fn a_command_beside_the_service_exports_a_deleted_job_to_its_end_and_says_where_it_breaks_off() {
    let app = TestApp::start();
    write_many(&app, 'n', 1);
    let files = std::fs::read_dir(app.root.path().join(["n".repeat(250).as_str(); 10].join("/"))).unwrap().count();
    let job = app.run(json!({}));
    let mut child = command(&app, job["id"].as_str().unwrap());
    // A pipe holds 64 KiB, so most of it is still to come.
    let mut first = vec![0; 10];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    delete_with_rows(&app, job["id"].as_str().unwrap());
    let (lines, status) = end_of(child, first);
    assert_eq!((lines.len(), status), (files + 1, Some(0)));
    assert_eq!(lines[files]["summary"]["complete"], true);

    let damaged = app.run(json!({}));
    let last = format!("DELETE FROM results WHERE position = {}", files - 2);
    assert_eq!(database(&app).execute(&last, []).unwrap(), 1);
    let (lines, status) = end_of(command(&app, damaged["id"].as_str().unwrap()), Vec::new());
    assert_eq!(status, Some(1));
    assert!(lines.iter().all(|line| line.get("summary").is_none()), "what was printed must not look whole");
}

#[test]
fn exports_beyond_those_that_run_and_wait_are_refused() {
    let app = TestApp::with(|config| config.limits.write_timeout = Duration::from_secs(3600));
    write_many(&app, 'n', 1);
    let id = app.run(json!({}))["id"].as_str().unwrap().to_owned();
    let fields = format!("{}Accept: application/x-ndjson\r\n", cookie(&app));
    let path = format!("/api/v1/jobs/{id}/results");
    let stuck: Vec<Unread> = (0..RUNNING).map(|_| Unread::open(&app, &path, &fields)).collect();
    let (sender, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..WAITING + 3 {
            let (sender, app, id) = (sender.clone(), &app, &id);
            scope.spawn(move || sender.send(ndjson(app, id)).unwrap());
        }
        for _ in 0..3 {
            problem(answers.recv().unwrap(), 503, "queue_full");
        }
        let pages = app.get(&path).send().unwrap();
        assert_eq!(pages.status(), 200, "a page is no export");
        drop(stuck);
        for _ in 0..WAITING {
            assert_eq!(answers.recv().unwrap().status(), 200, "it has waited for its turn");
        }
    });
}

#[test]
fn clients_that_read_too_slowly_do_not_keep_exports_from_others() {
    let app = TestApp::with(|config| {
        config.limits.write_timeout = Duration::from_secs(3600);
        config.limits.body_pace =
            BodyPace { grace: Duration::ZERO, min_bytes_per_second: 1 << 40, ..BodyPace::default() };
    });
    write_many(&app, 'n', 1);
    let id = app.run(json!({}))["id"].as_str().unwrap().to_owned();
    let fields = format!("{}Accept: application/x-ndjson\r\n", cookie(&app));
    let slow: Vec<Unread> =
        (0..RUNNING).map(|_| Unread::open(&app, &format!("/api/v1/jobs/{id}/results"), &fields)).collect();
    assert_eq!(ndjson(&app, &id).status(), 200, "it has got the turn of one that was cut off");
    assert!(slow.into_iter().any(|unread| !unread.ends_whole()), "what was sent must not look whole");
}

#[test]
fn a_store_that_another_process_keeps_busy_refuses_what_would_be_written_and_is_read_meanwhile() {
    let app = TestApp::start();
    app.write("a", "abc");
    let job = app.run(json!({}));
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    let busy = database(&app);
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let submit = || {
        let spec = json!({ "root": "files" });
        app.post("/api/v1/jobs").header("idempotency-key", "key").json(&spec).send().unwrap()
    };
    std::thread::scope(|scope| {
        let refused = scope.spawn(submit);
        let deleted = scope.spawn(|| app.request(Method::DELETE, &path).send().unwrap());
        assert_eq!(app.json(&path)["state"], "completed");
        assert_eq!(ndjson(&app, job["id"].as_str().unwrap()).status(), 200);
        problem(refused.join().unwrap(), 503, "queue_full");
        problem(deleted.join().unwrap(), 503, "queue_full");
    });
    assert_eq!(app.json("/api/v1/jobs")["items"].as_array().unwrap().len(), 1, "nothing came of the refused request");
    busy.execute_batch("ROLLBACK").unwrap();
    assert_eq!(submit().status(), 202);
    assert_eq!(app.request(Method::DELETE, &path).send().unwrap().status(), 204);
}

#[test]
fn a_client_has_few_comparisons_in_memory_at_a_time() {
    let app = TestApp::with(|config| config.limits.write_timeout = Duration::from_secs(3600));
    app.write("first", "abc");
    let old = app.run(json!({}));
    write_many(&app, 'n', 1);
    let new = app.run(json!({}));
    let path = format!("/api/v1/jobs/{}/compare?with={}", old["id"].as_str().unwrap(), new["id"].as_str().unwrap());
    let lines = format!("{path}&format=ndjson");
    let stuck: Vec<Unread> = (0..2).map(|_| Unread::open(&app, &lines, &cookie(&app))).collect();
    problem(app.get(&lines).send().unwrap(), 429, "rate_limited");
    assert_eq!(app.get(&path).send().unwrap().status(), 200, "a page is no export");
    drop(stuck);
    while app.get(&lines).send().unwrap().status() == 429 {}
}
