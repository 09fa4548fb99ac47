//! Sealed tables: every row carries a seal over its table's name and all of its columns, and the table `ledger` holds
//! for each table how many rows there are and the sum of their seals.
//!
//! So a changed row, a row of another table or key, a lost row and a repeated one are all damage, and damage is never
//! taken for absence: who looks up a key and finds nothing, or reads a list, calls [`SealedTable::verify`]. Seals and
//! ledger are kept by triggers (`triggers`), within the change itself. A new table needs its line in [`SEALED`] and a
//! migration that makes it with a last column `seal INTEGER NOT NULL DEFAULT 0`; the migration seals its rows.
//! Seals are against damage, not against someone who computes them.

mod by_caller;
mod collections;
mod read;
mod report;
mod triggers;
mod whole;

use rusqlite::{Connection, Row, Transaction};

pub(crate) use self::by_caller::SealedRows;
pub(crate) use self::collections::{
    COLLECTION_EVENTS, COLLECTION_FILES, COLLECTION_PIECES, COLLECTION_RUNS, COLLECTIONS, DELIVERIES, GROWING, OUTBOX,
};
pub(crate) use self::report::check_all;
pub(super) use self::triggers::{add_functions, keep_seals};

use super::error::DbError;
use super::row_checksum::RowChecksum;

/// A table whose rows are sealed: its columns in order, keys first, without `seal`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedTable {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
}

pub(crate) const JOBS: SealedTable = SealedTable {
    name: "jobs",
    columns: &[
        "id",
        "kind",
        "spec",
        "owner",
        "state",
        "created_at",
        "started_at",
        "finished_at",
        "run",
        "row_count",
        "files_done",
        "files_failed",
        "files_skipped",
        "files_total",
        "bytes_done",
        "bytes_total",
        "summary",
        "error",
        "former_run",
        "elapsed_ms",
        "ended",
        "indexed",
    ],
};

pub(crate) const TOKENS: SealedTable =
    SealedTable { name: "tokens", columns: &["id", "name", "secret_sha256", "scopes", "created_at", "expires_at"] };

pub(crate) const REQUESTS: SealedTable =
    SealedTable { name: "requests", columns: &["owner", "key", "asked", "job", "created_at"] };

pub(crate) const CHECKPOINTS: SealedTable = SealedTable {
    name: "checkpoints",
    columns: &["run", "path", "algorithm", "size", "mtime_ns", "ctime_ns", "inode", "bytes", "state"],
};

pub(crate) const ENDINGS: SealedTable = SealedTable { name: "endings", columns: &["last"] };

pub(crate) const ATTEMPTS: SealedTable = SealedTable { name: "attempts", columns: &["job", "path", "bytes", "deaths"] };

pub(crate) const RUNS: SealedTable = SealedTable { name: "runs", columns: &["run", "abandoned"] };

pub(crate) const MANIFESTS: SealedTable = SealedTable { name: "manifests", columns: &["job", "body"] };

pub(crate) const ROOTS: SealedTable =
    SealedTable { name: "roots", columns: &["name", "path", "device", "inode", "filesystem", "accepted_empty"] };

pub(crate) const JOB_ROOTS: SealedTable =
    SealedTable { name: "job_roots", columns: &["job", "device", "inode", "filesystem"] };

pub(crate) const SESSIONS: SealedTable =
    SealedTable { name: "sessions", columns: &["id", "secret_sha256", "token", "created_at", "ends_at"] };

pub(crate) const STATE: SealedTable = SealedTable { name: "state", columns: &["id"] };

/// The tables that are sealed and counted. Results and directories are sealed row by row by those who write them, and
/// the row of their job says how many there are.
pub(crate) const SEALED: [SealedTable; 19] = [
    JOBS,
    TOKENS,
    REQUESTS,
    CHECKPOINTS,
    ENDINGS,
    ATTEMPTS,
    RUNS,
    MANIFESTS,
    ROOTS,
    JOB_ROOTS,
    SESSIONS,
    STATE,
    COLLECTIONS,
    COLLECTION_FILES,
    COLLECTION_EVENTS,
    OUTBOX,
    DELIVERIES,
    COLLECTION_PIECES,
    COLLECTION_RUNS,
];

/// Rows and sum of seals of each table in [`SEALED`]. Sealed itself.
const LEDGER: SealedTable = SealedTable { name: "ledger", columns: &["table_name", "rows", "sum"] };

/// A row is lost, or one came from elsewhere.
pub(crate) const OTHER_ROWS: DbError = DbError::Inconsistent("a table with other rows than its ledger says");

/// How many rows a table has, or a part of it, and the wrapping sum of their seals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) rows: i64,
    pub(crate) sum: i64,
}

impl Total {
    /// That of both parts.
    pub(crate) const fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl SealedTable {
    /// The statement that reads the columns in order and then the seal. `rest` is what follows the table's name.
    pub(crate) fn select(&self, rest: &str) -> String {
        format!("SELECT {}, seal FROM {} {rest}", self.columns.join(", "), self.name)
    }

    /// Checks a row that [`select`](Self::select) read.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if its seal is not that of this table and these values.
    pub(crate) fn check(&self, checksum: &mut RowChecksum, row: &Row<'_>) -> Result<(), DbError> {
        checksum.check_sealed(self.name, row, self.columns.len())
    }

    /// Checks that the table is whole: SQLite finds its pages and indexes in order, every row has its seal, and there
    /// are as many rows with such seals as the ledger says. Reads the whole table, unless this connection has just
    /// done so; see `whole`.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] if it is not.
    pub(crate) fn verify(&self, view: &Connection) -> Result<(), DbError> {
        let _view = snapshot(view)?;
        let state = whole::State::of(view)?;
        if whole::is_known(view, self, state)? {
            return Ok(());
        }
        let rows = self.verify_now(view)?;
        whole::remember(view, self, state, rows)
    }

    /// The number of rows and the sum of their seals, as the ledger has them: any change of a row is a change of these. Reads
    /// no row.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] for a damaged or missing line of the ledger.
    pub(crate) fn ledger(&self, view: &Connection) -> Result<Total, DbError> {
        ledger_says(view, self.name)?.ok_or(DbError::Inconsistent("a table without its ledger"))
    }

    /// [`verify`](Self::verify), whatever was verified before. Returns the number of rows.
    fn verify_now(&self, view: &Connection) -> Result<u64, DbError> {
        let answer: String = view.query_row(&format!("PRAGMA integrity_check({})", self.name), [], |row| row.get(0))?;
        if answer != "ok" {
            return Err(DbError::Inconsistent("a table whose pages or indexes are damaged"));
        }
        let total = self.total(view)?;
        if ledger_says(view, self.name)? != Some(total) {
            return Err(OTHER_ROWS);
        }
        Ok(total.rows as u64)
    }

    /// Reads every row, and checks it.
    fn total(&self, view: &Connection) -> Result<Total, DbError> {
        self.each(view, "", [], |_| Ok(()))
    }
}

fn ledger_says(view: &Connection, table: &str) -> Result<Option<Total>, DbError> {
    let total = |row: &Row<'_>| Ok(Total { rows: row.get(1)?, sum: row.get(2)? });
    LEDGER.lookup(view, "WHERE table_name = ?")?.find([table], total)
}

/// One view of the database for several statements, unless the caller has one. It ends when it is dropped.
pub(crate) fn snapshot(connection: &Connection) -> Result<Option<Transaction<'_>>, DbError> {
    Ok(connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?)
}

/// The first schema with a ledger.
pub(super) const SEALED_SCHEMA: i64 = 4;

/// Checks the tables that have all of their columns already: what a migration begins with, or it would seal damage. A
/// migration that adds a column to a sealed table has to check its rows itself.
pub(super) fn verify_present(change: &Transaction<'_>) -> Result<(), DbError> {
    for table in SEALED {
        match change.prepare(&table.select("LIMIT 0")) {
            Ok(_) => drop(table.verify_now(change)?),
            // No such table or column.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Seals every row of every table and writes the ledger anew: the last step of a migration.
pub(super) fn seal_all(change: &Transaction<'_>) -> Result<(), DbError> {
    change.execute("DELETE FROM ledger", [])?;
    for table in SEALED {
        let (name, columns) = (table.name, table.columns.join(", "));
        change.execute(&format!("UPDATE {name} SET seal = seal_of('{name}', {columns})"), [])?;
        let Total { rows, sum } = table.total(change)?;
        let insert = "INSERT INTO ledger VALUES (?1, ?2, ?3, seal_of('ledger', ?1, ?2, ?3))";
        change.execute(insert, (name, rows, sum))?;
    }
    Ok(())
}

/// The one number in a table of one row.
///
/// # Errors
/// [`DbError::Inconsistent`] without such a row.
pub(crate) fn only_number(view: &Connection, table: &SealedTable) -> Result<i64, DbError> {
    let found = table.find(view, "", [], |row| Ok(row.get(0)?))?;
    found.ok_or(DbError::Inconsistent("a table without its only row"))
}

#[cfg(test)]
mod tests;
