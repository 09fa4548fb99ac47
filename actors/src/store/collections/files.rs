//! The table of files: what is known of each, and how a batch of steps replaces it.

use hivesum_core::fixity::{Condition, Content, FileState};
use hivesum_core::result::{FileMeta, Stability, UNKNOWN_SIZE, walk_key};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Params, Row, Transaction, params};

use super::super::change::Change;
use super::super::error::DbError;
use super::super::far_times::StoredTimes;
use super::super::sealed::{COLLECTION_FILES, SealedRows, snapshot};
use super::MAX_ROWS;
use super::events::{self, at, read_path};
use super::stored::Step;
use super::{json, outbox, pieces, rows};

/// The columns of a row without its seal, and how many of them are its key.
const COLUMNS: usize = COLLECTION_FILES.columns.len();
pub(super) const KEY_COLUMNS: usize = 2;

/// Selects the row of a file by its collection and [`walk_key`].
const OF_PATH: &str = "WHERE collection = ? AND path = ?";

/// What is known of a file, and the seal of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// What is known.
    pub(crate) state: FileState,
    /// The seal of its row, which was checked.
    pub(crate) seal: i64,
}

pub(super) fn page(
    view: &Connection,
    collection: i64,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<FileState>, DbError> {
    let limit = limit.min(MAX_ROWS) as i64;
    match after {
        Some(after) => {
            let rest = "WHERE collection = ? AND path > ? ORDER BY path LIMIT ?";
            select(view, rest, (collection, walk_key(after), limit))
        }
        None => select(view, "WHERE collection = ? ORDER BY path LIMIT ?", (collection, limit)),
    }
}

/// Takes the steps whose files are still as the pass had found them. Returns the paths of the others. Steps that were
/// taken before are not taken again.
pub(super) fn record(connection: &mut Connection, collection: i64, steps: &[Step]) -> Result<Vec<Vec<u8>>, DbError> {
    let change = Change::begin(connection)?;
    let last = events::last(&change, collection)?;
    let (mut refused, mut happened) = (Vec::new(), Vec::new());
    let mut rows_of_files = SealedRows::of(&change, &COLLECTION_FILES, KEY_COLUMNS);
    for step in steps {
        if is_replaced_unread(&mut rows_of_files, &change, collection, step)? {
            continue;
        }
        let Some(Current { seal }) = current(&change, collection, step)? else {
            if !is_recorded(&change, collection, step)? {
                refused.push(step.path.clone());
            }
            continue;
        };
        let new_path = step.after.as_ref().map(|after| &after.path);
        for old in step.before.iter().filter(|before| Some(&before.path) != new_path) {
            remove(&change, collection, &old.path)?;
        }
        if let Some(after) = &step.after {
            write(&mut rows_of_files, collection, (after, seal))?;
            pieces::keep(&change, collection, (step.before.as_ref(), after), step.pieces.as_ref())?;
        }
        if let Some(event) = &step.event {
            happened.push(event);
            events::add(&change, (collection, last + happened.len() as i64), event)?;
        }
    }
    rows_of_files.end()?;
    if let Some(of) = rows::get(&change, collection)?.filter(|of| !of.settings.notify.is_empty()) {
        outbox::queue(&change, &of, (last + 1, &happened), Timestamp::now())?;
    }
    change.commit()?;
    Ok(refused)
}

/// Takes a step by which nothing has happened, if the row is still the one that was read. Returns whether it was.
fn is_replaced_unread(
    rows: &mut SealedRows<'_>,
    change: &Transaction<'_>,
    collection: i64,
    step: &Step,
) -> Result<bool, DbError> {
    let Step { path, before: Some(before), after: Some(after), event: None, seal: Some(seal), .. } = step else {
        return Ok(false);
    };
    let is_in_place = before.path == *path && after.path == *path;
    if !is_in_place || !rows.replace_if(&values(collection, after)?, *seal)? {
        return Ok(false);
    }
    pieces::keep(change, collection, (Some(before), after), step.pieces.as_ref())?;
    Ok(true)
}

/// Whether a step that cannot be taken was taken before: what it leads to is there, and what it began with is not.
fn is_recorded(change: &Transaction<'_>, collection: i64, step: &Step) -> Result<bool, DbError> {
    let stored = find(change, collection, &step.path)?;
    let is_there = match (&stored, &step.after) {
        (Some(stored), Some(after)) => stored.is_same_but_for_reads(after),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let old = step.before.as_ref().filter(|before| before.path != step.path);
    let is_left = old.map_or(Ok(true), |old| find(change, collection, &old.path).map(|stored| stored.is_none()))?;
    Ok(is_there && is_left)
}

/// The file is as the pass had found it, and nothing is in the place that a moved one comes to.
struct Current {
    /// Of the row at its path. `None` if there is none.
    seal: Option<i64>,
}

fn current(change: &Transaction<'_>, collection: i64, step: &Step) -> Result<Option<Current>, DbError> {
    let at_path = find_held(change, collection, &step.path)?;
    let is_current = match (&step.before, &at_path) {
        (Some(before), Some(held)) => before.path == step.path && held.state.is_same_but_for_reads(before),
        (Some(before), None) if before.path != step.path => {
            find(change, collection, &before.path)?.is_some_and(|stored| stored.is_same_but_for_reads(before))
        }
        (Some(_), None) => false,
        (None, at_path) => at_path.is_none(),
    };
    Ok(is_current.then_some(Current { seal: at_path.map(|held| held.seal) }))
}

/// What is known of one file. That nothing is known tells nothing if a row may be lost.
pub(super) fn find(view: &Connection, collection: i64, path: &[u8]) -> Result<Option<FileState>, DbError> {
    Ok(find_held(view, collection, path)?.map(|held| held.state))
}

/// The same with the seal of its row.
fn find_held(view: &Connection, collection: i64, path: &[u8]) -> Result<Option<Held>, DbError> {
    COLLECTION_FILES.lookup(view, OF_PATH)?.find((collection, walk_key(path)), held)
}

/// What is known of each of these files, with the seals of their rows.
pub(super) fn find_each<'p>(
    view: &Connection,
    collection: i64,
    paths: impl Iterator<Item = &'p [u8]>,
) -> Result<Vec<Option<Held>>, DbError> {
    let _view = snapshot(view)?;
    let mut lookup = COLLECTION_FILES.lookup(view, OF_PATH)?;
    paths.map(|path| lookup.find((collection, walk_key(path)), held)).collect()
}

fn held(row: &Row<'_>) -> Result<Held, DbError> {
    Ok(Held { state: file(row)?, seal: row.get(COLUMNS)? })
}

pub(super) fn select(view: &Connection, rest: &str, selected: impl Params) -> Result<Vec<FileState>, DbError> {
    let mut files = Vec::new();
    COLLECTION_FILES.each(view, rest, selected, |row| {
        files.push(file(row)?);
        Ok(())
    })?;
    Ok(files)
}

pub(super) fn remove(change: &Transaction<'_>, collection: i64, path: &[u8]) -> Result<(), DbError> {
    let delete = "DELETE FROM collection_files WHERE collection = ? AND path = ?";
    change.prepare_cached(delete)?.execute(params![collection, walk_key(path)])?;
    pieces::remove(change, collection, path)
}

pub(super) fn put(change: &Transaction<'_>, collection: i64, state: &FileState) -> Result<(), DbError> {
    let seal = find_held(change, collection, &state.path)?.map(|held| held.seal);
    let mut rows = SealedRows::of(change, &COLLECTION_FILES, KEY_COLUMNS);
    write(&mut rows, collection, (state, seal))?;
    rows.end()
}

/// Replaces the row with this seal, or adds one.
pub(super) fn write(
    rows: &mut SealedRows<'_>,
    collection: i64,
    (state, seal): (&FileState, Option<i64>),
) -> Result<(), DbError> {
    let values = values(collection, state)?;
    match seal {
        Some(seal) => rows.replace(&values, seal),
        None => rows.insert(&values),
    }
}

/// The columns of a row, in their order.
fn values(collection: i64, state: &FileState) -> Result<[Value; COLUMNS], DbError> {
    let expected = state.expected.as_ref();
    let times = expected.map(|content| StoredTimes::of([content.meta.mtime_ns, content.meta.ctime_ns]));
    Ok([
        collection.into(),
        walk_key(&state.path).into(),
        i64::from(state.condition as u8).into(),
        expected.and_then(|content| content.meta.known_size()).map(|size| size as i64).into(),
        times.map(|times| times.nearest[0]).into(),
        times.map(|times| times.nearest[1]).into(),
        times.and_then(|times| times.far).map(Vec::from).into(),
        expected.map(|content| content.meta.inode as i64).into(),
        expected.map(|content| i64::from(content.stability == Stability::Unverified)).into(),
        expected.map(|content| content.digests.clone()).into(),
        json::found_text(state)?.into(),
        state.first_seen.as_microsecond().into(),
        state.content_since.as_microsecond().into(),
        state.verified_at.map(Timestamp::as_microsecond).into(),
    ])
}

pub(super) fn condition(number: u8) -> Result<Condition, DbError> {
    Condition::from_number(number).ok_or(DbError::Inconsistent("an unknown condition"))
}

pub(super) fn file(row: &Row<'_>) -> Result<FileState, DbError> {
    let condition = condition(row.get(2)?)?;
    let digests: Option<Vec<u8>> = row.get(9)?;
    let found = row.get::<_, Option<String>>(10)?.map(|text| json::found(&text)).transpose()?;
    let (found, acknowledged) = found.unwrap_or_default();
    Ok(FileState {
        path: read_path(row.get(1)?),
        condition,
        expected: digests.map(|digests| expected(row, digests)).transpose()?,
        found,
        first_seen: at(row.get(11)?)?,
        content_since: at(row.get(12)?)?,
        verified_at: row.get::<_, Option<i64>>(13)?.map(at).transpose()?,
        acknowledged,
    })
}

fn expected(row: &Row<'_>, digests: Vec<u8>) -> Result<Content, DbError> {
    let far: Option<Vec<u8>> = row.get(6)?;
    let times = StoredTimes::exact([row.get(4)?, row.get(5)?], far.as_deref());
    let [mtime_ns, ctime_ns] = times.ok_or(DbError::Inconsistent("times that do not belong together"))?;
    let size = row.get::<_, Option<i64>>(3)?.map_or(UNKNOWN_SIZE, |bits| bits as u64);
    let inode = row.get::<_, i64>(7)? as u64;
    let stability = match row.get::<_, i64>(8)? {
        0 => Stability::Stable,
        1 => Stability::Unverified,
        _ => return Err(DbError::Inconsistent("an unknown stability")),
    };
    Ok(Content { meta: FileMeta { size, mtime_ns, ctime_ns, inode, device: 0 }, stability, digests })
}
