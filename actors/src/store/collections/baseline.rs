//! A baseline that was recorded before: it becomes what is known of the files of a collection that has none yet.
//!
//! All of it is taken in one change, and the collection counts as one that has been passed over once: whatever ends the
//! run that follows, no later one takes the files as they are.

use hivesum_core::fixity::FileState;
use rusqlite::{Connection, params};

use super::super::change::Change;
use super::super::error::DbError;
use super::super::sealed::{COLLECTION_FILES, SealedRows};
use super::conditions;
use super::files::{self, KEY_COLUMNS};
use super::{Collections, StoredCollection, rows};
use crate::error::StoreError;

fn take(connection: &mut Connection, number: i64, states: &[FileState]) -> Result<Option<StoredCollection>, DbError> {
    let change = Change::begin(connection)?;
    let is_new = rows::get(&change, number)?.is_some_and(|of| of.passes == 0);
    if !is_new || conditions::count(&change, number)? > 0 {
        return Ok(None);
    }
    let mut rows_of_files = SealedRows::of(&change, &COLLECTION_FILES, KEY_COLUMNS);
    for state in states {
        files::write(&mut rows_of_files, number, (state, None))?;
    }
    rows_of_files.end()?;
    change.execute("UPDATE collections SET passes = 1 WHERE number = ?", params![number])?;
    let taken = rows::get(&change, number)?;
    change.commit()?;
    Ok(taken)
}

impl Collections {
    /// Takes a baseline that was recorded before, each path once. Returns the collection as it is from then on; `None` if
    /// it has files already, has been passed over, or is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn take_baseline(
        &mut self,
        of: &StoredCollection,
        states: &std::sync::Arc<[FileState]>,
    ) -> Result<Option<StoredCollection>, StoreError> {
        let states = states.clone();
        self.write_kept(of, move |connection, number| take(connection, number, &states)).map(Option::flatten)
    }
}
