//! Which host names the service answers to. This stops pages that use DNS rebinding: they come with their own name, and
//! never with an address.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header;

use crate::error::ApiError;

/// Whether any address is an allowed host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Addresses {
    /// Those that are listed: others do not reach a service on a loopback address.
    Listed,
    /// All: the service has more addresses than it can know, behind forwarded ports and balancers.
    All,
}

/// Allowed host names in lower case, each for any port or for one port.
#[derive(Debug)]
pub(crate) struct Hosts {
    allowed: Vec<(String, Option<u16>)>,
    addresses: Addresses,
}

impl Hosts {
    /// Allows the loopback names, the bound address, which a Unix socket does not have, and `more`; beyond loopback, all
    /// addresses.
    pub(crate) fn new(bound: Option<SocketAddr>, more: &[String]) -> Self {
        let is_local = bound.is_none_or(|bound| bound.ip().is_loopback());
        let addresses = if is_local { Addresses::Listed } else { Addresses::All };
        let bound = bound.map(|bound| match bound {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        });
        let mut allowed: Vec<_> = ["127.0.0.1", "[::1]", "localhost"].map(|host| (host.to_owned(), None)).into();
        allowed.extend(bound.map(|host| (host, None)));
        allowed.extend(more.iter().map(|host| {
            let (name, port) = split_port(host);
            (name.to_ascii_lowercase(), port.and_then(|port| port.parse().ok()))
        }));
        Self { allowed, addresses }
    }

    /// Refuses a request for another host. If the request target names a host too, both must be allowed.
    pub(crate) fn check(&self, head: &RequestHead) -> Result<(), ApiError> {
        let mut fields = head.headers().get_all(header::HOST);
        let host = fields.next().and_then(|host| host.to_str().ok());
        let in_target = head.uri.authority().map(|authority| authority.as_str());
        let all_allowed = host.is_some_and(|host| self.allows(host)) && in_target.is_none_or(|host| self.allows(host));
        match all_allowed && fields.next().is_none() {
            true => Ok(()),
            false => Err(ApiError::HostNotAllowed),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let (name, port) = split_port(host);
        if port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
            return false;
        }
        if self.addresses == Addresses::All && is_address(name) {
            return true;
        }
        let port = port.and_then(|port| port.parse().ok());
        let is_it =
            |(known, on): &(String, Option<u16>)| known.eq_ignore_ascii_case(name) && (on.is_none() || *on == port);
        self.allowed.iter().any(is_it)
    }
}

/// Whether this is an IPv4 address, or an IPv6 address in brackets.
fn is_address(name: &str) -> bool {
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    bracketed.is_some_and(|name| name.parse::<Ipv6Addr>().is_ok()) || name.parse::<Ipv4Addr>().is_ok()
}

/// Splits `name:port`; an IPv6 address is in brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_the_bound_address_and_the_names_given_are_allowed() {
        let hosts =
            Hosts::new("192.0.2.7:8080".parse().ok(), &["Files.example".to_owned(), "one.example:8443".to_owned()]);
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]:9",
            "[::1]",
            "LOCALHOST:1",
            "192.0.2.7:8080",
            "198.51.100.9",
            "[2001:db8::1]:8443",
            "files.example",
            "one.example:8443",
        ] {
            assert!(hosts.allows(host), "{host} was refused");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost:x",
            "one.example",
            "one.example:80",
            "::1",
            "[::2",
            "[::2].evil.example",
            "192.0.2.256",
            "3221225991",
            "0x7f.1",
            "192.0.2.7:x",
            "127.0.0.1:1:1",
        ] {
            assert!(!hosts.allows(host), "{host} was accepted");
        }
    }
    #[test]
    fn on_loopback_no_other_address_is_allowed() {
        let hosts = Hosts::new("127.0.0.1:8080".parse().ok(), &[]);
        assert!(hosts.allows("127.0.0.1:8080") && hosts.allows("[::1]"));
        assert!(!hosts.allows("198.51.100.9") && !hosts.allows("[::2]") && !hosts.allows("127.0.0.2"));
        let on_a_socket = Hosts::new(None, &[]);
        assert!(on_a_socket.allows("localhost") && !on_a_socket.allows("198.51.100.9"));
    }
}
