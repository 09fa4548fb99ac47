//! What one client may hold of what all share: places in the queue of jobs, event streams.

use std::io::{Read, Write};
use std::net::TcpStream;

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

    /// Asks for a job that takes for ever.
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

    /// Begins to send a body of six bytes.
    fn begin(&self, target: &str, sent: &str) -> TcpStream {
        let (mut stream, token) = (self.app.connect(), &self.token);
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 6\r\n\r\n{sent}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// Waits until so many are held, by the service's own figure.
    fn await_held(&self, figure: &str, count: usize) {
        let (line, began) = (format!("hivesum_{figure} {count}"), std::time::Instant::now());
        loop {
            let metrics = self.app.anonymous(Method::GET, "/metrics").bearer_auth(&self.token).send().unwrap();
            let metrics = metrics.text().unwrap();
            if metrics.lines().any(|known| known == line) {
                return;
            }
            assert!(began.elapsed().as_secs() < 30, "{line} is not said in\n{metrics}");
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

/// Checks that the answer says which bound is reached, beside the one of requests.
#[track_caller]
fn over_its_share(answer: Response, of: &str, quota: usize) {
    let fields = answer.headers().clone();
    let field = |name: &str| fields[name].to_str().unwrap().to_owned();
    assert_eq!(field("ratelimit-policy"), format!("\"default\";q=2000;w=2, \"{of}\";q={quota}"));
    let left = field("ratelimit");
    assert!(left.starts_with("\"default\";r=1") && left.ends_with(&format!(", \"{of}\";r=0")), "{left}");
    problem(answer, 429, "rate_limited");
}

#[test]
fn jobs_of_one_client_beyond_its_share_of_the_queue_are_refused_and_nobody_else_is() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs = 4;
        config.limits.max_queued_jobs_per_client = Some(2);
    }));
    let (one, other, third) = (Client::of(&app), Client::of(&app), Client::of(&app));
    let running = one.submitted();
    let waiting = [one.submitted(), one.submitted()];
    over_its_share(one.submit(), "queued-jobs", 2);
    let others = [other.submitted(), other.submitted()];
    // Now the queue itself is full, and says so to everybody.
    for client in [&one, &other, &third] {
        problem(client.submit(), 503, "queue_full");
    }
    one.cancel(&waiting[0]);
    let again = one.submitted();
    other.cancel(&others[0]);
    over_its_share(one.submit(), "queued-jobs", 2);
    third.submitted();
    for job in [&running, &waiting[1], &again] {
        one.cancel(job);
    }
}

#[test]
fn the_queue_is_looked_at_before_a_body_is_read() {
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
            stream.read_exact(&mut said).expect("an answer, though no byte of the body has come");
            assert_eq!(std::str::from_utf8(&said).unwrap(), format!("HTTP/1.1 {status}"), "{target}");
        }
        if status == "429" {
            other.submitted();
        }
    }
    let again = keyed();
    assert_eq!(again.status(), 202, "what was taken under its key needs no other place");
    assert_eq!(again.json::<Value>().unwrap()["id"], first["id"]);
}

#[test]
fn a_manifest_is_counted_as_a_job_is() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_running_jobs = 1;
        config.limits.max_queued_jobs_per_client = Some(0);
    }));
    let one = Client::of(&app);
    one.submitted();
    let verify = app.anonymous(Method::POST, "/api/v1/verify?root=files").bearer_auth(&one.token);
    let manifest = format!("{ABC_SHA256}  a\n");
    over_its_share(verify.body(manifest).send().unwrap(), "queued-jobs", 0);
}

#[test]
fn streams_of_one_client_beyond_its_share_are_refused_and_nobody_elses_are() {
    let app = with_a_big_file(TestApp::signed_out(|config| {
        config.limits.max_streams = 3;
        config.limits.max_streams_per_client = Some(2);
    }));
    let (one, other) = (Client::of(&app), Client::of(&app));
    let (job, others) = (one.submitted(), other.submitted());
    let held = [one.follow(&job), one.follow(&job)];
    assert!(held.iter().all(|answer| answer.status() == 200));
    over_its_share(one.follow(&job), "streams", 2);
    let last = other.follow(&others);
    assert_eq!(last.status(), 200);
    problem(other.follow(&others), 503, "too_many_streams");
    problem(one.follow(&job), 503, "too_many_streams");
    // A stream that ends gives its place back.
    one.cancel(&job);
    held.into_iter().for_each(|answer| assert!(answer.text().unwrap().contains("event: end")));
    one.await_held("event_streams", 1);
    assert_eq!(one.follow(&job).status(), 200);
    drop(last);
}

#[test]
fn bodies_of_one_client_beyond_its_share_are_refused_and_nobody_elses_are() {
    let app = TestApp::signed_out(|config| {
        config.limits.max_uploads = 3;
        config.limits.max_uploads_per_client = Some(2);
    });
    // Of manifests eight may be on their way in, six of them one's. "abc" is none, which is told once it is read.
    for (target, of, quota, others, taken) in
        [("/api/v1/hash", "uploads", 2, 1, 200), ("/api/v1/verify?root=files", "manifests", 6, 2, 400)]
    {
        let (one, other) = (Client::of(&app), Client::of(&app));
        let mut held: Vec<_> = (0..quota).map(|_| one.begin(target, "abc")).collect();
        one.await_held(of, quota);
        over_its_share(one.send(target), of, quota);
        assert_eq!(other.send(target).status(), taken, "{target}");
        held.extend((0..others).map(|_| other.begin(target, "abc")));
        one.await_held(of, quota + others);
        for client in [&one, &other] {
            problem(client.send(target), 503, "queue_full");
        }
        drop(held);
        one.await_held(of, 0);
        assert_eq!(one.send(target).status(), taken, "{target}");
    }
}

#[test]
fn what_one_client_may_hold_is_told() {
    let app = TestApp::with(|config| config.limits.max_streams_per_client = Some(7));
    let limits = app.json("/api/v1/stats")["limits"].clone();
    assert_eq!(limits["max_streams_per_client"], 7);
    assert_eq!(limits["max_queued_jobs_per_client"], Value::Null);
    assert_eq!(limits["max_uploads_per_client"], Value::Null);
}
