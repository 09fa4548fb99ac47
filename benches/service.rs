//! The overhead of the service: uploads through hivesum against their parts alone.
//!
//! 256 MiB in SHA-256 through hivesum, against the same body into a handler that drops it, the digest alone in memory,
//! and the engine's upload without HTTP, and BLAKE3 with SHA-256 as the page asks for them; then uploads of 1 KiB from 8 connections. The target is at most 1.5 times the
//! longer of the first two (performance.md 4). Rounds are interleaved, and medians are reported. The client runs on the
//! same cores. `cargo bench --bench service`; without `--bench` it is a short smoke test.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its results and fails where it cannot go on"
)]

mod corpus;
mod host;
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Payload};
use corpus::{Corpus, Random};
use futures_util::StreamExt;
use hivesum_actors::{Engine, EngineConfig};
use hivesum_core::digest::{Algorithm, Algorithms, MultiHasher};
use host::{Hosted, serve_app};
use wire::{Connection, Request, Traffic, at_full_speed};

/// What every contestant computes.
const ALGORITHMS: Algorithms = Algorithms::single(Algorithm::Sha256);

/// Where hivesum accepts bodies.
const HASH_PATH: &str = "/api/v1/hash?algorithms=sha256";

/// What the page asks for unless others are chosen.
const PAGE_PATH: &str = "/api/v1/hash?algorithms=blake3,sha256";

/// Chunks in which the engine gets a body without HTTP: about the size of one read from a connection.
const CHUNK_BYTES: usize = 64 << 10;

/// Connections of the client that sends small bodies.
const CONNECTIONS: u32 = 8;

/// Uploads of 1 KiB a second by the Python service in performance.md, on another machine at another time.
const PYTHON_UPLOADS_PER_SECOND: f64 = 1350.0;

fn main() {
    let full = corpus::is_measured();
    let home = Corpus::new();
    let hivesum = Hosted::start_hivesum(home.path(), &home.path().join("state"));
    let (body_bytes, rounds) = if full { (256 << 20, 7) } else { (4 << 20, 1) };
    measure_large(&hivesum, &Random::new(3).bytes(body_bytes), rounds);
    let lasting = if full { Duration::from_secs(5) } else { Duration::from_millis(100) };
    measure_small(&hivesum, Traffic { connections: CONNECTIONS, lasting });
    hivesum.stop();
}

fn measure_large(hivesum: &Hosted, body: &[u8], rounds: usize) {
    let dropping = Hosted::start(async |endpoint| {
        serve_app(endpoint, |app| {
            app.route("/drop", web::post().to(drop_body));
        })
        .await;
    });
    let (engine, background) = Engine::start_in_background(EngineConfig::default()).unwrap();
    let shared = Bytes::copy_from_slice(body);
    let expected = digest_of(body);
    let mut contestants: [(&str, Contestant<'_>); 5] = [
        ("body into a handler that drops it", Box::new(|| drop(post(dropping.address, "/drop", body)))),
        ("digest alone over memory", Box::new(|| assert_eq!(digest_of(body), expected))),
        ("engine's upload, no HTTP", Box::new(|| assert_eq!(upload_to(&engine, &shared), expected))),
        ("hivesum", Box::new(|| assert!(post(hivesum.address, HASH_PATH, body).contains(&expected)))),
        ("as the page asks", Box::new(|| assert!(post(hivesum.address, PAGE_PATH, body).contains(&expected)))),
    ];
    let medians = interleave(&mut contestants, rounds);
    println!("one body of {} MiB, SHA-256, median of {rounds}\n", body.len() >> 20);
    println!("| what | time | hivesum / this |\n| --- | ---: | ---: |");
    let [dropped, digested, _, through_hivesum, as_the_page_asks] = medians;
    for ((name, _), median) in contestants.iter().zip(medians) {
        println!("| {name} | {:.3} s | {:.2} |", median.as_secs_f64(), ratio(through_hivesum, median));
    }
    let longer = dropped.max(digested);
    println!("\nover the longer of the first two: **{:.2}** (target: 1.5)\n", ratio(through_hivesum, longer));
    println!("BLAKE3 and SHA-256 over the handler that drops the body: **{:.2}**\n", ratio(as_the_page_asks, dropped));
    drop(contestants);
    background.join();
    dropping.stop();
}

/// Does the work once.
type Contestant<'a> = Box<dyn FnMut() + 'a>;

/// The median time of each, after a warm-up round.
fn interleave<const COUNT: usize>(
    contestants: &mut [(&str, Contestant<'_>); COUNT],
    rounds: usize,
) -> [Duration; COUNT] {
    let mut times = [const { Vec::new() }; COUNT];
    for round in 0..=rounds {
        for ((_, contestant), times) in contestants.iter_mut().zip(&mut times) {
            let began = Instant::now();
            contestant();
            if round > 0 {
                times.push(began.elapsed());
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

fn measure_small(hivesum: &Hosted, traffic: Traffic) {
    let request = Request::post(HASH_PATH, &Random::new(4).bytes(1 << 10));
    let warm_up = Traffic { lasting: traffic.lasting / 5, ..traffic };
    at_full_speed(hivesum.address, &request, warm_up);
    let figures = at_full_speed(hivesum.address, &request, traffic);
    let rate = figures.per_second();
    println!("uploads of 1 KiB, {CONNECTIONS} connections, {:?}\n", traffic.lasting);
    println!("| uploads a second | p50 | p99 |\n| ---: | ---: | ---: |");
    println!("| {rate:.0} | {:.2?} | {:.2?} |\n", figures.within(0.5), figures.within(0.99));
    println!(
        "over the {PYTHON_UPLOADS_PER_SECOND} a second recorded for the Python service: **{:.0}** (target: 30)",
        rate / PYTHON_UPLOADS_PER_SECOND
    );
}

async fn drop_body(mut body: Payload) -> Result<HttpResponse, actix_web::Error> {
    while let Some(chunk) = body.next().await {
        drop(chunk?);
    }
    Ok(HttpResponse::Ok().finish())
}

fn post(address: SocketAddr, path: &str, body: &[u8]) -> String {
    Connection::open(address).unwrap().upload(path, body).unwrap().expect_success()
}

fn upload_to(engine: &Engine, body: &Bytes) -> String {
    let uploaded = actix_web::rt::System::new().block_on(async {
        let mut upload = engine.upload(ALGORITHMS).unwrap();
        for from in (0..body.len()).step_by(CHUNK_BYTES) {
            upload.absorb(body.slice(from..body.len().min(from + CHUNK_BYTES))).await.unwrap();
        }
        upload.finish().await.unwrap()
    });
    hex::encode(uploaded.digests)
}

fn digest_of(bytes: &[u8]) -> String {
    let mut states = MultiHasher::new(&ALGORITHMS);
    let mut digest = Vec::with_capacity(ALGORITHMS.digest_bytes());
    states.update(bytes);
    states.finalize_reset_into(&mut digest);
    hex::encode(digest)
}

fn ratio(time: Duration, against: Duration) -> f64 {
    time.as_secs_f64() / against.as_secs_f64()
}
