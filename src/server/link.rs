//! The sign-in link: under which name people reach the service, and how the link is said at the start.
//!
//! The link is a secret and is said once, on stderr, in the format of the log; it is never logged, because logs go to
//! other places.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use jiff::Timestamp;
use serde_json::json;

use crate::config::{LogFormat, ServeConfig};
use crate::service::sign_in::SignInPage;

/// Where people reach the page of a service that is bound to this address, or to a Unix socket.
pub(super) fn page(config: &ServeConfig, bound: Option<SocketAddr>) -> SignInPage {
    let (host, socket) = match (bound, config.host_names().first()) {
        (Some(address), _) => (public_url(config, address), None),
        // The proxy listens where people reach it.
        (None, Some(host)) if config.behind_proxy => (format!("https://{host}"), None),
        (None, _) => ("http://localhost".to_owned(), config.listen_socket.clone()),
    };
    SignInPage { url: format!("{host}{}", config.base_path), socket }
}

/// The URL under which people reach a service that is bound to this address. The first allowed host is the one that the
/// operator knows; without one, no name is known that the service answers to, and it is an address.
fn public_url(config: &ServeConfig, bound: SocketAddr) -> String {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let names = config.host_names();
    let named = names.first().filter(|_| config.behind_proxy || !bound.ip().is_loopback());
    match named {
        // A proxy listens on a port of its own.
        Some(host) if config.behind_proxy => format!("https://{host}"),
        Some(host) if has_port(host) => format!("{scheme}://{host}"),
        Some(host) => format!("{scheme}://{host}:{}", bound.port()),
        None if bound.ip().is_unspecified() => {
            format!("{scheme}://{}", SocketAddr::new(own_address(), bound.port()))
        }
        None => format!("{scheme}://{bound}"),
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

/// The address with which this machine reaches others; loopback without a network. Nothing is sent: a datagram socket
/// only chooses its route. The far ends are addresses for documentation (RFC 5737, RFC 3849).
fn own_address() -> IpAddr {
    let towards = |from: &str, to: &str| {
        let socket = UdpSocket::bind(from)?;
        socket.connect(to)?;
        socket.local_addr()
    };
    let address = towards("0.0.0.0:0", "192.0.2.1:9").or_else(|_| towards("[::]:0", "[2001:db8::1]:9"));
    address.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

/// Says the link, or that none is needed.
pub(super) fn announce(link: Option<&str>, format: LogFormat) {
    let _ = io::stderr().lock().write_all((line(link, format) + "\n").as_bytes());
}

/// One line in the format of the log.
fn line(link: Option<&str>, format: LogFormat) -> String {
    let open = "Anyone who reaches this port or socket may do anything: --no-auth";
    match (link, format) {
        (Some(link), LogFormat::Text) => format!("Sign in within 10 minutes, once: {link}"),
        (None, LogFormat::Text) => open.to_owned(),
        (Some(link), LogFormat::Json) => {
            let message = "sign in within 10 minutes, once";
            json!({ "timestamp": now(), "level": "INFO", "message": message, "link": link }).to_string()
        }
        (None, LogFormat::Json) => json!({ "timestamp": now(), "level": "WARN", "message": open }).to_string(),
    }
}

fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(bound: &str, change: impl FnOnce(&mut ServeConfig)) -> String {
        let mut config = ServeConfig::new("".into());
        change(&mut config);
        public_url(&config, bound.parse().unwrap())
    }

    #[test]
    fn the_link_names_a_host_that_people_reach() {
        let hosts = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>();
        assert_eq!(url("127.0.0.1:80", |_| {}), "http://127.0.0.1:80");
        assert_eq!(url("127.0.0.1:80", |config| config.allow_hosts = hosts(&["a.example"])), "http://127.0.0.1:80");
        assert_eq!(url("192.0.2.7:80", |_| {}), "http://192.0.2.7:80");
        let proxied = |allowed: &[&str]| {
            let allowed = hosts(allowed);
            url("0.0.0.0:80", |config| (config.behind_proxy, config.allow_hosts) = (true, allowed))
        };
        assert_eq!(proxied(&["a.example", "b.example"]), "https://a.example");
        assert_eq!(proxied(&["a.example:8443"]), "https://a.example:8443");
        let direct = |allowed: &[&str]| {
            let allowed = hosts(allowed);
            url("[::]:8443", |config| {
                config.tls = Some(crate::config::TlsFiles { certificates: "c".into(), key: "k".into() });
                config.allow_hosts = allowed;
            })
        };
        assert_eq!(direct(&["a.example"]), "https://a.example:8443");
        assert_eq!(direct(&["a.example:443"]), "https://a.example:443");
        for unspecified in [proxied(&[]), direct(&[])] {
            let host = unspecified.split_once("://").unwrap().1.parse::<SocketAddr>().unwrap().ip();
            assert!(!host.is_unspecified(), "{unspecified}");
        }
    }

    #[test]
    fn a_page_on_a_socket_is_where_its_proxy_is_or_behind_the_socket() {
        let mut config = ServeConfig { listen_socket: Some("/run/h".into()), ..ServeConfig::new("".into()) };
        config.allow_hosts = vec!["a.example".to_owned()];
        let direct = SignInPage { url: "http://localhost/".to_owned(), socket: Some("/run/h".into()) };
        assert_eq!(page(&config, None), direct);
        config.behind_proxy = true;
        assert_eq!(page(&config, None), SignInPage { url: "https://a.example/".to_owned(), socket: None });
        config.allow_hosts.clear();
        assert_eq!(page(&config, None), direct, "nobody knows the name of the proxy");
    }

    #[test]
    fn the_line_is_json_where_the_log_is() {
        for link in [Some("http://127.0.0.1:1/#token=x"), None] {
            let line: serde_json::Value = serde_json::from_str(&line(link, LogFormat::Json)).unwrap();
            assert_eq!(line["link"].as_str(), link);
            assert!(line["timestamp"].as_str().unwrap().ends_with('Z') && line["level"].is_string(), "{line}");
        }
        assert!(line(Some("http://a/#token=x"), LogFormat::Text).ends_with(": http://a/#token=x"));
    }
}
