//! Limits per client on shared resources: queued jobs, event streams, uploads and manifests.

use std::io::{Read, Write};
use std::net::TcpStream;

use hivesum::config::BodyPace;
use hivesum_test_support::LONGEST_WAIT;
use hivesum_test_support::vectors::ABC_SHA256;
use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::access::token_until;
use crate::app::{TestApp, problem};

/// A client with a token of its own.
struct Client<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Client<'a> {
    fn of(app: &'a TestApp) -> Self {
        Self { app, token: token_until(app, "read,hash,admin", None).1 }
    }

    /// Requests a job that takes very long.
    fn submit(&self) -> Response {
        let slow = json!({ "root": "files", "algorithms": ["sha256"], "max_bytes_per_second": 1000 });
        self.app.anonymous(Method::POST, "/api/v1/jobs").bearer_auth(&self.token).json(&slow).send().unwrap()
    }

    fn submitted(&self) -> String {
        let answer = self.submit();
        assert_eq!(answer.status(), 202);
        answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
    }

    fn follow(&self, job: &str) -> Response {
        let path = format!("/api/v1/jobs/{job}/events");
        self.app.anonymous(Method::GET, &path).bearer_auth(&self.token).send().unwrap()
    }

    /// Sends the head of a body of six bytes, and `sent` of it.
    fn begin(&self, target: &str, sent: &str) -> TcpStream {
        let (mut stream, token) = (self.app.connect(), &self.token);
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 6\r\n\r\n{sent}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// Waits until a metric of the service has this value.
    fn await_metric(&self, name: &str, count: usize) {
        let (line, began) = (format!("hivesum_{name} {count}"), std::time::Instant::now());
        loop {
            let metrics = self.app.anonymous(Method::GET, "/metrics").bearer_auth(&self.token).send().unwrap();
            let metrics = metrics.text().unwrap();
            if metrics.lines().any(|known| known == line) {
                return;
            }
            assert!(began.elapsed() < LONGEST_WAIT, "{line} is not in\n{metrics}");
        }
    }

    fn send(&self, target: &str) -> Response {
        let request = self.app.anonymous(Method::POST, target).bearer_auth(&self.token);
        request.body("abc").send().unwrap()
    }

    fn cancel(&self, job: &str) {
        let path = format!("/api/v1/jobs/{job}/cancel");
        let answer = self.app.anonymous(Method::POST, &path).bearer_auth(&self.token).send().unwrap();
        assert_eq!(answer.status(), 200);
    }
}

fn with_a_big_file(app: TestApp) -> TestApp {
    std::fs::File::create(app.root.path().join("big")).unwrap().set_len(1 << 40).unwrap();
    app
}

/// Checks that the answer names the limit that was reached, beside the one of requests.
#[track_caller]
fn check_over_limit(answer: Response, of: &str, quota: usize) {
    let fields = answer.headers().clone();
    let field = |name: &str| fields[name].to_str().unwrap().to_owned();
    assert_eq!(field("ratelimit-policy"), format!("\"default\";q=2000;w=2, \"{of}\";q={quota}"));
    let left = field("ratelimit");
    assert!(left.starts_with("\"default\";r=1") && left.ends_with(&format!(", \"{of}\";r=0")), "{left}");
    problem(answer, 429, "rate_limited");
}

#[test]
fn queued_jobs_over_the_limit_of_a_client_are_refused_and_those_of_others_are_not() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs = 4;
        config.limits.max_queued_jobs_per_client = Some(2);
    }));
    let (one, other, third) = (Client::of(&app), Client::of(&app), Client::of(&app));
    let running = one.submitted();
    let waiting = [one.submitted(), one.submitted()];
    check_over_limit(one.submit(), "queued-jobs", 2);
    let others = [other.submitted(), other.submitted()];
    // Now the queue itself is full for everybody.
    for client in [&one, &other, &third] {
        problem(client.submit(), 503, "queue_full");
    }
    one.cancel(&waiting[0]);
    let again = one.submitted();
    other.cancel(&others[0]);
    check_over_limit(one.submit(), "queued-jobs", 2);
    third.submitted();
    for job in [&running, &waiting[1], &again] {
        one.cancel(job);
    }
}

#[test]
fn the_queue_limits_are_checked_before_the_body_is_read() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs = 2;
        config.limits.max_queued_jobs_per_client = Some(1);
    }));
    let (one, other) = (Client::of(&app), Client::of(&app));
    let keyed = || {
        let spec = json!({ "root": "files", "path": "big" });
        let request = app.anonymous(Method::POST, "/api/v1/jobs").bearer_auth(&one.token);
        request.header("idempotency-key", "again").json(&spec).send().unwrap()
    };
    one.submitted();
    let first: Value = keyed().json().unwrap();
    for (client, status) in [(&one, "429"), (&other, "503")] {
        for target in ["/api/v1/jobs", "/api/v1/verify?root=files"] {
            let mut stream = client.begin(target, "");
            let mut said = [0; 12];
            stream.read_exact(&mut said).expect("an answer before any byte of the body");
            assert_eq!(std::str::from_utf8(&said).unwrap(), format!("HTTP/1.1 {status}"), "{target}");
        }
        if status == "429" {
            other.submitted();
        }
    }
    let again = keyed();
    assert_eq!(again.status(), 202, "a repeated request needs no further reservation");
    assert_eq!(again.json::<Value>().unwrap()["id"], first["id"]);
}

#[test]
fn a_verify_request_counts_as_a_job() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs_per_client = Some(0);
    }));
    let one = Client::of(&app);
    one.submitted();
    let verify = app.anonymous(Method::POST, "/api/v1/verify?root=files").bearer_auth(&one.token);
    let manifest = format!("{ABC_SHA256}  a\n");
    check_over_limit(verify.body(manifest).send().unwrap(), "queued-jobs", 0);
}

#[test]
fn streams_over_the_limit_of_a_client_are_refused_and_those_of_others_are_not() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_streams = 3;
        config.limits.max_streams_per_client = Some(2);
    }));
    let (one, other) = (Client::of(&app), Client::of(&app));
    let (job, others) = (one.submitted(), other.submitted());
    let held = [one.follow(&job), one.follow(&job)];
    assert!(held.iter().all(|answer| answer.status() == 200));
    check_over_limit(one.follow(&job), "streams", 2);
    let last = other.follow(&others);
    assert_eq!(last.status(), 200);
    problem(other.follow(&others), 503, "too_many_streams");
    problem(one.follow(&job), 503, "too_many_streams");
    // A stream that ends releases its permit.
    one.cancel(&job);
    held.into_iter().for_each(|answer| assert!(answer.text().unwrap().contains("event: end")));
    one.await_metric("event_streams", 1);
    assert_eq!(one.follow(&job).status(), 200);
    drop(last);
}

#[test]
fn uploads_over_the_limit_of_a_client_are_refused_and_those_of_others_are_not() {
    let app = TestApp::signed_out(|config| {
        // What is begun stays unfinished as long as the test takes.
        let hour = std::time::Duration::from_secs(3600);
        config.limits.body_pace = BodyPace { grace: hour, stall: hour, ..BodyPace::default() };
        config.limits.max_uploads = 3;
        config.limits.max_uploads_per_client = Some(2);
        (config.limits.max_manifests, config.limits.max_manifests_per_client) = (5, 4);
    });
    // "abc" is not a manifest, so it gets 400 when read.
    for (target, of, quota, others, accepted) in [
        ("/api/v1/hash", "uploads", 2, 1, 200),
        ("/api/v1/verify?root=files", "manifests", 4, 1, 400),
        ("/api/v1/manifests/read", "manifests", 4, 1, 200),
    ] {
        let (one, other) = (Client::of(&app), Client::of(&app));
        let mut held: Vec<_> = (0..quota).map(|_| one.begin(target, "abc")).collect();
        one.await_metric(of, quota);
        check_over_limit(one.send(target), of, quota);
        assert_eq!(other.send(target).status(), accepted, "{target}");
        held.extend((0..others).map(|_| other.begin(target, "abc")));
        one.await_metric(of, quota + others);
        for client in [&one, &other] {
            problem(client.send(target), 503, "queue_full");
        }
        drop(held);
        one.await_metric(of, 0);
        assert_eq!(one.send(target).status(), accepted, "{target}");
    }
}

#[test]
fn the_limits_per_client_are_in_the_stats() {
    let app = TestApp::with(|config| config.limits.max_streams_per_client = Some(7));
    let limits = app.json("/api/v1/stats")["limits"].clone();
    assert_eq!(limits["max_streams_per_client"], 7);
    assert_eq!(limits["max_queued_jobs_per_client"], Value::Null);
    assert_eq!(limits["max_uploads_per_client"], Value::Null);
}
