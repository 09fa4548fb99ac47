//! The address that a request counts for: the peer's, or the one that a trusted proxy forwards.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use hivesum_actors::limits::ClientKey;
use ipnet::IpNet;

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

    /// The client that a request is counted for.
    pub(super) fn client_of(&self, request: &ServiceRequest) -> ClientKey {
        self.address_of(request.request()).map_or(ClientKey::Shared, ClientKey::of_address)
    }

    /// The address of the client; none if the peer has none.
    pub(super) fn address_of(&self, request: &HttpRequest) -> Option<IpAddr> {
        request.peer_addr().map(|peer| self.client_behind(peer.ip(), request.headers()))
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
