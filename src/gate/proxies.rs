//! The client that a request counts for: the peer's address, the one that a trusted proxy forwards, or the user at the other
//! end of a Unix socket, who is believed no forwarded address.

use std::fmt;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use hivesum_actors::limits::ClientKey;
use ipnet::IpNet;

use crate::connection::PeerUser;

/// Who sends a request, without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// By its address, which is no IPv4-mapped one.
    Address(IpAddr),
    /// By its user on this machine.
    User(u32),
}

impl Client {
    /// What its requests are counted under.
    pub(super) fn key(self) -> ClientKey {
        match self {
            Self::Address(address) => ClientKey::of_address(address),
            Self::User(user) => ClientKey::User(user),
        }
    }
}

impl fmt::Display for Client {
    /// As in `192.0.2.1` or `user 1000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}

/// The trusted proxies.
#[derive(Debug)]
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
}

impl Proxies {
    pub(crate) fn new(trusted: &[IpNet]) -> Self {
        Self { trusted: trusted.to_vec() }
    }

    /// Whether this is the address of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// What a request is counted under.
    pub(super) fn key_of(&self, request: &ServiceRequest) -> ClientKey {
        self.client_of(request.request()).map_or(ClientKey::Shared, Client::key)
    }

    /// The client; none if the peer has neither an address nor a user.
    pub(super) fn client_of(&self, request: &HttpRequest) -> Option<Client> {
        let behind = |peer: std::net::SocketAddr| self.client_behind(peer.ip(), request.headers()).to_canonical();
        let user = || request.conn_data::<PeerUser>().map(|user| Client::User(user.0));
        request.peer_addr().map(|peer| Client::Address(behind(peer))).or_else(user)
    }

    /// The client that the peer forwards for. `X-Forwarded-For` is read from its end, where trusted proxies write, up
    /// to the first address that is not a trusted proxy. Anything before that address may be forged.
    fn client_behind(&self, peer: IpAddr, fields: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let fields: Vec<_> = fields.get_all("x-forwarded-for").filter_map(|field| field.to_str().ok()).collect();
        let mut client = peer;
        for word in fields.iter().rev().flat_map(|field| field.rsplit(',')) {
            let Some(address) = address_of(word.trim()) else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }
}

/// An address as proxies write it: some add a port, and put IPv6 addresses in brackets.
fn address_of(word: &str) -> Option<IpAddr> {
    let socket = || word.parse::<std::net::SocketAddr>().map(|socket| socket.ip()).ok();
    let bracketed = || word.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    word.parse().ok().or_else(socket).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn client(trusted: &[&str], peer: &str, forwarded: &[&'static str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut fields = HeaderMap::new();
        for field in forwarded {
            fields.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(field));
        }
        Proxies::new(&trusted).client_behind(peer.parse().unwrap(), &fields).to_string()
    }

    #[test]
    fn what_an_untrusted_peer_forwards_is_ignored() {
        assert_eq!(client(&[], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_and_nothing_before_that_is_trusted() {
        let trusted = &["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(trusted, "10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(trusted, "10.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(trusted, "10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(client(trusted, "fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client(trusted, "::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn an_invalid_address_ends_the_search_at_the_last_known_one() {
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.7, x, 10.0.0.3"]), "10.0.0.3");
    }
}
