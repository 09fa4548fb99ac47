//! Tokens: who may do what. Secrets are 256 random bits, shown once; only their SHA-256 is kept.
//!
//! [`Tokens`] is for a command beside a running server and blocks; the server asks through [`TokenService`].
//! Every change of the table, by whatever process, ends with a byte more in `tokens.changed`.

mod scope;
mod service;

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest as _, Sha256};

pub use scope::{Scope, Scopes, ScopesInvalid};
use service::Changes;
pub use service::TokenService;

use super::error::{Fault, system_failure};
use super::job_row::time;
use super::open::{Access, connect, prepare};
use super::state_dir::StateDir;
use crate::error::StoreError;

/// What every secret begins with, so that scanners of sources and logs know it.
const PREFIX: &str = "hs_";

/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A token as it is asked for.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// For people.
    pub name: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Refused from then on; none means never.
    pub expires_at: Option<Timestamp>,
}

/// A token as the store knows it: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its id, the owner of the jobs it asks for.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
}

impl TokenRecord {
    fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A token just made. The secret is nowhere else.
#[derive(Clone)]
pub struct CreatedToken {
    /// What the store keeps.
    pub record: TokenRecord,
    /// What its holder sends; to be shown once.
    pub secret: String,
}

/// The tokens of a state directory, for a command. Every call blocks.
#[derive(Debug)]
pub struct Tokens {
    connection: Connection,
    place: StateDir,
}

impl Tokens {
    /// Opens the database, beside a running server or alone; makes it where there is none.
    ///
    /// # Errors
    /// As the service's own start, and [`StoreError::Locked`] while a server makes the database.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let place = StateDir::open(state_dir)?;
        if !place.database().exists() {
            prepare(&place, &place.lock()?)?;
        }
        let connection = connect(&place, Access::Write).map_err(|fault| fault.explain(place.database()))?;
        Ok(Self { connection, place })
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn create(&mut self, token: NewToken) -> Result<CreatedToken, StoreError> {
        self.explained(|connection, place| create(connection, place, &token))
    }

    /// Who holds this secret, if anybody who may.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn verify(&mut self, secret: &str) -> Result<Option<TokenRecord>, StoreError> {
        let hash = hash_of(secret);
        let record = self.explained(|connection, _| find(connection, &hash))?;
        Ok(record.filter(|record| record.is_valid_at(Timestamp::now())))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&mut self) -> Result<Vec<TokenRecord>, StoreError> {
        self.explained(|connection, _| list(connection))
    }

    /// Takes a token back by its id. Whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn revoke(&mut self, id: &str) -> Result<bool, StoreError> {
        self.explained(|connection, place| revoke(connection, place, id))
    }

    fn explained<T>(
        &mut self,
        work: impl FnOnce(&mut Connection, &StateDir) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        work(&mut self.connection, &self.place).map_err(|fault| fault.explain(self.place.database()))
    }
}

fn create(connection: &mut Connection, place: &StateDir, token: &NewToken) -> Result<CreatedToken, Fault> {
    let secret = new_secret()?;
    let record = TokenRecord {
        id: uuid::Uuid::now_v7().to_string(),
        name: token.name.clone(),
        scopes: token.scopes,
        created_at: Timestamp::now(),
        expires_at: token.expires_at,
    };
    connection.execute(
        "INSERT INTO tokens (id, name, secret_sha256, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        params![
            record.id,
            record.name,
            hash_of(&secret),
            record.scopes.to_string(),
            record.created_at.to_string(),
            record.expires_at.map(|end| end.to_string())
        ],
    )?;
    Changes::announce(place)?;
    Ok(CreatedToken { record, secret })
}

fn find(connection: &Connection, hash: &[u8; 32]) -> Result<Option<TokenRecord>, Fault> {
    connection
        .prepare_cached("SELECT id, name, scopes, created_at, expires_at FROM tokens WHERE secret_sha256 = ?")?
        .query_row([hash], |row| Ok(record(row)))
        .optional()?
        .transpose()
}

fn list(connection: &Connection) -> Result<Vec<TokenRecord>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT id, name, scopes, created_at, expires_at FROM tokens ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok(record(row)))?;
    rows.map(|row| row?).collect()
}

fn revoke(connection: &mut Connection, place: &StateDir, id: &str) -> Result<bool, Fault> {
    let revoked = connection.execute("DELETE FROM tokens WHERE id = ?", [id])? > 0;
    // Also when there was none: an earlier try may have failed between the two steps.
    Changes::announce(place)?;
    Ok(revoked)
}

fn record(row: &Row<'_>) -> Result<TokenRecord, Fault> {
    let scopes: String = row.get(2)?;
    Ok(TokenRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: scopes.parse().map_err(|_| Fault::Nonsense("an unknown scope"))?,
        created_at: time(row.get(3)?)?,
        expires_at: row.get::<_, Option<String>>(4)?.map(time).transpose()?,
    })
}

/// From the kernel's generator.
fn new_secret() -> Result<String, StoreError> {
    let mut bytes = [0; SECRET_BYTES];
    let mut source = std::fs::File::open("/dev/urandom").map_err(system_failure)?;
    source.read_exact(&mut bytes).map_err(system_failure)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A secret has 256 random bits, so a plain digest is as good as a slow one, and a lookup by it tells
/// nothing about other secrets.
fn hash_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
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
