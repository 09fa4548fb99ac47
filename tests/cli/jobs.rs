//! `hivesum jobs`: what a service has kept, without it and beside it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use super::support::{HIVESUM, Place, has_b3sum};

/// A service on the state `s` that has hashed the tree `t`; its address.
fn serving(place: &Place) -> (Child, String) {
    let mut command = place.command(HIVESUM);
    command.args(["serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", "s", "t"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
    (child, address)
}

/// What the service answers.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A job that has ended.
fn run_a_job(address: &str) -> String {
    let body = r#"{"root":"t"}"#;
    let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length";
    let answer = ask(address, &format!("POST /api/v1/jobs HTTP/1.1\r\n{head}: {}\r\n\r\n{body}", body.len()));
    let id = answer.split_once("\"id\":\"").unwrap().1[..36].to_owned();
    let events = format!("GET /api/v1/jobs/{id}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(ask(address, &events).contains("event: end"));
    id
}

#[test]
fn jobs_are_listed_shown_and_exported_beside_the_service_and_deleted_without_it() {
    let place = Place::with(&[(b"t/a", b"abc"), (b"t/d/b", b"something")]);
    let (mut service, address) = serving(&place);
    let (first, second) = (run_a_job(&address), run_a_job(&address));

    let list = place.hivesum(["jobs", "list", "--state", "s"]).well();
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines.len(), lines[0][0], lines[1][0]), (2, &*second, &*first));
    assert_eq!((lines[0][1], &lines[0][3..]), ("completed", &["2", "12", "t", ""][..]));
    assert_eq!(place.hivesum(["jobs", "list", "--in", "failed", "--state", "s"]).well(), "");
    let shown = place.hivesum(["jobs", "show", &first, "--state", "s"]).well();
    assert!(shown.contains("\"state\": \"completed\""), "{shown}");

    let manifest = place.hivesum(["jobs", "export", &first, "--state", "s"]).well();
    if has_b3sum() {
        place.write("t/B3SUMS", &manifest);
        let mut check = place.command("b3sum");
        check.args(["--check", "B3SUMS"]).current_dir(place.path("t"));
        assert!(check.output().unwrap().status.success(), "{manifest}");
    }
    assert!(
        place.hivesum(["jobs", "export", "--format", "csv", &first, "--state", "s"]).well().starts_with("path,size")
    );
    let wrong = place.hivesum(["jobs", "export", "-a", "md5", &first, "--state", "s"]);
    assert_eq!(wrong.code, Some(1));

    for command in [&["jobs", "delete", &*first, "--state", "s"][..], &["jobs", "compact", "--state", "s"]] {
        assert_eq!(place.hivesum(command).code, Some(75), "beside a service: {command:?}");
    }
    service.kill().unwrap();
    service.wait().unwrap();
    assert_eq!(place.hivesum(["jobs", "delete", &first, "--state", "s"]).well(), "");
    assert_eq!(place.hivesum(["jobs", "delete", &first, "--state", "s"]).code, Some(1));
    let compacted = place.hivesum(["jobs", "compact", "--state", "s"]);
    assert_eq!(compacted.code, Some(0), "{}", compacted.stderr());
    assert_eq!(place.hivesum(["jobs", "list", "--state", "s"]).well().lines().count(), 1);
    let nothing = place.hivesum(["jobs", "list", "--state", "elsewhere"]);
    assert_eq!(nothing.code, Some(1));
    assert!(!place.path("elsewhere").exists(), "looking makes nothing");
}
