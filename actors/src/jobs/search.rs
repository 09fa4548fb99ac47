//! Finds the files with one digest in all jobs: "do we have this file?".
//!
//! Each ended job has a sort index by digest, so a search costs a few reads a job. What was not searched is counted, for
//! each algorithm that the digest may be of: a job that has not ended or has no index yet, one without digests of that
//! algorithm, and those beyond the bound. Only where nothing was left out under any of them does an empty answer mean
//! that no job knows the file. A match tells the algorithm, so that the others do not matter any more.

use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::result::Item;

use super::results::ResultsError;
use crate::Job;
use crate::error::StoreError;
use crate::job::{JobQuery, ResultQuery};
use crate::jobs::service::Jobs;

/// The most jobs that one search reads, the newest first.
pub const MAX_SEARCHED: u64 = 1000;

/// Jobs that are read from the store at a time.
const PAGE: usize = 100;

/// A file with the digest.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The job that has it.
    pub job: Job,
    /// The algorithm of the digest.
    pub algorithm: Algorithm,
    /// Its result.
    pub item: Item,
}

/// Digests of fewer bytes than these agree by chance, so a match with one does not tell its algorithm.
const TELLING_BYTES: usize = 16;

/// How far the digest was searched under one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchedUnder {
    /// The algorithm that the digest may be of.
    pub algorithm: Algorithm,
    /// How many jobs were searched.
    pub searched: u64,
    /// How many jobs were not: also those without digests of this algorithm.
    pub left_out: u64,
}

/// The outcome of a search.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Found {
    /// The files, of the newest job first, at most as many as asked for.
    pub hits: Vec<Hit>,
    /// How many files with the digest the searched jobs have.
    pub total: u64,
    /// How many jobs were searched under one algorithm at least.
    pub searched: u64,
    /// How many jobs were searched under none.
    pub left_out: u64,
    /// The same for each algorithm, in the order of the wanted digests.
    pub under: Vec<SearchedUnder>,
}

impl Found {
    fn before(wanted: &[Digest]) -> Self {
        let under = |digest: &Digest| SearchedUnder { algorithm: digest.algorithm(), searched: 0, left_out: 0 };
        Self { under: wanted.iter().map(under).collect(), ..Self::default() }
    }

    /// Whether every job was searched under every algorithm that the digest can be of.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let told: Vec<_> = self.hits.iter().map(|hit| hit.algorithm).collect();
        let is_told = told.first().is_some_and(|algorithm| algorithm.digest_bytes() >= TELLING_BYTES);
        let is_possible = |one: &&SearchedUnder| !is_told || told.contains(&one.algorithm);
        self.under.iter().filter(is_possible).all(|one| one.left_out == 0)
    }

    /// Counts jobs that were not searched at all.
    fn leave_out(&mut self, jobs: u64) {
        self.left_out += jobs;
        self.under.iter_mut().for_each(|one| one.left_out += jobs);
    }

    /// Counts a job that was searched under these algorithms.
    fn count(&mut self, algorithms: &Algorithms) {
        self.searched += 1;
        for one in &mut self.under {
            match algorithms.contains(one.algorithm) {
                true => one.searched += 1,
                false => one.left_out += 1,
            }
        }
    }
}

impl Jobs {
    /// The files that have one of these digests, of which no two have the same algorithm, in the jobs of everyone.
    ///
    /// # Errors
    /// If the store fails or a row that is read is damaged.
    pub async fn search(&self, wanted: &[Digest], limit: usize) -> Result<Found, StoreError> {
        self.search_at_most(MAX_SEARCHED, wanted, limit).await
    }

    pub(super) async fn search_at_most(&self, most: u64, wanted: &[Digest], limit: usize) -> Result<Found, StoreError> {
        let (mut found, mut passed, mut cursor) = (Found::before(wanted), 0, None);
        loop {
            let page = self.list(JobQuery { cursor, limit: PAGE, ..JobQuery::default() }).await?;
            for job in page.items {
                if passed == most {
                    found.leave_out(self.shared.store.count_up_to(job.id).await?);
                    return Ok(found);
                }
                passed += 1;
                self.search_in(&job, wanted, limit, &mut found).await?;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// Adds what one job has.
    async fn search_in(&self, job: &Job, wanted: &[Digest], limit: usize, found: &mut Found) -> Result<(), StoreError> {
        let of_job = wanted.iter().filter(|digest| job.spec.algorithms.contains(digest.algorithm()));
        let of_job: Vec<Digest> = of_job.copied().collect();
        if of_job.is_empty() || !job.state.is_final() || !self.shared.store.is_indexed(job.id).await? {
            found.leave_out(1);
            return Ok(());
        }
        for digest in of_job {
            let left = limit.saturating_sub(found.hits.len());
            let query = ResultQuery { digest: Some(digest), limit: left.max(1), ..ResultQuery::default() };
            let page = match self.results(job, query).await {
                Ok(Some(page)) => page,
                // It was deleted meanwhile.
                Ok(None) => return Ok(()),
                Err(ResultsError::Store(error)) => return Err(error),
                Err(ResultsError::NotFinished) => {
                    found.leave_out(1);
                    return Ok(());
                }
            };
            found.total += page.total;
            let algorithm = digest.algorithm();
            found.hits.extend(page.items.into_iter().take(left).map(|item| Hit { job: job.clone(), algorithm, item }));
        }
        found.count(&job.spec.algorithms);
        Ok(())
    }
}
