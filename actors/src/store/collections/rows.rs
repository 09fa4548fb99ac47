//! The table of collections, and how a deleted one is removed: a mark first, then its rows in pieces.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use hivesum_core::file::RootIdentity;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::super::change::Change;
use super::super::error::DbError;
use super::super::job_row::time;
use super::super::sealed::{COLLECTION_EVENTS, COLLECTION_FILES, COLLECTIONS, snapshot};
use super::MAX_COLLECTIONS;
use super::events::at;
use super::stored::{CollectionSettings, RunEnd, StoredCollection};

pub(super) fn insert(
    connection: &mut Connection,
    directory: &Path,
    settings: &CollectionSettings,
    now: Timestamp,
) -> Result<Option<StoredCollection>, DbError> {
    let change = Change::begin(connection)?;
    let (count, last): (i64, i64) =
        change.query_row("SELECT count(*), coalesce(max(number), 0) FROM collections", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if count >= MAX_COLLECTIONS as i64 {
        return Ok(None);
    }
    let (id, directory) = (uuid::Uuid::now_v7().to_string(), directory.as_os_str().as_bytes());
    change.execute(
        "INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
           VALUES (?, ?, ?, ?, ?, 0, 0)",
        params![last + 1, id, directory, serde_json::to_string(settings)?, now.to_string()],
    )?;
    let made = get(&change, last + 1)?;
    change.commit()?;
    Ok(made)
}

pub(super) fn get(view: &Connection, number: i64) -> Result<Option<StoredCollection>, DbError> {
    COLLECTIONS.find(view, "WHERE number = ? AND is_deleted = 0", [number], collection)
}

pub(super) fn by_id(view: &Connection, id: &str) -> Result<Option<StoredCollection>, DbError> {
    COLLECTIONS.find(view, "WHERE id = ? AND is_deleted = 0", [id], collection)
}

pub(super) fn list(view: &Connection) -> Result<Vec<StoredCollection>, DbError> {
    let _view = snapshot(view)?;
    COLLECTIONS.verify(view)?;
    let mut all = Vec::new();
    COLLECTIONS.each(view, "WHERE is_deleted = 0 ORDER BY number", [], |row| {
        all.push(collection(row)?);
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn begin(
    connection: &mut Connection,
    number: i64,
    (place, settings): (RootIdentity, &CollectionSettings),
    now: Timestamp,
) -> Result<Option<StoredCollection>, DbError> {
    let change = Change::begin(connection)?;
    let [device, inode, filesystem] = [place.device, place.inode, place.filesystem_id].map(|bits| bits as i64);
    change.execute(
        "UPDATE collections SET device = ?, inode = ?, filesystem = ?, settings = ?,
           pass_began = coalesce(pass_began, ?) WHERE number = ? AND is_deleted = 0",
        params![device, inode, filesystem, serde_json::to_string(settings)?, now.as_microsecond(), number],
    )?;
    let begun = get(&change, number)?;
    change.commit()?;
    Ok(begun)
}

pub(super) fn end(connection: &mut Connection, number: i64, began: Timestamp, end: RunEnd) -> Result<(), DbError> {
    let sql = match end {
        RunEnd::Complete => {
            "UPDATE collections SET last_run = ?, pass_began = NULL, passes = passes + 1 WHERE number = ?"
        }
        RunEnd::Limited => "UPDATE collections SET last_run = ? WHERE number = ?",
    };
    let change = Change::begin(connection)?;
    change.execute(sql, params![began.as_microsecond(), number])?;
    change.commit()
}

pub(super) fn delete(connection: &mut Connection, id: &str) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let marked = change.execute("UPDATE collections SET is_deleted = 1 WHERE id = ? AND is_deleted = 0", [id])?;
    change.commit()?;
    Ok(marked > 0)
}

/// Removes up to `limit` rows of a deleted collection, and at last its own. Returns whether there may be more.
pub(super) fn sweep(connection: &mut Connection, limit: usize) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let mut deleted = None;
    COLLECTIONS.each(&change, "WHERE is_deleted = 1 LIMIT 1", [], |row| {
        deleted = Some(row.get::<_, i64>(0)?);
        Ok(())
    })?;
    let Some(number) = deleted else { return Ok(false) };
    let mut left = limit;
    for (table, key) in [(COLLECTION_FILES.name, "path"), (COLLECTION_EVENTS.name, "n")] {
        let some = format!(
            "DELETE FROM {table} WHERE collection = ?1 AND {key} IN
               (SELECT {key} FROM {table} WHERE collection = ?1 LIMIT ?2)"
        );
        left -= change.execute(&some, params![number, left as i64])?.min(left);
    }
    if left > 0 {
        change.execute("DELETE FROM collections WHERE number = ?", [number])?;
    }
    change.commit()?;
    Ok(true)
}

fn collection(row: &Row<'_>) -> Result<StoredCollection, DbError> {
    let (directory, settings): (Vec<u8>, String) = (row.get(2)?, row.get(3)?);
    let place: [Option<i64>; 3] = [row.get(5)?, row.get(6)?, row.get(7)?];
    let place = match place.map(|number| number.map(|bits| bits as u64)) {
        [Some(device), Some(inode), Some(filesystem_id)] => Some(RootIdentity { device, inode, filesystem_id }),
        _ => None,
    };
    let moment = |column| row.get::<_, Option<i64>>(column)?.map(at).transpose();
    Ok(StoredCollection {
        number: row.get(0)?,
        id: row.get(1)?,
        directory: OsStr::from_bytes(&directory).into(),
        settings: serde_json::from_str(&settings)?,
        created_at: time(row.get(4)?)?,
        place,
        passes: row.get::<_, i64>(8)? as u64,
        pass_began: moment(9)?,
        last_run: moment(10)?,
    })
}
