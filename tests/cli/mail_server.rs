//! A mail server of the tests, on a port of its own, with TLS or without.
//!
//! It talks with one client at a time. It can be asked to settle: every mail that was sent before has then been received,
//! also from a client that was killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hivesum_test_support::LONGEST_WAIT;
use tokio_rustls::rustls::ServerConfig;

use super::receivers::{encrypted, wait};

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
    received: Receiver<Mail>,
}

/// A mail, with its head, and whether it was taken.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) text: String,
    pub(crate) is_taken: bool,
}

#[derive(Default)]
struct MailState {
    refusals: Mutex<usize>,
    /// How long each answer to a message takes.
    pause: Mutex<Duration>,
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

    /// Each answer to a message takes so long from now on.
    pub(crate) fn will_pause(&self, pause: Duration) {
        *self.state.pause.lock().unwrap() = pause;
    }

    /// Waits until every mail that was sent before has been received.
    pub(crate) fn settle(&self) {
        let mut last = TcpStream::connect(&self.address).unwrap();
        last.write_all(b"QUIT\r\n").unwrap();
        let mut said = String::new();
        last.read_to_string(&mut said).unwrap();
        assert!(said.ends_with("221 bye\r\n"), "{said}");
    }

    /// The first words of all commands so far, without those of the messages.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.commands.lock().unwrap().clone()
    }

    /// The next message, with its head. Fails if none comes.
    pub(crate) fn next(&self) -> String {
        self.received.recv_timeout(LONGEST_WAIT).expect("a mail").text
    }

    /// The next message, if one has come.
    pub(crate) fn try_next(&self) -> Option<String> {
        self.try_next_mail().map(|mail| mail.text)
    }

    /// The same, with what was answered.
    pub(crate) fn try_next_mail(&self) -> Option<Mail> {
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
    sender: &'a Sender<Mail>,
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
        let is_taken = {
            let mut left = self.state.refusals.lock().unwrap();
            let is_taken = *left == 0;
            *left -= usize::from(!is_taken);
            is_taken
        };
        self.sender.send(Mail { text: message, is_taken }).ok()?;
        wait(*self.state.pause.lock().unwrap());
        Some(if is_taken { "250 taken\r\n" } else { "451 a secret of the receiver\r\n" })
    }
}
