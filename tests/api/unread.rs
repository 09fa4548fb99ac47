//! Answers that nobody reads, or only later: their clients buffer as little as possible.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType};

use crate::app::TestApp;

/// An answer that nobody has read yet, but for its status.
pub struct Unread(pub TcpStream);

impl Unread {
    /// Sends a request with these fields and awaits the head of a successful answer.
    pub fn open(app: &TestApp, path: &str, fields: &str) -> Self {
        Self::if_allowed(app, path, fields).unwrap_or_else(|| panic!("{path}: the credentials are refused"))
    }

    /// The same. None where the credentials are not valid.
    pub fn if_allowed(app: &TestApp, path: &str, fields: &str) -> Option<Self> {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        set_socket_recv_buffer_size(&socket, 4096).unwrap();
        rustix::net::connect(&socket, &app.address).unwrap();
        let mut stream = TcpStream::from(socket);
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        if &status == b"HTTP/1.1 401" {
            return None;
        }
        assert_eq!(&status, b"HTTP/1.1 200", "{path}");
        Some(Self(stream))
    }

    /// Reads to the end of the connection. Whether the answer had its last chunk, or its length.
    pub fn ends_whole(self) -> bool {
        self.body().is_some()
    }

    /// Reads to the end of the connection. The body; none if it has no last chunk, or not its length.
    pub fn body(mut self) -> Option<Vec<u8>> {
        let mut answer = Vec::new();
        // The service resets connections that it gives up.
        self.0.read_to_end(&mut answer).ok()?;
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let (mut rest, mut body) = (&answer[head + 4..], Vec::new());
        let fields = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        if let Some((_, length)) = fields.split_once("\r\ncontent-length: ") {
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            return (rest.len() == length).then(|| rest.to_vec());
        }
        loop {
            let line = rest.windows(2).position(|bytes| bytes == b"\r\n")?;
            let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            let chunk = rest.get(line + 2..line + 2 + length)?;
            if length == 0 {
                return Some(body);
            }
            body.extend_from_slice(chunk);
            rest = rest.get(line + 4 + length..)?;
        }
    }

    /// Whether the service has reset the connection since the last call, as the kernel tells it once. It reads nothing.
    pub fn takes_reset(&self) -> bool {
        self.0.take_error().unwrap().is_some()
    }
}

/// Bytes that the buffers of a connection hold at most.
pub fn buffered_bytes() -> usize {
    let buffered = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap();
    buffered.split_whitespace().last().unwrap().parse().unwrap()
}

/// Writes files whose results take twice the room that the buffers of a connection have: a path has 2,500 bytes, and
/// each byte takes so many in the answer.
pub fn write_many(app: &TestApp, byte: char, bytes_in_answer: usize) {
    let mut directory = app.root.path().to_owned();
    (0..10).for_each(|_| directory.push(byte.to_string().repeat(250)));
    std::fs::create_dir_all(&directory).unwrap();
    for number in 0..2 * buffered_bytes() / (2500 * bytes_in_answer) {
        std::fs::write(directory.join(number.to_string()), "ab").unwrap();
    }
}
