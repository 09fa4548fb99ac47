//! Receivers of what hivesum tells people: an HTTP server that checks signatures, and a mail server, each on a port of its
//! own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use hivesum_test_support::LONGEST_WAIT;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The secret of the tests' webhooks.
pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// What the HTTP server does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    /// With this field.
    With(u16, &'static str),
    /// None: the connection stays open until the client closes it.
    Never,
}

/// A request whose signature was right, or a heartbeat, whose id is `beat`.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) body: Value,
}

/// An HTTP server that answers as it was told, and 204 from then on.
pub(crate) struct HookServer {
    pub(crate) url: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Receiver<Received>,
}

impl HookServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, received) = channel();
        let replies = Arc::<Mutex<VecDeque<Reply>>>::default();
        let of_thread = replies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let reply = of_thread.lock().unwrap().pop_front().unwrap_or(Reply::Status(204));
                let sender = sender.clone();
                // A client that is killed breaks off.
                std::thread::spawn(move || answer(&stream.unwrap(), reply, &sender));
            }
        });
        Self { url, replies, received }
    }

    /// The answers to the next requests.
    pub(crate) fn will(&self, replies: &[Reply]) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// The next request. Fails if none comes.
    pub(crate) fn next(&self) -> Received {
        self.received.recv_timeout(LONGEST_WAIT).expect("a request")
    }

    /// The next request, if one has come.
    pub(crate) fn try_next(&self) -> Option<Received> {
        self.received.try_recv().ok()
    }

    /// Whether a request has come that was not looked at.
    pub(crate) fn has_more(&self) -> bool {
        self.try_next().is_some()
    }
}

fn answer(stream: &TcpStream, reply: Reply, sender: &Sender<Received>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut fields = HeaderMap::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    if line.starts_with("GET /beat HTTP/1.1") {
        sender.send(Received { id: "beat".to_owned(), body: Value::Null }).ok()?;
        return say(stream, reply);
    }
    assert!(line.starts_with("POST /hook HTTP/1.1"), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        fields.insert(name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
    }
    let mut body = vec![0; fields.get("content-length")?.to_str().unwrap().parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    let verified = standardwebhooks::Webhook::new(SECRET).unwrap().verify(&body, &fields);
    verified.expect("a signature of Standard Webhooks");
    let id = fields["webhook-id"].to_str().unwrap().to_owned();
    sender.send(Received { id, body: serde_json::from_slice(&body).unwrap() }).ok()?;
    say(stream, reply)
}

fn say(mut stream: &TcpStream, reply: Reply) -> Option<()> {
    let (status, field) = match reply {
        Reply::Never => {
            // Until the client has closed its end.
            let _ = stream.read(&mut [0]);
            return None;
        }
        Reply::Status(status) => (status, "X-Nothing: nothing"),
        Reply::With(status, field) => (status, field),
    };
    let body = "a secret of the receiver";
    let head = format!("HTTP/1.1 {status} Words\r\n{field}\r\nConnection: close\r\nContent-Length: ");
    let length = if status == 204 { String::new() } else { format!("{}\r\n\r\n{body}", body.len()) };
    let head = if status == 204 { head.replace("\r\nContent-Length: ", "\r\n\r\n") } else { head };
    stream.write_all((head + &length).as_bytes()).ok()
}

/// A mail server that takes everything, or says 451 to as many messages as it was told.
pub(crate) struct MailServer {
    pub(crate) address: String,
    refusals: Arc<Mutex<usize>>,
    received: Receiver<String>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, received) = channel();
        let refusals = Arc::<Mutex<usize>>::default();
        let of_thread = refusals.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                talk(&stream.unwrap(), &of_thread, &sender);
            }
        });
        Self { address, refusals, received }
    }

    /// The next messages are not taken.
    pub(crate) fn will_refuse(&self, messages: usize) {
        *self.refusals.lock().unwrap() = messages;
    }

    /// The next message, with its head. Fails if none comes.
    pub(crate) fn next(&self) -> String {
        self.received.recv_timeout(LONGEST_WAIT).expect("a mail")
    }

    /// The next message, if one has come.
    pub(crate) fn try_next(&self) -> Option<String> {
        self.received.try_recv().ok()
    }

    /// Whether a message has come that was not looked at.
    pub(crate) fn has_more(&self) -> bool {
        self.try_next().is_some()
    }
}

/// One connection, as in RFC 5321.
fn talk(mut stream: &TcpStream, refusals: &Mutex<usize>, sender: &Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut say = move |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).ok();
    say("220 mail.example ready")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.split([' ', ':', '\r']).next()?.to_ascii_uppercase().as_str() {
            "EHLO" => say("250-mail.example\r\n250 8BITMIME")?,
            "QUIT" => return say("221 bye"),
            "DATA" => {
                say("354 go on")?;
                let mut message = String::new();
                while !message.ends_with("\r\n.\r\n") {
                    if reader.read_line(&mut message).ok()? == 0 {
                        return None;
                    }
                }
                let mut left = refusals.lock().unwrap();
                sender.send(message).ok()?;
                if *left > 0 {
                    *left -= 1;
                    say("451 a secret of the receiver")?;
                } else {
                    say("250 taken")?;
                }
            }
            _ => say("250 ok")?,
        }
    }
}
