//! Passes of a collection: that one begins, comes to its end, or cannot begin.
//!
//! That one cannot begin is an event of the collection itself, told like an alert and said once, however often it is tried.

use hivesum_core::fixity::{Event, PassStopped};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::super::change::Change;
use super::super::error::DbError;
use super::rows::{get, rewrite};
use super::stored::{RunBegin, RunEnd, StoredCollection};
use super::{Collections, events, outbox};
use crate::error::StoreError;

pub(super) fn begin(
    connection: &mut Connection,
    number: i64,
    RunBegin { place, kind, notify, is_of_pass }: RunBegin,
    now: Timestamp,
) -> Result<Option<StoredCollection>, DbError> {
    let change = Change::begin(connection)?;
    // Only what was asked for: somebody may have changed the other settings since the run has read them.
    rewrite(&change, number, |text| {
        text.settings.kind = kind;
        if let Some(notify) = notify {
            text.settings.notify = notify;
        }
    })?;
    let began = is_of_pass.then(|| now.as_microsecond());
    let [device, inode, filesystem] = [place.device, place.inode, place.filesystem_id].map(|bits| bits as i64);
    change.execute(
        "UPDATE collections SET device = ?, inode = ?, filesystem = ?, pass_began = coalesce(pass_began, ?)
           WHERE number = ? AND is_deleted = 0",
        params![device, inode, filesystem, began, number],
    )?;
    let begun = get(&change, number)?;
    change.commit()?;
    Ok(begun)
}

/// A pass could not begin: said once, until one has come to its end or it is for another reason.
pub(super) fn stop(
    connection: &mut Connection,
    number: i64,
    stopped: PassStopped,
    now: Timestamp,
) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    let Some(of) = get(&change, number)?.filter(|of| of.stopped != Some(stopped)) else { return Ok(()) };
    rewrite(&change, number, |text| text.stopped = Some(stopped))?;
    let event = Event::of_collection(now, Some(stopped));
    let n = happened(&change, number, &event)?;
    outbox::queue(&change, &of, (n, &[&event]), now)?;
    outbox::release(&change, number, now)?;
    change.commit()
}

/// Adds an event of the collection itself. Returns its number.
fn happened(change: &Transaction<'_>, number: i64, event: &Event) -> Result<i64, DbError> {
    let n = events::last(change, number)? + 1;
    events::add(change, (number, n), event)?;
    Ok(n)
}

pub(super) fn end(connection: &mut Connection, number: i64, began: Timestamp, how: RunEnd) -> Result<(), DbError> {
    let change = Change::begin(connection)?;
    let at = params![began.as_microsecond(), number];
    match how {
        RunEnd::Complete => {
            let sql = "UPDATE collections SET last_run = ?, pass_began = NULL, passes = passes + 1 WHERE number = ?";
            change.execute(sql, at)?;
        }
        RunEnd::Limited => drop(change.execute("UPDATE collections SET last_run = ? WHERE number = ?", at)?),
        RunEnd::Surveyed => {}
    }
    let before = get(&change, number)?;
    rewrite(&change, number, |text| {
        if how != RunEnd::Limited {
            text.last_survey = Some(began);
        }
        text.stopped = None;
    })?;
    if before.is_some_and(|before| before.stopped.is_some()) {
        happened(&change, number, &Event::of_collection(Timestamp::now(), None))?;
    }
    outbox::release(&change, number, Timestamp::now())?;
    change.commit()
}

impl Collections {
    /// Records that a run begins at this time, and a pass unless one is under way or the run is of none. Returns the
    /// collection as it is from then on; `None` if it is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn begin(
        &mut self,
        of: &StoredCollection,
        run: RunBegin,
        now: Timestamp,
    ) -> Result<Option<StoredCollection>, StoreError> {
        self.write_kept(of, move |connection, number| begin(connection, number, run, now)).map(Option::flatten)
    }

    /// Records that the run that began at this time came to its end, unless the collection is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end(&mut self, of: &StoredCollection, began: Timestamp, end: RunEnd) -> Result<(), StoreError> {
        self.write_kept(of, move |connection, number| self::end(connection, number, began, end)).map(drop)
    }

    /// Records that a pass could not begin, if that is news. Who is told of alerts is told of it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn stop(&mut self, of: &StoredCollection, stopped: PassStopped) -> Result<(), StoreError> {
        self.write_kept(of, move |connection, number| stop(connection, number, stopped, Timestamp::now())).map(drop)
    }
}
