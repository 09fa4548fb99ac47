//! A change of the database: one transaction that waits for its turn from the start.
//!
//! SQLite asks the busy handler only when a transaction begins as a writer. One that begins with a read and writes
//! later is refused at once while another process writes, so every change begins as a writer.

use std::ops::Deref;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::DbError;

/// A transaction that writes. Dropped without [`commit`](Self::commit), it changes nothing.
#[derive(Debug)]
pub(crate) struct Change<'c> {
    transaction: Transaction<'c>,
}

impl<'c> Change<'c> {
    /// Waits until no other connection writes, as long as the connection's busy timeout.
    pub(crate) fn begin(connection: &'c mut Connection) -> Result<Self, DbError> {
        Ok(Self { transaction: connection.transaction_with_behavior(TransactionBehavior::Immediate)? })
    }

    /// Makes the change durable.
    pub(crate) fn commit(self) -> Result<(), DbError> {
        Ok(self.transaction.commit()?)
    }
}

impl<'c> Deref for Change<'c> {
    type Target = Transaction<'c>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}
