//! Limits: requests and bytes per client, and the head of a request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::{Duration, Instant};

use hivesum::config::RateLimit;
use hivesum_test_support::LONGEST_WAIT;

use crate::app::{TestApp, ok_json, problem};
use crate::program::Program;

/// A burst of this many requests, then one a second.
fn with_burst(burst: u32) -> TestApp {
    with_proxies(burst, &[])
}

fn with_proxies(burst: u32, proxies: &[&str]) -> TestApp {
    TestApp::signed_out(|config| {
        config.trusted_proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        config.limits.rate =
            RateLimit::PerClient { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(burst).unwrap() };
    })
}

/// A service, and what `ask` got from it within a second, in which no request is allowed beyond the burst. Where that
/// took longer, it is tried again.
fn within_a_second<T>(start: impl Fn() -> TestApp, ask: impl Fn(&TestApp) -> T) -> (TestApp, T) {
    let first = Instant::now();
    loop {
        let (app, began) = (start(), Instant::now());
        let got = ask(&app);
        if began.elapsed() < Duration::from_secs(1) {
            return (app, got);
        }
        assert!(first.elapsed() < LONGEST_WAIT, "a few requests take longer than a second");
    }
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
    let (_app, (answers, upload)) = within_a_second(
        || with_burst(3),
        |app| {
            let answers = [(); 4].map(|()| app.get("/api/v1/stats").send().unwrap());
            (answers, app.post("/api/v1/hash").body("abc").send().unwrap())
        },
    );
    for (answer, (left, status, code)) in answers.into_iter().zip([
        (2, 401, "unauthenticated"),
        (1, 401, "unauthenticated"),
        (0, 401, "unauthenticated"),
        (0, 429, "rate_limited"),
    ]) {
        assert!(answer.headers()["ratelimit"].to_str().unwrap().starts_with(&format!("\"default\";r={left};")));
        problem(answer, status, code);
    }
    problem(upload, 429, "rate_limited");
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
    let (_app, [first, second, third]) = within_a_second(
        || with_burst(2),
        |app| {
            ["192.0.2.0", "192.0.2.1", "192.0.2.9"].map(|client| {
                let request = app.get("/api/v1/stats").header("x-forwarded-for", client);
                request.header("forwarded", "for=192.0.2.10").send().unwrap()
            })
        },
    );
    problem(first, 401, "unauthenticated");
    problem(second, 401, "unauthenticated");
    problem(third, 429, "rate_limited");
}

#[test]
fn behind_a_trusted_proxy_the_address_that_it_added_identifies_the_client() {
    let clients = ["192.0.2.1", "192.0.2.2", "198.51.100.1, 192.0.2.3"];
    let asked = clients.iter().flat_map(|client| [*client; 3]).chain(["198.51.100.2, 192.0.2.3"]);
    let (_app, answers) = within_a_second(
        || with_proxies(2, &["127.0.0.0/8"]),
        |app| {
            let ask = |forwarded: &str| app.get("/api/v1/stats").header("x-forwarded-for", forwarded).send().unwrap();
            asked.clone().map(ask).collect::<Vec<_>>()
        },
    );
    for (number, answer) in answers.into_iter().enumerate() {
        match number % 3 == 2 || number == 9 {
            true => problem(answer, 429, "rate_limited"),
            false => problem(answer, 401, "unauthenticated"),
        };
    }
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
            config.limits.body_pace.grace = Duration::from_secs(2);
            config.limits.body_pace.min_bytes_per_second = 1 << 30;
        });
        let body = hivesum_test_support::cycle(4 << 20);
        let began = Instant::now();
        assert_eq!(ok_json(app.post("/api/v1/hash").body(body).send().unwrap())["size"], 4 * MIB);
        // The first MiB passes at once, the other three at one MiB a second.
        assert!(began.elapsed() > Duration::from_millis(2800), "it took {:?}", began.elapsed());
    }
}

#[test]
fn the_limit_can_be_turned_off() {
    let app = TestApp::with(|config| config.limits.rate = RateLimit::Off);
    let answer = app.get("/api/v1/stats").send().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("ratelimit"));
}

/// The bound of a head.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A head of this many bytes, in fields of 4 KiB.
fn head_of(bytes: usize) -> Vec<u8> {
    let mut head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ".to_vec();
    while head.len() < bytes - 4 {
        match head.len() % 4096 {
            0 => head.extend_from_slice(b"\r\nX: "),
            _ => head.push(b'x'),
        }
    }
    [&head[..bytes - 4], b"\r\n\r\n"].concat()
}

/// A request head with this many fields.
fn fields(count: usize) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: x\r\n".repeat(count - 1)).into_bytes()
}

#[test]
fn a_head_over_the_bound_gets_a_problem_in_its_turn_and_hurts_no_neighbour() {
    // Half of a head is sent at the beginning, and the rest at the end.
    let mut program = Program::start_with(&["--head-timeout-seconds=3600"]);
    let connect = || {
        let stream = TcpStream::connect(program.address).unwrap();
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        stream
    };
    let mut neighbour = connect();
    neighbour.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").unwrap();
    let upload = |fields: &str, body: &[u8]| {
        let head = format!("POST /api/v1/hash?algorithms=md5 HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    let body = head_of(2 * MAX_HEAD_BYTES);
    let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let before = [
        Vec::new(),
        fields(96),
        head_of(MAX_HEAD_BYTES),
        upload(&format!("Content-Length: {}", body.len()), &body),
        upload("Transfer-Encoding: chunked", &chunk),
    ];
    for large in [head_of(MAX_HEAD_BYTES + 1), fields(97)] {
        for earlier in &before {
            let mut stream = connect();
            stream.write_all(earlier).unwrap();
            stream.write_all(&large).unwrap();
            let mut said = String::new();
            while !(said.contains("head_too_large") && said.ends_with('}')) {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).unwrap();
                assert_ne!(count, 0, "{said}");
                said.push_str(std::str::from_utf8(&part[..count]).unwrap());
            }
            let (first, last) = said.split_at(said.rfind("HTTP/1.1").unwrap());
            assert_eq!(first.starts_with("HTTP/1.1 200 OK\r\n"), !earlier.is_empty(), "{said}");
            assert!(last.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{said}");
            for part in ["content-type: application/problem+json\r\n", "\"code\":\"head_too_large\""] {
                assert!(last.contains(part), "{said}");
            }
        }
    }
    let mut said = [0; 15];
    neighbour.write_all(b"host\r\n\r\n").unwrap();
    neighbour.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 200 OK");
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.ends(), Some(0));
    assert!(!program.said.contains("ERROR"), "{}", program.said);
}

#[test]
fn the_limits_of_manifests_are_in_the_stats_and_can_be_set() {
    let limits = |app: &TestApp| app.json("/api/v1/stats")["limits"].clone();
    let default = limits(&TestApp::start());
    assert_eq!((&default["max_manifests"], &default["max_manifests_per_client"]), (&8.into(), &6.into()));
    let app = TestApp::with(|config| {
        (config.limits.max_manifests, config.limits.max_manifests_per_client) = (3, 1);
    });
    assert_eq!(limits(&app)["max_manifests"], 3);
    assert_eq!(limits(&app)["max_manifests_per_client"], 1);
}
