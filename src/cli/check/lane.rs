//! A running scan of one list of names, its results taken one at a time in the list's order.

use hivesum_actors::scan::Scan;
use hivesum_core::digest::Algorithms;
use hivesum_core::result::{Progress, RowRef, Rows};
use tokio::sync::watch;

/// The results of one lane of a page.
#[derive(Debug)]
pub(super) struct RunningLane {
    scan: Scan,
    algorithms: Algorithms,
    rows: Option<Rows>,
    at: usize,
}

impl RunningLane {
    pub(super) fn new(scan: Scan, algorithms: Algorithms) -> Self {
        Self { scan, algorithms, rows: None, at: 0 }
    }

    pub(super) const fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// Live figures of the scan.
    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.scan.progress()
    }

    /// Whether the next result is here already.
    pub(super) fn is_ready(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| self.at < rows.len())
    }

    /// The next result; nothing where the scan broke off.
    pub(super) fn next_row(&mut self) -> Option<RowRef<'_>> {
        while !self.is_ready() {
            self.rows = Some(self.scan.blocking_next()?);
            self.at = 0;
        }
        self.at += 1;
        self.rows.as_ref()?.iter().nth(self.at - 1)
    }
}
