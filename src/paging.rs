//! All results of a job, read in pages of bounded size, so that an answer of any length needs constant memory.

use hivesum_actors::job::{Job, ResultQuery};
use hivesum_actors::jobs::{Jobs, ResultsError};
use hivesum_core::result::Item;

/// Results read from the store at a time.
const PAGE: usize = 1000;

/// Reads all results of a job, page by page.
pub(crate) struct ResultPages {
    jobs: Jobs,
    job: Job,
    query: ResultQuery,
    after_row: Option<u64>,
    ended: bool,
}

impl ResultPages {
    /// Starts at the first result that matches the query. The query's position and limit are ignored.
    pub(crate) fn new(jobs: Jobs, job: Job, query: ResultQuery) -> Self {
        Self { jobs, job, query, after_row: None, ended: false }
    }

    /// The next results in the requested order; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, ResultsError> {
        if self.ended {
            return Ok(None);
        }
        let page = self.jobs.results_from(&self.job, self.query.clone(), self.after_row, PAGE).await?;
        self.after_row = page.last_row;
        self.ended = page.last_row.is_none();
        Ok((!page.items.is_empty()).then_some(page.items))
    }
}
