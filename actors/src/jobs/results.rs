//! Reading what came of jobs, in pages or all of it.

use std::time::Duration;

use super::service::Jobs;
use crate::error::StoreError;
use crate::job::{JobId, ResultPage, ResultQuery, RowPage};

/// How long a request for another order waits for a job that has just ended.
const ORDERS_WAIT: Duration = Duration::from_secs(10);

/// Why there is no page of results.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The order asked for is there once the job has ended.
    #[error("results are sorted, and found by digest, once the job has ended")]
    NotFinished,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Jobs {
    /// A page of a job's results; nothing if there is no such job.
    ///
    /// # Errors
    /// When the job has not ended and another order than the walk's, or a digest, is asked for; when the store fails.
    pub async fn results(&self, id: JobId, query: ResultQuery) -> Result<Option<ResultPage>, ResultsError> {
        if query.needs_orders() && !self.has_orders(id).await? {
            return Ok(None);
        }
        Ok(self.shared.store.results(id, query).await?)
    }

    /// Waits a moment for the orders of a job that has just ended. Whether there is such a job.
    async fn has_orders(&self, id: JobId) -> Result<bool, ResultsError> {
        let Some(job) = self.job(id).await? else { return Ok(false) };
        if !job.state.is_final() {
            return Err(ResultsError::NotFinished);
        }
        let mut indexed = self.shared.indexed.subscribe();
        let wait = async {
            while !self.shared.store.is_indexed(id).await? {
                if indexed.changed().await.is_err() {
                    return Err(StoreError::Closed);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(ORDERS_WAIT, wait).await {
            Ok(waited) => Ok(waited.map(|()| true)?),
            Err(_) => Err(ResultsError::NotFinished),
        }
    }

    /// The next results that match, after a row or from the first: for going through all of them in constant
    /// memory. `position` and `limit` of the query are not looked at. No items: the end.
    ///
    /// # Errors
    /// As [`results`](Self::results).
    pub async fn results_from(
        &self,
        id: JobId,
        query: ResultQuery,
        after_row: Option<u64>,
        limit: usize,
    ) -> Result<RowPage, ResultsError> {
        if after_row.is_none() && query.needs_orders() && !self.has_orders(id).await? {
            return Ok(RowPage::default());
        }
        Ok(self.shared.store.rows_after(id, query, after_row, limit).await?)
    }
}
