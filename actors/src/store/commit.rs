//! Writes a group in one transaction: rows, directories, checkpoints of large files and the job's counts.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, Transaction, params, params_from_iter};

use super::batcher::{CommitGroup, NumberedRows};
use super::change::Change;
use super::error::DbError;
use super::far_times::StoredTimes;
use super::job_row::must_exist;
use super::jobs::{Ending, end_within};
use super::row::{self, CHECKED_COLUMNS, ERROR, EVIDENCE, HASHED, ROW_COLUMNS, SKIPPED, VERDICT};
use super::row_checksum::RowChecksum;
use super::{checkpoints, recovery};
use hivesum_core::result::{Evidence, Origin, RowRef, Stability, Status};

/// Commits a group with the job's counts, and with the last group the job's end. Returns the number of rows written.
pub(crate) fn commit(
    connection: &mut Connection,
    group: &CommitGroup,
    ending: Option<&Ending>,
) -> Result<u64, DbError> {
    let change = Change::begin(connection)?;
    let mut checksum = RowChecksum::default();
    write_directories(&change, group, &mut checksum)?;
    let mut rows = 0;
    for batch in &group.batches {
        rows += write_batch(&change, group, batch, &mut checksum)?;
    }
    write_traced(&change, group)?;
    checkpoints::keep(&change, group.run, &group.checkpoints)?;
    checkpoints::delete_finished(&change, group.run, &group.finished_large)?;
    write_counts(&change, group)?;
    if let Some(ending) = ending {
        recovery::delete_resume_data(&change, group.job)?;
        end_within(&change, group.job, ending)?;
    }
    change.commit()?;
    Ok(rows)
}

fn write_directories(change: &Transaction<'_>, group: &CommitGroup, checksum: &mut RowChecksum) -> Result<(), DbError> {
    let mut insert = change.prepare_cached("INSERT INTO directories (run, id, path, seal) VALUES (?, ?, ?, ?)")?;
    for (id, path) in &group.new_directories {
        let seal = checksum.of([
            ValueRef::from("directories"),
            ValueRef::Integer(group.run),
            ValueRef::Integer(*id),
            ValueRef::Blob(path),
        ]);
        insert.execute(params![group.run, id, &**path, seal])?;
    }
    Ok(())
}

fn write_batch(
    change: &Transaction<'_>,
    group: &CommitGroup,
    batch: &NumberedRows,
    checksum: &mut RowChecksum,
) -> Result<u64, DbError> {
    let placeholders = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
    let mut insert =
        change.prepare_cached(&format!("INSERT INTO results (run, {ROW_COLUMNS}) VALUES ({placeholders})"))?;
    let (mut replace, mut rows) = (None, 0);
    for (index, (row, stored)) in batch.rows.iter().zip(&batch.rows.rows).enumerate() {
        let position = batch.first_position + index as u64;
        let directory = batch.directories[stored.directory as usize];
        let judged = batch.rows.judged.get(index).copied().unwrap_or_default();
        let evidence = judged.evidence.map(Evidence::code);
        let times = StoredTimes::of([row.meta.mtime_ns, row.meta.ctime_ns]);
        let mut values = values_of(position as i64, directory, &row, times.nearest);
        values[VERDICT] = judged.verdict.map_or(ValueRef::Null, |verdict| ValueRef::Integer(verdict as i64));
        values[EVIDENCE] = evidence.as_ref().map_or(ValueRef::Null, |code| ValueRef::Text(code));
        if position >= group.rows_before {
            write_row(&mut insert, group.run, (&values, &times), checksum)?;
            rows += 1;
        } else if row.origin != Origin::Kept {
            let replace =
                match &mut replace {
                    Some(replace) => replace,
                    none => none.insert(change.prepare_cached(&format!(
                        "REPLACE INTO results (run, {ROW_COLUMNS}) VALUES ({placeholders})"
                    ))?),
                };
            write_row(replace, group.run, (&values, &times), checksum)?;
            rows += 1;
        }
    }
    Ok(rows)
}

/// Writes where the contents of files were recorded, and recomputes their checksums. The column is `moved_from` for every
/// verdict, since it was made for moved files: what it tells follows from the verdict.
fn write_traced(change: &Transaction<'_>, group: &CommitGroup) -> Result<(), DbError> {
    if group.traced.is_empty() {
        return Ok(());
    }
    let mut update = change.prepare_cached(
        "UPDATE results SET verdict = ?3, moved_from = ?4, seal = CASE WHEN far_times IS NULL
           THEN seal_of('results', run, position, directory, name, size, mtime_ns, ctime_ns, inode, device, status, code,
                        errno, stability, digests, reused, ?3, ?4, evidence)
           ELSE seal_of('results', run, position, directory, name, size, mtime_ns, ctime_ns, inode, device, status, code,
                        errno, stability, digests, reused, ?3, ?4, evidence, far_times)
           END
         WHERE run = ?1 AND position = ?2",
    )?;
    for one in &group.traced {
        update.execute(params![group.run, one.row as i64, one.verdict as i64, &one.from[..]])?;
    }
    Ok(())
}

fn write_row(
    statement: &mut Statement<'_>,
    run: i64,
    (values, times): (&[ValueRef<'_>; CHECKED_COLUMNS], &StoredTimes),
    checksum: &mut RowChecksum,
) -> Result<(), DbError> {
    let far = times.far.as_ref().map(|far| ValueRef::Blob(far));
    let seal = checksum.of(row::before_columns(run).into_iter().chain(values.iter().copied()).chain(far));
    let last = [ValueRef::Integer(seal), far.unwrap_or(ValueRef::Null)];
    let all = [ValueRef::Integer(run)].into_iter().chain(values.iter().copied()).chain(last);
    statement.execute(params_from_iter(all.map(ToSqlOutput::Borrowed)))?;
    Ok(())
}

/// A row's values in the order of [`ROW_COLUMNS`], up to the checksum.
fn values_of<'a>(
    position: i64,
    directory: i64,
    row: &RowRef<'a>,
    [mtime_ns, ctime_ns]: [i64; 2],
) -> [ValueRef<'a>; CHECKED_COLUMNS] {
    use ValueRef::{Blob, Integer, Null};
    let (status, code, errno, stability) = match row.status {
        Status::Hashed(stability) => {
            let from = row.origin.read_from().map_or(Null, |from| ValueRef::from(from.name()));
            (HASHED, from, Null, Integer(i64::from(stability == Stability::Unverified)))
        }
        Status::Error { code, errno: 0 } => (ERROR, ValueRef::from(code.name()), Null, Null),
        Status::Error { code, errno } => (ERROR, ValueRef::from(code.name()), Integer(errno.into()), Null),
        Status::Skipped(reason) => (SKIPPED, ValueRef::from(reason.name()), Null, Null),
    };
    let meta = row.meta;
    let [size, inode, device] = [meta.size, meta.inode, meta.device].map(|unsigned| Integer(unsigned as i64));
    [
        Integer(position),
        Integer(directory),
        Blob(row.name),
        size,
        Integer(mtime_ns),
        Integer(ctime_ns),
        inode,
        device,
        Integer(status),
        code,
        errno,
        stability,
        if status == HASHED { Blob(row.digests) } else { Null },
        if row.origin == Origin::Reused { Integer(1) } else { Null },
        Null,
        Null,
        Null,
    ]
}

fn write_counts(change: &Transaction<'_>, group: &CommitGroup) -> Result<(), DbError> {
    let counts = group.counts;
    let changed = change
        .prepare_cached(
            "UPDATE jobs SET row_count = ?3, files_done = ?4, files_failed = ?5, files_skipped = ?6, bytes_done = ?7,
                    elapsed_ms = ?8
             WHERE id = ?1 AND run = ?2",
        )?
        .execute(params![
            group.job.to_string(),
            group.run,
            counts.rows as i64,
            counts.files_done as i64,
            counts.files_failed as i64,
            counts.files_skipped as i64,
            counts.bytes_done as i64,
            group.elapsed.as_millis() as i64
        ])?;
    must_exist(changed)
}
