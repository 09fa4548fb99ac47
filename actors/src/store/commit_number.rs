//! Commits are numbered: the one row of the table `commits`, changed in the same transaction as the rest.
//!
//! Decides what a [`CommitMark`] is and how it advances; the [`journal`](super::journal) keeps it outside of SQLite.
//! Two stores that part ways and commit equally often have equal numbers, but never equal chains.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction, params};

use super::error::DbError;
use super::row_checksum::RowChecksum;
use crate::error::StoreError;

/// The first schema that numbers its commits.
pub(crate) const NUMBERED_SCHEMA: i64 = 5;

/// Bytes of the id of a store.
pub(crate) const STATE_ID_BYTES: usize = 16;

/// Bytes of a chain, a BLAKE3 digest.
pub(crate) const CHAIN_BYTES: usize = 32;

/// Which commit a store is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitMark {
    /// The id of the store.
    pub(crate) state: [u8; STATE_ID_BYTES],
    /// Commits since the store was created, or since it was first numbered.
    pub(crate) number: u64,
    /// Differs for every commit of every store.
    pub(crate) chain: [u8; CHAIN_BYTES],
}

impl CommitMark {
    /// The mark before the first commit of a store. Its journal begins with it.
    pub(crate) fn before_the_first(&self) -> Self {
        Self { state: self.state, number: 0, chain: [0; CHAIN_BYTES] }
    }

    fn next(&self) -> Result<Self, DbError> {
        let number = self.number + 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain).update(&number.to_le_bytes()).update(&random()?);
        Ok(Self { state: self.state, number, chain: *hasher.finalize().as_bytes() })
    }

    fn seal(&self) -> i64 {
        let number = ValueRef::Integer(self.number as i64);
        let values = [ValueRef::Text(b"commits"), number, ValueRef::Blob(&self.chain), ValueRef::Blob(&self.state)];
        RowChecksum::default().of(values)
    }
}

/// The mark that the connection sees.
pub(crate) fn read(connection: &Connection) -> Result<CommitMark, DbError> {
    let mut statement = connection.prepare_cached("SELECT number, chain, state, seal FROM commits LIMIT 2")?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or(DbError::Inconsistent("no number of its commits"))?;
    let mark = CommitMark { number: row.get::<_, i64>(0)? as u64, chain: row.get(1)?, state: row.get(2)? };
    let seal: i64 = row.get(3)?;
    if seal != mark.seal() {
        return Err(DbError::Inconsistent("a number of its commits whose checksum does not match"));
    }
    match rows.next()? {
        None => Ok(mark),
        Some(_) => Err(DbError::Inconsistent("two numbers of its commits")),
    }
}

/// Numbers a store that had no numbers, under a new id. Returns the mark of this, its first numbered commit.
pub(crate) fn start(change: &Transaction<'_>) -> Result<CommitMark, DbError> {
    let mark = CommitMark { state: random()?, number: 0, chain: [0; CHAIN_BYTES] }.next()?;
    let values = params![mark.number as i64, mark.chain, mark.state, mark.seal()];
    change.execute("INSERT INTO commits (number, chain, state, seal) VALUES (?, ?, ?, ?)", values)?;
    Ok(mark)
}

/// Advances the mark within a transaction that is about to commit.
pub(crate) fn advance(change: &Transaction<'_>) -> Result<CommitMark, DbError> {
    let mark = read(change)?.next()?;
    change.prepare_cached("UPDATE commits SET number = ?, chain = ?, seal = ?")?.execute(params![
        mark.number as i64,
        mark.chain,
        mark.seal()
    ])?;
    Ok(mark)
}

fn random() -> Result<[u8; 16], DbError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobState;
    use crate::store::change::Change;
    use crate::store::jobs;
    use crate::store::testing::Bench;

    #[test]
    fn every_change_has_a_number_and_one_that_changes_nothing_has_none() {
        let mut bench = Bench::new();
        let first = read(&bench.connection).unwrap();
        let id = bench.job_with_rows(&["a"]);
        bench.end(id, JobState::Completed);
        let before = read(&bench.connection).unwrap();
        assert_eq!((before.number, before.state), (first.number + 4, first.state));
        Change::begin(&mut bench.connection).unwrap().commit().unwrap();
        assert!(!jobs::delete(&mut bench.connection, "0191b0a8-0000-7000-8000-000000000000".parse().unwrap()).unwrap());
        assert_eq!(read(&bench.connection).unwrap(), before);
        drop(Change::begin(&mut bench.connection).unwrap());
        assert_eq!(read(&bench.connection).unwrap(), before);
    }

    #[test]
    fn two_stores_never_have_the_same_chain() {
        let (mut one, mut other) = (Bench::new(), Bench::new());
        let same = read(&one.connection).unwrap();
        let copied = "UPDATE commits SET number = ?, chain = ?, state = ?, seal = ?";
        let values = params![same.number as i64, same.chain, same.state, same.seal()];
        other.connection.execute(copied, values).unwrap();
        for bench in [&mut one, &mut other] {
            bench.insert_job();
        }
        let marks = [&one, &other].map(|bench| read(&bench.connection).unwrap());
        assert_eq!((marks[0].number, marks[0].state), (marks[1].number, marks[1].state));
        assert_ne!(marks[0].chain, marks[1].chain);
    }

    #[test]
    fn a_damaged_missing_or_second_number_is_an_error() {
        for damage in [
            "UPDATE commits SET number = number + 1",
            "UPDATE commits SET chain = zeroblob(32)",
            "UPDATE commits SET chain = x'00'",
            "UPDATE commits SET state = zeroblob(16)",
            "DELETE FROM commits",
            "INSERT INTO commits SELECT * FROM commits",
        ] {
            let bench = Bench::new();
            bench.connection.execute_batch(damage).unwrap();
            let error = read(&bench.connection).unwrap_err().report(bench.dir.path());
            assert!(matches!(error, StoreError::Corrupt), "{damage}: {error:?}");
        }
    }
}
