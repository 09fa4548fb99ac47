//! Reads a stored result as an item. A value that hivesum never writes is damage, never a digest.

use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::error::DbError;
use super::far_times::StoredTimes;
use super::row_checksum::{Covered, RowChecksum};
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{
    ErrorCode, Evidence, FileMeta, Fixity, Item, Origin, ReadFrom, SkipReason, Stability, Status, Verdict, append_path,
};

/// The columns that a [`RowReader`] reads.
pub(crate) const ROW_COLUMNS: &str = "position, directory, name, size, mtime_ns, ctime_ns, inode, device, \
     status, code, errno, stability, digests, reused, verdict, moved_from, evidence, seal, far_times";

/// How many of [`ROW_COLUMNS`] the checksum in the next one, `seal`, covers, after the table's name and the run, and before
/// `far_times` if there are any.
pub(crate) const CHECKED_COLUMNS: usize = 17;

/// The index of `far_times` in [`ROW_COLUMNS`].
const FAR_TIMES: usize = 18;

/// The index of `status` in [`ROW_COLUMNS`].
pub(crate) const STATUS: usize = 8;

/// Indexes in [`ROW_COLUMNS`] of the columns that only verify jobs fill.
pub(crate) const VERDICT: usize = 14;
const MOVED_FROM: usize = 15;
pub(crate) const EVIDENCE: usize = 16;

/// Values of the column `status`.
pub(crate) const HASHED: i64 = 0;
pub(crate) const ERROR: i64 = 1;
pub(crate) const SKIPPED: i64 = 2;

/// What the checksum of a row of this run covers before its columns: a row must not pass for one of another run.
pub(crate) fn before_columns(run: i64) -> [ValueRef<'static>; 2] {
    [ValueRef::Text(b"results"), ValueRef::Integer(run)]
}

/// Checks a row of this run, read as [`ROW_COLUMNS`].
pub(crate) fn check(checksum: &mut RowChecksum, run: i64, row: &Row<'_>) -> Result<(), DbError> {
    let far = Some(row.get_ref(FAR_TIMES)?).filter(|far| *far != ValueRef::Null);
    checksum.check(&Covered { before: &before_columns(run), columns: CHECKED_COLUMNS, after: far }, row)
}

/// Numbers that have to come one after another: a gap or a repeat is damage.
#[derive(Debug)]
pub(crate) struct Contiguous {
    next: u64,
}

impl Contiguous {
    /// The first number has to be this one.
    pub(crate) const fn from(first: u64) -> Self {
        Self { next: first }
    }

    /// Takes the next number.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if it is another one.
    pub(crate) fn take(&mut self, number: u64) -> Result<(), DbError> {
        if number != self.next {
            return Err(DbError::Inconsistent("rows that are missing or repeated"));
        }
        self.next += 1;
        Ok(())
    }

    /// Takes the next of some numbers that only have to increase.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if it does not.
    pub(crate) fn take_later(&mut self, number: u64) -> Result<(), DbError> {
        if number < self.next {
            return Err(DbError::Inconsistent("rows that are repeated or out of order"));
        }
        self.next = number.saturating_add(1);
        Ok(())
    }

    /// Checks that all numbers below `end` have come, and no others.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if not.
    pub(crate) fn end_at(&self, end: u64) -> Result<(), DbError> {
        match self.next == end {
            true => Ok(()),
            false => Err(DbError::Inconsistent("fewer or more rows than their job has")),
        }
    }
}

/// Reads rows one after another. The path of a directory is looked up once for consecutive rows.
pub(crate) struct RowReader<'a> {
    view: &'a Connection,
    directories: CachedStatement<'a>,
    run: i64,
    algorithms: Algorithms,
    directory: Option<(i64, Rc<[u8]>)>,
    path: Vec<u8>,
    checksum: RowChecksum,
}

impl<'a> RowReader<'a> {
    pub(crate) fn new(view: &'a Connection, run: i64, algorithms: Algorithms) -> Result<Self, DbError> {
        let directories =
            view.prepare_cached("SELECT run, id, path, seal FROM directories WHERE run = ? AND id = ?")?;
        let (directory, path, checksum) = (None, Vec::new(), RowChecksum::default());
        Ok(Self { view, directories, run, algorithms, directory, path, checksum })
    }

    pub(crate) fn position(&self, row: &Row<'_>) -> Result<u64, DbError> {
        Ok(row.get::<_, i64>(0)? as u64)
    }

    /// Refuses a row whose checksum does not match.
    pub(crate) fn check(&mut self, row: &Row<'_>) -> Result<(), DbError> {
        check(&mut self.checksum, self.run, row)
    }

    /// The statement for [`read_at`](Self::read_at).
    pub(crate) fn statement_at(&self) -> Result<CachedStatement<'a>, DbError> {
        let sql = format!("SELECT {ROW_COLUMNS} FROM results WHERE run = ? AND position = ?");
        Ok(self.view.prepare_cached(&sql)?)
    }

    /// Reads the row at a position. Refused where there is none, where its checksum does not match, and where it is
    /// another row.
    ///
    /// A search for a key that is in an inner page of the table trusts what it finds beneath. A row there with damage in
    /// its `run` is then taken for the one that was asked for, and its checksum, which covers the run that was asked for,
    /// is right. (SQLite 3.54.1, `OP_SeekGE` and `eqSeen`: the row that was found is not compared again.)
    pub(crate) fn read_at<T>(
        &mut self,
        statement: &mut CachedStatement<'_>,
        position: u64,
        read: impl FnOnce(&mut Self, &Row<'_>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut rows = statement.query(params![self.run, position as i64])?;
        let row = rows.next()?.ok_or(DbError::Inconsistent("a position without a row"))?;
        self.check(row)?;
        match self.position(row)? == position {
            true => read(self, row),
            false => Err(DbError::Inconsistent("a position that leads to another row")),
        }
    }

    /// The full path of a row that has been checked.
    pub(crate) fn checked_path(&mut self, row: &Row<'_>) -> Result<&[u8], DbError> {
        let directory = self.checked_directory(row)?;
        self.path.clear();
        append_path(&mut self.path, &directory, Self::name(row)?);
        Ok(&self.path)
    }

    /// The name of a row in its directory.
    pub(crate) fn name<'r>(row: &'r Row<'_>) -> Result<&'r [u8], DbError> {
        row.get_ref(2)?.as_blob().map_err(|_| DbError::Inconsistent("a name that is not a blob"))
    }

    /// The path of the directory of a row that has been checked.
    pub(crate) fn checked_directory(&mut self, row: &Row<'_>) -> Result<Rc<[u8]>, DbError> {
        self.directory_path(row.get(1)?)
    }

    fn directory_path(&mut self, id: i64) -> Result<Rc<[u8]>, DbError> {
        if let Some((known, path)) = &self.directory
            && *known == id
        {
            return Ok(path.clone());
        }
        let checksum = &mut self.checksum;
        let asked_for = (self.run, id);
        let checked = self.directories.query_row(asked_for, |row| {
            let (key, path) = ((row.get(0)?, row.get(1)?), row.get::<_, Vec<u8>>(2)?);
            Ok(checksum.check_sealed("directories", row, 3).map(|()| (key, path)))
        });
        let (key, path) = checked.optional()?.ok_or(DbError::Inconsistent("a row without its directory"))??;
        if key != asked_for {
            return Err(DbError::Inconsistent("a row that leads to another directory"));
        }
        let path: Rc<[u8]> = path.into();
        self.directory = Some((id, path.clone()));
        Ok(path)
    }

    /// The whole row. Refused unless its checksum matches.
    pub(crate) fn item(&mut self, row: &Row<'_>) -> Result<Item, DbError> {
        self.check(row)?;
        self.checked_item(row)
    }

    /// [`item`](Self::item) of a row that has been checked.
    pub(crate) fn checked_item(&mut self, row: &Row<'_>) -> Result<Item, DbError> {
        let path = self.checked_path(row)?.to_vec();
        let [mtime_ns, ctime_ns] = times_of(row)?;
        let meta = FileMeta {
            size: row.get::<_, i64>(3)? as u64,
            mtime_ns,
            ctime_ns,
            inode: row.get::<_, i64>(6)? as u64,
            device: row.get::<_, i64>(7)? as u64,
        };
        let status = status_of(row)?;
        let digests: Vec<u8> = row.get::<_, Option<Vec<u8>>>(12)?.unwrap_or_default();
        let expected = match status {
            Status::Hashed(_) => self.algorithms.digest_bytes(),
            Status::Error { .. } | Status::Skipped(_) => 0,
        };
        if digests.len() != expected {
            return Err(DbError::Inconsistent("digests of a wrong length"));
        }
        let origin = origin_of(row, status)?;
        Ok(Item { path, meta, status, digests, algorithms: self.algorithms, origin, fixity: fixity_of(row)? })
    }

    /// The rows at these positions, in their order.
    pub(crate) fn items_at(&mut self, positions: &[u64]) -> Result<Vec<Item>, DbError> {
        let mut statement = self.statement_at()?;
        positions.iter().map(|position| self.read_at(&mut statement, *position, Self::checked_item)).collect()
    }
}

fn times_of(row: &Row<'_>) -> Result<[i128; 2], DbError> {
    let far = match row.get_ref(FAR_TIMES)? {
        ValueRef::Null => None,
        ValueRef::Blob(far) => Some(far),
        _ => return Err(DbError::Inconsistent("times that are not a blob")),
    };
    let times = StoredTimes::exact([row.get(4)?, row.get(5)?], far);
    times.ok_or(DbError::Inconsistent("times that contradict each other"))
}

/// The verdict of an audit on the row, if there is one.
fn fixity_of(row: &Row<'_>) -> Result<Option<Fixity>, DbError> {
    let Some(number) = row.get::<_, Option<i64>>(VERDICT)? else { return Ok(None) };
    let verdict = Verdict::ALL.into_iter().find(|verdict| *verdict as i64 == number);
    let evidence = row
        .get::<_, Option<String>>(EVIDENCE)?
        .map(|code| Evidence::from_code(code.as_bytes()).ok_or(DbError::Inconsistent("evidence that does not parse")));
    Ok(Some(Fixity {
        verdict: verdict.ok_or(DbError::Inconsistent("an unknown verdict"))?,
        content_from: row.get(MOVED_FROM)?,
        evidence: evidence.transpose()?,
    }))
}

/// How the digests were obtained. Where bytes came from stands in `code`, which no other row with digests uses, so that
/// releases that do not know it read such rows, too.
fn origin_of(row: &Row<'_>, status: Status) -> Result<Origin, DbError> {
    let reused = row.get::<_, Option<i64>>(13)?.is_some();
    let from = match status {
        Status::Hashed(_) => row.get::<_, Option<String>>(9)?,
        Status::Error { .. } | Status::Skipped(_) => None,
    };
    match (reused, from) {
        (true, None) => Ok(Origin::Reused),
        (false, None) => Ok(Origin::Read),
        (false, Some(from)) => {
            let from = ReadFrom::from_name(&from).ok_or(DbError::Inconsistent("digests of unknown bytes"))?;
            Ok(Origin::ReadFrom(from))
        }
        (true, Some(_)) => Err(DbError::Inconsistent("digests that are reused and were read")),
    }
}

fn status_of(row: &Row<'_>) -> Result<Status, DbError> {
    let code: Option<String> = row.get(9)?;
    let code = code.as_deref();
    match row.get::<_, i64>(8)? {
        HASHED => match row.get::<_, Option<i64>>(11)? {
            Some(0) => Ok(Status::Hashed(Stability::Stable)),
            Some(1) => Ok(Status::Hashed(Stability::Unverified)),
            _ => Err(DbError::Inconsistent("a digest of unknown stability")),
        },
        ERROR => {
            let known = ErrorCode::ALL.into_iter().find(|known| Some(known.name()) == code);
            let code = known.ok_or(DbError::Inconsistent("an unknown error code"))?;
            Ok(Status::Error { code, errno: row.get::<_, Option<i32>>(10)?.unwrap_or_default() })
        }
        SKIPPED => {
            let known = SkipReason::ALL.into_iter().find(|known| Some(known.name()) == code);
            Ok(Status::Skipped(known.ok_or(DbError::Inconsistent("an unknown reason to skip"))?))
        }
        _ => Err(DbError::Inconsistent("an unknown status")),
    }
}

#[cfg(test)]
mod tests;
