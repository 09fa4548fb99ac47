//! Rate limits: requests and bytes per client.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::{Duration, Instant};

use hivesum::config::RateLimit;

use crate::app::{TestApp, ok_json, problem};

/// A burst of this many requests, then one a second.
fn with_burst(burst: u32) -> TestApp {
    TestApp::signed_out(move |config| {
        config.limits.rate =
            RateLimit::PerClient { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(burst).unwrap() };
    })
}

#[test]
fn every_counted_answer_has_the_rate_limit_fields() {
    let app = TestApp::start();
    let answer = app.get("/api/v1/stats").send().unwrap();
    assert_eq!(answer.headers()["ratelimit-policy"], "\"default\";q=2000;w=2");
    let left = answer.headers()["ratelimit"].to_str().unwrap();
    assert!(left.starts_with("\"default\";r=19") && left.ends_with(";t=1"), "{left}");
}

#[test]
fn the_request_after_the_burst_gets_429() {
    let app = with_burst(3);
    for left in [2, 1, 0] {
        let answer = app.get("/api/v1/stats").send().unwrap();
        assert!(answer.headers()["ratelimit"].to_str().unwrap().starts_with(&format!("\"default\";r={left};")));
        problem(answer, 401, "unauthenticated");
    }
    let answer = app.get("/api/v1/stats").send().unwrap();
    assert!(answer.headers()["ratelimit"].to_str().unwrap().starts_with("\"default\";r=0;"));
    problem(answer, 429, "rate_limited");
    problem(app.post("/api/v1/hash").body("abc").send().unwrap(), 429, "rate_limited");
}

#[test]
fn health_metrics_and_the_page_are_never_counted() {
    let app = with_burst(1);
    for path in ["/healthz", "/readyz", "/", "/app.js"] {
        for _ in 0..3 {
            let answer = app.get(path).send().unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            assert!(!answer.headers().contains_key("ratelimit"), "{path}");
        }
    }
    for _ in 0..3 {
        problem(app.get("/metrics").send().unwrap(), 401, "unauthenticated");
    }
}

#[test]
fn forwarded_fields_from_a_client_are_ignored() {
    let app = with_burst(2);
    for number in 0..2 {
        let request = app.get("/api/v1/stats").header("x-forwarded-for", format!("192.0.2.{number}"));
        problem(request.send().unwrap(), 401, "unauthenticated");
    }
    let request = app.get("/api/v1/stats").header("x-forwarded-for", "192.0.2.9").header("forwarded", "for=192.0.2.10");
    problem(request.send().unwrap(), 429, "rate_limited");
}

#[test]
fn behind_a_trusted_proxy_the_address_that_it_added_identifies_the_client() {
    let app = TestApp::signed_out(|config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        config.limits.rate = RateLimit::PerClient { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(2).unwrap() };
    });
    let ask = |forwarded: &str| app.get("/api/v1/stats").header("x-forwarded-for", forwarded).send().unwrap();
    for client in ["192.0.2.1", "192.0.2.2", "198.51.100.1, 192.0.2.3"] {
        problem(ask(client), 401, "unauthenticated");
        problem(ask(client), 401, "unauthenticated");
        problem(ask(client), 429, "rate_limited");
    }
    problem(ask("198.51.100.2, 192.0.2.3"), 429, "rate_limited");
}

#[test]
fn an_upload_faster_than_the_bandwidth_limit_is_slowed_down() {
    const MIB: u64 = 1 << 20;
    for all in [false, true] {
        let app = TestApp::with(move |config| {
            let bound = NonZeroU64::new(MIB);
            match all {
                true => config.limits.max_upload_bytes_per_second = bound,
                false => config.limits.max_client_bytes_per_second = bound,
            }
            // The service slows the body down itself, which must not count as a slow client.
            config.limits.body_pace.grace = Duration::from_secs(1);
            config.limits.body_pace.min_bytes_per_second = 1 << 30;
        });
        let body = hivesum_test_support::cycle(3 << 20);
        let began = Instant::now();
        assert_eq!(ok_json(app.post("/api/v1/hash").body(body).send().unwrap())["size"], 3 * MIB);
        // The first MiB passes at once, the other two at one MiB a second.
        assert!(began.elapsed() > Duration::from_millis(1800), "it took {:?}", began.elapsed());
    }
}

#[test]
fn the_limit_can_be_turned_off() {
    let app = TestApp::with(|config| config.limits.rate = RateLimit::Off);
    let answer = app.get("/api/v1/stats").send().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("ratelimit"));
}
