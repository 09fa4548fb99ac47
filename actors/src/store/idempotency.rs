//! Requests that may come twice: the key that a client gave a request, and the job that came of it.
//!
//! A key counts for its owner alone and for 24 hours; a job's deletion takes it along.

use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::DbError;
use super::job_row::parse_id;
use crate::job::{Job, JobId};

/// How long a key is remembered.
const KEPT_HOURS: i64 = 24;

/// A client's key and what it asks for under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestKey {
    pub(crate) key: String,
    /// BLAKE3 of what is asked for.
    pub(crate) asked: [u8; 32],
}

/// What came of a request that may have come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// It did not.
    New,
    /// It did, and this job came of it.
    Came(JobId),
    /// The key came with another request.
    Conflicts,
}

/// Whether the request has come before.
pub(crate) fn look(connection: &Connection, owner: Option<&str>, request: &RequestKey) -> Result<Before, DbError> {
    let since = (Timestamp::now() - KEPT_HOURS.hours()).to_string();
    let found: Option<(Vec<u8>, String)> = connection
        .prepare_cached("SELECT asked, job FROM requests WHERE owner = ?1 AND key = ?2 AND created_at >= ?3")?
        .query_row(params![owner.unwrap_or_default(), request.key, since], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None => Ok(Before::New),
        Some((asked, _)) if asked != request.asked => Ok(Before::Conflicts),
        Some((_, job)) => Ok(Before::Came(parse_id(job)?)),
    }
}

/// Remembers a request with its job, and forgets those that are too old.
pub(crate) fn remember(change: &Transaction<'_>, job: &Job, request: &RequestKey) -> Result<(), DbError> {
    let since = (job.created_at - KEPT_HOURS.hours()).to_string();
    change.prepare_cached("DELETE FROM requests WHERE created_at < ?")?.execute([since])?;
    change
        .prepare_cached("INSERT INTO requests (owner, key, asked, job, created_at) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            job.owner.as_deref().unwrap_or_default(),
            request.key,
            &request.asked[..],
            job.id.to_string(),
            job.created_at.to_string()
        ])?;
    Ok(())
}
