//! Access tokens and their scopes. A secret is 256 random bits and is shown once; only its SHA-256 is stored.
//!
//! [`Tokens`] is for a command beside a running server and blocks; the server uses [`TokenService`]. Every change of
//! the table, by whatever process, appends a byte to `tokens.changed`.

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
use super::state_dir::StateDir;
use crate::error::StoreError;

/// The tokens of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct Tokens {
    database: Database,
}

impl Tokens {
    /// Opens the database, beside a running server or without one; creates it if there is none.
    ///
    /// # Errors
    /// Those of a server's start, and [`StoreError::Locked`] while a server creates the database.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        if !state_dir.database().exists() {
            prepare(&state_dir, &state_dir.lock()?)?;
        }
        Ok(Self { database: Database::open(state_dir)? })
    }

    /// Creates a token.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn create(&mut self, token: NewToken) -> Result<CreatedToken, StoreError> {
        let state_dir = self.database.state_dir().clone();
        self.database.run(|connection| table::create(connection, &state_dir, &token))
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
