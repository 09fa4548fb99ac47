//! A fleet for tests: a NATS server, a coordinator and nodes, as processes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hivesum_test_support::broker::Broker;
use hivesum_test_support::{comes_true, tools};
use reqwest::blocking::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A broker, a coordinator without directories of its own, and what nodes offer.
pub struct Fleet {
    pub broker: Broker,
    pub state: TempDir,
    pub tree: TempDir,
    pub coordinator: Process,
    pub client: Client,
}

/// A process that says on its standard output that it is ready. Killed when it is dropped.
pub struct Process {
    pub child: Child,
    /// What it has said.
    pub said: String,
}

impl Process {
    /// Starts the program, and waits for its first line.
    pub fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        Self { child, said: said.trim_end().to_owned() }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings that find out soon what is lost.
pub const SHORT_TIMES: [&str; 4] = ["--fleet-ack-seconds", "1", "--fleet-announce-seconds", "2"];

impl Fleet {
    /// `None` if the machine has no broker, which is said.
    pub fn start() -> Option<Self> {
        let broker = Broker::start()?;
        let url = broker.url();
        Some(Self::at(broker, &url))
    }

    /// A fleet whose coordinator finds the broker at this URL.
    pub fn at(broker: Broker, url: &str) -> Self {
        let (state, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let coordinator = serve(url, state.path());
        Self { broker, state, tree, coordinator, client: crate::app::client() }
    }

    /// Files of some 2 KiB, each with other content.
    pub fn write_tree(&self, directories: usize, files: usize) {
        for directory in 0..directories {
            let directory = self.tree.path().join(format!("d{directory:03}"));
            fs::create_dir(&directory).unwrap();
            for file in 0..files {
                let content = format!("{}/{file}\n", directory.display()).repeat(50);
                fs::write(directory.join(format!("f{file:03}")), content).unwrap();
            }
        }
    }

    pub fn node(&self, name: &str, more: &[&str]) -> Process {
        self.node_at(&self.broker.url(), name, more)
    }

    pub fn node_at(&self, url: &str, name: &str, more: &[&str]) -> Process {
        self.start_node(url, name, more, self.tree.path())
    }

    /// A node that offers another directory under the same name.
    pub fn node_on(&self, name: &str, more: &[&str], tree: &Path) -> Process {
        self.start_node(&self.broker.url(), name, more, tree)
    }

    fn start_node(&self, url: &str, name: &str, more: &[&str], tree: &Path) -> Process {
        let root = format!("photos={}", tree.display());
        let options = ["node", "--fleet", url, "--name", name, "--hashers", "2", "--hasher-priority", "normal"];
        let node = Process::start(&[&options, more, &[&root]].concat());
        assert_eq!(node.said, format!("working as {name}"));
        node
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.coordinator.said.strip_prefix("listening on ").unwrap())
    }

    pub fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().unwrap();
        answer.json().unwrap()
    }

    /// Submits a job as soon as a node offers the root.
    pub fn submit(&self, root: &str) -> String {
        self.submit_as(&json!({ "root": root, "algorithms": ["sha256"] }))
    }

    /// Submits a job that reads so many bytes in a second at most.
    pub fn submit_slowly(&self, root: &str, rate: u64) -> String {
        self.submit_as(&json!({ "root": root, "algorithms": ["sha256"], "max_bytes_per_second": rate }))
    }

    pub fn submit_as(&self, body: &Value) -> String {
        let mut answer = Value::Null;
        let taken = comes_true(|| {
            let answered = self.client.post(self.url("/api/v1/jobs")).json(body).send().unwrap();
            answer = answered.json().unwrap();
            answer["id"].is_string()
        });
        assert!(taken, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/jobs/{id}"))
    }

    /// The job, once this holds of it.
    pub fn await_job(&self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut job = Value::Null;
        let held = comes_true(|| {
            // A coordinator that has just been started again may not answer yet.
            let answered = self.client.get(self.url(&format!("/api/v1/jobs/{id}"))).send();
            job = answered.ok().and_then(|answer| answer.json().ok()).unwrap_or_default();
            holds(&job)
        });
        assert!(held, "{job}");
        job
    }

    /// Asserts that the job ends, with exactly one row for each file, as sha256sum has it.
    pub fn assert_whole(&self, id: &str) {
        let job = self.await_job(id, |job| ["completed", "failed"].iter().any(|state| job["state"] == *state));
        assert_eq!(job["state"], "completed", "{job}");
        let (manifest, expected) = (self.manifest(id, "sha256"), self.expected());
        let lines = |text: &str| text.lines().count();
        let (found, wanted) = (lines(&manifest), lines(&expected));
        assert!(manifest == expected, "{found} rows and {wanted} files; {}", self.problems(id));
    }

    /// The digests of the job, as sha256sum and b3sum write them.
    pub fn manifest(&self, id: &str, algorithm: &str) -> String {
        let path = format!("/api/v1/jobs/{id}/manifest?format=gnu&algorithm={algorithm}");
        self.client.get(self.url(&path)).send().unwrap().text().unwrap()
    }

    fn expected(&self) -> String {
        let find = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
        let expected = String::from_utf8(tools::output(self.tree.path(), "sh", &["-c", find])).unwrap();
        expected.replace("  ./", "  ")
    }

    /// The first rows that are errors.
    fn problems(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/jobs/{id}/results?status=error&limit=20"))
    }
}

pub fn serve(url: &str, state: &Path) -> Process {
    let state = state.to_str().unwrap();
    let options = ["serve", "--no-auth", "--rate-limit", "off", "--listen", "127.0.0.1:0", "--state", state];
    Process::start(&[&options[..], &["--fleet", url], &SHORT_TIMES].concat())
}
