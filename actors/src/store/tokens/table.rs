//! The table of tokens, and the file `tokens.changed` that tells other processes of a change.
//!
//! Every change of the table, by whatever process, and every end of a session appends a byte to that file once it is
//! committed. Revoking a token deletes its sessions with it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, Row, params};
use sha2::{Digest as _, Sha256};

use super::super::change::Change;
use super::super::error::{DbError, system_failure};
use super::super::job_row::time;
use super::super::sealed::{TOKENS, snapshot};
use super::super::state_dir::StateDir;
use super::scope::Scopes;
use crate::error::StoreError;

/// The prefix of every secret, by which scanners of sources and logs recognize it.
pub(super) const PREFIX: &str = "hs_";

/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A token to be created.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// For people.
    pub name: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Refused from then on; none means that it never expires.
    pub expires_at: Option<Timestamp>,
}

/// A stored token: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its id: the owner of the jobs that it submits.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was created.
    pub created_at: Timestamp,
    /// Refused from then on; none means that it never expires.
    pub expires_at: Option<Timestamp>,
}

impl TokenRecord {
    pub(in super::super) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A new token. The secret is stored nowhere else.
#[derive(Clone)]
pub struct CreatedToken {
    /// What the store holds of it.
    pub record: TokenRecord,
    /// What its holder sends. It is shown once.
    pub secret: String,
}

impl CreatedToken {
    /// Makes up an id and a secret for a token. Nothing is stored.
    ///
    /// # Errors
    /// When the kernel has no random numbers.
    pub fn make(token: NewToken) -> Result<Self, StoreError> {
        let NewToken { name, scopes, expires_at } = token;
        let id = uuid::Uuid::now_v7().to_string();
        let record = TokenRecord { id, name, scopes, created_at: Timestamp::now(), expires_at };
        Ok(Self { record, secret: new_secret()? })
    }
}

/// The state of `tokens.changed`. If it differs from an earlier one, the table may have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct TableVersion {
    bytes: u64,
    inode: u64,
    ctime: (i64, i64),
}

/// Stores a token that has been made up. Returns false if its id belongs to another one. Storing it once more changes
/// nothing: who asked for it may not have got the answer.
pub(super) fn insert(
    connection: &mut Connection,
    state_dir: &StateDir,
    record: &TokenRecord,
    hash: SecretHash,
) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let is_same = |row: &Row<'_>| Ok(row.get_ref(2)?.as_blob() == Ok(&hash.0));
    let present = TOKENS.find(&change, "WHERE id = ?", [&record.id], is_same)?;
    if present.is_none() {
        change.execute(
            "INSERT INTO tokens (id, name, secret_sha256, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                record.id,
                record.name,
                hash,
                record.scopes.to_string(),
                record.created_at.to_string(),
                record.expires_at.map(|end| end.to_string())
            ],
        )?;
        change.commit()?;
    }
    // Also if it was there: an earlier attempt may have failed between the two steps.
    TableVersion::increment(state_dir)?;
    Ok(present.unwrap_or(true))
}

/// The token with this hash of its secret. Without one, the table is read to be sure: it has a row for each token.
pub(super) fn find(connection: &Connection, hash: SecretHash) -> Result<Option<TokenRecord>, DbError> {
    TOKENS.find(connection, "WHERE secret_sha256 = ?", [hash], record)
}

/// The token with this id.
pub(in super::super) fn with_id(connection: &Connection, id: &str) -> Result<Option<TokenRecord>, DbError> {
    TOKENS.find(connection, "WHERE id = ?", [id], record)
}

/// Every token, oldest first.
pub(super) fn list(connection: &Connection) -> Result<Vec<TokenRecord>, DbError> {
    let _view = snapshot(connection)?;
    TOKENS.verify(connection)?;
    let mut tokens = Vec::new();
    TOKENS.each(connection, "ORDER BY id", [], |row| {
        tokens.push(record(row)?);
        Ok(())
    })?;
    Ok(tokens)
}

/// Deletes a token. Returns whether there was one.
pub(super) fn revoke(connection: &mut Connection, state_dir: &StateDir, id: &str) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let revoked = change.execute("DELETE FROM tokens WHERE id = ?", [id])? > 0;
    if !revoked {
        // A damaged table must not let a token live on that was to be revoked.
        TOKENS.verify(&change)?;
    }
    change.commit()?;
    // Also if there was none: an earlier attempt may have failed between the two steps.
    TableVersion::increment(state_dir)?;
    Ok(revoked)
}

fn record(row: &Row<'_>) -> Result<TokenRecord, DbError> {
    let scopes: String = row.get(3)?;
    Ok(TokenRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: scopes.parse().map_err(|_| DbError::Inconsistent("an unknown scope"))?,
        created_at: time(row.get(4)?)?,
        expires_at: row.get::<_, Option<String>>(5)?.map(time).transpose()?,
    })
}

/// A secret from the kernel's random number generator.
pub(in super::super) fn new_secret() -> Result<String, StoreError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The SHA-256 of a secret, by which a token or a session is found. A secret has 256 random bits, so a fast hash is as
/// good as a slow one, and the time of a lookup by it reveals nothing about other secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// A hash that another process has computed.
    #[must_use]
    pub const fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ToSql for SecretHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(&self.0[..]))
    }
}

impl TableVersion {
    /// The current version.
    pub(in super::super) fn of(state_dir: &StateDir) -> Self {
        match std::fs::metadata(state_dir.token_changes()) {
            Ok(meta) => Self { bytes: meta.len(), inode: meta.ino(), ctime: (meta.ctime(), meta.ctime_nsec()) },
            Err(_) => Self::default(),
        }
    }

    /// Makes every process that caches tokens read them again. To be called after the change is committed.
    pub(in super::super) fn increment(state_dir: &StateDir) -> Result<(), StoreError> {
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(state_dir.token_changes());
        opened.and_then(|mut file| file.write_all(b".")).map_err(system_failure)
    }
}
