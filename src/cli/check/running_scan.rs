//! A running scan of one list of files. Its results are taken one at a time, in the order of the list.

use hivesum_actors::scan::Scan;
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Progress, RowRef, Rows};
use tokio::sync::watch;

/// The results of one list of a page.
#[derive(Debug)]
pub(super) struct RunningScan {
    scan: Scan,
    algorithms: Algorithms,
    rows: Option<Rows>,
    at: usize,
}

impl RunningScan {
    pub(super) fn new(scan: Scan, algorithms: Algorithms) -> Self {
        Self { scan, algorithms, rows: None, at: 0 }
    }

    pub(super) const fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// The progress of the scan.
    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.scan.progress()
    }

    /// Whether the next result is available without waiting.
    pub(super) fn is_ready(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| self.at < rows.len())
    }

    /// Waits for the next result; `None` if the scan was aborted.
    pub(super) fn next_row(&mut self) -> Option<RowRef<'_>> {
        while !self.is_ready() {
            self.rows = Some(self.scan.blocking_next()?);
            self.at = 0;
        }
        self.at += 1;
        self.rows.as_ref()?.iter().nth(self.at - 1)
    }
}
