//! Sessions: signing out, the cookie's name, and streams that end with their credentials.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use hivesum_actors::store::tokens::Tokens;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType};
use serde_json::json;

use crate::access::token_until;
use crate::app::{TestApp, ok_json, problem};

fn sign_out(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::DELETE, "/api/v1/session").header("cookie", cookie).send().unwrap()
}

fn get(app: &TestApp, cookie: &str) -> reqwest::blocking::Response {
    app.anonymous(Method::GET, "/api/v1/algorithms").header("cookie", cookie).send().unwrap()
}

/// An answer that nobody reads: its client buffers as little as possible.
struct Unread(TcpStream);

impl Unread {
    /// Sends a request with these fields and awaits the head of a successful answer.
    fn open(app: &TestApp, path: &str, fields: &str) -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        set_socket_recv_buffer_size(&socket, 4096).unwrap();
        rustix::net::connect(&socket, &app.address).unwrap();
        let mut stream = TcpStream::from(socket);
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        Self(stream)
    }

    /// Reads to the end of the connection. Whether the answer had its last chunk.
    fn ends_whole(mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        rest.ends_with(b"\r\n0\r\n\r\n")
    }
}

/// Runs a job whose results take more room than the buffers of a connection: 15 KB of JSON for each file.
fn long_results(app: &TestApp) -> String {
    let buffered = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap();
    let buffered: usize = buffered.split_whitespace().last().unwrap().parse().unwrap();
    let mut directory = app.root.path().to_owned();
    (0..10).for_each(|_| directory.push("\u{1}".repeat(250)));
    std::fs::create_dir_all(&directory).unwrap();
    for number in 0..2 * buffered / 15_000 {
        std::fs::write(directory.join(number.to_string()), "").unwrap();
    }
    let job = app.run(json!({}));
    assert_eq!(job["state"], "completed");
    format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
}

#[test]
fn signing_out_ends_this_session_and_clears_its_cookie() {
    let app = TestApp::signed_out(|_| {});
    // A session may end itself whatever its scopes are.
    let secret = token_until(&app, "read", None).1;
    let (mine, other) = (app.sign_in(&secret), app.sign_in(&secret));
    ok_json(get(&app, &mine));
    let answer = sign_out(&app, &mine);
    assert_eq!(answer.status(), 204);
    let cleared = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let name = mine.split_once('=').unwrap().0;
    for part in [format!("{name}=").as_str(), "Max-Age=0", "Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(cleared.split("; ").any(|one| one == part), "{cleared}");
    }
    problem(get(&app, &mine), 401, "unauthenticated");
    problem(sign_out(&app, &mine), 401, "unauthenticated");
    ok_json(get(&app, &other));
}

#[test]
fn only_a_request_of_the_own_page_with_a_session_signs_out() {
    let app = TestApp::start();
    let secret = token_until(&app, "read,hash,admin", None).1;
    let delete = || app.anonymous(Method::DELETE, "/api/v1/session");
    problem(delete().send().unwrap(), 401, "unauthenticated");
    problem(delete().bearer_auth(&secret).send().unwrap(), 404, "not_found");
    let foreign = app.request(Method::DELETE, "/api/v1/session").header("sec-fetch-site", "cross-site");
    problem(foreign.send().unwrap(), 403, "cross_site");
    app.json("/api/v1/algorithms");
}

#[test]
fn two_services_on_a_host_do_not_sign_each_other_out() {
    let [one, other] = [TestApp::signed_out(|_| {}), TestApp::signed_out(|_| {})];
    let cookies = [&one, &other].map(|app| app.sign_in(app.start_token.as_ref().unwrap()));
    let names = cookies.each_ref().map(|cookie| cookie.split_once('=').unwrap().0);
    assert_ne!(names[0], names[1]);
    // A browser sends both to both.
    let both = cookies.join("; ");
    ok_json(get(&one, &both));
    let documented = one.anonymous(Method::GET, "/openapi.json").header("cookie", &both).send().unwrap();
    assert_eq!(ok_json(documented)["components"]["securitySchemes"]["session"]["name"], names[0]);
    assert_eq!(sign_out(&one, &both).status(), 204);
    ok_json(get(&other, &both));
}

#[test]
fn streams_end_when_another_process_revokes_their_token() {
    let app = TestApp::start();
    let job = long_results(&app);
    let (id, secret) = token_until(&app, "read,admin", None);
    let fields = format!("Authorization: Bearer {secret}\r\nConnection: close\r\n");
    let lines = format!("{fields}Accept: application/x-ndjson\r\n");
    let events = Unread::open(&app, "/api/v1/events", &fields);
    let results = Unread::open(&app, &format!("{job}/results"), &lines);
    let manifest = Unread::open(&app, &format!("{job}/manifest?format=json"), &fields);
    assert!(Tokens::open(&app.state.path().join("state")).unwrap().revoke(&id).unwrap());
    assert!(events.ends_whole(), "a stream without a regular end is closed");
    // All three ended together, so these two are read from there on.
    assert!(!results.ends_whole(), "what was sent must not look whole");
    assert!(!manifest.ends_whole(), "what was sent must not look whole");
    let (other, complete) = (lines.replace(&secret, &token_until(&app, "read,admin", None).1), "another token");
    assert!(Unread::open(&app, &format!("{job}/results"), &other).ends_whole(), "{complete}");
}

#[test]
fn a_stream_ends_when_its_token_expires() {
    let app = TestApp::start();
    let soon = Timestamp::now() + SignedDuration::from_millis(1500);
    let secret = token_until(&app, "read", Some(soon)).1;
    let fields = format!("Authorization: Bearer {secret}\r\nConnection: close\r\n");
    assert!(Unread::open(&app, "/api/v1/events", &fields).ends_whole());
    assert!(Timestamp::now() >= soon);
}

#[test]
fn the_streams_of_a_session_end_when_it_is_signed_out_and_those_of_others_go_on() {
    let app = TestApp::signed_out(|_| {});
    let secret = token_until(&app, "read,hash,admin", None).1;
    let [mine, other] = [app.sign_in(&secret), app.sign_in(&secret)];
    let open =
        |cookie: &str| Unread::open(&app, "/api/v1/events", &format!("Cookie: {cookie}\r\nConnection: close\r\n"));
    let (ending, lasting) = (open(&mine), open(&other));
    assert_eq!(sign_out(&app, &mine).status(), 204);
    assert!(ending.ends_whole());
    app.write("a", "abc");
    let submitted =
        app.anonymous(Method::POST, "/api/v1/jobs").header("cookie", &other).json(&json!({ "root": "files" }));
    assert_eq!(submitted.send().unwrap().status(), 202);
    let mut lines = BufReader::new(lasting.0).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "event: end"));
}
