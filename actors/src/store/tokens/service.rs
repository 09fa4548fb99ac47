//! Tokens as a running service asks for them: at every request, so without the database where possible.
//!
//! Remembers tokens it has met until `tokens.changed` in the state directory grows: every change of the
//! table, by whatever process, ends with that, so a revoked token is refused at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::super::Store;
use super::table::{self, Changes, CreatedToken, NewToken, TokenRecord, hash_of};
use crate::error::StoreError;

/// Tokens that a server remembers; with more in use it asks the database again.
const REMEMBERED: usize = 1024;

/// The tokens of a running service.
#[derive(Debug, Clone)]
pub struct TokenService {
    store: Store,
    memory: Arc<Mutex<Memory>>,
}

/// Valid secrets met since the table last changed.
#[derive(Debug, Default)]
struct Memory {
    changes: Changes,
    known: HashMap<[u8; 32], TokenRecord>,
}

impl TokenService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, memory: Arc::default() }
    }

    /// [`Tokens::create`](super::Tokens::create).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn create(&self, token: NewToken) -> Result<CreatedToken, StoreError> {
        let state_dir = self.store.state_dir.clone();
        self.store.write(move |connection| table::create(connection, &state_dir, &token)).await
    }

    /// [`Tokens::verify`](super::Tokens::verify). Costs no more than a look at a file for a secret met before.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn verify(&self, secret: &str) -> Result<Option<TokenRecord>, StoreError> {
        let hash = hash_of(secret);
        // Looked at before the table is read: a change that comes between the two is seen next time.
        let changes = Changes::of(&self.store.state_dir);
        let record = match self.remembered(&hash, changes) {
            Some(record) => Some(record),
            None => {
                let found = self.store.read(move |connection| table::find(connection, &hash)).await?;
                if let Some(record) = &found {
                    self.remember(hash, record.clone(), changes);
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

    fn remembered(&self, hash: &[u8; 32], changes: Changes) -> Option<TokenRecord> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        (memory.changes == changes).then(|| memory.known.get(hash).cloned()).flatten()
    }

    fn remember(&self, hash: [u8; 32], record: TokenRecord, changes: Changes) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.changes != changes || memory.known.len() >= REMEMBERED {
            memory.known.clear();
            memory.changes = changes;
        }
        memory.known.insert(hash, record);
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
    async fn a_running_service_sees_at_once_what_a_command_did_to_the_tokens() {
        let dir = tempfile::tempdir().unwrap();
        let desk = TokenService::new(Store::open(dir.path()).await.unwrap());
        let mut command = Tokens::open(dir.path()).unwrap();
        let made = command.create(token("read")).unwrap();
        for _ in 0..2 {
            assert_eq!(desk.verify(&made.secret).await.unwrap(), Some(made.record.clone()));
        }
        assert!(command.revoke(&made.record.id).unwrap());
        assert_eq!(desk.verify(&made.secret).await.unwrap(), None);
        assert!(!command.revoke(&made.record.id).unwrap());
    }

    #[actix::test]
    async fn a_service_revokes_at_once_and_remembers_no_more_than_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let desk = TokenService::new(Store::open(dir.path()).await.unwrap());
        let made = desk.create(token("admin")).await.unwrap();
        let changes = Changes::of(&desk.store.state_dir);
        for number in 0..=REMEMBERED as u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_le_bytes());
            desk.remember(hash, made.record.clone(), changes);
        }
        assert_eq!(desk.memory.lock().unwrap().known.len(), 1);
        assert!(desk.verify(&made.secret).await.unwrap().is_some());
        assert!(desk.revoke(&made.record.id).await.unwrap());
        assert_eq!(desk.verify(&made.secret).await.unwrap(), None);
        assert_eq!(desk.list().await.unwrap(), []);
    }
}
