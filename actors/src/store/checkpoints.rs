//! Checkpoints: the digest states of large files that are partly read, written with a group of results.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, params};

use super::error::DbError;
use super::row_checksum::RowChecksum;
use hivesum_core::digest::Algorithm;
use hivesum_core::result::{Checkpoint, FileMeta};

/// The columns that the checksum covers; the column `seal` after them holds it.
const COLUMNS: &str = "path, algorithm, size, mtime_ns, ctime_ns, inode, bytes, state";
const CHECKED_COLUMNS: usize = 8;

/// Stores checkpoints, each in place of the one before.
pub(crate) fn keep(
    change: &Transaction<'_>,
    run: i64,
    checkpoints: &[Checkpoint],
    checksum: &mut RowChecksum,
) -> Result<(), DbError> {
    let mut replace = change.prepare_cached(&format!(
        "REPLACE INTO checkpoints (run, {COLUMNS}, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    for Checkpoint { path, algorithm, meta, bytes, state } in checkpoints {
        let [size, inode, bytes] = [meta.size, meta.inode, *bytes].map(|unsigned| unsigned as i64);
        let (name, mtime, ctime) = (algorithm.name(), meta.mtime_ns, meta.ctime_ns);
        let numbers = [size, mtime, ctime, inode, bytes].map(ValueRef::Integer);
        let texts = [ValueRef::Blob(path), ValueRef::from(name)];
        let seal = checksum.of(texts.into_iter().chain(numbers).chain([ValueRef::Blob(state)]));
        replace.execute(params![run, path, name, size, mtime, ctime, inode, bytes, state, seal])?;
    }
    Ok(())
}

/// Deletes the checkpoints of finished files.
pub(crate) fn delete_finished(change: &Transaction<'_>, run: i64, paths: &[Vec<u8>]) -> Result<(), DbError> {
    let mut delete = change.prepare_cached("DELETE FROM checkpoints WHERE run = ? AND path = ?")?;
    for path in paths {
        delete.execute(params![run, path])?;
    }
    Ok(())
}

/// All checkpoints of a run. A damaged one is left out with a warning: its file is read from the start.
pub(crate) fn of_run(connection: &Connection, run: i64) -> Result<Vec<Checkpoint>, DbError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS}, seal FROM checkpoints WHERE run = ?"))?;
    let mut rows = statement.query([run])?;
    let (mut found, mut checksum) = (Vec::new(), RowChecksum::default());
    while let Some(row) = rows.next()? {
        match checksum.check(row, CHECKED_COLUMNS).and_then(|()| checkpoint(row)) {
            Ok(checkpoint) => found.push(checkpoint),
            Err(error) => tracing::warn!(%error, "a checkpoint is damaged: its file is read from the start"),
        }
    }
    Ok(found)
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, DbError> {
    let algorithm: String = row.get(1)?;
    let algorithm: Algorithm = algorithm.parse().map_err(|_| DbError::Inconsistent("an unknown algorithm"))?;
    let meta = FileMeta {
        size: row.get::<_, i64>(2)? as u64,
        mtime_ns: row.get(3)?,
        ctime_ns: row.get(4)?,
        inode: row.get::<_, i64>(5)? as u64,
        device: 0,
    };
    Ok(Checkpoint { path: row.get(0)?, algorithm, meta, bytes: row.get::<_, i64>(6)? as u64, state: row.get(7)? })
}
