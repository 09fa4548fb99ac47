//! Whether the database of a running service has been prepared for writing, and how it is read before that.
//!
//! On a full disk it cannot be prepared: SQLite needs room for its index of the log even to read. The service then
//! starts for reading, with connections that need no room, and the writer prepares the database once there is some.
//!
//! Those connections take no locks, and closing one drops every lock that this process has on the file (`fcntl(2)`), so
//! none of them is ever open together with an ordinary one: each holds a token, and nothing is prepared while one is
//! held.

use std::sync::{Arc, Mutex, PoisonError};

use super::error::DbError;
use crate::error::StoreError;

/// Shared by everything that opens the database of one service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preparation(Arc<Mutex<Step>>);

#[derive(Debug, Default)]
enum Step {
    /// Connections are ordinary ones.
    #[default]
    Done,
    /// Connections take no locks. Each has a clone of the token.
    Postponed(Arc<ReadsWithoutLocks>),
}

/// Held by a connection that takes no locks.
#[derive(Debug)]
pub(crate) struct ReadsWithoutLocks(());

impl Preparation {
    /// There is no room: until [`finish`](Self::finish) succeeds, connections take no locks.
    pub(crate) fn postpone(&self) {
        *self.step() = Step::Postponed(Arc::new(ReadsWithoutLocks(())));
    }

    /// The token of a connection that must not take locks; none for an ordinary connection.
    pub(crate) fn token(&self) -> Option<Arc<ReadsWithoutLocks>> {
        match &*self.step() {
            Step::Done => None,
            Step::Postponed(token) => Some(token.clone()),
        }
    }

    /// Prepares the database, unless that is done. Nobody opens it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Full`] while somebody reads without locks, and those of `prepare`.
    pub(crate) fn finish(&self, prepare: impl FnOnce() -> Result<(), StoreError>) -> Result<(), DbError> {
        let mut step = self.step();
        match &*step {
            Step::Done => return Ok(()),
            Step::Postponed(token) if Arc::strong_count(token) > 1 => return Err(StoreError::Full.into()),
            Step::Postponed(_) => prepare()?,
        }
        tracing::info!("there is room on the disk again: the job store is written to");
        *step = Step::Done;
        Ok(())
    }

    fn step(&self) -> std::sync::MutexGuard<'_, Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_prepared_while_somebody_reads_without_locks_and_nobody_does_afterwards() {
        let preparation = Preparation::default();
        assert!(preparation.token().is_none());
        preparation.finish(|| panic!("it is done")).unwrap();
        preparation.postpone();
        let reader = preparation.token();
        assert!(reader.is_some());
        assert!(preparation.finish(|| panic!("somebody reads")).is_err());
        drop(reader);
        assert!(preparation.finish(|| Err(StoreError::Full)).is_err());
        assert!(preparation.token().is_some(), "there is still no room");
        preparation.finish(|| Ok(())).unwrap();
        assert!(preparation.token().is_none());
    }
}
