//! Sessions of the web page: opened with a token or a sign-in link, kept over restarts, found by the hash of a secret.
//!
//! A session ends a day after its last use, 30 days after it was opened, and with its token, whichever comes first; or
//! when its owner signs out. Using it moves its end on, which is written at most once an hour. Times are those of the
//! wall clock, since they must hold over a restart. The HTTP layer decides what a session may do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::Store;
use super::change::Change;
use super::error::DbError;
use super::job_row::time;
use super::sealed::{SESSIONS, STATE};
use super::tokens::{SecretCache, SecretHash, TableVersion, TokenRecord, new_secret, with_id};
use crate::error::StoreError;

/// The most sessions at a time; one more ends the one that would end first.
const MAX_SESSIONS: usize = 1024;

/// A session that is not used for this long ends.
const IDLE: SignedDuration = SignedDuration::from_hours(24);

/// No session lasts longer, however much it is used.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A use moves the stored end of a session if that is at least this much.
const WRITTEN_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which is no secret.
    pub id: String,
    /// The token that it was opened with; none for a sign-in link.
    pub token: Option<TokenRecord>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Refused from then on, unless it is used before.
    pub ends_at: Timestamp,
}

impl Session {
    fn is_valid_at(&self, now: Timestamp) -> bool {
        now < self.ends_at && self.token.as_ref().is_none_or(|token| token.is_valid_at(now))
    }

    /// Its end if it is used now.
    fn end_if_used(&self, now: Timestamp) -> Timestamp {
        let latest = after(now, IDLE).min(after(self.created_at, LONGEST));
        self.token.as_ref().and_then(|token| token.expires_at).map_or(latest, |end| whole_seconds(end).min(latest))
    }
}

/// The sessions of a running service, which is the only process that opens them.
#[derive(Debug, Clone)]
pub struct SessionService {
    store: Store,
    cache: Arc<SecretCache<Session>>,
    state_id: Arc<str>,
}

impl SessionService {
    pub(crate) async fn open(store: Store) -> Result<Self, StoreError> {
        let state_id = store.read(|connection| state_id(connection)).await?;
        Ok(Self { store, cache: Arc::default(), state_id: state_id.into() })
    }

    /// 16 hex digits that tell this state directory from others.
    #[must_use]
    pub fn state_id(&self) -> &str {
        &self.state_id
    }

    /// Opens a session for a sign-in link, or for the token with this id. Returns its secret, which is stored nowhere
    /// else; none if there is no such token, or it has expired.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn begin(&self, token: Option<String>) -> Result<Option<String>, StoreError> {
        let state_dir = self.store.state_dir.clone();
        let begin = move |connection: &mut Connection| {
            let Some((secret, ended_another)) = insert(connection, token.as_deref(), Timestamp::now())? else {
                return Ok(None);
            };
            if ended_another {
                TableVersion::increment(&state_dir)?;
            }
            Ok(Some(secret))
        };
        self.store.write(begin).await
    }

    /// The session with this secret, whose end it moves on. For a cached session it costs one `stat` of a file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn touch(&self, hash: SecretHash) -> Result<Option<Session>, StoreError> {
        let Some(session) = self.find(hash).await? else { return Ok(None) };
        let ends_at = session.end_if_used(Timestamp::now());
        if ends_at.duration_since(session.ends_at) < WRITTEN_EVERY {
            return Ok(Some(session));
        }
        let session = Session { ends_at, ..session };
        // First in the cache, so that the session's other requests do not write it too.
        self.cache.insert(hash, session.clone(), TableVersion::of(&self.store.state_dir));
        let (store, id) = (self.store.clone(), session.id.clone());
        // The request does not wait for the disk, and is answered if the disk is full.
        tokio::spawn(async move {
            if let Err(error) = store.write(move |connection| put_off(connection, &id, ends_at)).await {
                tracing::warn!(%error, "a session ends earlier than its use allows: its new end was not stored");
            }
        });
        Ok(Some(session))
    }

    /// The session with this secret, if it has not ended. Its end stays as it is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&self, hash: SecretHash) -> Result<Option<Session>, StoreError> {
        // Read before the tables: a change between the two is noticed next time.
        let version = TableVersion::of(&self.store.state_dir);
        let session = match self.cache.get(hash, version) {
            Some(session) => Some(session),
            None => {
                let found = self.store.read(move |connection| find(connection, hash)).await?;
                if let Some(session) = &found {
                    self.cache.insert(hash, session.clone(), version);
                }
                found
            }
        };
        Ok(session.filter(|session| session.is_valid_at(Timestamp::now())))
    }

    /// Ends a session. Returns whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end(&self, hash: SecretHash) -> Result<bool, StoreError> {
        let state_dir = self.store.state_dir.clone();
        let end = move |connection: &mut Connection| {
            let ended = delete(connection, hash)?;
            // Also if there was none: an earlier attempt may have failed between the two steps.
            TableVersion::increment(&state_dir)?;
            Ok(ended)
        };
        self.store.write(end).await
    }
}

fn state_id(connection: &Connection) -> Result<String, DbError> {
    let id = STATE.find(connection, "", [], |row| Ok(row.get(0)?))?;
    id.ok_or(DbError::Inconsistent("no id of the state directory"))
}

/// Inserts a session. Returns its secret, and whether another session was ended for it; nothing if there is no valid
/// token with this id.
fn insert(connection: &mut Connection, token: Option<&str>, now: Timestamp) -> Result<Option<(String, bool)>, DbError> {
    let (secret, created_at) = (new_secret()?, whole_seconds(now));
    let change = Change::begin(connection)?;
    // Read again in this transaction: it may have been revoked since its secret was checked.
    let token = match token {
        Some(id) => match with_id(&change, id)?.filter(|token| token.is_valid_at(now)) {
            Some(token) => Some(token),
            None => return Ok(None),
        },
        None => None,
    };
    change.execute("DELETE FROM sessions WHERE ends_at <= ?", [created_at.to_string()])?;
    let over_the_bound = "SELECT id FROM sessions ORDER BY ends_at DESC, id DESC LIMIT -1 OFFSET ?";
    let others =
        change.execute(&format!("DELETE FROM sessions WHERE id IN ({over_the_bound})"), [MAX_SESSIONS as i64 - 1])?;
    let id = uuid::Uuid::now_v7().to_string();
    let session = Session { id, token, created_at, ends_at: created_at };
    change.execute(
        "INSERT INTO sessions (id, secret_sha256, token, created_at, ends_at) VALUES (?, ?, ?, ?, ?)",
        params![
            session.id,
            SecretHash::of(&secret),
            session.token.as_ref().map(|token| &token.id),
            session.created_at.to_string(),
            session.end_if_used(now).to_string(),
        ],
    )?;
    change.commit()?;
    Ok(Some((secret, others > 0)))
}

fn find(connection: &Connection, hash: SecretHash) -> Result<Option<Session>, DbError> {
    let found = SESSIONS.find(connection, "WHERE secret_sha256 = ?", [hash], |row| {
        Ok((row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    let Some((id, token, created_at, ends_at)): Option<(String, Option<String>, _, _)> = found else {
        return Ok(None);
    };
    let token = match token {
        // Revoked between the two reads.
        Some(token) => match with_id(connection, &token)? {
            Some(token) => Some(token),
            None => return Ok(None),
        },
        None => None,
    };
    Ok(Some(Session { id, token, created_at: time(created_at)?, ends_at: time(ends_at)? }))
}

/// Moves the end of a session on, never back.
fn put_off(connection: &mut Connection, id: &str, ends_at: Timestamp) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    change.execute("UPDATE sessions SET ends_at = ?2 WHERE id = ?1 AND ends_at < ?2", [id, &ends_at.to_string()])?;
    change.commit()
}

fn delete(connection: &mut Connection, hash: SecretHash) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let ended = change.execute("DELETE FROM sessions WHERE secret_sha256 = ?", [hash])? > 0;
    change.commit()?;
    Ok(ended)
}

/// The whole second before. Texts of whole seconds sort by time.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second() - i64::from(time.subsec_nanosecond() < 0)).unwrap_or(Timestamp::MIN)
}

fn after(time: Timestamp, wait: SignedDuration) -> Timestamp {
    whole_seconds(time.checked_add(wait).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests;
