//! How long quanta wait for a hasher, and how long each kind of work takes.

use std::time::Duration;

use super::histogram::{Histogram, HistogramFigures};

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A quantum of small files.
    HashBatch,
    /// A quantum of a large file.
    HashSegment,
    /// A quantum of an upload.
    AbsorbChunk,
    /// A whole upload, from the request for its first byte to its digests.
    Upload,
}

impl Operation {
    const ALL: [Self; 4] = [Self::HashBatch, Self::HashSegment, Self::AbsorbChunk, Self::Upload];

    const fn name(self) -> &'static str {
        match self {
            Self::HashBatch => "hash_batch",
            Self::HashSegment => "hash_segment",
            Self::AbsorbChunk => "absorb_chunk",
            Self::Upload => "upload",
        }
    }
}

/// The histograms, one for each kind of work and each lane.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    works: [Histogram; Operation::ALL.len()],
    interactive_waits: Histogram,
    job_waits: Histogram,
}

/// All histograms at one moment, by name.
#[derive(Debug, Clone)]
pub struct DurationFigures {
    /// From dispatch to a hasher until its answer; for a whole upload, from its beginning to its digests.
    pub works: Vec<(&'static str, HistogramFigures)>,
    /// From submission until dispatch to a hasher, by lane.
    pub waits: Vec<(&'static str, HistogramFigures)>,
}

impl Durations {
    pub(crate) fn worked(&self, operation: Operation, took: Duration) {
        self.works[operation as usize].record(took);
    }

    pub(crate) fn waited(&self, interactive: bool, took: Duration) {
        if interactive { &self.interactive_waits } else { &self.job_waits }.record(took);
    }

    pub(crate) fn figures(&self) -> DurationFigures {
        let works = Operation::ALL.map(|operation| (operation.name(), self.works[operation as usize].figures()));
        let waits = [("interactive", self.interactive_waits.figures()), ("jobs", self.job_waits.figures())];
        DurationFigures { works: works.into(), waits: waits.into() }
    }
}
