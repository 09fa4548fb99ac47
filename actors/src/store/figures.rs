//! Figures of the store: what it takes on the disk, and what it has committed since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::gauges::{Histogram, HistogramFigures};

/// The store's figures at one instant.
#[derive(Debug, Clone, Copy)]
pub struct StoreFigures {
    /// Length of the database.
    pub database_bytes: u64,
    /// Length of its log, which is moved into it now and then.
    pub log_bytes: u64,
    /// Groups of results committed.
    pub commits: u64,
    /// Results in them.
    pub rows_committed: u64,
    /// How long a commit took, its sync included.
    pub commit_durations: HistogramFigures,
}

/// Commits are counted here by the writer's thread.
#[derive(Debug, Default)]
pub(super) struct Commits {
    rows: AtomicU64,
    durations: Histogram,
}

impl Commits {
    pub(super) fn count(&self, rows: u64, took: Duration) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.durations.record(took);
    }

    /// With the lengths of the database and its log.
    pub(super) fn figures(&self, database_bytes: u64, log_bytes: u64) -> StoreFigures {
        let commit_durations = self.durations.figures();
        StoreFigures {
            database_bytes,
            log_bytes,
            commits: commit_durations.count(),
            rows_committed: self.rows.load(Ordering::Relaxed),
            commit_durations,
        }
    }
}
