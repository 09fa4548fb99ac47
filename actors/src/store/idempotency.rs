//! Idempotency keys: the key that a client gave a request, and the job that the request created.
//!
//! A key is valid for its owner only, for 24 hours, and until the job is deleted.

use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, Transaction, params};

use super::error::DbError;
use super::job_row::{parse_id, time};
use super::sealed::REQUESTS;
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
    let since = Timestamp::now() - KEPT_HOURS.hours();
    let key = params![owner.unwrap_or_default(), request.key];
    let found = REQUESTS.find(connection, "WHERE owner = ? AND key = ?", key, |row| {
        Ok((row.get::<_, Vec<u8>>(2)?, parse_id(row.get(3)?)?, time(row.get(4)?)?))
    })?;
    match found.filter(|(.., at)| *at >= since) {
        Some((asked, ..)) if asked != request.fingerprint => Ok(IdempotencyOutcome::Conflict),
        Some((_, job, _)) => Ok(IdempotencyOutcome::Repeated(job)),
        None => Ok(IdempotencyOutcome::New),
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
