//! The table of collections, and how a deleted one is removed: a mark first, then its rows in pieces.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use hivesum_core::file::RootIdentity;
use hivesum_core::fixity::PassStopped;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::super::change::Change;
use super::super::error::DbError;
use super::super::job_row::time;
use super::super::sealed::{COLLECTION_EVENTS, COLLECTION_FILES, COLLECTION_PIECES, COLLECTIONS, snapshot};
use super::MAX_COLLECTIONS;
use super::events::at;
use super::json::MountText;
use super::outbox;
use super::stored::{CollectionSettings, Made, NamedRequest, NewCollection, StoredCollection, Updated};

/// How long the name that a client gave a request is remembered.
const REQUEST_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The column of settings: what somebody has decided, and beside it what came later than the table.
#[derive(Serialize, Deserialize)]
pub(super) struct SettingsText {
    #[serde(flatten)]
    pub(super) settings: CollectionSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_survey: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<NamedRequest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<PassStopped>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_late: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) mounts: Vec<MountText>,
}

impl SettingsText {
    fn new(settings: &CollectionSettings, request: Option<NamedRequest>) -> Self {
        let settings = settings.clone();
        Self { settings, last_survey: None, request, stopped: None, is_late: false, mounts: Vec::new() }
    }
}

pub(super) fn insert(
    connection: &mut Connection,
    directory: &Path,
    settings: &CollectionSettings,
    now: Timestamp,
) -> Result<Option<StoredCollection>, DbError> {
    let change = Change::begin(connection)?;
    let text = SettingsText::new(settings, None);
    let Some(number) = add(&change, directory, &text, now)? else { return Ok(None) };
    let made = get(&change, number)?;
    change.commit()?;
    Ok(made)
}

/// Makes a collection of a directory that has none, once for each name of a request.
pub(super) fn make(connection: &mut Connection, new: &NewCollection, now: Timestamp) -> Result<Made, DbError> {
    let change = Change::begin(connection)?;
    if let Some(request) = &new.request
        && let Some((number, before)) = of_request(&change, request, now)?
    {
        return Ok(match get(&change, number)? {
            Some(made) if before.fingerprint == request.fingerprint => Made::Before(made),
            Some(_) | None => Made::KeyUsed,
        });
    }
    if let Some(known) = list(&change)?.into_iter().find(|known| known.directory == new.directory) {
        return Ok(Made::Exists(known));
    }
    let text = SettingsText::new(&new.settings, new.request.clone());
    let Some(number) = add(&change, &new.directory, &text, now)? else { return Ok(Made::TooMany) };
    let made = get(&change, number)?.ok_or(DbError::Inconsistent("a collection that was just made"))?;
    change.commit()?;
    Ok(Made::New(made))
}

/// The collection that a request of this name has made within a day, by its number, and the request.
fn of_request(
    view: &Connection,
    request: &NamedRequest,
    now: Timestamp,
) -> Result<Option<(i64, NamedRequest)>, DbError> {
    let mut found = None;
    COLLECTIONS.each(view, "WHERE is_deleted = 0", [], |row| {
        let text: SettingsText = serde_json::from_str(&row.get::<_, String>(3)?)?;
        let is_recent = now.duration_since(time(row.get(4)?)?) < REQUEST_KEPT;
        let same = text.request.filter(|made| is_recent && (&made.owner, &made.key) == (&request.owner, &request.key));
        if let Some(made) = same {
            found = Some((row.get(0)?, made));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Replaces the settings, if they are still those with this tag.
pub(super) fn update(
    connection: &mut Connection,
    id: &str,
    (tag, settings): (&str, &CollectionSettings),
) -> Result<Updated, DbError> {
    let change = Change::begin(connection)?;
    let Some(known) = by_id(&change, id)? else { return Ok(Updated::Unknown) };
    if known.settings.tag() != tag {
        return Ok(Updated::Changed);
    }
    rewrite(&change, known.number, |text| text.settings = settings.clone())?;
    let updated = get(&change, known.number)?;
    change.commit()?;
    Ok(updated.map_or(Updated::Unknown, |updated| Updated::Done(Box::new(updated))))
}

/// Changes the column of settings.
pub(super) fn rewrite(change: &Connection, number: i64, write: impl FnOnce(&mut SettingsText)) -> Result<(), DbError> {
    let read = |row: &Row<'_>| Ok(serde_json::from_str::<SettingsText>(&row.get::<_, String>(3)?)?);
    let Some(mut text) = COLLECTIONS.find(change, "WHERE number = ? AND is_deleted = 0", [number], read)? else {
        return Ok(());
    };
    write(&mut text);
    let text = serde_json::to_string(&text)?;
    change.execute("UPDATE collections SET settings = ? WHERE number = ?", params![text, number])?;
    Ok(())
}

/// Adds a row, unless there are as many as there may be. Returns its number.
fn add(change: &Connection, directory: &Path, text: &SettingsText, now: Timestamp) -> Result<Option<i64>, DbError> {
    let (count, last): (i64, i64) =
        change.query_row("SELECT count(*), coalesce(max(number), 0) FROM collections", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if count >= MAX_COLLECTIONS as i64 {
        return Ok(None);
    }
    let (id, directory) = (uuid::Uuid::now_v7().to_string(), directory.as_os_str().as_bytes());
    change.execute(
        "INSERT INTO collections (number, id, directory, settings, created_at, passes, is_deleted)
           VALUES (?, ?, ?, ?, ?, 0, 0)",
        params![last + 1, id, directory, serde_json::to_string(text)?, now.to_string()],
    )?;
    Ok(Some(last + 1))
}

pub(super) fn get(view: &Connection, number: i64) -> Result<Option<StoredCollection>, DbError> {
    COLLECTIONS.find(view, "WHERE number = ? AND is_deleted = 0", [number], collection)
}

pub(super) fn by_id(view: &Connection, id: &str) -> Result<Option<StoredCollection>, DbError> {
    COLLECTIONS.find(view, "WHERE id = ? AND is_deleted = 0", [id], collection)
}

pub(super) fn list(view: &Connection) -> Result<Vec<StoredCollection>, DbError> {
    let _view = snapshot(view)?;
    COLLECTIONS.verify(view)?;
    let mut all = Vec::new();
    COLLECTIONS.each(view, "WHERE is_deleted = 0 ORDER BY number", [], |row| {
        all.push(collection(row)?);
        Ok(())
    })?;
    Ok(all)
}

pub(super) fn delete(connection: &mut Connection, id: &str) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let Some(marked) = by_id(&change, id)? else { return Ok(false) };
    change.execute("UPDATE collections SET is_deleted = 1 WHERE number = ?", [marked.number])?;
    outbox::forget(&change, marked.number)?;
    change.execute("DELETE FROM collection_runs WHERE collection = ?", [marked.number])?;
    change.commit()?;
    Ok(true)
}

/// Removes up to `limit` rows of a deleted collection, and at last its own. Returns whether there may be more.
pub(super) fn sweep(connection: &mut Connection, limit: usize) -> Result<bool, DbError> {
    let change = Change::begin(connection)?;
    let mut deleted = None;
    COLLECTIONS.each(&change, "WHERE is_deleted = 1 LIMIT 1", [], |row| {
        deleted = Some(row.get::<_, i64>(0)?);
        Ok(())
    })?;
    let Some(number) = deleted else { return Ok(false) };
    let mut left = limit;
    let tables = [(COLLECTION_FILES.name, "path"), (COLLECTION_PIECES.name, "path"), (COLLECTION_EVENTS.name, "n")];
    for (table, key) in tables {
        let some = format!(
            "DELETE FROM {table} WHERE collection = ?1 AND {key} IN
               (SELECT {key} FROM {table} WHERE collection = ?1 LIMIT ?2)"
        );
        left -= change.execute(&some, params![number, left as i64])?.min(left);
    }
    if left > 0 {
        change.execute("DELETE FROM collections WHERE number = ?", [number])?;
    }
    change.commit()?;
    Ok(true)
}

fn collection(row: &Row<'_>) -> Result<StoredCollection, DbError> {
    let (directory, settings): (Vec<u8>, String) = (row.get(2)?, row.get(3)?);
    let place: [Option<i64>; 3] = [row.get(5)?, row.get(6)?, row.get(7)?];
    let place = match place.map(|number| number.map(|bits| bits as u64)) {
        [Some(device), Some(inode), Some(filesystem_id)] => Some(RootIdentity { device, inode, filesystem_id }),
        _ => None,
    };
    let SettingsText { settings, last_survey, stopped, is_late, mounts, .. } = serde_json::from_str(&settings)?;
    let moment = |column| row.get::<_, Option<i64>>(column)?.map(at).transpose();
    Ok(StoredCollection {
        number: row.get(0)?,
        id: row.get(1)?,
        directory: OsStr::from_bytes(&directory).into(),
        settings,
        created_at: time(row.get(4)?)?,
        place,
        passes: row.get::<_, i64>(8)? as u64,
        pass_began: moment(9)?,
        last_run: moment(10)?,
        last_survey,
        stopped,
        is_late,
        mounts: mounts.into_iter().map(MountText::read).collect::<Result<_, _>>()?,
    })
}
