//! What the service reports about itself: algorithms, stats, health, metrics.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use hivesum_test_support::comes_true;
use serde_json::{Value, json};

use crate::app::TestApp;

#[test]
fn all_algorithms_are_listed_and_one_is_the_default() {
    let app = TestApp::start();
    let algorithms = app.json("/api/v1/algorithms");
    let names: Vec<_> =
        algorithms.as_array().unwrap().iter().map(|algorithm| algorithm["name"].as_str().unwrap()).collect();
    let expected = "blake3 sha256 sha512 sha224 sha384 sha512_256 sha3_256 sha3_512 blake2b sha1 md5 crc32 crc32c xxh3_64 xxh3_128 \
        sha3_224 sha3_384 sha512_224 xxh32 xxh64 crc64 crc64nvme ripemd160 sm3 whirlpool md4 ed2k tiger blake2s quickxor \
        dropbox mailru hidrive";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(
        algorithms[0],
        json!({ "name": "blake3", "digest_bytes": 32, "secure": true, "default": true, "bsd_tag": "BLAKE3" })
    );
    assert_eq!(algorithms[10]["secure"], false);
    assert_eq!(algorithms.as_array().unwrap().iter().filter(|algorithm| algorithm["default"] == true).count(), 1);
}

#[test]
fn the_stats_count_what_was_hashed() {
    let app = TestApp::start();
    app.post("/api/v1/hash").body("abc").send().unwrap();
    let stats = app.json("/api/v1/stats");
    assert_eq!((&stats["bytes_hashed"], &stats["files_hashed"]), (&json!(3), &json!(1)));
    for member in ["size", "alive", "busy", "panics", "restarts", "stuck"] {
        assert!(stats["hashers"][member].is_u64(), "{member}");
    }
    for member in ["interactive", "jobs", "limit"] {
        assert!(stats["queue"][member].is_u64(), "{member}");
    }
    assert!(stats["latency"]["p50_ms"].is_number() && stats["latency"]["p99_ms"].is_number());
    assert!(["active_tasks", "total_tasks", "uptime_seconds"].iter().all(|member| stats[member].is_u64()));
    assert_eq!(stats["version"], env!("CARGO_PKG_VERSION"));
    let limits = &stats["limits"];
    assert_eq!((&limits["max_upload_bytes"], &limits["max_running_jobs"]), (&json!(16_u64 << 30), &json!(4)));
    assert!(limits["requests_per_second"].is_null() || limits["requests_per_second"].is_u64());
}

#[test]
fn the_stats_count_jobs_by_state_and_what_the_store_has_committed() {
    let app = TestApp::with(|config| config.limits.max_running_jobs = 1);
    app.write("a/1", "abc");
    app.write("a/2", "abc");
    app.run(json!({ "path": "a" }));
    let big = std::fs::File::create(app.root.path().join("big")).unwrap();
    big.set_len(1 << 40).unwrap();
    let slow = json!({ "path": "big", "algorithms": ["sha256"], "max_bytes_per_second": 1000 });
    let held = [app.submit(slow.clone()), app.submit(slow)];
    let jobs_are = |expected: Value| app.await_json("/api/v1/stats", |stats| stats["jobs"] == expected);
    jobs_are(json!({ "queued": 1, "running": 1, "completed": 1, "failed": 0, "cancelled": 0 }));
    for id in &held {
        app.post(&format!("/api/v1/jobs/{id}/cancel")).send().unwrap();
    }
    jobs_are(json!({ "queued": 0, "running": 0, "completed": 1, "failed": 0, "cancelled": 2 }));
    // The sort index of an ended job is written in the background. Once that is done, both sizes stay the same.
    let length = |name: &str| app.state.path().join("state").join(name).metadata().map_or(0, |meta| meta.len());
    let sizes_match = |stats: &Value| {
        let store = &stats["store"];
        (&store["database_bytes"], &store["log_bytes"])
            == (&json!(length("hivesum.db")), &json!(length("hivesum.db-wal")))
    };
    // What is written in the background may come between the two questions.
    let (mut stats, mut metrics) = (Value::Null, String::new());
    let agree = || {
        stats = app.await_json("/api/v1/stats", sizes_match);
        metrics = app.get("/metrics").send().unwrap().text().unwrap();
        let commits = format!("hivesum_store_commit_seconds_count {}", stats["store"]["commits"]);
        metrics.lines().any(|line| line == commits)
    };
    assert!(comes_true(agree), "{stats}\n{metrics}");
    let store = &stats["store"];
    assert_eq!(store["rows_committed"], 2, "{store}");
    assert!(store["commits"].as_u64().unwrap() >= 1, "{store}");
    let [database, log] = ["database_bytes", "log_bytes"].map(|member| store[member].as_u64().unwrap());
    assert!(database > 0 && log > 0, "{store}");
    assert_eq!(stats["database_bytes"], database + log);
    for line in [
        "hivesum_jobs{state=\"queued\"} 0".to_owned(),
        "hivesum_jobs{state=\"running\"} 0".to_owned(),
        "hivesum_jobs_ended_total{state=\"completed\"} 1".to_owned(),
        "hivesum_jobs_ended_total{state=\"failed\"} 0".to_owned(),
        "hivesum_jobs_ended_total{state=\"cancelled\"} 2".to_owned(),
        "hivesum_active_jobs 0".to_owned(),
        "hivesum_store_rows_committed_total 2".to_owned(),
        format!("hivesum_store_commit_seconds_count {}", store["commits"]),
        format!("hivesum_store_commit_seconds_bucket{{le=\"+Inf\"}} {}", store["commits"]),
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }
    for name in ["hivesum_store_database_bytes ", "hivesum_store_log_bytes "] {
        let bytes = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert!(bytes.parse::<u64>().unwrap() > 0, "{name}{bytes}");
    }
}

#[test]
fn every_metric_has_a_type_and_a_help_text() {
    let app = TestApp::start();
    app.post("/api/v1/hash").body("abc").send().unwrap();
    let text = app.get("/metrics").send().unwrap().text().unwrap();
    let names = |kind: &str| {
        let prefix = format!("# {kind} ");
        text.lines().filter_map(|line| line.strip_prefix(&prefix)?.split(' ').next()).collect::<BTreeSet<_>>()
    };
    let (helps, types) = (names("HELP"), names("TYPE"));
    assert_eq!(helps, types);
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        assert!(types.contains(name) || types.contains(family), "{line}");
    }
}

#[test]
fn the_metrics_count_requests_by_route_and_status() {
    let app = TestApp::start();
    app.post("/api/v1/hash").body("abc").send().unwrap();
    app.post("/api/v1/hash?algorithms=x").body("abc").send().unwrap();
    app.get("/api/v1/jobs/x").send().unwrap();
    let answer = app.get("/metrics").send().unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text().unwrap();
    for line in [
        "hivesum_http_requests_total{route=\"/api/v1/hash\",status=\"200\"} 1",
        "hivesum_http_requests_total{route=\"/api/v1/hash\",status=\"400\"} 1",
        "hivesum_http_requests_total{route=\"/api/v1/jobs/{id}\",status=\"404\"} 1",
        "hivesum_http_request_duration_seconds_count{route=\"/api/v1/hash\"} 2",
        "hivesum_hashed_bytes_total 3",
        "hivesum_hashed_files_total 1",
        "hivesum_operation_seconds_count{operation=\"upload\"} 1",
        "hivesum_operation_seconds_bucket{operation=\"upload\",le=\"+Inf\"} 1",
        "hivesum_queue_wait_seconds_count{lane=\"interactive\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
    for name in ["hivesum_hashers{state=\"alive\"}", "hivesum_queue_quanta{lane=\"jobs\"}"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing in\n{text}");
    }
}

#[test]
fn the_health_answers_are_plain_text() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/healthz", "/readyz"] {
        let answer = app.get(path).send().unwrap();
        assert_eq!(answer.status(), 200);
        assert!(serde_json::from_str::<Value>(&answer.text().unwrap()).is_err());
    }
}

#[test]
fn promtool_finds_no_fault_with_the_metrics() {
    if !hivesum_test_support::has_tool("promtool") {
        return;
    }
    let app = TestApp::start();
    app.write("a", "abc");
    app.post("/api/v1/hash").body("abc").send().unwrap();
    app.run(json!({}));
    app.get("/api/v1/jobs/x").send().unwrap();
    let text = app.get("/metrics").send().unwrap().text().unwrap();
    let mut promtool = Command::new("promtool");
    let mut child = promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_time_of_quanta_is_a_histogram_and_no_gauge_has_quantiles() {
    let app = TestApp::start();
    app.write("a", "abc");
    app.run(json!({}));
    let text = app.get("/metrics").send().unwrap().text().unwrap();
    assert!(!text.contains("quantile="), "{text}");
    for line in [
        "# TYPE hivesum_quantum_seconds histogram",
        "hivesum_quantum_seconds_bucket{le=\"+Inf\"} 1",
        "hivesum_quantum_seconds_count 1",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
}

#[test]
fn the_time_that_hashers_are_busy_is_summed() {
    let app = TestApp::start();
    let busy = || app.json("/api/v1/stats")["hashers"]["busy_seconds"].as_f64().unwrap();
    assert_eq!(busy(), 0.0);
    app.write("a", "a".repeat(1 << 20));
    app.run(json!({ "path": "a" }));
    app.await_json("/api/v1/stats", |stats| stats["hashers"]["busy"] == 0);
    let after = busy();
    assert!(after > 0.0, "{after}");
    assert_eq!(busy(), after, "nobody is busy any more");
    let text = app.get("/metrics").send().unwrap().text().unwrap();
    let line = text.lines().find(|line| line.starts_with("hivesum_hasher_busy_seconds_total ")).unwrap();
    assert_eq!(line, format!("hivesum_hasher_busy_seconds_total {after}"));
}
