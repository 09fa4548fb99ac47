//! What is known of files, as a pass reads it: of some by their paths, and of all of a collection, which are read once and
//! verified by that: a pass believes that what did not come is not known.
//!
//! All of them are read page by page, so that a walk that is slow holds up nobody who writes. The rows that came, and those of
//! other collections, have to be as many as the ledger says, with the same seals. If somebody has written meanwhile, the
//! table is verified as a whole. What this does not see is damage to the pages through which a single row is looked up:
//! who misses a row that has come here has to [`verify`](Collections::verify).

use hivesum_core::fixity::FileState;
use hivesum_core::result::{NameList, walk_key, walk_order};
use rusqlite::Connection;

use super::super::error::DbError;
use super::super::sealed::{COLLECTION_FILES, OTHER_ROWS, Total, snapshot};
use super::files::Held;
use super::{Collections, StoredCollection, files};
use crate::error::StoreError;

/// Rows of one page: they fit into the cache of a core.
const PAGE_ROWS: i64 = 1024;

impl Collections {
    /// Passes every file to `take`, in walk order. If it returns without an error, all that are known came.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn each_verified(&mut self, of: &StoredCollection, mut take: impl FnMut(&FileState)) -> Result<(), StoreError> {
        let number = of.number;
        let (before, mut total) = self.access.read(move |view| {
            let _view = snapshot(view)?;
            let mut others = Total::default();
            for rest in ["WHERE collection < ?", "WHERE collection > ?"] {
                others.add(COLLECTION_FILES.each(view, rest, [number], |_| Ok(()))?);
            }
            Ok((COLLECTION_FILES.ledger(view)?, others))
        })?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let of_page = after.take();
            let (page, of_rows) = self.access.read(move |view| page(view, number, of_page.as_deref()))?;
            total.add(of_rows);
            let Some(last) = page.last() else { break };
            after = Some(last.path.clone());
            page.iter().for_each(&mut take);
        }
        let is_settled = self.access.read(move |view| match COLLECTION_FILES.ledger(view)? {
            now if now != before => Ok(false),
            now if now == total => Ok(true),
            _ => Err(OTHER_ROWS),
        })?;
        if is_settled { Ok(()) } else { self.verify() }
    }

    /// What is known of the files at these paths, in their order.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub fn states(&mut self, of: &StoredCollection, paths: &NameList) -> Result<Vec<Option<FileState>>, StoreError> {
        let held = self.held(of, paths)?;
        Ok(held.into_iter().map(|held| Some(held?.state)).collect())
    }

    /// The same with the seals of their rows.
    pub(crate) fn held(&mut self, of: &StoredCollection, paths: &NameList) -> Result<Vec<Option<Held>>, StoreError> {
        let (number, paths) = (of.number, paths.clone());
        self.access.read(move |connection| files::find_each(connection, number, paths.iter()))
    }

    /// Whether any file is known.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_files(&mut self, of: &StoredCollection) -> Result<bool, StoreError> {
        let number = of.number;
        self.access.read(move |view| {
            let any = "SELECT EXISTS (SELECT 1 FROM collection_files WHERE collection = ?)";
            Ok(view.query_row(any, [number], |row| row.get(0))?)
        })
    }
}

/// Up to [`PAGE_ROWS`] files after a path, with the total of their rows. They have to come in walk order.
fn page(view: &Connection, number: i64, after: Option<&[u8]>) -> Result<(Vec<FileState>, Total), DbError> {
    let mut page: Vec<FileState> = Vec::with_capacity(PAGE_ROWS as usize);
    let rest = "WHERE collection = ? AND path > ? ORDER BY path LIMIT ?";
    let key = after.map(walk_key);
    let total = COLLECTION_FILES.each(view, rest, (number, key.unwrap_or_default(), PAGE_ROWS), |row| {
        page.push(files::file(row)?);
        Ok(())
    })?;
    let mut last = after;
    for file in &page {
        if last.is_some_and(|last| walk_order(last, &file.path).is_ge()) {
            return Err(DbError::Inconsistent("a table that is not in its order"));
        }
        last = Some(&file.path);
    }
    Ok((page, total))
}
