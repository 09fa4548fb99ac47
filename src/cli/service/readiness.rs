//! Asks a service whether it is ready: `GET /readyz` over plain HTTP, with no token and no library.
//!
//! One connection, whose every step is bounded in time and whose answer is bounded in size. A service that speaks TLS is
//! asked by other tools, which check its certificate.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

use super::super::error::system_text;

/// How long a connection, and each read and write, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of an answer is read. Its status stands in the first line.
const MOST_BYTES: u64 = 4096;

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// Host and port.
    authority: String,
    /// Without a slash at its end.
    path: String,
}

/// What a service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It accepts work.
    Ready,
    /// It answers with another status.
    Refused(u16),
    /// It does not answer, or not as HTTP.
    Silent(String),
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("yes"),
            Self::Refused(status) => write!(f, "no, /readyz answers {status}"),
            Self::Silent(why) => write!(f, "no, {why}"),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}/", self.authority, self.path)
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri = fluent_uri::Uri::parse(text).map_err(|error| error.to_string())?;
        let authority =
            uri.authority().filter(|authority| authority.userinfo().is_none() && !authority.host().is_empty());
        match (uri.scheme().as_str(), authority) {
            ("http", Some(authority)) => {
                let port = if authority.port().is_some_and(|port| !port.is_empty()) { "" } else { ":80" };
                let host = authority.as_str().trim_end_matches(':');
                Ok(Self {
                    authority: format!("{host}{port}"),
                    path: uri.path().as_str().trim_end_matches('/').to_owned(),
                })
            }
            _ => Err("it must be http://HOST:PORT, with a path where the service is published below one".to_owned()),
        }
    }
}

impl Url {
    /// The service that listens on this address. One on all addresses is asked over loopback.
    pub(super) fn of(listen: &SocketAddr) -> Self {
        let ip = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Self { authority: SocketAddr::new(ip, listen.port()).to_string(), path: String::new() }
    }

    /// Asks it. Takes a few times [`PATIENCE`] at most.
    pub(super) fn ask(&self) -> Readiness {
        match self.status_line() {
            Ok(line) => match line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()) {
                Some(200) => Readiness::Ready,
                Some(status) => Readiness::Refused(status),
                None => Readiness::Silent("the answer is not HTTP".to_owned()),
            },
            Err(error) => Readiness::Silent(system_text(&error)),
        }
    }

    fn status_line(&self) -> io::Result<String> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let (path, host) = (&self.path, &self.authority);
        // In one call: a service may answer and close after the first bytes, and then the next call would fail.
        let request = format!("GET {path}/readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        // The first bytes hold the status line, and a slow service cannot send them one by one for long.
        let mut answer = Vec::new();
        let mut piece = [0; 64];
        let mut limited = stream.take(MOST_BYTES);
        while answer.len() < "HTTP/1.1 200".len() {
            match limited.read(&mut piece)? {
                0 => break,
                length => answer.extend_from_slice(&piece[..length]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.authority.to_socket_addrs()?.take(4) {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_test_support::comes_true;
    use std::net::TcpListener;

    #[test]
    fn a_url_names_a_host_and_may_name_a_port_and_a_path() {
        for (text, shown) in [
            ("http://localhost", "http://localhost:80/"),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
            ("http://a:1/hivesum/", "http://a:1/hivesum/"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), shown);
        }
        for wrong in ["", "localhost:8080", "https://a", "http://", "http://u@a", "http://a b", "http:x"] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
        assert_eq!(Url::of(&"[::]:8".parse().unwrap()).to_string(), "http://[::1]:8/");
    }

    #[test]
    fn every_answer_has_words() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::of(&listener.local_addr().unwrap());
        let long = "x".repeat(10_000);
        for (answer, words) in [
            ("HTTP/1.1 200 OK\r\n\r\n", "yes"),
            ("HTTP/1.1 507 Insufficient Storage\r\n\r\n", "no, /readyz answers 507"),
            ("", "no, the answer is not HTTP"),
            ("HTTP/1.1 2", "no, the answer is not HTTP"),
            (&long, "no, the answer is not HTTP"),
        ] {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut stream = listener.accept().unwrap().0;
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(answer.as_bytes());
                });
                assert_eq!(url.ask().to_string(), words);
            });
        }
        drop(listener);
        // A process that another test starts holds it, too, until its program runs.
        assert!(comes_true(|| url.ask().to_string() == "no, Connection refused"), "{}", url.ask());
    }
}
