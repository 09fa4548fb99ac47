//! Stored results on their way back into a pass, in walk order, in batches.

use rusqlite::{Connection, params};

use super::error::DbError;
use super::row::{ROW_COLUMNS, RowReader};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Item, Origin, RowRef, Rows, split_digests};

/// Rows read at a time.
const BATCH_ROWS: i64 = 2000;

/// Which rows are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownQuery {
    pub(crate) run: i64,
    /// What the stored digests are of.
    pub(crate) stored: Algorithms,
    /// What is wanted of them, all of it stored.
    pub(crate) wanted: Algorithms,
}

/// Some rows from a position on, and the position to go on from; nothing at the end.
pub(crate) fn rows(connection: &Connection, query: &KnownQuery, from: i64) -> Result<Option<(Rows, i64)>, DbError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {ROW_COLUMNS} FROM results WHERE run = ?1 AND position >= ?2 ORDER BY position LIMIT ?3"
    ))?;
    let mut stored = statement.query(params![query.run, from, BATCH_ROWS])?;
    let mut reader = RowReader::new(connection, query.run, query.stored)?;
    let mut rows = Rows::new(query.wanted);
    let mut next = from;
    let mut digests = Vec::new();
    while let Some(row) = stored.next()? {
        next = reader.position(row)? as i64 + 1;
        let Item { path, meta, status, digests: all, reused, .. } = reader.item(row)?;
        digests.clear();
        narrow(&all, query, &mut digests);
        let (directory, name) = split(&path);
        let origin = if reused { Origin::Reused } else { Origin::Read };
        rows.push(RowRef { directory, name, meta, status, digests: &digests, origin });
    }
    Ok((!rows.is_empty()).then_some((rows, next)))
}

/// The wanted ones among digests laid end to end.
fn narrow(all: &[u8], query: &KnownQuery, into: &mut Vec<u8>) {
    if query.wanted == query.stored {
        return into.extend_from_slice(all);
    }
    for wanted in query.wanted.iter() {
        let found = split_digests(all, &query.stored).find(|digest| digest.algorithm() == wanted);
        into.extend(found.iter().flat_map(|digest| digest.as_bytes()));
    }
}

/// Where a path is cut does not matter to whoever joins by whole paths.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}
