//! Which files somebody means who names none: those that are not what they should be, of some conditions, or whose
//! paths match a glob. The command line and the API choose by the same rule.
//!
//! A page is read in one view. What has happened to a file after an event that somebody names is found in the same
//! view, so that nothing is accepted which they cannot have seen; a later change is refused when it is accepted.

use std::collections::HashSet;

use hivesum_core::fixity::{CollectionKind, Condition, EventKind, FileState};
use hivesum_core::result::walk_key;
use hivesum_core::walk::{Filters, GlobInvalid};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::error::DbError;
use super::super::sealed::{COLLECTION_EVENTS, COLLECTION_FILES, snapshot};
use super::json::IS_ACKNOWLEDGED;
use super::service::CollectionService;
use super::stored::StoredCollection;
use super::{MAX_ROWS, events, files, rows};
use crate::error::StoreError;

/// Files that are not what they should be.
#[derive(Debug, Clone)]
pub struct Meant {
    kinds: Vec<Condition>,
    globs: Filters,
    with_acknowledged: bool,
}

impl Meant {
    /// Those in one of these conditions, or in any if there is none, that match one of these globs, if there is one;
    /// those that somebody has acknowledged only if asked for.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match, and why.
    pub fn new(kinds: Vec<Condition>, globs: &[String], with: Acknowledged) -> Result<Self, GlobInvalid> {
        let alternatives: Result<Vec<_>, _> = globs.iter().map(|glob| Filters::alternatives(glob)).collect();
        let globs = Filters::new(&alternatives?.concat(), &[])?;
        Ok(Self { kinds, globs, with_acknowledged: with == Acknowledged::Too })
    }

    /// Whether this file of a collection of this kind is meant.
    #[must_use]
    pub fn wants(&self, state: &FileState, kind: CollectionKind) -> bool {
        state.condition.is_alert(kind)
            && (self.with_acknowledged || state.acknowledged.is_none())
            && (self.kinds.is_empty() || self.kinds.contains(&state.condition))
            && self.globs.wants_path(&state.path)
    }
}

/// Whether files are meant that somebody has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// They are.
    Too,
    /// Only others are.
    Not,
}

/// From where on files are looked for, and how many at most.
#[derive(Debug, Clone)]
pub struct MeantFrom {
    /// After this path, in walk order.
    pub after: Option<Vec<u8>>,
    /// Somebody has seen the events up to this number.
    pub upto: u64,
    /// The most files, at most [`MAX_ROWS`].
    pub limit: usize,
}

/// Files that are meant, in walk order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeantFiles {
    /// There is no such event yet: the last one has this number.
    NoSuchEvent {
        /// 0 if there is none.
        last: u64,
    },
    /// Some of them.
    Page {
        /// The files, and whether something has happened to each since.
        files: Vec<(FileState, HappenedSince)>,
        /// Where further ones may follow. `None`: there are none.
        next: Option<Vec<u8>>,
    },
}

/// Whether something has happened to a file after the events that somebody has seen. That somebody has acknowledged it
/// is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HappenedSince {
    /// Nothing has.
    Nothing,
    /// Something has.
    Something,
}

impl CollectionService {
    /// Files that are meant, in walk order, of at most [`MAX_ROWS`] files that are not what they should be. `None` if
    /// there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn meant(&self, id: String, meant: Meant, from: MeantFrom) -> Result<Option<MeantFiles>, StoreError> {
        let _permit = self.store.long_read().await?;
        let look = move |view: &mut Connection| {
            let of = rows::by_id(view, &id)?;
            of.map(|of| page(view, &of, (&meant, &from))).transpose()
        };
        self.store.read(look).await
    }
}

fn page(view: &Connection, of: &StoredCollection, (meant, from): (&Meant, &MeantFrom)) -> Result<MeantFiles, DbError> {
    let _view = snapshot(view)?;
    // The last ones may be lost, and then something has happened that nobody sees.
    COLLECTION_EVENTS.verify(view)?;
    let last = events::last(view, of.number)? as u64;
    if from.upto > last {
        return Ok(MeantFiles::NoSuchEvent { last });
    }
    let mut read = alerts(view, of, (meant, from.after.as_deref()))?;
    let mut has_more = read.len() > MAX_ROWS;
    read.truncate(MAX_ROWS);
    let mut last_path = read.last().map(|state| state.path.clone());
    let mut files: Vec<_> = read.into_iter().filter(|state| meant.wants(state, of.settings.kind)).collect();
    let limit = from.limit.min(MAX_ROWS);
    if files.len() > limit {
        has_more = true;
        files.truncate(limit);
        last_path = files.last().map(|state| state.path.clone());
    }
    if !has_more {
        // A damaged row may not be in any of these conditions.
        COLLECTION_FILES.verify(view)?;
    }
    let since = happened_between(view, of.number, (from.upto, last, &files))?;
    let files = files.into_iter().map(|state| {
        let happened = since.contains(&walk_key(&state.path));
        (state, if happened { HappenedSince::Something } else { HappenedSince::Nothing })
    });
    Ok(MeantFiles::Page { files: files.collect(), next: last_path.filter(|_| has_more) })
}

/// The first files after a path in one of the conditions that are meant, one more than [`MAX_ROWS`] of them.
fn alerts(
    view: &Connection,
    of: &StoredCollection,
    (meant, after): (&Meant, Option<&[u8]>),
) -> Result<Vec<FileState>, DbError> {
    let is_meant = |condition: &Condition| {
        condition.is_alert(of.settings.kind) && (meant.kinds.is_empty() || meant.kinds.contains(condition))
    };
    let numbers: Vec<_> =
        Condition::ALL.iter().filter(|one| is_meant(one)).map(|one| (*one as u8).to_string()).collect();
    let known = if meant.with_acknowledged { String::new() } else { format!(" AND NOT ({IS_ACKNOWLEDGED})") };
    let rest = format!(
        "WHERE collection = ? AND path > ? AND condition IN ({}){known} ORDER BY path LIMIT {}",
        numbers.join(", "),
        MAX_ROWS + 1
    );
    let after = after.map(walk_key).unwrap_or_default();
    files::select(view, &rest, params_from_iter([Value::Integer(of.number), Value::Blob(after)]))
}

/// The keys of those files to which something has happened between two events. Each row is checked, and none may lack:
/// what is lost has happened, too.
fn happened_between(
    view: &Connection,
    collection: i64,
    (upto, last, files): (u64, u64, &[FileState]),
) -> Result<HashSet<Vec<u8>>, DbError> {
    let wanted: HashSet<Vec<u8>> = files.iter().map(|state| walk_key(&state.path)).collect();
    let mut happened = HashSet::new();
    let mut rows = 0;
    if !wanted.is_empty() {
        COLLECTION_EVENTS.each(view, "WHERE collection = ? AND n > ?", (collection, upto as i64), |row| {
            let (path, kind): (Vec<u8>, u8) = (row.get(3)?, row.get(4)?);
            if kind != EventKind::Acknowledged as u8 && wanted.contains(&path) {
                happened.insert(path);
            }
            rows += 1;
            Ok(())
        })?;
        if rows != last - upto {
            return Err(DbError::Inconsistent("events with a gap"));
        }
    }
    Ok(happened)
}

#[cfg(test)]
mod tests;
