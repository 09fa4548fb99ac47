//! Receivers of what hivesum tells people: an HTTP server that checks signatures, and a mail server, each on a port of
//! its own, with TLS or without.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use hivesum_test_support::LONGEST_WAIT;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

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
        Self::with_tls(None)
    }

    /// One that listens for HTTPS, if it is given a certificate.
    pub(crate) fn with_tls(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/hook", listener.local_addr().unwrap());
        let (sender, received) = channel();
        let replies = Arc::<Mutex<VecDeque<Reply>>>::default();
        let of_thread = replies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let reply = of_thread.lock().unwrap().pop_front().unwrap_or(Reply::Status(204));
                let (sender, tls) = (sender.clone(), tls.clone());
                // A client that is killed, or does not trust the certificate, breaks off.
                std::thread::spawn(move || match tls {
                    None => answer(stream.unwrap(), reply, &sender),
                    Some(tls) => answer(encrypted(stream.unwrap(), tls), reply, &sender),
                });
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

/// The server's end of a TLS connection.
fn encrypted<S: Read + Write>(stream: S, tls: Arc<ServerConfig>) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)
}

fn answer(stream: impl Read + Write, reply: Reply, sender: &Sender<Received>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut fields = HeaderMap::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    if line.starts_with("GET /beat HTTP/1.1") {
        sender.send(Received { id: "beat".to_owned(), body: Value::Null }).ok()?;
        return say(reader.get_mut(), reply);
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
    say(reader.get_mut(), reply)
}

fn say(stream: &mut (impl Read + Write), reply: Reply) -> Option<()> {
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

/// How a mail server encrypts.
#[derive(Clone)]
pub(crate) enum MailTls {
    /// Not at all: it does not offer STARTTLS.
    None,
    /// When it is asked to by STARTTLS.
    Starttls(Arc<ServerConfig>),
    /// From the first byte on.
    Implicit(Arc<ServerConfig>),
}

/// A mail server that takes everything, or says 451 to as many messages as it was told.
pub(crate) struct MailServer {
    pub(crate) address: String,
    state: Arc<MailState>,
    received: Receiver<String>,
}

#[derive(Default)]
struct MailState {
    refusals: Mutex<usize>,
    /// The first words of all commands.
    commands: Mutex<Vec<String>>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        Self::with_tls(MailTls::None)
    }

    pub(crate) fn with_tls(tls: MailTls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, received) = channel();
        let state = Arc::<MailState>::default();
        let of_thread = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                talk(stream.unwrap(), tls.clone(), &Dialogue { state: &of_thread, sender: &sender });
            }
        });
        Self { address, state, received }
    }

    /// The next messages are not taken.
    pub(crate) fn will_refuse(&self, messages: usize) {
        *self.state.refusals.lock().unwrap() = messages;
    }

    /// The first words of all commands so far, without those of the messages.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.commands.lock().unwrap().clone()
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

/// One connection, as in RFC 5321, and RFC 3207 for STARTTLS.
fn talk(stream: TcpStream, tls: MailTls, dialogue: &Dialogue<'_>) -> Option<()> {
    const GREETING: &str = "220 mail.example ready\r\n";
    match tls {
        MailTls::None => dialogue.hold(BufReader::new(stream), GREETING, "").map(drop),
        MailTls::Implicit(tls) => dialogue.hold(BufReader::new(encrypted(stream, tls)), GREETING, "").map(drop),
        MailTls::Starttls(tls) => {
            let stream = dialogue.hold(BufReader::new(stream), GREETING, "250-STARTTLS\r\n")?.into_inner();
            dialogue.hold(BufReader::new(encrypted(stream, tls)), "", "").map(drop)
        }
    }
}

struct Dialogue<'a> {
    state: &'a MailState,
    sender: &'a Sender<String>,
}

impl Dialogue<'_> {
    /// Answers until the client leaves, or wants to begin TLS. Only then the stream is given back.
    fn hold<S: Read + Write>(&self, mut stream: BufReader<S>, greeting: &str, offers: &str) -> Option<BufReader<S>> {
        stream.get_mut().write_all(greeting.as_bytes()).ok()?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let command = line.split([' ', ':', '\r']).next()?.to_ascii_uppercase();
            self.state.commands.lock().unwrap().push(command.clone());
            let mut say = |line: &str| stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).ok();
            match command.as_str() {
                "EHLO" => say(&format!("250-mail.example\r\n{offers}250-AUTH PLAIN\r\n250 8BITMIME"))?,
                "STARTTLS" => return say("220 go on").map(|()| stream),
                "QUIT" => return say("221 bye").and(None),
                "DATA" => {
                    say("354 go on")?;
                    let answer = self.take(&mut stream)?;
                    stream.get_mut().write_all(answer.as_bytes()).ok()?;
                }
                _ => say("250 ok")?,
            }
        }
    }

    /// Takes a message and gives the answer to it.
    fn take(&self, stream: &mut impl BufRead) -> Option<&'static str> {
        let mut message = String::new();
        while !message.ends_with("\r\n.\r\n") {
            if stream.read_line(&mut message).ok()? == 0 {
                return None;
            }
        }
        let mut left = self.state.refusals.lock().unwrap();
        self.sender.send(message).ok()?;
        if *left > 0 {
            *left -= 1;
            Some("451 a secret of the receiver\r\n")
        } else {
            Some("250 taken\r\n")
        }
    }
}
