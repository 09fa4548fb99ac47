//! The collections of a running service, which changes them for commands beside it: it alone writes to the store.
//!
//! Collections are named by their ids, because a number may be given again after a collection is forgotten. There is one
//! thread that writes, so what one call looks up stays until it has changed it. How rows are kept is decided in `rows`
//! and `files`; what a service reads of them is in `reads`, what
//! people say of files in `saying`.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::super::Store;
use super::access::Access;
use super::kept_counts::Counts;
use super::stored::{CollectionSettings, Made, NewCollection, Updated};
use super::{Collections, MAX_ROWS, rows};
use crate::error::StoreError;

/// The collections of a running service. Clones share what was counted.
#[derive(Debug, Clone)]
pub struct CollectionService {
    pub(super) store: Store,
    pub(super) counts: Arc<Counts>,
    /// Told of each write by a run.
    written: watch::Sender<()>,
}

impl CollectionService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, counts: Arc::default(), written: watch::Sender::new(()) }
    }

    /// The same collections for a thread that is no event loop: it waits in this runtime.
    #[must_use]
    pub(crate) fn blocking(&self, runtime: Handle) -> Collections {
        let (store, written) = (self.store.clone(), self.written.clone());
        Collections { access: Access::OfService { store, runtime, written } }
    }

    /// Changes whenever a run may have queued a message.
    #[must_use]
    pub fn queued(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }

    /// Makes a collection of a directory that has none.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn make(&self, new: NewCollection) -> Result<Made, StoreError> {
        self.store.write(move |connection| rows::make(connection, &new, Timestamp::now())).await
    }

    /// Replaces the settings of a collection, if they are still those with this [tag](CollectionSettings::tag).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn update(&self, id: String, tag: String, settings: CollectionSettings) -> Result<Updated, StoreError> {
        self.store.write(move |connection| rows::update(connection, &id, (&tag, &settings))).await
    }

    /// [`Collections::forget`](super::Collections::forget), by the id of the collection.
    ///
    /// # Errors
    /// When the store cannot be written. A part may be gone then; the rest is removed by the next call.
    pub async fn forget(&self, id: String) -> Result<bool, StoreError> {
        let was_there = self.store.write(move |connection| rows::delete(connection, &id)).await?;
        while self.store.write_step(|connection| rows::sweep(connection, MAX_ROWS)).await? {}
        Ok(was_there)
    }
}
