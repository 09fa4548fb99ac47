//! What people say of files that are not as they should be: that they are right as they are, or that they are known.
//!
//! What somebody was shown is compared with what is stored, in the change that keeps what they say; `fixity` decides what
//! follows from it.

use hivesum_core::fixity::{self, Acknowledgement, Seen, is_accepted};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use super::super::change::Change;
use super::super::error::DbError;
use super::super::sealed::COLLECTION_FILES;
use super::files::{find, put, remove};
use super::service::CollectionService;
use super::stored::{Accepted, StoredCollection};
use super::{Collections, events, pieces, rows};
use crate::error::StoreError;

/// What somebody says of files that they were shown.
#[derive(Debug)]
enum Said {
    /// They are right as they are.
    Right { at: Timestamp },
    /// They are known.
    Known(Acknowledgement),
}

/// Keeps what somebody says of files, all in one change. Returns what came of each.
fn say(
    connection: &mut Connection,
    of: &StoredCollection,
    (shown, said): (&[(Vec<u8>, Seen)], &Said),
) -> Result<Vec<Accepted>, DbError> {
    let change = Change::begin(connection)?;
    let outcomes = shown.iter().map(|(path, seen)| say_of_one(&change, of, (path, seen), said));
    let outcomes = outcomes.collect::<Result<_, _>>()?;
    change.commit()?;
    Ok(outcomes)
}

fn say_of_one(
    change: &Transaction<'_>,
    of: &StoredCollection,
    (path, seen): (&[u8], &Seen),
    said: &Said,
) -> Result<Accepted, DbError> {
    let collection = of.number;
    let before = find(change, collection, path)?;
    if before.is_none() {
        COLLECTION_FILES.verify(change)?;
    }
    // A command that was not answered asks again.
    if matches!(said, Said::Right { .. }) && is_accepted(before.as_ref(), seen) {
        return Ok(Accepted::Done);
    }
    let Some(before) = before else { return Ok(Accepted::Unknown) };
    let event = match said {
        Said::Right { at } => fixity::accept(&before, seen, *at).map(Some),
        Said::Known(acknowledged) => fixity::acknowledge(&before, seen, of.settings.kind, acknowledged),
    };
    let event = match event {
        Ok(Some(event)) => event,
        Ok(None) => return Ok(Accepted::Done),
        Err(refused) => return Ok(Accepted::Refused(refused)),
    };
    match &event.after {
        Some(after) => {
            put(change, collection, after)?;
            pieces::keep(change, collection, (Some(&before), after), None)?;
        }
        None => remove(change, collection, path)?,
    }
    let n = events::last(change, collection)? + 1;
    events::add(change, (collection, n), &event)?;
    Ok(Accepted::Done)
}

impl Collections {
    /// Accepts files as they were shown, at most [`MAX_ROWS`](super::MAX_ROWS), all in one change. Returns what came of each. Accepting
    /// once more what is accepted already changes nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn accept(&mut self, of: &StoredCollection, shown: &[(Vec<u8>, Seen)]) -> Result<Vec<Accepted>, StoreError> {
        self.say(of, shown, Said::Right { at: Timestamp::now() })
    }

    /// Acknowledges files as they were shown, as [`accept`](Self::accept) accepts them.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn acknowledge(
        &mut self,
        of: &StoredCollection,
        shown: &[(Vec<u8>, Seen)],
        said: Acknowledgement,
    ) -> Result<Vec<Accepted>, StoreError> {
        self.say(of, shown, Said::Known(said))
    }

    fn say(
        &mut self,
        of: &StoredCollection,
        shown: &[(Vec<u8>, Seen)],
        said: Said,
    ) -> Result<Vec<Accepted>, StoreError> {
        let (of, shown) = (of.clone(), shown.to_vec());
        self.access.write(move |connection| say(connection, &of, (&shown, &said)))
    }
}

impl CollectionService {
    /// [`Collections::accept`](super::Collections::accept), by the id of the collection. Without such a collection none of
    /// its files is known.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn accept(&self, id: String, shown: Vec<(Vec<u8>, Seen)>) -> Result<Vec<Accepted>, StoreError> {
        self.say(id, shown, Said::Right { at: Timestamp::now() }).await
    }

    /// [`Collections::acknowledge`](super::Collections::acknowledge), by the id of the collection.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn acknowledge(
        &self,
        id: String,
        shown: Vec<(Vec<u8>, Seen)>,
        said: Acknowledgement,
    ) -> Result<Vec<Accepted>, StoreError> {
        self.say(id, shown, Said::Known(said)).await
    }

    async fn say(&self, id: String, shown: Vec<(Vec<u8>, Seen)>, said: Said) -> Result<Vec<Accepted>, StoreError> {
        let say = move |connection: &mut _| match rows::by_id(connection, &id)? {
            Some(of) => say(connection, &of, (&shown, &said)),
            None => Ok(vec![Accepted::Unknown; shown.len()]),
        };
        self.store.write(say).await
    }
}

#[cfg(test)]
mod tests;
