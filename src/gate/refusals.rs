//! The log of what the gate refuses and an operator should know of: tokens that are not valid, and hosts that are not
//! allowed.
//!
//! Each is one line at the default level, in a form that does not change, with the address of the client, or its user: programs such
//! as fail2ban read it. It never has the token. Anyone can make such lines, so their rate is bounded, for each client and
//! for all. A session that has ended is not logged: a page that is still open is no attack.

use std::num::NonZeroU32;

use actix_web::HttpRequest;
use actix_web::http::header;
use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};

use super::proxies::Client;

/// Lines about one client in a burst; after that one a second.
const OF_ONE_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Lines about all clients: this many a second, and ten times as many in a burst.
const OF_ALL_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("twenty is not zero");

/// The longest part of a foreign host's name that is logged.
const MAX_HOST_CHARS: usize = 255;

/// Logs refusals.
pub(super) struct RefusalLog {
    of_one: RequestLimiter,
    of_all: RequestLimiter,
}

impl RefusalLog {
    pub(super) fn new() -> Self {
        let at_once = OF_ALL_PER_SECOND.saturating_mul(OF_ONE_AT_ONCE);
        Self {
            of_one: RequestLimiter::new(NonZeroU32::MIN, OF_ONE_AT_ONCE),
            of_all: RequestLimiter::new(OF_ALL_PER_SECOND, at_once),
        }
    }

    /// A token was not valid.
    pub(super) fn token(&self, client: Option<Client>) {
        if let Some(client) = self.admitted(client) {
            tracing::warn!(%client, "a token was refused");
        }
    }

    /// A request was for a host that is not allowed.
    pub(super) fn host(&self, client: Option<Client>, request: &HttpRequest) {
        if let Some(client) = self.admitted(client) {
            let host = request.headers().get(header::HOST).map(|host| String::from_utf8_lossy(host.as_bytes()));
            let host: String = host.unwrap_or_default().chars().take(MAX_HOST_CHARS).collect();
            tracing::warn!(%client, ?host, "a request for another host was refused: --allow-host allows a name");
        }
    }

    /// The client, if a line about it is within the bounds.
    fn admitted(&self, client: Option<Client>) -> Option<Client> {
        let client = client?;
        let within = |limiter: &RequestLimiter, key| matches!(limiter.take(key), Decision::Allowed { .. });
        (within(&self.of_one, client.key()) && within(&self.of_all, ClientKey::Shared)).then_some(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn the_lines_about_one_client_and_about_all_are_bounded() {
        let log = RefusalLog::new();
        let lines = |client: u32| {
            let client = Some(Client::Address(Ipv4Addr::from_bits(client).into()));
            (0..50).filter(|_| log.admitted(client).is_some()).count()
        };
        assert!((10..13).contains(&lines(1)));
        assert!((10..13).contains(&lines(2)), "each client has its own");
        let all: usize = (3..1000).map(lines).sum();
        assert!((180..400).contains(&all), "{all} lines");
        assert_eq!(log.admitted(None), None);
    }
}
