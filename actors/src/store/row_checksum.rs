//! The row checksum: 8 bytes of BLAKE3 in the column `seal`, so that damage is never taken for a digest.
//!
//! SQLite checks the structure of its pages, not the values in them: a row with a flipped byte reads back as
//! another row. Each row has its own checksum, not each commit group: a page of errors, or a sorted page, has
//! rows of a thousand groups, and all of them would have to be read. The checksum covers the name of the table and
//! the values of the columns in order, each with its type and length. It does not protect against deliberate
//! changes. Which tables are also counted: `sealed`.

use rusqlite::types::ValueRef;

use super::error::DbError;

/// Computes row checksums. Use one for many rows: it keeps its buffer.
#[derive(Debug, Default)]
pub(crate) struct RowChecksum {
    buffer: Vec<u8>,
}

/// What the checksum of a row covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covered<'a> {
    /// Before the row's own values: what it must not pass for a row of.
    pub(crate) before: &'a [ValueRef<'a>],
    /// The row's first columns. The column after them holds the checksum.
    pub(crate) columns: usize,
    /// A value that only some rows have.
    pub(crate) after: Option<ValueRef<'a>>,
}

impl RowChecksum {
    /// The checksum of a row with these values.
    pub(crate) fn of<'v>(&mut self, values: impl IntoIterator<Item = ValueRef<'v>>) -> i64 {
        self.buffer.clear();
        for value in values {
            self.put(value);
        }
        let hash = blake3::hash(&self.buffer);
        let first = hash.as_bytes().first_chunk().expect("a BLAKE3 digest has 32 bytes");
        i64::from_le_bytes(*first)
    }

    fn put(&mut self, value: ValueRef<'_>) {
        let (kind, bytes) = match value {
            ValueRef::Null => return self.buffer.push(0),
            ValueRef::Integer(number) => return self.put_number(1, number as u64),
            ValueRef::Real(number) => return self.put_number(2, number.to_bits()),
            ValueRef::Text(bytes) => (3, bytes),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        self.put_number(kind, bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
    }

    /// A type and a number, seven bits per byte (LEB128): most numbers are small, and a BLAKE3 block has 64 bytes.
    fn put_number(&mut self, kind: u8, mut number: u64) {
        self.buffer.push(kind);
        while number >= 0x80 {
            self.buffer.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.buffer.push(number as u8);
    }

    /// Checks the first `columns` values of a row of this table against the seal in the column after them.
    pub(crate) fn check_sealed(&mut self, table: &str, row: &rusqlite::Row<'_>, columns: usize) -> Result<(), DbError> {
        self.check(&Covered { before: &[ValueRef::from(table)], columns, after: None }, row)
    }

    /// Checks what is covered of a row.
    pub(crate) fn check(&mut self, covered: &Covered<'_>, row: &rusqlite::Row<'_>) -> Result<(), DbError> {
        let columns = covered.columns;
        self.buffer.clear();
        covered.before.iter().for_each(|value| self.put(*value));
        for column in 0..columns {
            self.put(row.get_ref(column)?);
        }
        covered.after.iter().for_each(|value| self.put(*value));
        let hash = blake3::hash(&self.buffer);
        let stored: i64 = row.get(columns)?;
        match hash.as_bytes().first_chunk() {
            Some(first) if i64::from_le_bytes(*first) == stored => Ok(()),
            _ => Err(DbError::Inconsistent("a row whose checksum does not match")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_differs_by_value_type_and_boundary() {
        use ValueRef::{Blob, Integer, Null, Text};
        let rows: [&[ValueRef<'_>]; 9] = [
            &[],
            &[Null],
            &[Integer(0)],
            &[Integer(128)],
            &[Integer(-1)],
            &[Text(b"ab"), Text(b"c")],
            &[Text(b"a"), Text(b"bc")],
            &[Blob(b"ab"), Blob(b"c")],
            &[Blob(b"abc")],
        ];
        let mut checksum = RowChecksum::default();
        let checksums: std::collections::HashSet<_> = rows.iter().map(|row| checksum.of(row.iter().copied())).collect();
        assert_eq!(checksums.len(), rows.len());
    }

    #[test]
    fn sql_and_rust_compute_the_same_checksum() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        crate::store::sealed::add_functions(&connection).unwrap();
        let by_sql: i64 =
            connection.query_row("SELECT seal_of(7, NULL, 'text', x'00ff')", [], |row| row.get(0)).unwrap();
        let values = [ValueRef::Integer(7), ValueRef::Null, ValueRef::Text(b"text"), ValueRef::Blob(&[0, 255])];
        assert_eq!(by_sql, RowChecksum::default().of(values));
    }
}
