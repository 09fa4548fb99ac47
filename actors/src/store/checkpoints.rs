//! Checkpoints: the digest states of large files that are partly read, written with a group of results.

use rusqlite::{Connection, Row, Transaction, params};

use super::error::DbError;
use super::sealed::CHECKPOINTS;
use hivesum_core::digest::Algorithm;
use hivesum_core::result::{Checkpoint, FileMeta};

/// Stores checkpoints, each in place of the one before.
pub(crate) fn keep(change: &Transaction<'_>, run: i64, checkpoints: &[Checkpoint]) -> Result<(), DbError> {
    let mut keep = change.prepare_cached(
        "INSERT INTO checkpoints (run, path, algorithm, size, mtime_ns, ctime_ns, inode, bytes, state, seal)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
         ON CONFLICT DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
           inode = excluded.inode, bytes = excluded.bytes, state = excluded.state",
    )?;
    for Checkpoint { path, algorithm, meta, bytes, state } in checkpoints {
        // A file with times that its columns do not hold is read from its start again.
        let [Ok(mtime), Ok(ctime)] = [meta.mtime_ns, meta.ctime_ns].map(i64::try_from) else { continue };
        let [size, inode, bytes] = [meta.size, meta.inode, *bytes].map(|unsigned| unsigned as i64);
        keep.execute(params![run, path, algorithm.name(), size, mtime, ctime, inode, bytes, state])?;
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

/// All checkpoints of a run.
pub(crate) fn of_run(connection: &Connection, run: i64) -> Result<Vec<Checkpoint>, DbError> {
    CHECKPOINTS.verify(connection)?;
    let mut found = Vec::new();
    CHECKPOINTS.each(connection, "WHERE run = ?", [run], |row| {
        found.push(checkpoint(row)?);
        Ok(())
    })?;
    Ok(found)
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, DbError> {
    let algorithm: String = row.get(2)?;
    let algorithm: Algorithm = algorithm.parse().map_err(|_| DbError::Inconsistent("an unknown algorithm"))?;
    let meta = FileMeta {
        size: row.get::<_, i64>(3)? as u64,
        mtime_ns: row.get::<_, i64>(4)?.into(),
        ctime_ns: row.get::<_, i64>(5)?.into(),
        inode: row.get::<_, i64>(6)? as u64,
        device: 0,
    };
    Ok(Checkpoint { path: row.get(1)?, algorithm, meta, bytes: row.get::<_, i64>(7)? as u64, state: row.get(8)? })
}
