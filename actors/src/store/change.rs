//! A change of the database: one transaction that waits for its turn from the start.
//!
//! SQLite asks the busy handler only when a transaction begins as a writer. One that begins with a read and writes
//! later is refused at once while another process writes, so every change begins as a writer. A change that changed
//! something has a number, see [`commit_number`].

use std::ops::Deref;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::commit_number::{self, CommitMark};
use super::error::DbError;

/// A transaction that writes. Dropped without [`commit`](Self::commit), it changes nothing.
#[derive(Debug)]
pub(crate) struct Change<'c> {
    transaction: Transaction<'c>,
    /// Rows that the connection had changed before.
    rows_before: u64,
}

impl<'c> Change<'c> {
    /// Waits until no other connection writes, as long as the connection's busy timeout.
    pub(crate) fn begin(connection: &'c mut Connection) -> Result<Self, DbError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows_before = transaction.total_changes();
        Ok(Self { transaction, rows_before })
    }

    /// Numbers the change and makes it durable.
    pub(crate) fn commit(self) -> Result<(), DbError> {
        if self.transaction.total_changes() != self.rows_before {
            commit_number::advance(&self.transaction)?;
        }
        Ok(self.transaction.commit()?)
    }

    /// Numbers the change also if it changed nothing, and makes it durable. Returns its mark.
    pub(crate) fn commit_numbered(self) -> Result<CommitMark, DbError> {
        let mark = commit_number::advance(&self.transaction)?;
        self.transaction.commit()?;
        Ok(mark)
    }
}

impl<'c> Deref for Change<'c> {
    type Target = Transaction<'c>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}
