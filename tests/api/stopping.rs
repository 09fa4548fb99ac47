//! How the service starts and stops: its first lines, its signals, its lock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hivesum_test_support::{LONGEST_WAIT, comes_true};
use serde_json::{Value, json};

use crate::app::{TestApp, client};
use crate::program::{Program, serve};

#[test]
fn a_signal_under_load_drains_and_exits_with_0() {
    let mut program = Program::start();
    let big = std::fs::File::create(program.root.path().join("big")).unwrap();
    big.set_len(8 << 40).unwrap();
    let client = crate::app::client();
    let job = json!({ "root": "files", "algorithms": ["sha256", "md5"] });
    let job: Value = client.post(program.url("/api/v1/jobs")).json(&job).send().unwrap().json().unwrap();
    let events =
        client.get(program.url(&format!("/api/v1/jobs/{}/events", job["id"].as_str().unwrap()))).send().unwrap();
    let mut upload = TcpStream::connect(program.address).unwrap();
    upload.write_all(b"POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc").unwrap();
    let load: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn({
                let url = program.url("/api/v1/hash");
                move || {
                    let client = crate::app::client();
                    while client.post(&url).body(vec![0; 100_000]).send().is_ok() {}
                }
            })
        })
        .collect();
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.ends(), Some(0), "{}", program.said);
    for thread in load {
        thread.join().unwrap();
    }
    assert!(!events.text().unwrap_or_default().contains("event: end"), "the job resumes at the next start");
}

#[test]
fn a_second_signal_ends_the_service_at_once() {
    let mut program = Program::start();
    // Without a request under way the first signal would end it.
    let upload = TcpStream::connect(program.address).unwrap();
    let mut upload = begin_post_on(upload, "/api/v1/hash", "Content-Length: 100000\r\n");
    upload.write_all(b"abc").unwrap();
    let mut stderr = BufReader::new(program.child.stderr.take().unwrap());
    program.signal(rustix::process::Signal::INT);
    let mut line = String::new();
    while !line.contains("stopping") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended after the first signal");
    }
    let began = Instant::now();
    while program.child.try_wait().unwrap().is_none() {
        program.signal(rustix::process::Signal::TERM);
        assert!(began.elapsed() < LONGEST_WAIT, "a second signal ends nothing");
    }
    assert_ne!(program.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_closed_stdout_does_not_stop_the_service() {
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = serve(&root, &state, &[]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = stderr.find_map(|line| line.unwrap().split_once("http://").map(|(_, link)| link.to_owned())).unwrap();
    let (address, token) = link.split_once("/#token=").unwrap();
    assert_eq!(token.len(), 64);
    let client = crate::app::client();
    let answer = client.get(format!("http://{address}/healthz")).send().unwrap();
    assert_eq!(answer.status(), 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_second_server_on_the_same_state_is_refused() {
    let program = Program::start();
    let other = serve(&program.root, &program.state, &[]).stdout(Stdio::null()).output().unwrap();
    assert_eq!(other.status.code(), Some(75));
    let words = format!(" is in use by process {} (hivesum)", program.child.id());
    assert!(String::from_utf8_lossy(&other.stderr).contains(&words), "{}", String::from_utf8_lossy(&other.stderr));
}

#[test]
fn a_public_address_is_refused_without_a_proxy() {
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for more in [&["--listen", "0.0.0.0:0"][..], &["--listen", "0.0.0.0:0", "--no-auth", "--behind-proxy"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hivesum"))
            .args(["serve", "--state"])
            .arg(state.path())
            .args(more)
            .arg(root.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn begin_post(app: &TestApp, path: &str, fields: &str) -> TcpStream {
    begin_post_on(app.connect(), path, fields)
}

/// Sends a head and waits until the service asks for the body, so that its handler is running.
fn begin_post_on(mut stream: TcpStream, path: &str, fields: &str) -> TcpStream {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    write!(stream, "POST {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n{fields}\r\n").unwrap();
    let mut answered = [0; CONTINUE.len()];
    stream.read_exact(&mut answered).unwrap();
    assert_eq!(answered, CONTINUE);
    stream
}

/// Tells the service to stop, and waits until its port is closed. By then no job runs.
fn begin_to_stop(app: &TestApp) {
    app.begin_to_stop();
    let is_closed =
        || TcpStream::connect(app.address).is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
    assert!(comes_true(is_closed), "the port stays open");
}

/// Open to everybody, and so patient with bodies at its end that this test's come in time.
fn open_and_patient(config: &mut hivesum::config::ServeConfig) {
    config.access = hivesum::config::Access::Open;
    config.limits.drain_timeout = LONGEST_WAIT;
}

#[test]
fn a_stopping_service_finishes_a_running_upload() {
    let app = TestApp::with(open_and_patient);
    let mut upload = begin_post(&app, "/api/v1/hash?algorithms=sha256", "Content-Length: 3\r\n");
    upload.write_all(b"a").unwrap();
    begin_to_stop(&app);
    upload.write_all(b"bc").unwrap();
    let mut text = String::new();
    upload.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains(hivesum_test_support::vectors::ABC_SHA256), "{text}");
    app.stop();
}

#[test]
fn a_job_submitted_during_the_shutdown_gets_503_draining() {
    let app = TestApp::with(open_and_patient);
    let body = r#"{"root": "files"}"#;
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let mut late = begin_post(&app, "/api/v1/jobs", &fields);
    begin_to_stop(&app);
    late.write_all(body.as_bytes()).unwrap();
    let mut text = String::new();
    late.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("\"draining\""), "{text}");
    assert!(text.contains("retry-after: 1"), "{text}");
}

/// The answers to three uploads that do not end before the service has to, and the time until then.
fn cut_off_by_the_end(drain: Duration) -> ([String; 3], Duration) {
    let app = TestApp::with(|config| {
        config.access = hivesum::config::Access::Open;
        config.limits.drain_timeout = drain;
    });
    let uploads = ["/api/v1/hash", "/api/v1/jobs", "/api/v1/verify?root=files&path="].map(|path| {
        let mut upload = begin_post(&app, path, "Content-Type: application/json\r\nContent-Length: 300\r\n");
        upload.write_all(b"a").unwrap();
        upload
    });
    let began = Instant::now();
    app.begin_to_stop();
    let answers = uploads.map(|mut upload| {
        let mut text = Vec::new();
        let _ = upload.read_to_end(&mut text);
        String::from_utf8(text).unwrap()
    });
    (answers, began.elapsed())
}

#[test]
fn an_upload_under_way_gets_the_whole_drain_time_and_then_an_answer() {
    const DRAIN: Duration = Duration::from_secs(4);
    // A machine that is held up for the last second has no time left to answer in.
    let answered = || {
        let (answers, took) = cut_off_by_the_end(DRAIN);
        assert!(took >= DRAIN - Duration::from_millis(1500), "after {took:?}: {answers:?}");
        let is_refused = |text: &String| text.starts_with("HTTP/1.1 503 ") && text.contains("\"draining\"");
        assert!(took >= DRAIN || answers.iter().all(is_refused), "after {took:?}: {answers:?}");
        answers.iter().all(is_refused)
    };
    assert!(comes_true(answered), "nobody is answered");
}

#[test]
fn the_state_is_closed_to_others_also_where_it_was_open() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("s");
    let rights = |path: &std::path::Path| path.symlink_metadata().map(|meta| meta.mode() & 0o777);
    let entries = || std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path());
    for _ in 0..2 {
        let app = TestApp::with(|config| config.state_dir.clone_from(&state));
        app.write("a", "abc");
        app.run(json!({}));
        assert_eq!(rights(&state).unwrap(), 0o700);
        let open: Vec<_> = entries().filter(|path| rights(path).is_ok_and(|rights| rights & 0o077 != 0)).collect();
        assert_eq!(open, <[std::path::PathBuf; 0]>::default());
        assert_eq!(rights(&state.join("hivesum.db")).unwrap(), 0o600);
        app.stop();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o755)).unwrap();
        for path in entries() {
            match std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)) {
                // The last reader of the state closes it, and removes the log, on a thread of its own.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => assert!(!path.ends_with("hivesum.db")),
                done => done.unwrap(),
            }
        }
    }
}

#[test]
fn a_hangup_stops_nothing() {
    let mut program = Program::start();
    program.signal(rustix::process::Signal::HUP);
    let mut stderr = BufReader::new(program.child.stderr.take().unwrap()).lines();
    assert!(stderr.any(|line| line.unwrap().contains("nothing was read again")));
    assert_eq!(client().get(program.url("/healthz")).send().unwrap().status(), 200);
}
