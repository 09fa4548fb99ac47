//! A bounded cache of what was found by the hash of a secret. It is valid until `tokens.changed` in the state directory
//! grows: every change that ends a token or a session, by whatever process, does that once it is committed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::table::{SecretHash, TableVersion};

/// Entries. If more are in use, the cache is emptied and filled again from the database.
pub(super) const CACHED: usize = 1024;

/// What was found since the tables last changed.
#[derive(Debug)]
pub(in super::super) struct SecretCache<T> {
    found: Mutex<Found<T>>,
}

#[derive(Debug)]
struct Found<T> {
    version: TableVersion,
    by_hash: HashMap<SecretHash, T>,
}

impl<T> Default for SecretCache<T> {
    fn default() -> Self {
        Self { found: Mutex::new(Found { version: TableVersion::default(), by_hash: HashMap::new() }) }
    }
}

impl<T: Clone> SecretCache<T> {
    /// What was found in this version of the tables.
    pub(in super::super) fn get(&self, hash: SecretHash, version: TableVersion) -> Option<T> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        (found.version == version).then(|| found.by_hash.get(&hash).cloned()).flatten()
    }

    /// Inserts what was found. The version is one that was read before the tables were.
    pub(in super::super) fn insert(&self, hash: SecretHash, one: T, version: TableVersion) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.version != version || found.by_hash.len() >= CACHED {
            found.by_hash.clear();
            found.version = version;
        }
        found.by_hash.insert(hash, one);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.found.lock().unwrap().by_hash.len()
    }
}
