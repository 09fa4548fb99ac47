//! The tokens of a running service: checked at every request, so from a cache where possible. A revoked token is refused
//! at once, whatever process revoked it.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::Store;
use super::cache::SecretCache;
use super::table::{self, CreatedToken, NewToken, SecretHash, TableVersion, TokenRecord};
use crate::error::StoreError;

/// The tokens of a running service.
#[derive(Debug, Clone)]
pub struct TokenService {
    store: Store,
    cache: Arc<SecretCache<TokenRecord>>,
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
        let made = CreatedToken::make(token)?;
        self.insert(made.record.clone(), SecretHash::of(&made.secret)).await?;
        Ok(made)
    }

    /// [`Tokens::insert`](super::Tokens::insert).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn insert(&self, record: TokenRecord, hash: SecretHash) -> Result<bool, StoreError> {
        let state_dir = self.store.state_dir.clone();
        self.store.write(move |connection| table::insert(connection, &state_dir, &record, hash)).await
    }

    /// [`Tokens::verify`](super::Tokens::verify), by the hash of the secret. For a cached secret it costs one `stat` of
    /// a file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn verify(&self, hash: SecretHash) -> Result<Option<TokenRecord>, StoreError> {
        // Read before the table: a change between the two is noticed next time.
        let version = TableVersion::of(&self.store.state_dir);
        let record = match self.cache.get(hash, version) {
            Some(record) => Some(record),
            None => {
                let found = self.store.read(move |connection| table::find(connection, hash)).await?;
                if let Some(record) = &found {
                    self.cache.insert(hash, record.clone(), version);
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
}

#[cfg(test)]
mod tests {
    use super::super::Tokens;
    use super::super::cache::CACHED;
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
            assert_eq!(service.verify(SecretHash::of(&made.secret)).await.unwrap(), Some(made.record.clone()));
        }
        assert!(command.revoke(&made.record.id).unwrap());
        assert_eq!(service.verify(SecretHash::of(&made.secret)).await.unwrap(), None);
        assert!(!command.revoke(&made.record.id).unwrap());
    }

    #[actix::test]
    async fn a_service_revokes_at_once_and_caches_no_more_than_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let service = TokenService::new(Store::open(dir.path()).await.unwrap());
        let made = service.create(token("admin")).await.unwrap();
        let version = TableVersion::of(&service.store.state_dir);
        for number in 0..=CACHED {
            service.cache.insert(SecretHash::of(&number.to_string()), made.record.clone(), version);
        }
        assert_eq!(service.cache.len(), 1);
        assert!(service.verify(SecretHash::of(&made.secret)).await.unwrap().is_some());
        assert!(service.revoke(&made.record.id).await.unwrap());
        assert_eq!(service.verify(SecretHash::of(&made.secret)).await.unwrap(), None);
        assert_eq!(service.list().await.unwrap(), []);
    }
}
