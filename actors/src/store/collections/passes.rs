//! Passes of a collection: that one begins, comes to its end, or cannot begin.
//!
//! That one cannot begin is an event of the collection itself, told like an alert and said once, however often it is tried.

use hivesum_core::fixity::{Event, PassStopped};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::super::change::Change;
use super::super::error::DbError;
use super::json::MountText;
use super::rows::{by_id, get, rewrite};
use super::service::CollectionService;
use super::stored::{PassEnd, RunBegin, RunEnd, StoredCollection};
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
    tell(&change, &of, Some(stopped), now)?;
    outbox::release(&change, number, now)?;
    change.commit()
}

/// Says whether files were not looked at for longer than the schedule allows, if that is news.
pub(super) fn late(connection: &mut Connection, id: &str, is_late: bool, now: Timestamp) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let Some(of) = by_id(&change, id)?.filter(|of| of.is_late != is_late) else { return Ok(false) };
    rewrite(&change, of.number, |text| text.is_late = is_late)?;
    tell(&change, &of, is_late.then_some(PassStopped::Late), now)?;
    outbox::release(&change, of.number, now)?;
    change.commit()?;
    Ok(true)
}

/// Adds an event of the collection itself: why files are not looked at, or that they are again. The first is told.
fn tell(
    change: &Transaction<'_>,
    of: &StoredCollection,
    stopped: Option<PassStopped>,
    now: Timestamp,
) -> Result<(), DbError> {
    let event = Event::of_collection(now, stopped);
    let n = events::last(change, of.number)? + 1;
    events::add(change, (of.number, n), &event)?;
    if stopped.is_some() {
        outbox::queue(change, of, (n, &[&event]), now)?;
    }
    Ok(())
}

pub(super) fn end(
    connection: &mut Connection,
    number: i64,
    began: Timestamp,
    PassEnd { how, mounts, stopped }: PassEnd,
) -> Result<(), DbError> {
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
        text.mounts = mounts.iter().map(MountText::of).collect();
        text.stopped = stopped;
    })?;
    if let Some(before) = before.filter(|before| before.stopped != stopped) {
        tell(&change, &before, stopped, Timestamp::now())?;
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
    pub fn end(&mut self, of: &StoredCollection, began: Timestamp, end: PassEnd) -> Result<(), StoreError> {
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

impl CollectionService {
    /// Says that files were not looked at for longer than the schedule allows, or that they are again. Returns whether that
    /// is news; then who is told of alerts is told that they were not.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn late(&self, id: &str, is_late: bool) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.store.write(move |connection| late(connection, &id, is_late, Timestamp::now())).await
    }
}
