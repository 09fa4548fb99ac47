//! The wall clock jumps a day forward and back (F58). No duration is measured by it, and no job is deleted because of it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use hivesum_test_support::{LONGEST_WAIT, has_tool};
use jiff::Timestamp;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::client;
use crate::program::Program;
use crate::restartable_server::RestartableServer;

const DAY: i64 = 86_400;
const HOUR_MS: u64 = 3_600_000;

/// A wall clock that the test sets, for the programs that it starts.
struct Clock {
    dir: TempDir,
    shift: File,
}

impl Clock {
    /// None without a C compiler.
    fn new() -> Option<Self> {
        if !has_tool("cc") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/clock/shift.c");
        let mut build = Command::new("cc");
        build.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("shift.so")).arg(source);
        assert!(build.status().unwrap().success());
        let shift = File::options().create_new(true).write(true).open(dir.path().join("shift")).unwrap();
        let clock = Self { dir, shift };
        clock.set(0);
        Some(clock)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn set(&self, seconds: i64) {
        self.shift.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    fn start(&self, more: &[&str]) -> Program {
        let (library, shift) = (self.file("shift.so"), self.file("shift"));
        Program::start_in(&[("LD_PRELOAD", &library), ("CLOCK_SHIFT", &shift)], more)
    }
}

/// A program and a client for it.
struct Served {
    program: Program,
    client: Client,
}

impl Served {
    fn of(program: Program) -> Self {
        Self { program, client: client() }
    }

    fn get(&self, path: &str) -> Response {
        self.client.get(self.program.url(path)).send().unwrap()
    }

    fn json(&self, path: &str) -> Value {
        self.get(path).json().unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.client.post(self.program.url(path)).json(body).send().unwrap().json().unwrap()
    }

    /// The job, once the condition holds.
    fn job(&self, id: &Value, holds: impl Fn(&Value) -> bool) -> Value {
        let (path, began) = (format!("/api/v1/jobs/{}", id.as_str().unwrap()), Instant::now());
        loop {
            let job = self.json(&path);
            if holds(&job) {
                return job;
            }
            assert!(began.elapsed() < LONGEST_WAIT, "{job}");
        }
    }
}

#[test]
fn clock_jumps_change_no_measured_duration() {
    let Some(clock) = Clock::new() else { return };
    let served = Served::of(clock.start(&["--rate-limit=off"]));
    let root = served.program.root.path();
    File::create(root.join("big")).unwrap().set_len(1 << 40).unwrap();
    std::fs::write(root.join("small"), "abc").unwrap();
    let slow = json!({ "root": "files", "path": "big", "max_bytes_per_second": 1000, "deadline_seconds": 3600 });
    let job = served.post("/api/v1/jobs", &slow);
    served.job(&job["id"], |job| job["state"] == "running");
    for days in [1, -1] {
        clock.set(days * DAY);
        let quick = served.post("/api/v1/jobs", &json!({ "root": "files", "path": "small" }));
        let created: Timestamp = quick["created_at"].as_str().unwrap().parse().unwrap();
        let ahead = created.as_second() - Timestamp::now().as_second();
        assert!((ahead - days * DAY).abs() < 3600, "the program's clock is {ahead} s ahead, not {days} days");
        let quick = served.job(&quick["id"], |job| job["finished_at"].is_string());
        assert_eq!(quick["state"], "completed");
        assert!(quick["summary"]["elapsed_ms"].as_u64().unwrap() < HOUR_MS, "{quick}");
        let hashed = served.client.post(served.program.url("/api/v1/hash")).body(vec![7; 1 << 20]).send().unwrap();
        assert!(hashed.json::<Value>().unwrap()["elapsed_ms"].as_f64().unwrap() < HOUR_MS as f64);
        let stats = served.json("/api/v1/stats");
        assert!(stats["uptime_seconds"].as_u64().unwrap() < 3600, "{stats}");
        assert!(stats["latency"]["p99_ms"].as_f64().unwrap() < HOUR_MS as f64, "{stats}");
        assert_eq!(served.job(&job["id"], |_| true)["state"], "running", "its deadline of an hour is not over");
    }
    served.post(&format!("/api/v1/jobs/{}/cancel", job["id"].as_str().unwrap()), &json!({}));
    let ended = served.job(&job["id"], |job| job["finished_at"].is_string());
    assert_eq!(ended["state"], "cancelled");
    assert!(ended["summary"]["elapsed_ms"].as_u64().unwrap() < HOUR_MS, "{ended}");
}

#[test]
fn retry_after_stays_short_when_the_clock_jumps() {
    let Some(clock) = Clock::new() else { return };
    let served = Served::of(clock.start(&["--rate-limit=1"]));
    let refused = || {
        let began = Instant::now();
        loop {
            let answer = served.get("/api/v1/stats");
            if answer.status() == 429 {
                return answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
            }
            assert!(began.elapsed() < LONGEST_WAIT, "the rate limit never applies");
        }
    };
    for days in [0, 1, -1, 0] {
        clock.set(days * DAY);
        assert_eq!(refused(), 1, "{days} days off");
    }
}

#[test]
fn a_clock_forty_years_ahead_at_the_start_deletes_no_kept_job() {
    let Some(clock) = Clock::new() else { return };
    let server = RestartableServer::new();
    server.write("a", "abc");
    let (library, shift) = (clock.file("shift.so"), clock.file("shift"));
    let variables = [format!("LD_PRELOAD={}", library.display()), format!("CLOCK_SHIFT={}", shift.display())];
    let runner = ["env", &variables[0], &variables[1], "HIVESUM_KEEP_DAYS=1"];
    let process = server.try_start(&runner).unwrap();
    let first = server.submit(&process, "first", &json!({})).unwrap();
    server.wait_for(&process, &first);
    process.kill();
    clock.set(40 * 365 * DAY);
    let process = server.try_start(&runner).unwrap();
    let second = server.submit(&process, "second", &json!({})).unwrap();
    assert!(server.wait_for(&process, &second)["created_at"].as_str().unwrap() > "2060");
    assert_eq!(server.get(&process, &format!("/api/v1/jobs/{first}"))["state"], "completed");
}
