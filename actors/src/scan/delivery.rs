//! What every driver does alike, wherever the files are: it follows the walk, delivers complete results while the reader
//! takes them, and reports how the scan ended.

use super::handle::{ScanEnd, ScanEnds, ScanOutcome};
use super::progress::ProgressMeter;
use super::reorder::ReorderWindow;
use crate::walker::WalkEvent;
use hivesum_core::walk::Plan;

/// How the walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalkState {
    Walking,
    Ended,
    BrokenOff,
    /// The tree no longer matches the results of an earlier run.
    Diverged,
}

impl WalkState {
    /// Takes what the walk says; `None` if it says nothing any more. Returns a plan, if it is one.
    pub(crate) fn take(&mut self, event: Option<WalkEvent>, meter: &mut ProgressMeter) -> Option<Plan> {
        match event {
            Some(WalkEvent::Plan(plan)) => return Some(plan),
            Some(WalkEvent::End { files }) => {
                *self = Self::Ended;
                meter.set_files_total(files);
            }
            Some(WalkEvent::Diverged) => *self = Self::Diverged,
            None => *self = Self::BrokenOff,
        }
        None
    }

    /// How the scan ends, once all results of a walk that stands like this are delivered.
    pub(crate) const fn outcome(self) -> ScanOutcome {
        match self {
            Self::BrokenOff => ScanOutcome::WalkFailed,
            Self::Diverged => ScanOutcome::Diverged,
            Self::Walking | Self::Ended => ScanOutcome::Completed,
        }
    }
}

impl ScanEnds {
    /// Sends complete results to the reader while the channel has room, and the progress when it is due. `under_way`: bytes
    /// of files that are not delivered yet.
    pub(crate) fn deliver(
        &self,
        window: &mut ReorderWindow,
        meter: &mut ProgressMeter,
        under_way: impl FnOnce() -> u64,
    ) {
        while window.front_is_settled() {
            let Ok(room) = self.rows.try_reserve() else { return };
            let Some(rows) = window.pop_settled() else { return };
            meter.count(&rows);
            room.send(rows);
        }
        if meter.is_due() {
            let _ = self.progress.send(meter.progress(under_way()));
        }
    }

    /// Reports how the scan ended.
    pub(crate) fn finish(self, mut meter: ProgressMeter, outcome: ScanOutcome) {
        let summary = meter.summary(outcome == ScanOutcome::Completed);
        let _ = self.progress.send(meter.progress(0));
        let _ = self.end.send(ScanEnd { summary, outcome });
    }
}
