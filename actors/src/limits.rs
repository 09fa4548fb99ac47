//! Limits per client: the rate of requests and bytes (governor's GCRA), and how much of something it holds at a time.
//!
//! A client is a token, else an IPv4 address, an IPv6 /64 or a user of this machine. The table of clients is bounded: clients whose burst has
//! recovered are removed, and while it holds more than `MAX_KEYS`, all addresses share one bucket. Nothing here knows
//! HTTP.

mod permits;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

pub use permits::{NoPermit, Permit, Permits};

/// Clients in the table before all addresses share a bucket: about 60 bytes each with the table's slack, so at
/// most 16 MiB of the 32 MiB that the table may take.
const MAX_KEYS: usize = 1 << 18;

/// Requests between two checks of the table's size; the table can exceed its bound by this many keys.
const TIDY_EVERY: u32 = 4096;

/// The client that a request counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// A token, by a number derived from it.
    Token(u64),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The first 64 bits of an IPv6 address: the smallest network that one customer gets.
    V6(u64),
    /// A user of this machine, by its number: the peer of a Unix socket.
    User(u32),
    /// All addresses together, while there are too many to count each.
    Shared,
}

impl ClientKey {
    /// The key of an address. An IPv4-mapped IPv6 address counts as the IPv4 address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// Whether a request is within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request is within the limit.
    Allowed {
        /// Requests that may follow at once.
        remaining: u32,
        /// Time until the whole burst has recovered.
        recovered_in: Duration,
    },
    /// The request exceeds the limit.
    Refused {
        /// Time until the next request is within the limit.
        wait: Duration,
    },
}

type Table = RateLimiter<ClientKey, DashMapStateStore<ClientKey>, DefaultClock, StateInformationMiddleware>;

/// Limits the requests per second, and at once, of each client.
#[derive(Debug)]
pub struct RequestLimiter {
    table: Table,
    clock: DefaultClock,
    quota: Quota,
    until_tidy: AtomicU32,
    crowded: AtomicBool,
}

impl RequestLimiter {
    /// Allows `per_second` requests on average, and `burst` at once after a pause.
    #[must_use]
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            table: RateLimiter::dashmap(quota).with_middleware(),
            clock: DefaultClock::default(),
            quota,
            until_tidy: AtomicU32::new(TIDY_EVERY),
            crowded: AtomicBool::new(false),
        }
    }

    /// Requests allowed at once after a pause.
    #[must_use]
    pub fn burst(&self) -> NonZeroU32 {
        self.quota.burst_size()
    }

    /// How long a used-up burst takes to recover.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.quota.replenish_interval().saturating_mul(self.burst().get())
    }

    /// Counts one request of the client.
    pub fn take(&self, client: ClientKey) -> Decision {
        self.check_many(client, NonZeroU32::MIN)
    }

    /// Counts `count` requests at once. More than a burst counts as a burst: otherwise it would never be allowed.
    pub fn check_many(&self, client: ClientKey, count: NonZeroU32) -> Decision {
        self.tidy_if_due();
        let taken = self.table.check_key_n(&self.bucket_of(client), count.min(self.burst()));
        match taken.expect("the count is at most the burst") {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let missing = self.burst().get().saturating_sub(remaining);
                Decision::Allowed { remaining, recovered_in: self.quota.replenish_interval().saturating_mul(missing) }
            }
            Err(not_until) => Decision::Refused { wait: not_until.wait_time_from(self.clock.now()) },
        }
    }

    fn bucket_of(&self, client: ClientKey) -> ClientKey {
        match client {
            ClientKey::V4(_) | ClientKey::V6(_) if self.crowded.load(Ordering::Relaxed) => ClientKey::Shared,
            ClientKey::Token(_) | ClientKey::V4(_) | ClientKey::V6(_) | ClientKey::User(_) | ClientKey::Shared => {
                client
            }
        }
    }

    fn tidy_if_due(&self) {
        let left = self.until_tidy.fetch_sub(1, Ordering::Relaxed);
        if left != 1 {
            return;
        }
        self.until_tidy.store(TIDY_EVERY, Ordering::Relaxed);
        if self.table.len() >= TIDY_EVERY as usize {
            self.table.retain_recent();
            self.table.shrink_to_fit();
        }
        self.crowded.store(self.table.len() > MAX_KEYS, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    const HOUR: Duration = Duration::from_secs(3600);

    /// One request an hour and so many at once: none is let through because a test takes its time.
    fn hourly(burst: u32) -> RequestLimiter {
        let quota = Quota::with_period(HOUR).unwrap().allow_burst(NonZeroU32::new(burst).unwrap());
        let limiter = RequestLimiter::new(NonZeroU32::MIN, NonZeroU32::MIN);
        RequestLimiter { table: RateLimiter::dashmap(quota).with_middleware(), quota, ..limiter }
    }

    fn v6(number: u128) -> ClientKey {
        ClientKey::of_address(IpAddr::V6(Ipv6Addr::from_bits(number)))
    }

    #[test]
    fn a_burst_is_allowed_and_the_next_request_gets_the_time_to_wait() {
        let limiter = hourly(3);
        let client = ClientKey::Token(7);
        for left in [2, 1, 0] {
            assert!(matches!(limiter.take(client), Decision::Allowed { remaining, .. } if remaining == left));
        }
        let Decision::Refused { wait } = limiter.take(client) else { panic!("a fourth request was allowed") };
        assert!(wait > Duration::ZERO && wait <= HOUR, "{wait:?}");
        assert!(matches!(limiter.take(ClientKey::Token(8)), Decision::Allowed { .. }));
        assert_eq!(limiter.window(), 3 * HOUR);
    }

    #[test]
    fn several_at_once_count_as_several_and_more_than_a_burst_as_a_burst() {
        let limiter = hourly(10);
        let take = |count| limiter.check_many(ClientKey::Token(7), NonZeroU32::new(count).unwrap());
        assert!(matches!(take(4), Decision::Allowed { remaining: 6, .. }));
        assert!(matches!(take(7), Decision::Refused { .. }));
        assert!(matches!(take(6), Decision::Allowed { remaining: 0, .. }));
        let Decision::Refused { wait } = take(1000) else { panic!("more was allowed than was left") };
        assert!(wait > 8 * HOUR && wait <= 10 * HOUR, "{wait:?}");
    }

    #[test]
    fn one_customer_is_an_ipv4_address_or_an_ipv6_64() {
        assert_eq!(v6(0x2001_0db8_0000_0001 << 64 | 1), v6(0x2001_0db8_0000_0001 << 64 | 0xffff));
        assert_ne!(v6(0x2001_0db8_0000_0001 << 64), v6(0x2001_0db8_0000_0002 << 64));
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        assert_eq!(ClientKey::of_address(IpAddr::V6(mapped)), ClientKey::V4(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn a_million_addresses_stay_within_the_bound_and_a_token_keeps_its_own_bucket() {
        // One request an hour and ten at once: no client is removed while the test runs.
        let limiter = hourly(10);
        for number in 0..1_000_000_u128 {
            limiter.take(v6(number << 64));
        }
        assert!(limiter.table.len() <= MAX_KEYS + TIDY_EVERY as usize + 1, "{} keys", limiter.table.len());
        assert!(matches!(limiter.take(v6(1 << 100)), Decision::Refused { .. }), "unknown addresses share a bucket");
        assert!(matches!(limiter.take(ClientKey::Token(1)), Decision::Allowed { .. }));
    }

    #[test]
    fn clients_whose_burst_has_recovered_are_removed() {
        let limiter = RequestLimiter::new(NonZeroU32::new(1_000_000).unwrap(), NonZeroU32::MIN);
        for number in 0..100_000_u128 {
            limiter.take(v6(number << 64));
        }
        assert!(limiter.table.len() < 3 * TIDY_EVERY as usize, "{} keys", limiter.table.len());
    }
}
