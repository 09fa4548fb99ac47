//! How many files a collection has, and how many of them in each condition. Rows are counted by SQLite, and not checked.

use std::collections::BTreeMap;

use hivesum_core::fixity::Condition;
use rusqlite::Connection;

use super::super::error::DbError;
use super::events::at;
use super::files;
use super::json::IS_ACKNOWLEDGED;
use super::stored::Count;

/// How many files are known. The index is counted, and no row is read.
pub(super) fn count(view: &Connection, collection: i64) -> Result<u64, DbError> {
    let count = "SELECT count(*) FROM collection_files WHERE collection = ?";
    Ok(view.prepare_cached(count)?.query_row([collection], |row| row.get::<_, i64>(0))? as u64)
}

/// Files and bytes by condition, and the time of the oldest verification among files that are there.
pub(super) fn counts(view: &Connection, collection: i64) -> Result<BTreeMap<Condition, Count>, DbError> {
    let mut counts = deviating(view, collection)?;
    // To group rows is to sort them, and almost all files are as they should be.
    count_some(view, collection, "condition = 1", &mut counts)?;
    Ok(counts)
}

/// The same without files that are as they should be.
pub(super) fn deviating(view: &Connection, collection: i64) -> Result<BTreeMap<Condition, Count>, DbError> {
    let mut counts = BTreeMap::new();
    count_some(view, collection, "condition <> 1 GROUP BY 1", &mut counts)?;
    Ok(counts)
}

fn count_some(
    view: &Connection,
    collection: i64,
    some: &str,
    counts: &mut BTreeMap<Condition, Count>,
) -> Result<(), DbError> {
    let mut statement = view.prepare_cached(&format!(
        "SELECT condition, count(*), sum(coalesce(size, 0)), min(verified_at), count(verified_at),
             count(*) FILTER (WHERE {IS_ACKNOWLEDGED}) FROM collection_files WHERE collection = ? AND {some}"
    ))?;
    let mut rows = statement.query([collection])?;
    while let Some(row) = rows.next()? {
        // Without groups there is one row, of no files, too.
        let Some(of) = row.get(0)? else { continue };
        let numbers = [row.get::<_, i64>(1)?, row.get(2)?, row.get(4)?, row.get(5)?];
        let [files, bytes, verified, acknowledged] = numbers.map(|number| number as u64);
        let oldest_verified_at = row.get::<_, Option<i64>>(3)?.map(at).transpose()?;
        let count = Count { files, acknowledged, bytes, never_verified: files - verified, oldest_verified_at };
        counts.insert(files::condition(of)?, count);
    }
    Ok(())
}
