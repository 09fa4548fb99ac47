//! Idempotency keys: the key that a client gave a request, and the job that the request created.
//!
//! A key is valid for its owner only, for 24 hours, and until the job is deleted.

use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::DbError;
use super::job_row::parse_id;
use crate::job::{Job, JobId};

/// How long a key is remembered.
const KEPT_HOURS: i64 = 24;

/// A client's key, and a fingerprint of the request that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey {
    pub(crate) key: String,
    /// BLAKE3 of the request.
    pub(crate) fingerprint: [u8; 32],
}

/// Whether a request has been received before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdempotencyOutcome {
    /// The key is new.
    New,
    /// The same request created this job.
    Repeated(JobId),
    /// The key was used for a different request.
    Conflict,
}

/// Whether the request has been received before.
pub(crate) fn look_up(
    connection: &Connection,
    owner: Option<&str>,
    request: &IdempotencyKey,
) -> Result<IdempotencyOutcome, DbError> {
    let since = (Timestamp::now() - KEPT_HOURS.hours()).to_string();
    let found: Option<(Vec<u8>, String)> = connection
        .prepare_cached("SELECT asked, job FROM requests WHERE owner = ?1 AND key = ?2 AND created_at >= ?3")?
        .query_row(params![owner.unwrap_or_default(), request.key, since], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None => Ok(IdempotencyOutcome::New),
        Some((asked, _)) if asked != request.fingerprint => Ok(IdempotencyOutcome::Conflict),
        Some((_, job)) => Ok(IdempotencyOutcome::Repeated(parse_id(job)?)),
    }
}

/// Stores a request with its job, and deletes those that are too old.
pub(crate) fn remember(change: &Transaction<'_>, job: &Job, request: &IdempotencyKey) -> Result<(), DbError> {
    let since = (job.created_at - KEPT_HOURS.hours()).to_string();
    change.prepare_cached("DELETE FROM requests WHERE created_at < ?")?.execute([since])?;
    change
        .prepare_cached("INSERT INTO requests (owner, key, asked, job, created_at) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            job.owner.as_deref().unwrap_or_default(),
            request.key,
            &request.fingerprint[..],
            job.id.to_string(),
            job.created_at.to_string()
        ])?;
    Ok(())
}
