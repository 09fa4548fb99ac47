//! Why hashing runs on hashers of idle priority: the same requests, idle and while every core hashes, with the hashing
//! on the event loop, on a thread pool, and on the engine; then the whole service with running jobs.
//!
//! For each: p50 and p99 at a fixed rate and at full speed, and the ratio of hashing to idle. The target is at most 1.5
//! (performance.md 5). The client runs on the same cores in every case. `cargo bench --bench responsiveness`; without
//! `--bench` it is a short smoke test.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its results and fails where it cannot go on"
)]

mod corpus;
mod host;
mod shapes;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use corpus::Corpus;
use host::{Hosted, ROOT};
use shapes::{Load, Shape};
use wire::{Connection, Figures, Request, Traffic, at_full_speed, at_rate};

/// Connections of the client.
const CONNECTIONS: u32 = 8;

/// The fixed rate, requests a second over all connections: far below what any of the servers can do while idle.
const RATE: u32 = 1000;

/// Time from the start of the load until every core hashes.
const RAMP: Duration = Duration::from_millis(300);

fn main() {
    let full = corpus::is_measured();
    let (rounds, lasting) = if full { (5, Duration::from_secs(1)) } else { (1, Duration::from_millis(100)) };
    let mut corpus = Corpus::new();
    let tree = corpus.add_tree("tree", if full { 4096 } else { 256 });
    corpus.add_files("tree/large", 6, if full { 32 << 20 } else { 2 << 20 });
    corpus.settle();
    let bench = Bench { traffic: Traffic { connections: CONNECTIONS, lasting }, rounds, load: Load::new(&tree) };
    println!("{CONNECTIONS} connections; at {RATE} requests a second, then at full speed; {lasting:?} each; SHA-256;");
    println!("{rounds} rounds, idle and hashing in turn; medians of the rounds\n");
    println!("| server | request | load | p50 | p99 | full speed | p50 | p99 | hashed behind it |");
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, shape) in
        [("event loop", Shape::EventLoop), ("pool", Shape::Pool), ("engine, idle priority", Shape::Engine)]
    {
        bench.measure_shape(name, shape);
    }
    bench.measure_hivesum(&tree);
}

/// The setup of all measurements.
struct Bench {
    traffic: Traffic,
    rounds: usize,
    load: Arc<Load>,
}

/// A server under test.
struct Subject<'a> {
    name: &'a str,
    address: SocketAddr,
    /// The path that digests a posted body.
    digest_path: &'a str,
}

/// The measurements of one request, idle or under load, by round.
#[derive(Default)]
struct Measured {
    fixed_rate: Vec<Figures>,
    full: Vec<Figures>,
    /// Bytes a second that the load hashed meanwhile.
    hashed_per_second: Vec<f64>,
}

impl Bench {
    fn measure_shape(&self, name: &str, shape: Shape) {
        let load = self.load.clone();
        let hosted = Hosted::start(move |endpoint| shape.serve(endpoint, load));
        self.measure(&Subject { name, address: hosted.address, digest_path: "/digest" });
        hosted.stop();
    }

    fn measure_hivesum(&self, tree: &Path) {
        let state = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let hosted = Hosted::start_hivesum(tree, state.path());
        let jobs = Jobs::start(hosted.address, self.load.clone());
        let digest_path = "/api/v1/hash?algorithms=sha256";
        self.measure(&Subject { name: "hivesum, whole", address: hosted.address, digest_path });
        jobs.stop();
        hosted.stop();
    }

    fn measure(&self, subject: &Subject<'_>) {
        let body = corpus::Random::new(2).bytes(1 << 10);
        let digest = Request::post(subject.digest_path, &body);
        for (what, request) in [("GET /healthz", Request::get("/healthz")), ("1 KiB digest", digest)] {
            let (mut idle, mut hashing) = (Measured::default(), Measured::default());
            for _ in 0..self.rounds {
                self.measure_round(false, subject.address, &request, &mut idle);
                self.measure_round(true, subject.address, &request, &mut hashing);
            }
            print_row([subject.name, what, "idle"], &idle);
            print_row([subject.name, what, "hashing"], &hashing);
            print_ratios([subject.name, what, "**hashing / idle**"], &idle, &hashing);
        }
    }

    fn measure_round(&self, loaded: bool, address: SocketAddr, request: &Request, measured: &mut Measured) {
        self.load.turn(loaded);
        std::thread::sleep(RAMP);
        let (began, before) = (Instant::now(), self.load.hashed_bytes());
        measured.fixed_rate.push(at_rate(address, request, self.traffic, RATE));
        measured.full.push(at_full_speed(address, request, self.traffic));
        let hashed_bytes = self.load.hashed_bytes() - before;
        measured.hashed_per_second.push(hashed_bytes as f64 / began.elapsed().as_secs_f64());
        self.load.turn(false);
    }
}

/// The latency within which this share of the requests was answered, in milliseconds: the median of the rounds.
fn within(rounds: &[Figures], share: f64) -> f64 {
    median(rounds.iter().map(|figures| figures.within(share).as_secs_f64() * 1e3).collect())
}

fn per_second(rounds: &[Figures]) -> f64 {
    median(rounds.iter().map(Figures::per_second).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_row([server, request, load]: [&str; 3], measured: &Measured) {
    let Measured { fixed_rate, full, hashed_per_second } = measured;
    let (p50, p99, rate) = (within(fixed_rate, 0.5), within(fixed_rate, 0.99), per_second(full));
    let (full_p50, full_p99) = (within(full, 0.5), within(full, 0.99));
    let hashed = median(hashed_per_second.clone()) / 1e6;
    println!(
        "| {server} | {request} | {load} | {p50:.2} ms | {p99:.2} ms | {rate:.0}/s | {full_p50:.2} ms | {full_p99:.2} ms | \
         {hashed:.0} MB/s |"
    );
}

fn print_ratios([server, request, load]: [&str; 3], idle: &Measured, hashing: &Measured) {
    let over =
        |rounds: fn(&Measured) -> &[Figures], share| within(rounds(hashing), share) / within(rounds(idle), share);
    let (p50, p99) = (over(|measured| &measured.fixed_rate, 0.5), over(|measured| &measured.fixed_rate, 0.99));
    let (full_p50, full_p99) = (over(|measured| &measured.full, 0.5), over(|measured| &measured.full, 0.99));
    let rate = per_second(&hashing.full) / per_second(&idle.full);
    println!(
        "| {server} | {request} | {load} | {p50:.2} | **{p99:.2}** | {rate:.2} | {full_p50:.2} | **{full_p99:.2}** | |"
    );
}

/// Keeps two jobs running in hivesum while the load is on, so that its hashers always have work.
struct Jobs {
    ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// How often jobs are polled, which must not be a load itself.
const JOBS_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Jobs running at a time.
const JOBS_AT_A_TIME: usize = 2;

impl Jobs {
    fn start(address: SocketAddr, load: Arc<Load>) -> Self {
        let ending = Arc::new(AtomicBool::new(false));
        let until = ending.clone();
        let thread = std::thread::spawn(move || {
            let mut running = Vec::new();
            while !until.load(Ordering::Relaxed) {
                poll_jobs(address, &load, &mut running);
                std::thread::sleep(JOBS_POLL_INTERVAL);
            }
        });
        Self { ending, thread }
    }

    fn stop(self) {
        self.ending.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn poll_jobs(address: SocketAddr, load: &Load, running: &mut Vec<String>) {
    // A new connection for each request, as idle phases are longer than the server's keep-alive.
    let ask = |request: Request| Connection::open(address).unwrap().send(&request).unwrap().expect_success();
    if !load.is_on() {
        for id in running.drain(..) {
            ask(Request::post_json(&format!("/api/v1/jobs/{id}/cancel"), ""));
        }
        return;
    }
    running.retain(|id| match text_member(&ask(Request::get(&format!("/api/v1/jobs/{id}"))), "state") {
        "queued" | "running" => true,
        "completed" => {
            load.count_tree();
            false
        }
        state => panic!("a job of the bench ended as {state}"),
    });
    while running.len() < JOBS_AT_A_TIME {
        let asked = format!(r#"{{"root": "{ROOT}", "algorithms": ["sha256"]}}"#);
        running.push(text_member(&ask(Request::post_json("/api/v1/jobs", &asked)), "id").to_owned());
    }
}

/// The value of the first member with this name, which must be a string.
fn text_member<'a>(json: &'a str, name: &str) -> &'a str {
    let from = json.split_once(&format!(r#""{name}":""#)).expect("the answer has that member").1;
    from.split('"').next().unwrap_or_default()
}
