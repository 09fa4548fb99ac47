//! Tokens: who may do what. Secrets are 256 random bits, shown once; only their SHA-256 is kept.
//!
//! [`Tokens`] is for a command beside a running server and blocks; the server asks through [`TokenService`].
//! Every change of the table, by whatever process, ends with a byte more in `tokens.changed`.

mod scope;
mod service;
mod table;

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

pub use scope::{Scope, Scopes, ScopesInvalid};
pub use service::TokenService;
pub use table::{CreatedToken, NewToken, TokenRecord};

use super::error::DbError;
use super::open::{Access, connect, prepare};
use super::state_dir::StateDir;
use crate::error::StoreError;

/// The tokens of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct Tokens {
    connection: Connection,
    state_dir: StateDir,
}

impl Tokens {
    /// Opens the database, beside a running server or alone; makes it where there is none.
    ///
    /// # Errors
    /// As the service's own start, and [`StoreError::Locked`] while a server makes the database.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let state_dir = StateDir::open(state_dir)?;
        if !state_dir.database().exists() {
            prepare(&state_dir, &state_dir.lock()?)?;
        }
        let connection = connect(&state_dir, Access::Write).map_err(|error| error.report(state_dir.database()))?;
        Ok(Self { connection, state_dir })
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn create(&mut self, token: NewToken) -> Result<CreatedToken, StoreError> {
        self.run(|connection, state_dir| table::create(connection, state_dir, &token))
    }

    /// Who holds this secret, if anybody who may.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn verify(&mut self, secret: &str) -> Result<Option<TokenRecord>, StoreError> {
        let hash = table::hash_of(secret);
        let record = self.run(|connection, _| table::find(connection, &hash))?;
        Ok(record.filter(|record| record.is_valid_at(Timestamp::now())))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&mut self) -> Result<Vec<TokenRecord>, StoreError> {
        self.run(|connection, _| table::list(connection))
    }

    /// Takes a token back by its id. Whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn revoke(&mut self, id: &str) -> Result<bool, StoreError> {
        self.run(|connection, state_dir| table::revoke(connection, state_dir, id))
    }

    fn run<T>(&mut self, work: impl FnOnce(&mut Connection, &StateDir) -> Result<T, DbError>) -> Result<T, StoreError> {
        work(&mut self.connection, &self.state_dir).map_err(|error| error.report(self.state_dir.database()))
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
    fn a_token_is_known_by_its_secret_alone_and_the_secret_is_nowhere() {
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
