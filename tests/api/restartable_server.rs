//! The program, killed and started again on the same state directory. The durability tests share it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A state directory and a tree, which one process after another serves.
pub struct RestartableServer {
    dir: TempDir,
    pub client: Client,
    /// Requests for jobs that got a 500.
    pub failed_requests: AtomicUsize,
}

/// A process that serves.
pub struct ServerProcess {
    child: Child,
    pub url: String,
    /// The time from its start to its first line of output.
    pub ready_after: Duration,
}

impl RestartableServer {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("tree")).unwrap();
        let client = crate::app::client();
        Self { dir, client, failed_requests: AtomicUsize::new(0) }
    }

    pub fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.tree().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The arguments of the program itself.
    fn args(&self) -> Vec<String> {
        let (tree, state) = (format!("files={}", self.tree().display()), self.state().display().to_string());
        // At idle priority, hashers on a busy machine would be at the same file at every kill.
        let options = ["serve", "--no-auth", "--rate-limit", "off", "--hasher-priority", "normal"];
        let more = ["--listen", "127.0.0.1:0", "--state", &state, &tree];
        options.iter().chain(&more).map(|arg| (*arg).to_owned()).collect()
    }

    /// Starts the program, under `runner` where that is not empty.
    pub fn spawn(&self, runner: &[&str]) -> Child {
        let errors = fs::File::create(self.dir.path().join("stderr")).unwrap();
        self.program(runner).stdout(Stdio::piped()).stderr(errors).spawn().unwrap()
    }

    /// The program that serves, under `runner`.
    pub fn program(&self, runner: &[&str]) -> Command {
        let program = [runner, &[env!("CARGO_BIN_EXE_hivesum")]].concat();
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(self.args()).stdin(Stdio::null());
        command
    }

    /// Starts the program and waits until it listens. None where it ends before that.
    pub fn try_start(&self, runner: &[&str]) -> Option<ServerProcess> {
        self.start_or_refusal(runner).ok()
    }

    /// Starts the program and waits until it listens. Where it ends before that: its exit status, and what it
    /// printed to stderr.
    pub fn start_or_refusal(&self, runner: &[&str]) -> Result<ServerProcess, (Option<i32>, String)> {
        let began = Instant::now();
        let mut child = self.spawn(runner);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let status = child.wait().unwrap();
            return Err((status.code(), fs::read_to_string(self.dir.path().join("stderr")).unwrap()));
        };
        Ok(ServerProcess { url: url.to_owned(), ready_after: began.elapsed(), child })
    }

    pub fn start(&self) -> ServerProcess {
        self.try_start(&[]).expect("the service starts")
    }

    /// Runs a command of the program on the state.
    pub fn command(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
        command.args(args).arg("--state").arg(self.state()).stdin(Stdio::null()).output().unwrap()
    }

    /// Requests a job with an idempotency key. Its id, if the request was acknowledged.
    pub fn submit(&self, process: &ServerProcess, key: &str, spec: &Value) -> Option<String> {
        let mut spec = spec.clone();
        spec["root"] = json!("files");
        self.acknowledged(self.client.post(format!("{}/api/v1/jobs", process.url)).json(&spec), key)
    }

    /// The same for a job that audits the tree against a manifest.
    pub fn audit(&self, process: &ServerProcess, key: &str, manifest: &str) -> Option<String> {
        let request = self.client.post(format!("{}/api/v1/verify?root=files", process.url));
        self.acknowledged(request.body(manifest.to_owned()), key)
    }

    fn acknowledged(&self, request: RequestBuilder, key: &str) -> Option<String> {
        let answer = request.header("idempotency-key", key).send().ok()?;
        if answer.status() == 500 {
            self.failed_requests.fetch_add(1, Ordering::Relaxed);
        }
        if answer.status() != 202 {
            return None;
        }
        let job: Value = answer.json().ok()?;
        Some(job["id"].as_str()?.to_owned())
    }

    pub fn get(&self, process: &ServerProcess, path: &str) -> Value {
        self.client.get(format!("{}{path}", process.url)).send().unwrap().json().unwrap()
    }

    /// Follows a job to its end and returns it.
    pub fn wait_for(&self, process: &ServerProcess, id: &str) -> Value {
        let events = self.client.get(format!("{}/api/v1/jobs/{id}/events", process.url)).send().unwrap();
        crate::app::Events::of(events).find(|event| event.name == "end").expect("the stream ends with the job").data
    }

    /// Whether the job ends before the service does.
    pub fn ends_here(&self, process: &ServerProcess, id: &str) -> bool {
        let request = self.client.get(format!("{}/api/v1/jobs/{id}/events", process.url));
        request.send().is_ok_and(|answer| answer.text().is_ok_and(|text| text.contains("event: end")))
    }

    /// All results of a job, from the NDJSON stream.
    pub fn results(&self, process: &ServerProcess, id: &str) -> Vec<Value> {
        let request = self.client.get(format!("{}/api/v1/jobs/{id}/results", process.url));
        let text = request.header("accept", "application/x-ndjson").send().unwrap().text().unwrap();
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.pop().unwrap()["summary"].is_object());
        lines
    }
}

impl ServerProcess {
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for it to end, and returns the exit status.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
