//! Reads of a sealed table: a row by its key, several one after another, and all that a condition selects.
//!
//! Every row that is passed on was checked against its seal. That a row is not there is verified by `find` alone.

use rusqlite::{CachedStatement, Connection, Params, Row};

use super::super::error::DbError;
use super::super::row_checksum::RowChecksum;
use super::{SealedTable, Total, snapshot};

impl SealedTable {
    /// The row that `rest` selects by a key. Without one, the table is verified before it is believed.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] for a damaged row or table, and what `read` returns.
    pub(crate) fn find<T>(
        &self,
        view: &Connection,
        rest: &str,
        key: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let _view = snapshot(view)?;
        let found = self.lookup(view, rest)?.find(key, read)?;
        if found.is_none() {
            self.verify(view)?;
        }
        Ok(found)
    }

    /// Rows of this table that are looked up one after another by the same `rest`: nothing, or `WHERE` and a condition.
    pub(crate) fn lookup<'c>(&self, view: &'c Connection, rest: &str) -> Result<Lookup<'c>, DbError> {
        let condition = numbered(rest.strip_prefix("WHERE ").unwrap_or("1"));
        let columns = self.columns.join(", ");
        let sql = format!("SELECT {columns}, seal, ({condition}) FROM {} WHERE {condition}", self.name);
        Ok(Lookup { table: *self, statement: view.prepare_cached(&sql)?, checksum: RowChecksum::default() })
    }

    /// Passes the rows that `rest` selects to `take`, each checked. Whether all came is up to the caller: the total of what
    /// came tells.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] for a damaged row, and what `take` returns.
    pub(crate) fn each(
        &self,
        view: &Connection,
        rest: &str,
        selected: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<(), DbError>,
    ) -> Result<Total, DbError> {
        let mut statement = view.prepare_cached(&self.select(rest))?;
        let mut rows = statement.query(selected)?;
        let (mut checksum, mut total) = (RowChecksum::default(), Total::default());
        while let Some(row) = rows.next()? {
            self.check(&mut checksum, row)?;
            total.add(Total { rows: 1, sum: row.get(self.columns.len())? });
            take(row)?;
        }
        Ok(total)
    }
}

/// A condition with a number at each `?`, so that it can be stated twice.
fn numbered(condition: &str) -> String {
    let mut parts = condition.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    (1..).zip(parts).fold(first, |numbered, (number, part)| format!("{numbered}?{number}{part}"))
}

/// A statement that is prepared once and selects one row each time, and whether the row meets the condition: in a
/// damaged table SQLite does not always compare what it has found with the key, see
/// [`read_at`](super::super::row::RowReader::read_at).
pub(crate) struct Lookup<'c> {
    table: SealedTable,
    statement: CachedStatement<'c>,
    checksum: RowChecksum,
}

impl Lookup<'_> {
    /// The row with this key, checked. That there is none is not verified.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] for a damaged row, and what `read` returns.
    pub(crate) fn find<T>(
        &mut self,
        key: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut rows = self.statement.query(key)?;
        let Some(row) = rows.next()? else { return Ok(None) };
        self.table.check(&mut self.checksum, row)?;
        match row.get(self.table.columns.len() + 1)? {
            true => read(row).map(Some),
            false => Err(DbError::Inconsistent("a key that leads to another row")),
        }
    }
}
