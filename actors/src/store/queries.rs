//! The store's read queries. A query that reads many rows first waits for a permit, so that one reader is always left
//! for the quick ones. Searches and sorted pages have permits of their own: they run side by side, and beside the one
//! read of a whole job.

use super::end_order::{self, EndedCount};
use super::idempotency::{self, IdempotencyKey, IdempotencyOutcome};
use super::job_row::StoredJob;
use super::pages::ErrorsSince;
use super::prior_rows::PriorRowsQuery;
use super::{NextEnded, Store, job_facts, job_row, jobs, pages, prior_rows, sort_index, sorted_pages};
use crate::error::{CompareError, StoreError};
use crate::job::{DuplicateQuery, JobId, JobPage, JobQuery, ResultPage, ResultQuery};
use hivesum_core::compare::{self, Comparison};
use hivesum_core::result::{AuditCounts, Item, Rows};

impl Store {
    /// The manifest of a verify job.
    pub(crate) async fn manifest(&self, id: JobId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| jobs::manifest(connection, id)).await
    }

    /// Whether a request has been received before.
    pub(crate) async fn find_repeated(
        &self,
        owner: Option<String>,
        request: IdempotencyKey,
    ) -> Result<IdempotencyOutcome, StoreError> {
        self.read(move |connection| idempotency::look_up(connection, owner.as_deref(), &request)).await
    }

    /// Whether an ended job has its sort index.
    pub(crate) async fn is_indexed(&self, id: JobId) -> Result<bool, StoreError> {
        self.read(move |connection| sort_index::has(connection, id)).await
    }

    /// Some results of a run from a position on, and the position after them; nothing at the end.
    pub(crate) async fn prior_rows(&self, query: PriorRowsQuery, from: i64) -> Result<Option<(Rows, i64)>, StoreError> {
        self.read(move |connection| prior_rows::rows(connection, &query, from)).await
    }

    /// The first job that ended after the job with this number, among those of one owner or all.
    pub(crate) async fn next_ended(&self, after: u64, owner: Option<String>) -> Result<NextEnded, StoreError> {
        self.read(move |connection| end_order::next(connection, after, owner.as_deref())).await
    }

    /// How many jobs have ended, and the numbers of these among them.
    pub(crate) async fn count_ended(&self, ids: Vec<JobId>) -> Result<EndedCount, StoreError> {
        self.read(move |connection| end_order::count_ended(connection, &ids)).await
    }

    /// One job.
    pub(crate) async fn job(&self, id: JobId) -> Result<Option<StoredJob>, StoreError> {
        self.read(move |connection| job_row::get(connection, id)).await
    }

    /// A page of jobs, newest first.
    pub(crate) async fn list(&self, query: JobQuery) -> Result<JobPage, StoreError> {
        self.read(move |connection| jobs::list(connection, &query)).await
    }

    /// How many jobs there are up to this one, which is counted itself if it is still there.
    pub(crate) async fn count_up_to(&self, id: JobId) -> Result<u64, StoreError> {
        self.read(move |connection| jobs::count_up_to(connection, id)).await
    }

    /// A page of the results that match; nothing if there is no such job.
    pub(crate) async fn results(&self, id: JobId, query: ResultQuery) -> Result<Option<ResultPage>, StoreError> {
        let _permit = self.permit_for(&query).await?;
        self.read(move |connection| match query.needs_sort_index() {
            true => sorted_pages::page(connection, id, &query),
            false => pages::page(connection, id, &query),
        })
        .await
    }

    /// How many of a job's results have which verdict; nothing if there is no such job.
    pub(crate) async fn verdict_counts(&self, id: JobId) -> Result<Option<AuditCounts>, StoreError> {
        let _permit = self.long_read().await?;
        self.read(move |connection| pages::verdict_counts(connection, id)).await
    }

    /// Compares two jobs; nothing if one of them does not exist.
    pub(crate) async fn compare(&self, old: JobId, new: JobId) -> Result<Option<Comparison>, CompareError> {
        let _permit = self.long_read().await?;
        self.read(move |connection| job_facts::compare_jobs(connection, old, new)).await?.transpose()
    }

    /// Groups of files with equal content; nothing if there is no such job.
    pub(crate) async fn duplicates(
        &self,
        id: JobId,
        query: DuplicateQuery,
    ) -> Result<Option<Vec<compare::Group>>, StoreError> {
        let _permit = self.long_read().await?;
        self.read(move |connection| job_facts::duplicates(connection, id, &query)).await
    }

    /// The results at these positions, in this order.
    pub(crate) async fn items_at(&self, id: JobId, positions: Vec<u64>) -> Result<Vec<Item>, StoreError> {
        self.read(move |connection| job_facts::items_at(connection, id, &positions)).await
    }

    /// The first errors of a job from a row on.
    pub(crate) async fn errors_since(&self, id: JobId, from: u64, limit: usize) -> Result<ErrorsSince, StoreError> {
        self.read(move |connection| pages::errors_since(connection, id, from, limit)).await
    }

    /// Waits for a permit to read many rows.
    pub(super) async fn long_read(&self) -> Result<tokio::sync::SemaphorePermit<'_>, StoreError> {
        self.long_reads.acquire().await.map_err(|_| StoreError::Closed)
    }

    /// Waits for a permit if this query reads many rows.
    async fn permit_for(&self, query: &ResultQuery) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, StoreError> {
        let reads_many_rows =
            query.q.is_some() || query.status.is_some() || !query.verdicts.is_empty() || query.needs_sort_index();
        match reads_many_rows {
            true => self.searches.acquire().await.map(Some).map_err(|_| StoreError::Closed),
            false => Ok(None),
        }
    }
}
