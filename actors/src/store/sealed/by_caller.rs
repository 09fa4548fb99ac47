//! Many rows of one table that are sealed by their writer: the triggers leave a statement alone that sets the seal
//! itself, and the ledger is moved once for all of them.
//!
//! A row that is replaced is checked before, by whoever reads its seal; it is replaced only if it still has that seal.
//! Until [`SealedRows::end`] the ledger is behind, so all of it happens within one change.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params, params_from_iter};

use super::super::error::DbError;
use super::super::row_checksum::RowChecksum;
use super::{SealedTable, Total};

/// Writes rows of a table whose first columns are its key.
#[derive(Debug)]
pub(crate) struct SealedRows<'c> {
    change: &'c Connection,
    table: &'static SealedTable,
    insert: String,
    replace: String,
    checksum: RowChecksum,
    /// What the ledger has not been told.
    total: Total,
}

impl<'c> SealedRows<'c> {
    /// For a table with so many columns in its key, within a change.
    pub(crate) fn of(change: &'c Connection, table: &'static SealedTable, key_columns: usize) -> Self {
        let SealedTable { name, columns } = table;
        let marks = vec!["?"; columns.len() + 1].join(", ");
        let numbered: Vec<_> =
            columns.iter().enumerate().map(|(index, column)| format!("{column} = ?{}", index + 1)).collect();
        let (key, rest) = numbered.split_at(key_columns);
        let (seal, old_seal) = (columns.len() + 1, columns.len() + 2);
        let insert = format!("INSERT INTO {name} ({}, seal) VALUES ({marks})", columns.join(", "));
        let replace = format!(
            "UPDATE {name} SET {}, seal = ?{seal} WHERE {} AND seal = ?{old_seal}",
            rest.join(", "),
            key.join(" AND ")
        );
        Self { change, table, insert, replace, checksum: RowChecksum::default(), total: Total::default() }
    }

    /// Adds a row with these values, in the order of the columns.
    pub(crate) fn insert(&mut self, values: &[Value]) -> Result<(), DbError> {
        let seal = self.seal_of(values);
        let seals = [Value::Integer(seal)];
        self.change.prepare_cached(&self.insert)?.execute(params_from_iter(values.iter().chain(&seals)))?;
        self.total.add(Total { rows: 1, sum: seal });
        Ok(())
    }

    /// Replaces the row with the same key, which was checked and had this seal.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if there is no such row.
    pub(crate) fn replace(&mut self, values: &[Value], old_seal: i64) -> Result<(), DbError> {
        match self.replace_if(values, old_seal)? {
            true => Ok(()),
            false => Err(DbError::Inconsistent("a row that was there a moment ago")),
        }
    }

    /// Replaces the row with the same key if it has this seal, with which it was checked before. Returns whether it had.
    pub(crate) fn replace_if(&mut self, values: &[Value], old_seal: i64) -> Result<bool, DbError> {
        let seal = self.seal_of(values);
        let seals = [Value::Integer(seal), Value::Integer(old_seal)];
        let all = params_from_iter(values.iter().chain(&seals));
        let is_replaced = self.change.prepare_cached(&self.replace)?.execute(all)? == 1;
        if is_replaced {
            self.total.add(Total { rows: 0, sum: seal.wrapping_sub(old_seal) });
        }
        Ok(is_replaced)
    }

    /// Moves the ledger.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if it has no line for the table.
    pub(crate) fn end(self) -> Result<(), DbError> {
        let Total { rows, sum } = self.total;
        if (rows, sum) == (0, 0) {
            return Ok(());
        }
        let tell = "UPDATE ledger SET rows = rows + ?, sum = moved_sum(sum, 0, ?) WHERE table_name = ?";
        match self.change.prepare_cached(tell)?.execute(params![rows, sum, self.table.name])? {
            1 => Ok(()),
            _ => Err(DbError::Inconsistent("a table without its ledger")),
        }
    }

    fn seal_of(&mut self, values: &[Value]) -> i64 {
        self.checksum.of([ValueRef::from(self.table.name)].into_iter().chain(values.iter().map(ValueRef::from)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{COLLECTION_PIECES, check_all};
    use super::*;
    use crate::store::testing::Bench;

    /// The columns of a row of pieces.
    fn row(path: &[u8], size: i64) -> [Value; 4] {
        [1.into(), path.to_vec().into(), size.into(), vec![7; 32].into()]
    }

    #[test]
    fn rows_are_sealed_and_counted_and_only_a_row_that_was_checked_is_replaced() {
        let bench = Bench::new();
        let view = &bench.connection;
        view.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let seal_of = |path: &[u8]| -> i64 {
            view.query_row("SELECT seal FROM collection_pieces WHERE path = ?", [path], |row| row.get(0)).unwrap()
        };
        let mut rows = SealedRows::of(view, &COLLECTION_PIECES, 2);
        rows.insert(&row(b"a", 1)).unwrap();
        rows.insert(&row(b"b", 2)).unwrap();
        rows.replace(&row(b"a", 3), seal_of(b"a")).unwrap();
        let refused = rows.replace(&row(b"b", 4), seal_of(b"a"));
        assert!(matches!(refused, Err(DbError::Inconsistent(_))), "{refused:?}");
        assert!(COLLECTION_PIECES.verify(view).is_err(), "the ledger is behind");
        rows.end().unwrap();
        COLLECTION_PIECES.verify(view).unwrap();
        // Beside it the triggers go on.
        view.execute("UPDATE collection_pieces SET size = 9", []).unwrap();
        view.execute("DELETE FROM collection_pieces WHERE path = x'62'", []).unwrap();
        assert_eq!(check_all(view).unwrap().rows["collection_pieces"], 1);
        let nothing = SealedRows::of(view, &COLLECTION_PIECES, 2);
        nothing.end().unwrap();
    }
}
