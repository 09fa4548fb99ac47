//! The log: one line per event, whatever bytes a client or a file system puts into it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use hivesum_test_support::has_tool;
use hivesum_test_support::process::PSEUDO_TERMINAL;

use crate::program::serve;

/// A name with control characters and a forged log line.
const WILD: &str = "x\n2026-01-01T00:00:00Z INFO forged\u{1b}[31m\u{7}\r\u{202e}y";

/// Runs the service at log level trace, sends requests with such names, and returns the log.
fn log_of(format: &str) -> String {
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = serve(&root, &state, &["--no-auth", "--log-format", format])
        .env("HIVESUM_LOG", "trace,mio=off,polling=off")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::fs::create_dir(root.path().join(WILD)).unwrap();
    std::fs::write(root.path().join(WILD).join(WILD), "abc").unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap();
    let wild: String = WILD.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let job = serde_json::json!({ "root": "files", "path": WILD }).to_string();
    let requests = [
        format!(
            "GET /{wild} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\u{9b}2Jb\u{202e}\r\nConnection: close\r\n\r\n"
        ),
        format!("GET /api/v1/roots/files/entries?path={wild} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        format!(
            "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{job}",
            job.len()
        ),
    ];
    for request in requests {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    String::from_utf8(log.join().unwrap()).expect("the log is UTF-8")
}

#[test]
fn the_human_log_has_one_line_per_event_and_no_control_characters() {
    let log = log_of("human");
    assert!(log.contains("answered"), "{log}");
    let controls: Vec<_> = log.chars().filter(|char| char.is_control() && *char != '\n').collect();
    assert!(controls.is_empty(), "{controls:?} in\n{log}");
    for line in log.lines() {
        assert!(line.starts_with("20") || line.starts_with("Anyone who reaches"), "{line:?} is no event in\n{log}");
        assert!(!line.contains("Z INFO forged") || line.contains("\\n2026-01-01") || line.contains("%0a"), "{line}");
    }
}

#[test]
fn the_json_log_has_one_object_per_line() {
    let log = log_of("json");
    let events: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().all(|event| event["timestamp"].is_string() && event["level"].is_string()), "{log}");
    let roots: Vec<_> = events.iter().filter(|event| event["message"] == "serving a directory").collect();
    assert!(roots.len() == 1 && roots[0]["path"].as_str().unwrap().starts_with('/'), "{roots:?}");
    let answered: Vec<_> = events.iter().filter(|event| event["message"] == "answered").collect();
    assert!(answered.len() >= 3 && answered.iter().all(|event| event["request_id"].is_string()), "{log}");
}

#[test]
fn broken_connections_and_malformed_requests_log_no_warning() {
    let mut program = crate::program::Program::start();
    let head = "POST /api/v1/hash HTTP/1.1\r\nHost: localhost\r\n";
    for request in [
        format!("{head}Content-Length: 100\r\n\r\nabc"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        format!("{head}Content-Length: x\r\n\r\n"),
        "\0\0\0".to_owned(),
        "GET / HT".to_owned(),
    ] {
        let mut stream = TcpStream::connect(program.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.ends(), Some(0));
    let loud: Vec<_> =
        program.said.lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).collect();
    assert!(loud.is_empty(), "{loud:?}");
}

#[test]
fn refused_tokens_and_hosts_are_logged_with_their_client_and_never_with_the_token() {
    const SECRET: &str = "5ecre7-5ecre7-5ecre7";
    for format in ["human", "json"] {
        let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let more = ["--log-format", format, "--trusted-proxy", "127.0.0.1/32"];
        let mut child = serve(&root, &state, &more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        let client = crate::app::client();
        let from = |path: &str, address: &str| client.get(format!("{url}{path}")).header("x-forwarded-for", address);
        assert_eq!(from("/api/v1/jobs", "192.0.2.7").bearer_auth(SECRET).send().unwrap().status(), 401);
        for _ in 0..100 {
            from("/metrics", "2001:db8::7").bearer_auth(SECRET).send().unwrap();
        }
        let token = serde_json::json!({ "token": SECRET });
        let sign_in = client.post(format!("{url}/api/v1/session")).header("x-forwarded-for", "192.0.2.8");
        assert_eq!(sign_in.json(&token).send().unwrap().status(), 401);
        assert_eq!(from("/", "192.0.2.9").header("host", "evil\u{9b}.example").send().unwrap().status(), 421);
        assert_eq!(from("/api/v1/jobs", "192.0.2.10").send().unwrap().status(), 401);
        assert_eq!(from("/api/v1/jobs", "192.0.2.10").header("cookie", "hivesum_x=y").send().unwrap().status(), 401);
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        child.wait().unwrap();
        let refused = |client: &str| match format {
            "json" => format!("\"message\":\"a token was refused\",\"client\":\"{client}\""),
            _ => format!(" WARN a token was refused client={client}\n"),
        };
        for client in ["192.0.2.7", "192.0.2.8"] {
            assert_eq!(log.matches(&refused(client)).count(), 1, "{log}");
        }
        assert!((10..60).contains(&log.matches(&refused("2001:db8::7")).count()), "{log}");
        assert!(log.contains("--allow-host") && log.contains("192.0.2.9") && !log.contains('\u{9b}'), "{log}");
        assert!(!log.contains(SECRET) && !log.contains("192.0.2.10"), "{log}");
        if format == "json" {
            let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let links: Vec<_> = events.filter_map(|event| event["link"].as_str().map(str::to_owned)).collect();
            assert!(links.len() == 1 && links[0].starts_with(&format!("{url}/#token=")), "{links:?}");
        }
    }
}

#[test]
fn the_address_is_said_once_on_a_terminal_and_in_both_streams_elsewhere() {
    let log = log_of("human");
    assert!(log.contains("serving address="), "{log}");
    if !has_tool("python3") {
        return;
    }
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = serve(&root, &state, &["--no-auth"]);
    let mut command = Command::new("python3");
    command.args(["-c", PSEUDO_TERMINAL, "serve"]).arg(program.get_program()).args(program.get_args());
    let seen = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert_eq!(
        (seen.matches("listening on http://").count(), seen.matches("serving address=").count()),
        (1, 0),
        "{seen}"
    );
}
