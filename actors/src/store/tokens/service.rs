//! The tokens of a running service: checked at every request, so from a cache where possible.
//!
//! The cache is valid until `tokens.changed` in the state directory grows. Every change of the table, by whatever
//! process, ends with that, so a revoked token is refused at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::super::Store;
use super::table::{self, CreatedToken, NewToken, TableVersion, TokenRecord, hash_of};
use crate::error::StoreError;

/// Tokens in the cache. If more are in use, the cache is emptied and filled again from the database.
const CACHED: usize = 1024;

/// The tokens of a running service.
#[derive(Debug, Clone)]
pub struct TokenService {
    store: Store,
    cache: Arc<Mutex<TokenCache>>,
}

/// Tokens found since the table last changed, by the hash of their secret.
#[derive(Debug, Default)]
struct TokenCache {
    version: TableVersion,
    tokens: HashMap<[u8; 32], TokenRecord>,
}

impl TokenService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, cache: Arc::default() }
    }

    /// [`Tokens::create`](super::Tokens::create).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn create(&self, token: NewToken) -> Result<CreatedToken, StoreError> {
        let state_dir = self.store.state_dir.clone();
        self.store.write(move |connection| table::create(connection, &state_dir, &token)).await
    }

    /// [`Tokens::verify`](super::Tokens::verify). For a cached secret it costs one `stat` of a file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn verify(&self, secret: &str) -> Result<Option<TokenRecord>, StoreError> {
        let hash = hash_of(secret);
        // Read before the table: a change between the two is noticed next time.
        let version = TableVersion::of(&self.store.state_dir);
        let record = match self.cached(&hash, version) {
            Some(record) => Some(record),
            None => {
                let found = self.store.read(move |connection| table::find(connection, &hash)).await?;
                if let Some(record) = &found {
                    self.insert(hash, record.clone(), version);
                }
                found
            }
        };
        Ok(record.filter(|record| record.is_valid_at(Timestamp::now())))
    }

    /// [`Tokens::list`](super::Tokens::list).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.store.read(|connection| table::list(connection)).await
    }

    /// [`Tokens::revoke`](super::Tokens::revoke).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        let (state_dir, id) = (self.store.state_dir.clone(), id.to_owned());
        self.store.write(move |connection| table::revoke(connection, &state_dir, &id)).await
    }

    fn cached(&self, hash: &[u8; 32], version: TableVersion) -> Option<TokenRecord> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        (cache.version == version).then(|| cache.tokens.get(hash).cloned()).flatten()
    }

    fn insert(&self, hash: [u8; 32], record: TokenRecord, version: TableVersion) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.version != version || cache.tokens.len() >= CACHED {
            cache.tokens.clear();
            cache.version = version;
        }
        cache.tokens.insert(hash, record);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tokens;
    use super::*;

    fn token(scopes: &str) -> NewToken {
        NewToken { name: "a name".to_owned(), scopes: scopes.parse().unwrap(), expires_at: None }
    }

    #[actix::test]
    async fn a_running_service_notices_at_once_what_a_command_changed() {
        let dir = tempfile::tempdir().unwrap();
        let service = TokenService::new(Store::open(dir.path()).await.unwrap());
        let mut command = Tokens::open(dir.path()).unwrap();
        let made = command.create(token("read")).unwrap();
        for _ in 0..2 {
            assert_eq!(service.verify(&made.secret).await.unwrap(), Some(made.record.clone()));
        }
        assert!(command.revoke(&made.record.id).unwrap());
        assert_eq!(service.verify(&made.secret).await.unwrap(), None);
        assert!(!command.revoke(&made.record.id).unwrap());
    }

    #[actix::test]
    async fn a_service_revokes_at_once_and_caches_no_more_than_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let service = TokenService::new(Store::open(dir.path()).await.unwrap());
        let made = service.create(token("admin")).await.unwrap();
        let version = TableVersion::of(&service.store.state_dir);
        for number in 0..=CACHED as u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_le_bytes());
            service.insert(hash, made.record.clone(), version);
        }
        assert_eq!(service.cache.lock().unwrap().tokens.len(), 1);
        assert!(service.verify(&made.secret).await.unwrap().is_some());
        assert!(service.revoke(&made.record.id).await.unwrap());
        assert_eq!(service.verify(&made.secret).await.unwrap(), None);
        assert_eq!(service.list().await.unwrap(), []);
    }
}
