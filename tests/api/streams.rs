//! Many event streams of one job, and one whose reader does not read (F44).

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::blocking::Client;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::program::Program;

const STREAMS: usize = 1000;

/// A program whose jobs run one by one, and the first of them for ever; what follows waits until it is called off.
struct House {
    program: Program,
    client: Client,
    blocker: String,
}

impl House {
    /// Every file but the first is longer than is hashed: each is an event.
    fn start() -> Self {
        let program = Program::start_with(&[
            "--rate-limit=off",
            "--max-running-jobs=1",
            "--max-streams=1100",
            "--max-connections-per-address=2000",
            "--max-file-bytes=1099511627776",
            "--write-timeout-seconds=3600",
        ]);
        std::fs::File::create(program.root.path().join("big")).unwrap().set_len(1 << 40).unwrap();
        let mut house = Self { program, client: Client::new(), blocker: String::new() };
        house.blocker = house.submit(json!({ "path": "big", "algorithms": ["sha256"], "max_bytes_per_second": 1000 }));
        house
    }

    fn submit(&self, mut spec: Value) -> String {
        spec["root"] = json!("files");
        let answer = self.client.post(self.program.url("/api/v1/jobs")).json(&spec).send().unwrap();
        assert_eq!(answer.status(), 202);
        answer.json::<Value>().unwrap()["id"].as_str().unwrap().to_owned()
    }

    fn let_jobs_run(&self) {
        let path = self.program.url(&format!("/api/v1/jobs/{}/cancel", self.blocker));
        assert_eq!(self.client.post(path).send().unwrap().status(), 200);
    }

    /// Files that are too long, so many directories down. Each directory makes the path of an event 1,500 bytes longer:
    /// a control character is six bytes of JSON.
    fn too_long(&self, name: &str, depth: usize, files: usize) {
        let mut directory = self.program.root.path().join(name);
        (0..depth).for_each(|_| directory.push("\u{1}".repeat(250)));
        std::fs::create_dir_all(&directory).unwrap();
        for number in 0..files {
            let file = std::fs::File::create(directory.join(format!("{number:05}"))).unwrap();
            file.set_len((1 << 40) + 1).unwrap();
        }
    }

    fn request(&self, job: &str) -> Vec<u8> {
        format!("GET /api/v1/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
    }

    /// Asks for events, and never reads one. The system keeps as little as it can for it.
    fn stuck(&self, job: &str) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        set_socket_recv_buffer_size(&socket, 4096).unwrap();
        rustix::net::connect(&socket, &self.program.address).unwrap();
        let mut stuck = TcpStream::from(socket);
        stuck.write_all(&self.request(job)).unwrap();
        stuck
    }
}

/// The events of a stream that was read to its end, by name and id. Its chunks are passed over: no event has a line
/// that looks like a chunk's length.
fn events(answer: &[u8]) -> Vec<(String, u64)> {
    let text = String::from_utf8_lossy(answer);
    assert!(text.starts_with("HTTP/1.1 200 "), "{}", text.lines().next().unwrap_or_default());
    let (mut events, mut id) = (Vec::new(), 0);
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("id: ") {
            id = value.parse().unwrap();
        } else if let Some(name) = line.strip_prefix("event: ") {
            events.push((name.to_owned(), id));
        }
    }
    events
}

/// Checks that nothing is missing and nothing is told twice: to the end, or to the snapshot of who was too slow.
#[track_caller]
fn heard_without_a_gap(events: &[(String, u64)], errors: u64) {
    let snapshot = events.iter().position(|(name, _)| name == "snapshot");
    let told = events[..snapshot.unwrap_or(events.len())].iter().filter(|(name, _)| name == "item_error");
    let told: Vec<u64> = told.map(|(_, id)| *id).collect();
    assert!(told.iter().copied().eq(1..=told.len() as u64), "{told:?}");
    assert!(snapshot.is_some() || told.len() as u64 == errors, "{} of {errors}", told.len());
    assert_eq!(events.iter().filter(|(name, _)| name == "end").count(), 1);
    assert_eq!(events.last().unwrap(), &("end".to_owned(), errors));
}

#[track_caller]
fn heard_everything(answer: &[u8], errors: u64) {
    let events = events(answer);
    heard_without_a_gap(&events, errors);
    assert!(events.iter().all(|(name, _)| name != "snapshot"), "who reads is not too slow");
}

/// Opens so many streams and begins to read them; then `begin`, and every stream to its end.
fn read_all(house: &House, job: &str, streams: usize, begin: impl FnOnce() + Send) -> Vec<Vec<u8>> {
    let (address, request) = (house.program.address, house.request(job));
    actix_web::rt::System::new().block_on(async {
        let mut opened = Vec::with_capacity(streams);
        for _ in 0..streams {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(&request).await.unwrap();
            let mut read = vec![0; 12];
            stream.read_exact(&mut read).await.unwrap();
            assert_eq!(read, b"HTTP/1.1 200", "the stream is open");
            opened.push((stream, read));
        }
        // On a thread without a runtime, for it asks and waits.
        std::thread::scope(|scope| scope.spawn(begin).join().unwrap());
        let to_the_end = opened.into_iter().map(|(mut stream, mut read)| async move {
            stream.read_to_end(&mut read).await.unwrap();
            read
        });
        futures_util::future::join_all(to_the_end).await
    })
}

#[test]
fn a_thousand_streams_hear_everything_while_one_of_them_is_stuck() {
    let house = House::start();
    house.too_long("few", 0, 200);
    let before = house.program.resident_bytes();
    let job = house.submit(json!({ "path": "few" }));
    let stuck = house.stuck(&job);
    let answers = read_all(&house, &job, STREAMS - 1, || {
        let stats: Value = house.client.get(house.program.url("/api/v1/stats")).send().unwrap().json().unwrap();
        assert_eq!(stats["jobs"]["queued"], 1, "the API is free: {stats}");
        house.let_jobs_run();
    });
    let more = house.program.resident_bytes().saturating_sub(before);
    eprintln!("{STREAMS} streams: {} KiB more memory, {} KiB each", more >> 10, (more >> 10) / STREAMS as u64);
    answers.iter().for_each(|answer| heard_everything(answer, 200));
    assert!(more < 128 << 20, "{before} bytes, then {more} more");
    drop(stuck);
}

#[test]
fn a_reader_that_is_stuck_holds_up_neither_the_job_nor_who_reads_and_costs_little() {
    // More than a socket keeps at its most, so that the service is left with the rest.
    let kept = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap();
    let kept: usize = kept.split_whitespace().last().unwrap().parse().unwrap();
    let files = 3 * kept / 15_000;
    let house = House::start();
    house.too_long("many", 10, files);
    let job = house.submit(json!({ "path": "many" }));
    let mut stuck = house.stuck(&job);
    let before = house.program.resident_bytes();
    let answers = read_all(&house, &job, 4, || house.let_jobs_run());
    let more = house.program.resident_bytes().saturating_sub(before);
    answers.iter().for_each(|answer| heard_everything(answer, files as u64));
    let shown: Value =
        house.client.get(house.program.url(&format!("/api/v1/jobs/{job}"))).send().unwrap().json().unwrap();
    assert_eq!((&shown["state"], &shown["summary"]["errors"]), (&json!("completed"), &json!(files)));
    assert!(more < 64 << 20, "{before} bytes, then {more} more");
    // It reads after all, and is told how it ended.
    let mut late = Vec::new();
    stuck.read_to_end(&mut late).unwrap();
    heard_without_a_gap(&events(&late), files as u64);
    assert!(answers[0].len() > 2 * kept, "{} bytes would not have filled its socket", answers[0].len());
}
