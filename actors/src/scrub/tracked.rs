//! A run of a service, as others see it while it goes on and after its end: the figures and notices that it has told.
//!
//! Nothing grows without a bound: the first [`NOTICES_KEPT`] notices are kept, of further ones the number. Events are not
//! kept here, because they are in the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hivesum_core::fixity::Event;
use hivesum_core::result::Progress;
use tokio::sync::watch;
use uuid::Uuid;

use super::error::ScrubError;
use super::observer::{Notice, ScrubObserver};
use super::order::RunOf;
use super::run::ScrubEnd;
use crate::scan::Canceller;

/// Notices that are kept of one run.
pub const NOTICES_KEPT: usize = 256;

/// How far a run has come.
#[derive(Debug, Default)]
pub enum ScrubPhase {
    /// It waits until another one ends.
    #[default]
    Waiting,
    /// It walks or reads.
    Running,
    /// It has ended.
    Ended(Box<ScrubEnd>),
    /// It has ended before its end.
    Failed(ScrubError),
}

/// What a run has told.
#[derive(Debug, Default)]
pub struct ScrubTold {
    /// How far it has come.
    pub phase: ScrubPhase,
    /// The first notices, in their order.
    pub notices: Vec<Notice>,
    /// How many more there were.
    pub more_notices: u64,
    /// What was read by the scans before the current one.
    finished: Progress,
    current: Option<watch::Receiver<Progress>>,
}

impl ScrubTold {
    /// All scans of the run together.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let now = self.current.as_ref().map(|current| *current.borrow()).unwrap_or_default();
        Progress {
            files_total: None,
            files_done: self.finished.files_done + now.files_done,
            files_failed: self.finished.files_failed + now.files_failed,
            files_skipped: self.finished.files_skipped + now.files_skipped,
            bytes_total: None,
            bytes_done: self.finished.bytes_done + now.bytes_done,
            eta_seconds: None,
            ..now
        }
    }

    /// Whether it goes on no more.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.phase, ScrubPhase::Ended(_) | ScrubPhase::Failed(_))
    }
}

/// One run.
#[derive(Debug)]
pub(super) struct TrackedRun {
    pub(super) key: Uuid,
    pub(super) of: RunOf,
    pub(super) cancel: Canceller,
    told: Mutex<ScrubTold>,
}

impl TrackedRun {
    pub(super) fn new(key: Uuid, of: RunOf) -> Self {
        Self { key, of, cancel: Canceller::default(), told: Mutex::default() }
    }

    pub(super) fn told(&self) -> MutexGuard<'_, ScrubTold> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScrubObserver for &TrackedRun {
    fn scan_began(&mut self, progress: watch::Receiver<Progress>) {
        let mut told = self.told();
        told.finished = told.progress();
        told.current = Some(progress);
    }

    fn noticed(&mut self, notice: Notice) {
        let mut told = self.told();
        match told.notices.len() < NOTICES_KEPT {
            true => told.notices.push(notice),
            false => told.more_notices += 1,
        }
    }

    fn happened(&mut self, _: &Event) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::fixity::{RunKind, Starter};
    use jiff::Timestamp;

    #[test]
    fn scans_are_added_up_and_notices_have_a_bound() {
        let (kind, started_at) = (RunKind::Scrub, Timestamp::UNIX_EPOCH);
        let of = RunOf { collection: None, kind, starter: Starter::Request, started_at };
        let run = TrackedRun::new(Uuid::nil(), of);
        let mut observer = &run;
        for files_done in [2, 3] {
            observer.scan_began(watch::channel(Progress { files_done, ..Progress::default() }).1);
        }
        assert_eq!(run.told().progress().files_done, 5);
        (0..NOTICES_KEPT + 2).for_each(|_| observer.noticed(Notice::KnownUnreachable { files: 1 }));
        let told = run.told();
        assert_eq!((told.notices.len(), told.more_notices), (NOTICES_KEPT, 2));
    }
}
