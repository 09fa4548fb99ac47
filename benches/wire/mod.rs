//! The client side of the benches: a minimal HTTP/1.1 client on blocking keep-alive sockets, one thread per connection.
//!
//! It is minimal because it runs on the cores that the server under test needs. It decides how latency is measured. At
//! full speed it counts from the time of sending. At a fixed rate it counts from the time at which the request was due
//! where the previous answer came too late, so a stalled server is charged for every request that it delayed.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on must fail")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The longest wait for an answer. Afterwards the bench fails.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer. The benches expect small ones.
const ANSWER_BYTES: usize = 64 << 10;

/// A request in its wire format.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// GET without a body.
    pub(crate) fn get(path: &str) -> Self {
        Self { bytes: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes() }
    }

    /// POST with its body.
    pub(crate) fn post(path: &str, body: &[u8]) -> Self {
        let mut bytes = post_head(path, "application/octet-stream", body.len());
        bytes.extend_from_slice(body);
        Self { bytes }
    }

    /// POST of a JSON document.
    pub(crate) fn post_json(path: &str, document: &str) -> Self {
        let mut bytes = post_head(path, "application/json", document.len());
        bytes.extend_from_slice(document.as_bytes());
        Self { bytes }
    }
}

fn post_head(path: &str, kind: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body, as text.
    pub(crate) body: String,
}

impl Answer {
    /// The body of a successful answer. Panics on any other.
    pub(crate) fn expect_success(self) -> String {
        assert!((200..300).contains(&self.status), "the server answered {}: {}", self.status, self.body);
        self.body
    }
}

/// One keep-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream, buffer: vec![0; ANSWER_BYTES] })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Answer> {
        self.stream.write_all(&request.bytes)?;
        self.read_answer()
    }

    /// POSTs a large body without copying it.
    pub(crate) fn upload(&mut self, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(&post_head(path, "application/octet-stream", body.len()))?;
        self.stream.write_all(body)?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> io::Result<Answer> {
        let mut filled = 0;
        loop {
            let got = self.stream.read(&mut self.buffer[filled..])?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += got;
            if let Some(answer) = parse_answer(&self.buffer[..filled])? {
                return Ok(answer);
            }
        }
    }
}

/// The answer, once it has arrived completely.
fn parse_answer(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let Some(head_bytes) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..head_bytes]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (Some(status), Some(length)) = (status, length) else {
        return Err(io::Error::other(format!("an answer without status or length: {head}")));
    };
    let body = &bytes[head_bytes + 4..];
    Ok((body.len() >= length).then(|| Answer { status, body: String::from_utf8_lossy(&body[..length]).into_owned() }))
}

/// The number of connections, and how long they send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Connections, each with one request at a time.
    pub(crate) connections: u32,
    /// How long they send.
    pub(crate) lasting: Duration,
}

/// Latencies of one run.
#[derive(Debug)]
pub(crate) struct Figures {
    /// In ascending order.
    latencies: Vec<Duration>,
    took: Duration,
}

impl Figures {
    /// The latency within which this share of the requests was answered; `share` is from 0 to 1.
    pub(crate) fn within(&self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * share).round() as usize]
    }

    /// Answered requests a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}

/// Every connection sends its next request as soon as the last is answered.
pub(crate) fn at_full_speed(address: SocketAddr, request: &Request, traffic: Traffic) -> Figures {
    drive(address, request, traffic, None)
}

/// All connections together send this many requests a second, as far as the server keeps up.
pub(crate) fn at_rate(address: SocketAddr, request: &Request, traffic: Traffic, per_second: u32) -> Figures {
    let interval = Duration::from_secs(1) * traffic.connections / per_second;
    drive(address, request, traffic, Some(interval))
}

fn drive(address: SocketAddr, request: &Request, traffic: Traffic, interval: Option<Duration>) -> Figures {
    let began = Instant::now();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let spawn = |index: u32| {
            // The connections start one after the other, not all at the same time.
            let first_due = began + interval.unwrap_or_default() * index / traffic.connections;
            let schedule = Schedule { due: first_due, interval, end: began + traffic.lasting };
            scope.spawn(move || drive_connection(address, request, schedule).unwrap())
        };
        let threads: Vec<_> = (0..traffic.connections).map(spawn).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let took = began.elapsed();
    latencies.sort_unstable();
    Figures { latencies, took }
}

/// When one connection sends its requests.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    due: Instant,
    interval: Option<Duration>,
    end: Instant,
}

impl Schedule {
    /// Waits until the next request may be sent. Returns the start of its latency, which excludes a sleep that took too
    /// long.
    fn wait(&mut self) -> Instant {
        let now = Instant::now();
        let Some(interval) = self.interval else { return now };
        let due = self.due;
        self.due += interval;
        if due <= now {
            return due;
        }
        std::thread::sleep(due - now);
        Instant::now()
    }
}

fn drive_connection(address: SocketAddr, request: &Request, mut schedule: Schedule) -> io::Result<Vec<Duration>> {
    let mut connection = Connection::open(address)?;
    let mut latencies = Vec::new();
    while latencies.is_empty() || Instant::now() < schedule.end {
        let from = schedule.wait();
        connection.send(request)?.expect_success();
        latencies.push(from.elapsed());
    }
    Ok(latencies)
}
