//! A scan: trees, lists of names and single files, hashed; results in walk order through a bounded channel.
//!
//! The handle is held by whoever wants the results; dropping it cancels the scan. The work is owned by
//! the driver, which runs on the engine's own arbiter.

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use hivesum_core::result::{CHECKPOINTS_AHEAD, Checkpoint, Progress, Rows, Summary};

/// Batches of results that wait for whoever reads them.
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
    /// Everything was met and delivered.
    Completed,
    /// Somebody asked for it, or nobody listens any more.
    Cancelled,
    /// It was not done in time.
    DeadlineExceeded,
    /// The walk broke off: a defect of hivesum.
    WalkFailed,
    /// The tree is not how an earlier pass has found it.
    Diverged,
}

/// Cancels a scan from anywhere.
#[derive(Debug, Clone)]
pub struct Canceller(CancellationToken);

impl Canceller {
    /// Reading stops within one quantum; results that were done stay delivered.
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

/// The two sides of a scan.
pub(crate) fn channel() -> (Scan, ScanEnds) {
    let cancel = CancellationToken::new();
    let (rows_in, rows) = mpsc::channel(ROWS_AHEAD);
    let (checkpoints_in, checkpoints) = mpsc::channel(CHECKPOINTS_AHEAD);
    let (progress_in, progress) = watch::channel(Progress::default());
    let (end_in, end) = oneshot::channel();
    let scan = Scan { rows, checkpoints, progress, end, cancel: cancel.clone(), _guard: cancel.clone().drop_guard() };
    (scan, ScanEnds { rows: rows_in, checkpoints: checkpoints_in, progress: progress_in, end: end_in, cancel })
}

impl Scan {
    /// The next results in walk order; nothing at the end.
    pub async fn next(&mut self) -> Option<Rows> {
        self.rows.recv().await
    }

    /// States of large files to be kept, as many as have come.
    pub(crate) fn checkpoints(&mut self) -> Vec<Checkpoint> {
        std::iter::from_fn(|| self.checkpoints.try_recv().ok()).collect()
    }

    /// [`next`](Self::next) from a plain thread.
    pub fn blocking_next(&mut self) -> Option<Rows> {
        self.rows.blocking_recv()
    }

    /// Live figures, renewed some ten times a second and at the end.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// A handle that cancels this scan.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.cancel.clone())
    }

    /// How it ended. Results that were not taken by then are dropped.
    pub async fn finish(mut self) -> ScanEnd {
        self.rows.close();
        self.end.await.unwrap_or(BROKEN_OFF)
    }

    /// [`finish`](Self::finish) from a plain thread.
    #[must_use]
    pub fn blocking_finish(mut self) -> ScanEnd {
        self.rows.close();
        self.end.blocking_recv().unwrap_or(BROKEN_OFF)
    }
}

/// The driver is gone without a word: its arbiter was stopped, or it panicked.
const BROKEN_OFF: ScanEnd = ScanEnd {
    summary: Summary {
        files: 0,
        hashed: 0,
        errors: 0,
        skipped: 0,
        bytes: 0,
        elapsed_ms: 0,
        complete: false,
        verdicts: None,
        algorithm: None,
    },
    outcome: ScanOutcome::WalkFailed,
};
