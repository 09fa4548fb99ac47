//! A receiver of webhooks: an HTTP server on a port of its own, with TLS or without, that checks signatures.
//!
//! It can be asked to settle: every request that was sent before has then been received, also by a client that was killed.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hivesum_test_support::{LONGEST_WAIT, comes_true};
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
    /// 204 after this time.
    After(Duration),
}

/// Which signatures are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signatures {
    OfNow,
    /// Those of senders whose clocks the test sets, too.
    OfAnyTime,
}

/// A request whose signature was right, or a heartbeat, whose id is `beat`.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) reply: Reply,
}

/// An HTTP server that answers as it was told, and 204 from then on.
pub(crate) struct HookServer {
    pub(crate) url: String,
    address: String,
    state: Arc<HookState>,
    received: Receiver<Received>,
}

struct HookState {
    signatures: Signatures,
    replies: Mutex<VecDeque<Reply>>,
    /// How many connections have not ended.
    open: AtomicUsize,
    sender: Sender<Received>,
}

impl HookServer {
    pub(crate) fn start() -> Self {
        Self::with_tls(None)
    }

    /// One that listens for HTTPS, if it is given a certificate.
    pub(crate) fn with_tls(tls: Option<Arc<ServerConfig>>) -> Self {
        Self::listen(tls, Signatures::OfNow)
    }

    /// One for senders with other clocks.
    pub(crate) fn of_any_time() -> Self {
        Self::listen(None, Signatures::OfAnyTime)
    }

    fn listen(tls: Option<Arc<ServerConfig>>, signatures: Signatures) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = listener.local_addr().unwrap().to_string();
        let (sender, received) = channel();
        let state = Arc::new(HookState { signatures, replies: Mutex::default(), open: AtomicUsize::new(0), sender });
        let of_thread = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                of_thread.open.fetch_add(1, Ordering::SeqCst);
                let (connection, tls) = (Connection(of_thread.clone()), tls.clone());
                // A client that is killed, or does not trust the certificate, breaks off.
                std::thread::spawn(move || match tls {
                    None => connection.0.answer(stream.unwrap()),
                    Some(tls) => connection.0.answer(encrypted(stream.unwrap(), tls)),
                });
            }
        });
        Self { url: format!("{scheme}://{address}/hook"), address, state, received }
    }

    /// Waits until every request that was sent before has been received.
    pub(crate) fn settle(&self) {
        // Connections are accepted in their order, and each of them is closed at its end.
        let mut last = TcpStream::connect(&self.address).unwrap();
        last.shutdown(Shutdown::Write).unwrap();
        assert_eq!(last.read(&mut [0]).unwrap(), 0);
        assert!(comes_true(|| self.state.open.load(Ordering::SeqCst) == 0));
    }

    /// Answers 204 from now on.
    pub(crate) fn will_take_everything(&self) {
        self.state.replies.lock().unwrap().clear();
    }

    /// The answers to the next requests.
    pub(crate) fn will(&self, replies: &[Reply]) {
        self.state.replies.lock().unwrap().extend(replies);
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
pub(crate) fn encrypted<S: Read + Write>(stream: S, tls: Arc<ServerConfig>) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)
}

/// Counts a connection until it is dropped.
struct Connection(Arc<HookState>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HookState {
    fn answer(&self, stream: impl Read + Write) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut fields = HeaderMap::new();
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.starts_with("GET /beat HTTP/1.1") {
            return self.take(("beat".to_owned(), Value::Null), reader.get_mut());
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
        self.verify(&fields, &body);
        let id = fields["webhook-id"].to_str().unwrap().to_owned();
        self.take((id, serde_json::from_slice(&body).unwrap()), reader.get_mut())
    }

    fn take(&self, (id, body): (String, Value), stream: &mut (impl Read + Write)) -> Option<()> {
        let reply = self.replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(204));
        self.sender.send(Received { id, body, reply }).ok()?;
        say(stream, reply)
    }

    fn verify(&self, fields: &HeaderMap, body: &[u8]) {
        let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
        if self.signatures == Signatures::OfNow {
            return webhook.verify(body, fields).expect("a signature of Standard Webhooks");
        }
        let field = |name: &str| fields[name].to_str().unwrap();
        let signed = webhook.sign(field("webhook-id"), field("webhook-timestamp").parse().unwrap(), body).unwrap();
        assert_eq!(field("webhook-signature"), signed);
    }
}

/// Waits this long. Nobody sends, so only the timeout ends the wait.
pub(crate) fn wait(time: Duration) {
    let (_held, nothing) = channel::<()>();
    let _ = nothing.recv_timeout(time);
}

fn say(stream: &mut (impl Read + Write), reply: Reply) -> Option<()> {
    let (status, field) = match reply {
        Reply::Never => {
            // Until the client has closed its end.
            let _ = stream.read(&mut [0]);
            return None;
        }
        Reply::After(time) => {
            wait(time);
            (204, "X-Nothing: nothing")
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
