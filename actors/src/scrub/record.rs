//! What is remembered of a run: that it has begun, and how it ended. The store keeps it, also after a restart.
//!
//! A run whose collection is not known was none. That the end of a run cannot be recorded is no failure of the run: it
//! is told as interrupted then, and what it has found is in the events.

use hivesum_core::fixity::{Event, RunKind, Starter};
use hivesum_core::result::Progress;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::error::ScrubError;
use super::observer::{Notice, ReadTally, ScrubObserver};
use crate::store::collections::{RunCounts, RunEnded, RunError, RunOutcome, RunRecord};

/// What tells a run from others.
#[derive(Debug, Clone, Copy)]
pub struct RunNote {
    /// Its id: of version 7, so that later ones sort after it.
    pub id: Uuid,
    /// Who has started it.
    pub starter: Starter,
    /// When it was started.
    pub started_at: Timestamp,
}

impl RunNote {
    /// Of a run that begins now.
    #[must_use]
    pub fn of(starter: Starter) -> Self {
        Self { id: Uuid::now_v7(), starter, started_at: Timestamp::now() }
    }

    /// A run that has begun.
    pub(super) fn began(self, kind: RunKind) -> RunRecord {
        let Self { id, starter, started_at } = self;
        RunRecord { id, kind, starter, started_at, end: None }
    }
}

/// How a run ended: whether files are left, or why it broke off. `None` if it has not begun.
pub(super) fn ended(how: Result<bool, &ScrubError>, counts: RunCounts) -> Option<RunEnded> {
    let (outcome, error) = match how {
        Ok(false) => (RunOutcome::Complete, None),
        Ok(true) => (RunOutcome::Limited, None),
        Err(ScrubError::Cancelled) => (RunOutcome::Cancelled, None),
        Err(ScrubError::Busy | ScrubError::TooMany | ScrubError::Forgotten) => return None,
        Err(error) if error.is_usage() => return None,
        Err(error) => (RunOutcome::Failed, Some(RunError { code: error.code().to_owned(), detail: error.in_public() })),
    };
    Some(RunEnded { outcome, at: Some(Timestamp::now()), error, counts: Some(counts) })
}

/// Counts the events of a run on their way.
pub(super) struct Counting<'a> {
    observer: &'a mut dyn ScrubObserver,
    events: u64,
}

impl<'a> Counting<'a> {
    pub(super) fn of(observer: &'a mut dyn ScrubObserver) -> Self {
        Self { observer, events: 0 }
    }

    /// What the run has read, with its events.
    pub(super) fn counts(&self, read: &ReadTally) -> RunCounts {
        RunCounts {
            files: read.files,
            bytes: read.bytes,
            from_device: read.from_device,
            from_cache: read.from_cache,
            from_unknown: read.unknown.values().sum(),
            events: self.events,
        }
    }
}

impl ScrubObserver for Counting<'_> {
    fn scan_began(&mut self, progress: watch::Receiver<Progress>) {
        self.observer.scan_began(progress);
    }

    fn noticed(&mut self, notice: Notice) {
        self.observer.noticed(notice);
    }

    fn happened(&mut self, event: &Event) {
        self.events += 1;
        self.observer.happened(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Refused;

    #[test]
    fn an_end_has_one_word_and_a_run_that_has_not_begun_has_none() {
        let of = |how: Result<bool, &ScrubError>| {
            ended(how, RunCounts::default()).map(|end| (end.outcome, end.error.map(|error| error.code)))
        };
        assert_eq!(of(Ok(false)), Some((RunOutcome::Complete, None)));
        assert_eq!(of(Ok(true)), Some((RunOutcome::Limited, None)));
        assert_eq!(of(Err(&ScrubError::Cancelled)), Some((RunOutcome::Cancelled, None)));
        for (error, code) in [(ScrubError::Aborted, "aborted"), (Refused::Draining.into(), "internal")] {
            assert_eq!(of(Err(&error)), Some((RunOutcome::Failed, Some(code.to_owned()))));
        }
        for error in [ScrubError::Busy, ScrubError::Forgotten, ScrubError::TooMany, ScrubError::OtherGlobs] {
            assert_eq!(of(Err(&error)), None, "{error}");
        }
    }

    #[test]
    fn words_that_are_kept_have_neither_causes_nor_paths_of_the_store() {
        let store = ScrubError::Store(crate::error::StoreError::Corrupt);
        assert_eq!((store.code(), store.in_public().as_str()), ("internal", "the service failed: its log says why"));
    }
}
