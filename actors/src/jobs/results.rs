//! Reads the results of jobs, in pages or completely; compares two jobs and finds duplicates in one.

use std::time::Duration;

use hivesum_core::compare::{Comparison, Group};
use hivesum_core::result::Item;

use crate::Job;
use crate::error::{CompareError, StoreError};
use crate::job::{DuplicateQuery, JobId, ResultPage, ResultQuery};
use crate::jobs::service::Jobs;
use crate::store::Export;

/// How long a request for sorted results waits for the sort index of a job that has just ended.
const ORDERS_WAIT: Duration = Duration::from_secs(10);

/// Why there is no page of results.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// Other orders are available once the job has ended.
    #[error("results are sorted, and found by digest, once the job has ended")]
    NotFinished,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Jobs {
    /// A page of a job's results, for a job that the caller has read. `None` if it was deleted meanwhile.
    ///
    /// # Errors
    /// If the job had not ended and the query asks for another order than the walk's, or for a digest; if the store
    /// fails.
    pub async fn results(&self, job: &Job, query: ResultQuery) -> Result<Option<ResultPage>, ResultsError> {
        if query.needs_sort_index() {
            self.wait_for_sort_index(job).await?;
        }
        Ok(self.shared.store.results(job.id, query).await?)
    }

    /// Waits a moment for the sort index of a job that has just ended.
    async fn wait_for_sort_index(&self, job: &Job) -> Result<(), ResultsError> {
        if !job.state.is_final() {
            return Err(ResultsError::NotFinished);
        }
        let mut indexed = self.shared.indexed.subscribe();
        let wait = async {
            while !self.shared.store.is_indexed(job.id).await? {
                if indexed.changed().await.is_err() {
                    return Err(StoreError::Closed);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(ORDERS_WAIT, wait).await {
            Ok(waited) => Ok(waited?),
            Err(_) => Err(ResultsError::NotFinished),
        }
    }

    /// Starts to read all matching results, in constant memory and as they are now, for a job that the caller has
    /// read. `position` and `limit` of the query are ignored. `None` if the job was deleted meanwhile.
    ///
    /// # Errors
    /// As [`results`](Self::results), and [`StoreError::Busy`] while too many exports are under way.
    pub async fn export(&self, job: &Job, query: ResultQuery) -> Result<Option<Export>, ResultsError> {
        if query.needs_sort_index() {
            self.wait_for_sort_index(job).await?;
        }
        Ok(self.shared.store.export(job.id, query).await?)
    }
}

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
    pub async fn duplicates(&self, id: JobId, query: DuplicateQuery) -> Result<Option<Vec<Group>>, StoreError> {
        self.shared.store.duplicates(id, query).await
    }

    /// The results at these positions, in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn results_at(&self, id: JobId, positions: Vec<u64>) -> Result<Vec<Item>, StoreError> {
        self.shared.store.items_at(id, positions).await
    }
}
