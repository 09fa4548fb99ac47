//! How many connections there are, in all and of one address. A connection beyond either bound is closed at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use hivesum_actors::limits::ClientKey;

/// The seats of a service.
#[derive(Debug)]
pub(crate) struct Seats {
    max: usize,
    max_of_one: usize,
    taken: Mutex<Taken>,
}

/// As many keys as connections, so `max` bounds the table.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_client: HashMap<ClientKey, usize>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    client: Option<ClientKey>,
}

impl Seats {
    pub(crate) fn new(max: usize, max_of_one: usize) -> Arc<Self> {
        Arc::new(Self { max, max_of_one, taken: Mutex::default() })
    }

    /// A seat for the client, or for a proxy, whose connections are many clients'.
    pub(crate) fn take(self: &Arc<Self>, client: Option<ClientKey>) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.max {
            return None;
        }
        if let Some(client) = client {
            let of_client = taken.by_client.entry(client).or_default();
            if *of_client >= self.max_of_one {
                return None;
            }
            *of_client += 1;
        }
        taken.all += 1;
        Some(Seat { seats: self.clone(), client })
    }

    /// Connections at this instant.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn one_address_has_a_bound_of_its_own_and_all_have_one_together() {
        let seats = Seats::new(4, 2);
        let held: Vec<_> = [client(1), client(1), client(2), None].map(|client| seats.take(client).unwrap()).into();
        assert!(seats.take(client(1)).is_none());
        assert!(seats.take(client(3)).is_none() && seats.take(None).is_none());
        drop(held);
        assert_eq!(seats.taken(), 0);
        assert!(seats.taken.lock().unwrap().by_client.is_empty(), "nobody is remembered who is gone");
        let one = seats.take(client(1)).unwrap();
        let _two = seats.take(client(1)).unwrap();
        assert!(seats.take(client(1)).is_none());
        drop(one);
        assert!(seats.take(client(1)).is_some());
    }
}
