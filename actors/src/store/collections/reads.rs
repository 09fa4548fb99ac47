//! What a running service reads of its collections: on the readers, beside the writer, and counted once.
//!
//! A count reads every row of a collection, so the latest count of each is kept and used as long as it holds (see
//! `counted`). There is one count at a time: whoever waits for it finds what the other has counted.

use std::sync::Arc;
use std::time::Instant;

use hivesum_core::fixity::{FileState, Good};
use jiff::Timestamp;
use rusqlite::Connection;

use super::super::error::DbError;
use super::super::sealed::COLLECTION_FILES;
use super::counted::{self, Counted};
use super::file_pages::{self, FilePage, FileQuery};
use super::service::CollectionService;
use super::stored::{StoredCollection, StoredEvent};
use super::{events, files, pieces, rows};
use crate::error::StoreError;

/// What a collection knows of one file.
#[derive(Debug, Clone)]
pub enum KnownFile {
    /// Nothing: it has no such file, or there is no such collection.
    Unknown,
    /// What the file should be, as far as a BLAKE3 digest of that is known.
    Known(Option<Good>),
}

impl CollectionService {
    /// All collections, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn list(&self) -> Result<Vec<StoredCollection>, StoreError> {
        self.store.read(|connection| rows::list(connection)).await
    }

    /// The collection with this id.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn by_id(&self, id: String) -> Result<Option<StoredCollection>, StoreError> {
        self.store.read(move |connection| rows::by_id(connection, &id)).await
    }

    /// A collection with its files counted. `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or a row is damaged.
    pub async fn counted(&self, id: &str) -> Result<Option<Arc<Counted>>, StoreError> {
        if let Held::Known(known) = self.held(id).await? {
            return Ok(known);
        }
        let _permit = self.store.long_read().await?;
        // Somebody else may have counted meanwhile.
        if let Held::Known(known) = self.held(id).await? {
            return Ok(known);
        }
        let of = id.to_owned();
        let counted = self.store.read(move |connection| counted::count(connection, &of, Timestamp::now())).await?;
        let counted = counted.map(Arc::new);
        counted.iter().for_each(|counted| self.counts.keep(counted));
        Ok(counted)
    }

    /// All collections with their files counted, oldest first.
    ///
    /// # Errors
    /// As [`counted`](Self::counted).
    pub async fn all_counted(&self) -> Result<Vec<Arc<Counted>>, StoreError> {
        let _round = self.counts.round.lock().await;
        let collections = self.list().await?;
        self.counts.keep_only(&collections);
        let mut all = Vec::new();
        for collection in &collections {
            // It may have been forgotten meanwhile.
            all.extend(self.counted(&collection.id).await?);
        }
        Ok(all)
    }

    /// Whether somebody counts all collections just now.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.counts.round.try_lock().is_err()
    }

    /// What was counted last, oldest collection first. Asks the store nothing.
    #[must_use]
    pub fn last_counted(&self) -> Vec<Arc<Counted>> {
        self.counts.all()
    }

    /// The count that is kept, if it holds.
    async fn held(&self, id: &str) -> Result<Held, StoreError> {
        let (kept, of) = (self.counts.of(id), id.to_owned());
        let Some(state) = self.store.read(move |connection| counted::state(connection, &of)).await? else {
            return Ok(Held::Known(None));
        };
        let kept = kept.filter(|kept| kept.holds(&state, Instant::now()));
        Ok(kept.map_or(Held::Unknown, |kept| Held::Known(Some(kept))))
    }

    /// Files that match, in walk order. `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn files(&self, id: String, query: FileQuery) -> Result<Option<FilePage>, StoreError> {
        let _permit = if query.reads_many_rows() { Some(self.store.long_read().await?) } else { None };
        self.of(id, move |view, number| file_pages::page(view, number, &query)).await
    }

    /// What the file at a path of a collection should be.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn good(&self, id: String, path: Vec<u8>) -> Result<KnownFile, StoreError> {
        let look = move |view: &mut Connection| {
            let Some(of) = rows::by_id(view, &id)? else { return Ok(KnownFile::Unknown) };
            let Some(state) = files::find(view, of.number, &path)? else {
                COLLECTION_FILES.verify(view)?;
                return Ok(KnownFile::Unknown);
            };
            pieces::good(view, &of, &state).map(KnownFile::Known)
        };
        self.store.read(look).await
    }

    /// Reads something of a collection, which has this number. `None` if there is no such collection.
    async fn of<T, W>(&self, id: String, read: W) -> Result<Option<T>, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection, i64) -> Result<T, DbError> + Send + 'static,
    {
        let look = move |view: &mut Connection| match rows::by_id(view, &id)? {
            Some(of) => read(view, of.number).map(Some),
            None => Ok(None),
        };
        self.store.read(look).await
    }

    /// The last event of each of these files of a collection, in their order. All `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn last_events(&self, id: String, files: Vec<FileState>) -> Result<Vec<Option<StoredEvent>>, StoreError> {
        let _permit = self.store.long_read().await?;
        let count = files.len();
        let found = self.of(id, move |view, number| file_pages::last_events(view, number, &files)).await?;
        Ok(found.unwrap_or_else(|| vec![None; count]))
    }

    /// The number of the last event before the first one after this time. `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn last_event_until(&self, id: String, time: Timestamp) -> Result<Option<u64>, StoreError> {
        let _permit = self.store.long_read().await?;
        self.of(id, move |view, number| Ok(events::last_until(view, number, time)? as u64)).await
    }

    /// Up to `limit` events after this number, in order: of all files, or those at one path and a move away from it.
    /// `None` if there is no such collection.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub async fn events(
        &self,
        id: String,
        path: Option<Vec<u8>>,
        (after, limit): (u64, usize),
    ) -> Result<Option<Vec<StoredEvent>>, StoreError> {
        let _permit = if path.is_some() { Some(self.store.long_read().await?) } else { None };
        let page = move |view: &Connection, number| match &path {
            Some(path) => file_pages::events_of(view, number, (path, after), limit),
            None => events::page(view, number, after, limit),
        };
        self.of(id, page).await
    }
}

/// Whether a count is kept that holds.
enum Held {
    /// It does, or there is no such collection.
    Known(Option<Arc<Counted>>),
    Unknown,
}
