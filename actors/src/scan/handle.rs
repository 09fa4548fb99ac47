//! A scan: trees, lists of names and single files, hashed; results in walk order through a bounded channel.
//!
//! The caller holds the handle to get the results; dropping it cancels the scan. The work is owned by
//! the driver, which runs on the engine's own arbiter.

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use hivesum_core::result::{Checkpoint, MAX_WAITING_CHECKPOINTS, Progress, Rows, Summary};

/// Batches of results that may wait for the reader.
pub(crate) const ROWS_AHEAD: usize = 8;

/// A running scan. Dropping it cancels it.
#[derive(Debug)]
pub struct Scan {
    rows: mpsc::Receiver<Rows>,
    checkpoints: mpsc::Receiver<Checkpoint>,
    progress: watch::Receiver<Progress>,
    end: oneshot::Receiver<ScanEnd>,
    cancel: CancellationToken,
    _guard: DropGuard,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanEnd {
    /// Counts of what was delivered.
    pub summary: Summary,
    /// Why it ended.
    pub outcome: ScanOutcome,
}

/// Why a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutcome {
    /// Every entry was walked and its result delivered.
    Completed,
    /// It was cancelled, or its handle was dropped.
    Cancelled,
    /// Its deadline passed.
    DeadlineExceeded,
    /// The walk failed: a defect of hivesum.
    WalkFailed,
    /// The tree no longer matches the results of an earlier run.
    Diverged,
}

/// Cancels a scan from anywhere. A new one cancels the scans that it is given to, before they begin.
#[derive(Debug, Clone, Default)]
pub struct Canceller(CancellationToken);

impl Canceller {
    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns once it was cancelled.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }

    /// Reading stops within one quantum; delivered results stay valid.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// The driver's ends of a scan's channels.
#[derive(Debug)]
pub(crate) struct ScanEnds {
    pub(crate) rows: mpsc::Sender<Rows>,
    pub(crate) checkpoints: mpsc::Sender<Checkpoint>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) end: oneshot::Sender<ScanEnd>,
    pub(crate) cancel: CancellationToken,
}

/// The two sides of a scan, which is cancelled by its handle and by `from_outside`.
pub(crate) fn channel(from_outside: Option<&Canceller>) -> (Scan, ScanEnds) {
    let cancel = from_outside.map_or_else(CancellationToken::new, |outside| outside.0.child_token());
    let (rows_in, rows) = mpsc::channel(ROWS_AHEAD);
    let (checkpoints_in, checkpoints) = mpsc::channel(MAX_WAITING_CHECKPOINTS);
    let (progress_in, progress) = watch::channel(Progress::default());
    let (end_in, end) = oneshot::channel();
    let scan = Scan { rows, checkpoints, progress, end, cancel: cancel.clone(), _guard: cancel.clone().drop_guard() };
    (scan, ScanEnds { rows: rows_in, checkpoints: checkpoints_in, progress: progress_in, end: end_in, cancel })
}

impl Scan {
    /// The next results in walk order; `None` at the end.
    pub async fn next(&mut self) -> Option<Rows> {
        self.rows.recv().await
    }

    /// The checkpoints of large files that have arrived.
    pub(crate) fn checkpoints(&mut self) -> Vec<Checkpoint> {
        std::iter::from_fn(|| self.checkpoints.try_recv().ok()).collect()
    }

    /// [`next`](Self::next) for a thread without an event loop.
    pub fn blocking_next(&mut self) -> Option<Rows> {
        self.rows.blocking_recv()
    }

    /// Live figures, updated about ten times per second and at the end.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// A handle that cancels this scan.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.cancel.clone())
    }

    /// Waits for the end. Results that were not read are dropped.
    pub async fn finish(mut self) -> ScanEnd {
        self.rows.close();
        self.end.await.unwrap_or(BROKEN_OFF)
    }

    /// [`finish`](Self::finish) for a thread without an event loop.
    #[must_use]
    pub fn blocking_finish(mut self) -> ScanEnd {
        self.rows.close();
        self.end.blocking_recv().unwrap_or(BROKEN_OFF)
    }
}

/// The driver ended without a report: its arbiter was stopped, or it panicked.
const BROKEN_OFF: ScanEnd = ScanEnd {
    summary: Summary {
        files: 0,
        hashed: 0,
        errors: 0,
        skipped: 0,
        bytes: 0,
        elapsed_ms: 0,
        complete: false,
        verdict: None,
        verdicts: None,
        algorithm: None,
        untraced: 0,
        root_warning: None,
    },
    outcome: ScanOutcome::WalkFailed,
};
