//! What the service tells of itself: algorithms, stats, health, metrics.

use crate::app::TestApp;
use serde_json::{Value, json};

#[test]
fn all_algorithms_are_told_and_one_is_the_default() {
    let app = TestApp::start();
    let algorithms = app.json("/api/v1/algorithms");
    let names: Vec<_> =
        algorithms.as_array().unwrap().iter().map(|algorithm| algorithm["name"].as_str().unwrap()).collect();
    let expected = "blake3 sha256 sha512 sha224 sha384 sha512_256 sha3_256 sha3_512 blake2b sha1 md5 crc32 crc32c xxh3_64 xxh3_128";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(algorithms[0], json!({ "name": "blake3", "digest_bytes": 32, "secure": true, "default": true }));
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
fn health_is_bare() {
    let app = TestApp::signed_out(|_| {});
    for path in ["/healthz", "/readyz"] {
        let answer = app.get(path).send().unwrap();
        assert_eq!(answer.status(), 200);
        assert!(serde_json::from_str::<Value>(&answer.text().unwrap()).is_err());
    }
}
