//! A running scan of one list of files. Its results are taken one at a time, in the order of the list.

use hivesum_actors::scan::Scan;
use hivesum_core::result::{Progress, RowRef, Rows};
use tokio::sync::watch;

use super::judge::FileResult;

/// The results of one list of a page.
#[derive(Debug)]
pub(super) struct RunningScan {
    scan: Scan,
    rows: Option<Rows>,
    at: usize,
}

/// One result.
#[derive(Debug)]
pub(super) struct ScanResult<'a> {
    /// The name of the file as it was opened.
    pub(super) name: &'a [u8],
    /// `st_dev` of the file.
    pub(super) device: u64,
    pub(super) result: FileResult<'a>,
}

impl RunningScan {
    pub(super) const fn new(scan: Scan) -> Self {
        Self { scan, rows: None, at: 0 }
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
    pub(super) fn next_result(&mut self) -> Option<ScanResult<'_>> {
        while !self.is_ready() {
            self.rows = Some(self.scan.blocking_next()?);
            self.at = 0;
        }
        self.at += 1;
        let rows = self.rows.as_ref()?;
        let RowRef { name, status, digests, origin, meta, .. } = rows.get(self.at - 1)?;
        let (algorithms, read_from) = (rows.algorithms(), origin.read_from());
        Some(ScanResult { name, device: meta.device, result: FileResult { status, digests, algorithms, read_from } })
    }
}
