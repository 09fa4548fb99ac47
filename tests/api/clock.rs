//! The wall clock jumps a day forward and back (F58). No duration is measured by it, and no job is deleted because of it.

use std::fs::File;
use std::time::Instant;

use hivesum_test_support::LONGEST_WAIT;
use hivesum_test_support::wall_clock::WallClock;
use jiff::Timestamp;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::app::client;
use crate::program::Program;
use crate::restartable_server::RestartableServer;

const DAY: i64 = 86_400;
const HOUR_MS: u64 = 3_600_000;

/// A program that has this clock.
fn start(clock: &WallClock, more: &[&str]) -> Program {
    let variables = clock.variables();
    Program::start_in(&variables.each_ref().map(|(name, file)| (*name, file.as_path())), more)
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
    let Some(clock) = WallClock::new() else { return };
    let served = Served::of(start(&clock, &["--rate-limit=off"]));
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
    let Some(clock) = WallClock::new() else { return };
    let served = Served::of(start(&clock, &["--rate-limit=1"]));
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
    let Some(clock) = WallClock::new() else { return };
    let server = RestartableServer::new();
    server.write("a", "abc");
    let variables = clock.variables().map(|(name, file)| format!("{name}={}", file.display()));
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
