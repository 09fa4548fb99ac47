//! Seals: a few bytes of BLAKE3 beside every stored row, so that damage is never taken for a digest.
//!
//! SQLite checks the form of its pages, not what is in them: a byte flipped in a row reads back as another
//! row. Each row is sealed by itself, not each commit group: a page of errors, or one in another order, has
//! rows of a thousand groups, and every one of them would have to be read whole. A seal is over the values of
//! the columns in their order, each with its type and length; it is not there to stop a forger.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use super::error::DbError;

/// Puts seals on rows. One serves many: its buffer is used again.
#[derive(Debug, Default)]
pub(crate) struct RowChecksum {
    buffer: Vec<u8>,
}

impl RowChecksum {
    /// The seal of a row with these values.
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

    /// A type and a number, seven bits a byte (LEB128): most are small, and a block of BLAKE3 is 64 bytes.
    fn put_number(&mut self, kind: u8, mut number: u64) {
        self.buffer.push(kind);
        while number >= 0x80 {
            self.buffer.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.buffer.push(number as u8);
    }

    /// Refuses a row whose first `columns` values are not what was sealed in the column after them.
    pub(crate) fn check(&mut self, row: &rusqlite::Row<'_>, columns: usize) -> Result<(), DbError> {
        self.buffer.clear();
        for column in 0..columns {
            self.put(row.get_ref(column)?);
        }
        let hash = blake3::hash(&self.buffer);
        let sealed: i64 = row.get(columns)?;
        match hash.as_bytes().first_chunk() {
            Some(first) if i64::from_le_bytes(*first) == sealed => Ok(()),
            _ => Err(DbError::Inconsistent("a row whose seal is broken")),
        }
    }
}

/// Makes `seal_of(...)` known to the SQL of migrations.
pub(crate) fn add_function(connection: &Connection) -> Result<(), DbError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("seal_of", -1, flags, |context| {
        Ok(RowChecksum::default().of((0..context.len()).map(|index| context.get_raw(index))))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_tells_values_types_and_borders_apart() {
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
        let seals: std::collections::HashSet<_> = rows.iter().map(|row| checksum.of(row.iter().copied())).collect();
        assert_eq!(seals.len(), rows.len());
    }

    #[test]
    fn sql_seals_as_rust_does() {
        let connection = Connection::open_in_memory().unwrap();
        add_function(&connection).unwrap();
        let sealed: i64 =
            connection.query_row("SELECT seal_of(7, NULL, 'text', x'00ff')", [], |row| row.get(0)).unwrap();
        let values = [ValueRef::Integer(7), ValueRef::Null, ValueRef::Text(b"text"), ValueRef::Blob(&[0, 255])];
        assert_eq!(sealed, RowChecksum::default().of(values));
    }
}
