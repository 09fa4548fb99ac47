//! The store's figures: its size on the disk, and what it has committed since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::gauges::{Histogram, HistogramFigures};

/// The store's figures at one instant.
#[derive(Debug, Clone, Copy)]
pub struct StoreFigures {
    /// Bytes of the database file.
    pub database_bytes: u64,
    /// Bytes of its write-ahead log, which SQLite moves into the database now and then.
    pub log_bytes: u64,
    /// Groups of results committed.
    pub commits: u64,
    /// Results in them.
    pub rows_committed: u64,
    /// How long a commit took, including its sync.
    pub commit_durations: HistogramFigures,
}

/// Counts the commits. The writer thread writes it.
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

    /// The figures, with the sizes of the database and its log.
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
