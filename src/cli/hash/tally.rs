//! What `hivesum hash` has counted: the results so far, and what they mean for the exit status and the closing words.
//!
//! Decides nothing about single results; which are written is decided where they are emitted.

use std::time::Instant;

use hivesum_core::result::{ItemRef, Status, Summary};

use crate::cli::filter_args::PathFilters;
use crate::cli::from_device::SourceTally;

/// The results so far.
pub(super) struct Tally {
    pub(super) started: Instant,
    pub(super) summary: Summary,
    /// Whether a result is missing in the output.
    pub(super) failed: bool,
    /// Whether a PATH was a directory.
    pub(super) walked: bool,
    /// Symbolic links that were skipped below a PATH.
    pub(super) links: u64,
    pub(super) sources: SourceTally,
}

impl Tally {
    pub(super) fn new() -> Self {
        let summary = Summary { complete: true, ..Summary::default() };
        let sources = SourceTally::default();
        Self { started: Instant::now(), summary, failed: false, walked: false, links: 0, sources }
    }

    pub(super) fn count(&mut self, item: &ItemRef<'_>) {
        self.summary.count(item.status, item.meta.size);
        self.sources.count(item.origin.read_from(), item.meta.device);
        self.failed |= matches!(item.status, Status::Error { .. });
    }

    pub(super) fn close(&mut self) -> Summary {
        self.summary.elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.summary
    }

    /// What to say if the globs did nothing or left nothing.
    pub(super) fn told_of_globs(&self, filters: &PathFilters) -> Option<String> {
        let Summary { hashed, errors, complete, .. } = self.summary;
        match self.walked {
            false if filters.are_given() => {
                Some("--include and --exclude did nothing: no PATH is a directory".to_owned())
            }
            true if complete && hashed + errors == 0 => filters.told_of_nothing(),
            false | true => None,
        }
    }
}
