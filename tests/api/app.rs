//! A whole service on a port of its own, with its own directories, and a client that is signed in.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hivesum::config::{RootConfig, ServeConfig};
use hivesum::server::{Server, bind};
use hivesum_test_support::LONGEST_WAIT;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub struct TestApp {
    pub address: SocketAddr,
    /// The token of the sign-in link, unless it was used to sign in.
    pub start_token: Option<String>,
    /// The directory served as `files`.
    pub root: TempDir,
    pub state: TempDir,
    cookie: Option<String>,
    client: Client,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    /// With the defaults, signed in by the link.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With another configuration, signed in where a token is needed.
    pub fn with(change: impl FnOnce(&mut ServeConfig)) -> Self {
        let mut app = Self::signed_out(change);
        if let Some(token) = app.start_token.take() {
            app.cookie = Some(app.sign_in(&token));
        }
        app
    }

    /// With another configuration, not signed in.
    pub fn signed_out(change: impl FnOnce(&mut ServeConfig)) -> Self {
        let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut config = ServeConfig::new(state.path().join("state"));
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.roots = vec![RootConfig { name: Some("files".to_owned()), path: root.path().to_owned() }];
        change(&mut config);
        let listener = bind(config.listen).unwrap();
        let stop = CancellationToken::new();
        let (address, link, thread) = serve(config, listener, stop.clone());
        let start_token = link.map(|link| link.split_once("#token=").unwrap().1.to_owned());
        Self { address, start_token, root, state, cookie: None, client: client(), stop, thread: Some(thread) }
    }

    /// Exchanges a token for a session cookie, `NAME=VALUE`.
    pub fn sign_in(&self, token: &str) -> String {
        let answer = self.anonymous(Method::POST, "/api/v1/session").json(&json!({ "token": token })).send().unwrap();
        assert_eq!(answer.status(), 204);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request with the session cookie, if there is one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.anonymous(method, path);
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// GET, as JSON.
    pub fn json(&self, path: &str) -> Value {
        ok_json(self.get(path).send().unwrap())
    }

    /// GET, as JSON, until the condition holds.
    pub fn await_json(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let value = self.json(path);
            if holds(&value) {
                return value;
            }
            assert!(began.elapsed() < LONGEST_WAIT, "{path} stays {value}");
        }
    }

    /// Writes a file below the root.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Submits a job on `files` and returns its id.
    pub fn submit(&self, mut spec: Value) -> String {
        spec["root"] = json!("files");
        let answer = self.post("/api/v1/jobs").json(&spec).send().unwrap();
        assert_eq!(answer.status(), 202, "{spec}");
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let job: Value = answer.json().unwrap();
        let id = job["id"].as_str().unwrap().to_owned();
        assert_eq!(location, format!("/api/v1/jobs/{id}"));
        id
    }

    /// Follows a job's events to its end and returns the job.
    pub fn wait_for(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/v1/jobs/{id}/events")).send().unwrap();
        assert_eq!(answer.status(), 200);
        let end = Events::of(answer).find(|event| event.name == "end").expect("the stream ends with the job");
        end.data
    }

    /// Submits a job, waits for its end and returns it.
    pub fn run(&self, spec: Value) -> Value {
        self.wait_for(&self.submit(spec))
    }

    /// A raw TCP connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Stops the service as a signal would, and waits for its end.
    pub fn stop(mut self) {
        self.stop_now();
    }

    /// Tells the service to stop, without waiting.
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    fn stop_now(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the service ends without a panic");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stop.cancel();
        } else {
            self.stop_now();
        }
    }
}

/// A client to be set up. Its crate chooses no provider of TLS.
pub fn client_builder() -> reqwest::blocking::ClientBuilder {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A client that is patient, and asks the service itself, whatever proxy the environment names.
pub fn client() -> Client {
    client_builder().timeout(LONGEST_WAIT).build().unwrap()
}

fn serve(
    config: ServeConfig,
    listener: TcpListener,
    stop: CancellationToken,
) -> (SocketAddr, Option<String>, JoinHandle<()>) {
    let (started_in, started) = mpsc::channel();
    let run = move || {
        actix_web::rt::System::new().block_on(async move {
            let server = Server::start(config, listener).await.unwrap();
            started_in.send((server.address().unwrap(), server.sign_in_link().unwrap())).unwrap();
            server.run_until(stop.cancelled_owned()).await.unwrap();
        });
    };
    let thread = std::thread::spawn(run);
    let (address, link) = started.recv().expect("the service starts");
    (address, link, thread)
}

/// The JSON of an answer with status 200.
pub fn ok_json(answer: Response) -> Value {
    let status = answer.status();
    let text = answer.text().unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Checks that the answer is a problem document with this status and code and all members, and returns it.
#[track_caller]
pub fn problem(answer: Response, status: u16, code: &str) -> Value {
    let fields = answer.headers().clone();
    let got = answer.status();
    let text = answer.text().unwrap();
    assert_eq!(got, status, "{text}");
    assert_eq!(fields["content-type"], "application/problem+json", "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["code"], code, "{text}");
    assert_eq!(problem["status"], status, "{text}");
    for member in ["type", "title", "detail", "request_id"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} is missing in {text}");
    }
    let temporary = std::env::temp_dir();
    assert!(!text.contains(temporary.to_str().unwrap()), "a path of the server is in {text}");
    if matches!(status, 429 | 503) {
        let seconds: u64 = fields["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(seconds >= 1);
    }
    problem
}

/// One server-sent event.
#[derive(Debug)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// The events of an answer as they arrive. A stream without events stays open, so reading has a timeout. It is checked
/// at every line, and the service sends a comment line every 15 s.
pub struct Events {
    lines: BufReader<Response>,
    opened: Instant,
    last_line: String,
}

/// The longest time that a test reads one stream.
const STREAM_TIMEOUT: Duration = Duration::from_secs(300);

impl Events {
    pub fn of(answer: Response) -> Self {
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { lines: BufReader::new(answer), opened: Instant::now(), last_line: String::new() }
    }

    /// The next line without its newline. None at the end of the stream.
    fn next_line(&mut self) -> Option<String> {
        let waited = self.opened.elapsed();
        assert!(waited < STREAM_TIMEOUT, "no end after {waited:?}, the last data line was {:?}", self.last_line);
        let mut line = String::new();
        if self.lines.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        line.truncate(line.trim_end_matches('\n').len());
        if line.starts_with("data") {
            self.last_line.clone_from(&line);
        }
        Some(line)
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, None, None);
        loop {
            match self.next_line()?.split_once(": ") {
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                Some(_) => {}
                None => {
                    if let (Some(id), Some(name), Some(data)) = (id.take(), name.take(), data.take()) {
                        return Some(Event { id, name, data });
                    }
                }
            }
        }
    }
}
