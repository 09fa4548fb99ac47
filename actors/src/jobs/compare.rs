//! Compares two jobs, and finds duplicates in one.

use super::service::Jobs;
use crate::error::{CompareError, StoreError};
use crate::job::JobId;
use hivesum_core::compare::{Comparison, Group};
use hivesum_core::digest::Algorithm;
use hivesum_core::result::Item;

impl Jobs {
    /// Compares the results of two ended jobs, an old and a new one. `None` if one of them does not exist.
    ///
    /// # Errors
    /// When they have no algorithm in common, too much differs, or the store fails.
    pub async fn compare(&self, old: JobId, new: JobId) -> Result<Option<Comparison>, CompareError> {
        self.shared.store.compare(old, new).await
    }

    /// Files with the same content in a job, compared by one of its algorithms. `None` if there is no
    /// such job.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn duplicates(&self, id: JobId, by: Algorithm, min_size: u64) -> Result<Option<Vec<Group>>, StoreError> {
        self.shared.store.duplicates(id, by, min_size).await
    }

    /// The results at these positions, in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn results_at(&self, id: JobId, positions: Vec<u64>) -> Result<Vec<Item>, StoreError> {
        self.shared.store.items_at(id, positions).await
    }
}
