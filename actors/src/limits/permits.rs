//! Bounds how many of something exist at a time, in total and for one client: connections, uploads, event streams.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ClientKey;

/// The permits, in total and per client.
#[derive(Debug)]
pub struct Permits {
    max: usize,
    max_of_one: usize,
    taken: Mutex<Taken>,
}

/// The permits in use. A client is listed while it holds one, so `max` bounds the table.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_client: HashMap<ClientKey, usize>,
}

/// One permit. Dropping it releases it.
#[derive(Debug)]
pub struct Permit {
    permits: Arc<Permits>,
    client: Option<ClientKey>,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPermit {
    /// All are in use.
    Full,
    /// The client holds as many as one client may.
    ClientFull,
}

impl Permits {
    /// `max` permits, and at most `max_of_one` of them for one client.
    #[must_use]
    pub fn new(max: usize, max_of_one: usize) -> Arc<Self> {
        Arc::new(Self { max, max_of_one, taken: Mutex::default() })
    }

    /// Takes a permit for a client. Without a client only the total is bounded, as for a proxy that serves many.
    ///
    /// # Errors
    /// When there is none left, in total or for this client.
    pub fn take(self: &Arc<Self>, client: Option<ClientKey>) -> Result<Permit, NoPermit> {
        let mut taken = self.lock();
        if taken.all >= self.max {
            return Err(NoPermit::Full);
        }
        if let Some(client) = client {
            let of_client = taken.by_client.get(&client).copied().unwrap_or(0);
            if of_client >= self.max_of_one {
                return Err(NoPermit::ClientFull);
            }
            taken.by_client.insert(client, of_client + 1);
        }
        taken.all += 1;
        Ok(Permit { permits: self.clone(), client })
    }

    /// Permits in use now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    /// The most permits that one client may hold.
    #[must_use]
    pub const fn max_of_one(&self) -> usize {
        self.max_of_one
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.permits.lock();
        taken.all -= 1;
        let Some(client) = self.client else { return };
        if let Entry::Occupied(mut of_client) = taken.by_client.entry(client) {
            *of_client.get_mut() -= 1;
            if *of_client.get() == 0 {
                of_client.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(last: u8) -> Option<ClientKey> {
        Some(ClientKey::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[test]
    fn each_client_has_a_bound_and_all_together_have_one() {
        let permits = Permits::new(4, 2);
        let held: Vec<_> = [client(1), client(1)].map(|client| permits.take(client).unwrap()).into();
        assert_eq!(permits.take(client(1)).unwrap_err(), NoPermit::ClientFull);
        let others: Vec<_> = [client(2), None].map(|client| permits.take(client).unwrap()).into();
        for client in [client(1), client(3), None] {
            assert_eq!(permits.take(client).unwrap_err(), NoPermit::Full);
        }
        drop((held, others));
        assert_eq!(permits.taken(), 0);
        assert!(permits.lock().by_client.is_empty(), "a client without permits is not listed");
        let one = permits.take(client(1)).unwrap();
        let _two = permits.take(client(1)).unwrap();
        assert!(permits.take(client(1)).is_err());
        drop(one);
        assert!(permits.take(client(1)).is_ok());
    }

    #[test]
    fn a_refused_client_is_not_listed() {
        let permits = Permits::new(1000, 0);
        for last in 0..=255 {
            assert_eq!(permits.take(client(last)).unwrap_err(), NoPermit::ClientFull);
        }
        assert!(permits.lock().by_client.is_empty());
    }
}
