//! A running service whose state other commands read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::work_dir::{HIVESUM, WorkDir};

/// A service with the state directory `s` and the root `t`, killed on drop.
pub(crate) struct Service {
    child: Child,
    address: String,
}

impl Service {
    pub(crate) fn start(dir: &WorkDir) -> Self {
        Self::with(dir, &[])
    }

    /// With more options.
    pub(crate) fn with(dir: &WorkDir, more: &[&str]) -> Self {
        let mut command = dir.command(HIVESUM);
        command.args(["serve", "--no-auth", "--listen", "127.0.0.1:0", "--state", "s", "t"]).args(more);
        Self::of(command)
    }

    /// The service that a command starts.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// Where it listens, as `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Stops it as a service manager does. Its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }

    /// The answer to a request, with its head.
    fn ask(&self, request: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let fields = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length";
        let head = format!("{request} HTTP/1.1\r\n{fields}: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// GET of any path: the answer with its head.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "")
    }

    /// GET, as JSON.
    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.ask(&format!("GET /api/v1/{path}"), "");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// Compares the root with a manifest, and waits for the end. The id of the job.
    pub(crate) fn verify(&self, manifest: &str) -> String {
        self.verify_with("root=t", manifest)
    }

    /// As `verify`, with another query.
    pub(crate) fn verify_with(&self, query: &str, manifest: &str) -> String {
        let answer = self.ask(&format!("POST /api/v1/verify?{query}"), manifest);
        let id = answer.split_once("\"id\":\"").unwrap_or_else(|| panic!("{answer}")).1[..36].to_owned();
        self.wait_for(&id);
        id
    }

    /// Follows a job to its end.
    fn wait_for(&self, id: &str) {
        assert!(self.ask(&format!("GET /api/v1/jobs/{id}/events"), "").contains("event: end"));
    }

    /// Submits a job. Its id.
    pub(crate) fn submit(&self, members: Value) -> String {
        let mut body = json!({ "root": "t" });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let answer = self.ask("POST /api/v1/jobs", &body.to_string());
        answer.split_once("\"id\":\"").unwrap_or_else(|| panic!("{answer}")).1[..36].to_owned()
    }

    /// Submits a job and waits for its end. Its id.
    pub(crate) fn run(&self, members: Value) -> String {
        let id = self.submit(members);
        self.wait_for(&id);
        id
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
