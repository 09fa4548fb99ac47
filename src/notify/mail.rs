//! Mail: one message for all receivers, with a Message-ID that stays the same when it is sent again.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use hivesum_actors::store::collections::SendFailure;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use tokio::time::timeout;

use super::cause;
use super::message::{Letter, failure};
use super::secret::Secret;
use crate::config::{SmtpConfig, SmtpTls};

/// A mail server, and who gets mail from whom.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

impl Mail {
    pub(super) fn open(config: &SmtpConfig, password: Option<Secret>) -> Result<Self, String> {
        let from = mailbox("from", &config.from)?;
        let to = config.to.iter().map(|to| mailbox("to", to)).collect::<Result<Vec<_>, _>>()?;
        let (host, port) = host_and_port(&config.server)?;
        let timeout = Duration::from_secs(config.timeout_seconds.into());
        let usual = match config.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Implicit => 465,
            SmtpTls::None => 25,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port.unwrap_or(usual))
            .tls(tls(config.tls, host)?)
            .hello_name(own_name())
            .timeout(Some(timeout));
        match (&config.user, password) {
            (None, _) => {}
            (Some(_), None) => return Err("its password is missing: name a password_file".to_owned()),
            (Some(_), Some(_)) if config.tls == SmtpTls::None && !is_own_machine(host) => {
                return Err("its password would cross the network in the clear: use TLS".to_owned());
            }
            (Some(user), Some(password)) => builder = builder.credentials(Credentials::new(user.clone(), password.0)),
        }
        Ok(Self { transport: builder.build(), from, to, timeout })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<String, SendFailure> {
        let message = self.message(letter).map_err(failure)?;
        match timeout(self.timeout, self.transport.send(message)).await {
            Err(_) => Err(failure(format!("no answer within {} s", self.timeout.as_secs()))),
            Ok(Ok(answer)) => Ok(format!("code {}", answer.code())),
            Ok(Err(error)) => Err(failure(in_words(&error))),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(&letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(letter.at.as_second().max(0).unsigned_abs()))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        // RFC 3834: no machine answers it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder = builder.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        builder.body(letter.text.clone()).map_err(|error| format!("the mail cannot be written: {error}"))
    }
}

fn mailbox(of: &str, address: &str) -> Result<Mailbox, String> {
    if address.chars().any(char::is_control) {
        return Err(format!("`{of}` must not have line breaks or control characters"));
    }
    address.parse().map_err(|error| format!("`{of}`: {address:?} is no mail address: {error}"))
}

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
fn host_and_port(server: &str) -> Result<(&str, Option<u16>), String> {
    let words = || format!("`server`: {server:?} must be HOST or HOST:PORT");
    let (host, rest) = match server.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(words)?,
        None => server.split_at(server.find(':').unwrap_or(server.len())),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(words());
    }
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return Err(words()),
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(words)?),
    };
    Ok((host, port))
}

fn is_own_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls(config: SmtpTls, host: &str) -> Result<Tls, String> {
    let parameters = || {
        TlsParameters::new(host.to_owned()).map_err(|error| format!("TLS cannot be used: {}", cause::in_words(&error)))
    };
    Ok(match config {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => Tls::Required(parameters()?),
        SmtpTls::Implicit => Tls::Wrapper(parameters()?),
    })
}

/// What this machine calls itself, if that can stand in a command.
fn own_name() -> ClientId {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if is_plain { ClientId::Domain(name) } else { ClientId::Ipv4(Ipv4Addr::LOCALHOST) }
}

/// What kind of error it is, without what the server has said.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;
    if let Some(code) = error.status() {
        return format!("code {code}");
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    match error.source() {
        Some(source) if !error.is_response() => format!("no answer: {}", cause::in_words(source)),
        Some(_) | None => "the server did not answer as a mail server does".to_owned(),
    }
}
