//! A thousand event streams of one job, one of whose readers does not read (F44).

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::blocking::Client;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::program::Program;

const STREAMS: usize = 1000;

/// A program that runs one job at a time. The first job never ends, so later ones wait until it is cancelled.
struct BlockedQueue {
    program: Program,
    client: Client,
    blocker: String,
}

impl BlockedQueue {
    /// Files over the size limit are errors, and each is an event.
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
        let mut service = Self { program, client: crate::app::client(), blocker: String::new() };
        service.blocker =
            service.submit(json!({ "path": "big", "algorithms": ["sha256"], "max_bytes_per_second": 1000 }));
        service
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

    /// Files over the size limit, `depth` directories down. Each directory adds 1,500 bytes to the path in an event,
    /// as a control character takes six bytes of JSON.
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

    /// Requests events and reads none. Its receive buffer is as small as possible.
    fn stuck(&self, job: &str) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        set_socket_recv_buffer_size(&socket, 4096).unwrap();
        rustix::net::connect(&socket, &self.program.address).unwrap();
        let mut stuck = TcpStream::from(socket);
        stuck.write_all(&self.request(job)).unwrap();
        stuck
    }
}

/// Name and id of each event of a stream. Lines with chunk lengths are ignored, as no event has a line like that.
fn events(answer: &[u8]) -> Vec<(String, u64)> {
    let text = String::from_utf8_lossy(answer);
    assert!(text.starts_with("HTTP/1.1 200 "), "{}", text.lines().next().unwrap_or_default());
    let (mut events, mut id) = (Vec::new(), 0);
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("id: ") {
            id = value.trim_end_matches("-end").parse().unwrap();
        } else if let Some(name) = line.strip_prefix("event: ") {
            events.push((name.to_owned(), id));
        }
    }
    events
}

/// Checks that no error is missing or doubled, up to the end or to the snapshot that a slow reader gets.
#[track_caller]
fn check_no_gap(events: &[(String, u64)], errors: u64) {
    let snapshot = events.iter().position(|(name, _)| name == "snapshot");
    let ids = events[..snapshot.unwrap_or(events.len())].iter().filter(|(name, _)| name == "item_error");
    let ids: Vec<u64> = ids.map(|(_, id)| *id).collect();
    assert!(ids.iter().copied().eq(1..=ids.len() as u64), "{ids:?}");
    assert!(snapshot.is_some() || ids.len() as u64 == errors, "{} of {errors}", ids.len());
    assert_eq!(events.iter().filter(|(name, _)| name == "end").count(), 1);
    assert_eq!(events.last().unwrap(), &("end".to_owned(), errors));
}

#[track_caller]
fn check_complete(answer: &[u8], errors: u64) {
    let events = events(answer);
    check_no_gap(&events, errors);
    assert!(events.iter().all(|(name, _)| name != "snapshot"), "a reader that reads is not too slow");
}

/// Opens the streams and reads the start of each. Then calls `begin` and reads every stream to its end.
fn read_all(service: &BlockedQueue, job: &str, streams: usize, begin: impl FnOnce() + Send) -> Vec<Vec<u8>> {
    let (address, request) = (service.program.address, service.request(job));
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
        // On a thread without a runtime, as it uses a blocking client.
        std::thread::scope(|scope| scope.spawn(begin).join().unwrap());
        let to_the_end = opened.into_iter().map(|(mut stream, mut read)| async move {
            stream.read_to_end(&mut read).await.unwrap();
            read
        });
        futures_util::future::join_all(to_the_end).await
    })
}

/// Raises the soft limit of open files of this process to the hard one: often it is 1024.
fn may_open_many() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

#[test]
fn a_thousand_streams_get_every_event_while_one_reader_is_stuck() {
    may_open_many();
    let service = BlockedQueue::start();
    service.too_long("few", 0, 200);
    let before = service.program.resident_bytes();
    let job = service.submit(json!({ "path": "few" }));
    let stuck = service.stuck(&job);
    let answers = read_all(&service, &job, STREAMS - 1, || {
        let stats: Value = service.client.get(service.program.url("/api/v1/stats")).send().unwrap().json().unwrap();
        assert_eq!(stats["jobs"]["queued"], 1, "the API answers: {stats}");
        service.let_jobs_run();
    });
    let more = service.program.resident_bytes().saturating_sub(before);
    eprintln!("{STREAMS} streams: {} KiB more memory, {} KiB each", more >> 10, (more >> 10) / STREAMS as u64);
    answers.iter().for_each(|answer| check_complete(answer, 200));
    assert!(more < 128 << 20, "{before} bytes, then {more} more");
    drop(stuck);
}

#[test]
fn a_stuck_reader_delays_neither_the_job_nor_other_readers_and_takes_little_memory() {
    // More than a socket buffers at most, so that the service has to keep the rest.
    let buffered = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap();
    let buffered: usize = buffered.split_whitespace().last().unwrap().parse().unwrap();
    let files = 3 * buffered / 15_000;
    let service = BlockedQueue::start();
    service.too_long("many", 10, files);
    let job = service.submit(json!({ "path": "many" }));
    let mut stuck = service.stuck(&job);
    let before = service.program.resident_bytes();
    let answers = read_all(&service, &job, 4, || service.let_jobs_run());
    let more = service.program.resident_bytes().saturating_sub(before);
    answers.iter().for_each(|answer| check_complete(answer, files as u64));
    let shown: Value =
        service.client.get(service.program.url(&format!("/api/v1/jobs/{job}"))).send().unwrap().json().unwrap();
    assert_eq!((&shown["state"], &shown["summary"]["errors"]), (&json!("completed"), &json!(files)));
    assert!(more < 64 << 20, "{before} bytes, then {more} more");
    // When it reads after all, it gets the end.
    let mut late = Vec::new();
    stuck.read_to_end(&mut late).unwrap();
    check_no_gap(&events(&late), files as u64);
    assert!(answers[0].len() > 2 * buffered, "{} bytes do not fill its socket", answers[0].len());
}
