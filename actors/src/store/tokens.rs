//! Access tokens and their scopes. A secret is 256 random bits and is shown once; only its SHA-256 is stored.
//!
//! [`Tokens`] is for a command and blocks; the server uses [`TokenService`]. A command that changes something while no
//! server runs holds the server's lock ([`Tokens::open_locked`]). Every change of the table, by whatever process, appends
//! a byte to `tokens.changed`.

mod cache;
mod scope;
mod service;
mod table;

use std::path::Path;

use jiff::Timestamp;

pub use scope::{Scope, Scopes, ScopesInvalid};
pub use service::TokenService;
pub use table::{CreatedToken, NewToken, SecretHash, TokenRecord};

pub(super) use cache::SecretCache;
pub(super) use table::{TableVersion, new_secret, with_id};

use super::open::{Database, prepare};
use super::state_dir::{ServerLock, StateDir};
use crate::error::StoreError;

/// The tokens of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct Tokens {
    database: Database,
    _lock: Option<ServerLock>,
}

impl Tokens {
    /// Opens the database, beside a running server or without one; creates it if there is none.
    ///
    /// # Errors
    /// Those of a server's start, and [`StoreError::Locked`] while a server creates the database.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        if !state_dir.has_database()? {
            prepare(&state_dir, &state_dir.lock()?)?;
        }
        Ok(Self { database: Database::open(state_dir)?, _lock: None })
    }

    /// Takes the server's lock, then creates or opens the database. No server starts until this is dropped.
    ///
    /// # Errors
    /// Those of a server's start, and [`StoreError::Locked`] while another process holds the lock.
    pub fn open_locked(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        let lock = state_dir.lock()?;
        prepare(&state_dir, &lock)?;
        Ok(Self { database: Database::open(state_dir)?, _lock: Some(lock) })
    }

    /// Creates a token.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn create(&mut self, token: NewToken) -> Result<CreatedToken, StoreError> {
        let made = CreatedToken::make(token)?;
        self.insert(&made.record, SecretHash::of(&made.secret))?;
        Ok(made)
    }

    /// Stores a token that [`CreatedToken::make`] has made up, by the hash of its secret. Returns false if its id
    /// belongs to another token; once more, it changes nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn insert(&mut self, record: &TokenRecord, hash: SecretHash) -> Result<bool, StoreError> {
        let state_dir = self.database.state_dir().clone();
        self.database.run(|connection| table::insert(connection, &state_dir, record, hash))
    }

    /// The token with this secret, if it exists and has not expired.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn verify(&mut self, secret: &str) -> Result<Option<TokenRecord>, StoreError> {
        let hash = SecretHash::of(secret);
        let record = self.database.run(|connection| table::find(connection, hash))?;
        Ok(record.filter(|record| record.is_valid_at(Timestamp::now())))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&mut self) -> Result<Vec<TokenRecord>, StoreError> {
        self.database.run(|connection| table::list(connection))
    }

    /// Revokes a token by its id. Returns whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn revoke(&mut self, id: &str) -> Result<bool, StoreError> {
        let state_dir = self.database.state_dir().clone();
        self.database.run(|connection| table::revoke(connection, &state_dir, id))
    }
}

#[cfg(test)]
mod tests {
    use super::table::PREFIX;
    use super::*;
    use jiff::ToSpan;

    fn token(scopes: &str, expires_at: Option<Timestamp>) -> NewToken {
        NewToken { name: "a name".to_owned(), scopes: scopes.parse().unwrap(), expires_at }
    }

    #[test]
    fn a_token_is_found_by_its_secret_only_and_the_secret_is_stored_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::open(dir.path()).unwrap();
        let CreatedToken { record, secret } = tokens.create(token("read,hash", None)).unwrap();
        assert!(secret.starts_with(PREFIX) && secret.len() == PREFIX.len() + 43, "{secret}");
        assert_eq!(tokens.verify(&secret).unwrap(), Some(record.clone()));
        for wrong in ["", "hs_", &secret[1..], &secret.to_uppercase(), &record.id] {
            assert_eq!(tokens.verify(wrong).unwrap(), None);
        }
        drop(tokens);
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let secret = &secret.as_bytes()[PREFIX.len()..];
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }

    #[test]
    fn a_token_that_is_stored_twice_is_one_and_its_id_is_never_given_to_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::open_locked(dir.path()).unwrap();
        assert!(matches!(Tokens::open_locked(dir.path()), Err(StoreError::Locked)));
        let made = CreatedToken::make(token("read", None)).unwrap();
        for _ in 0..2 {
            assert!(tokens.insert(&made.record, SecretHash::of(&made.secret)).unwrap());
        }
        assert!(!tokens.insert(&made.record, SecretHash::of("another")).unwrap());
        assert_eq!(tokens.list().unwrap(), std::slice::from_ref(&made.record));
        assert_eq!(tokens.verify(&made.secret).unwrap(), Some(made.record));
        assert_eq!(tokens.verify("another").unwrap(), None);
        drop(tokens);
        Tokens::open_locked(dir.path()).unwrap();
    }

    #[test]
    fn an_expired_token_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::open(dir.path()).unwrap();
        let past = tokens.create(token("read", Some(Timestamp::now() - 1.second()))).unwrap();
        let future = tokens.create(token("read", Some(Timestamp::now() + 1.hour()))).unwrap();
        assert_eq!(tokens.verify(&past.secret).unwrap(), None);
        assert_eq!(tokens.verify(&future.secret).unwrap(), Some(future.record));
        assert_eq!(tokens.list().unwrap().len(), 2);
    }
}
