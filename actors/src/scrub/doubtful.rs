//! A file whose content changed without a trace of a write: its reads, until it is known what they mean.

use hivesum_core::digest::pieces::Pieces;
use hivesum_core::fixity::{EventKind, FileRange, FileState, Observation, damaged};

/// A file that is read again before anything is said of it.
pub(super) struct Doubtful {
    pub(super) path: Vec<u8>,
    pub(super) before: Option<FileState>,
    pub(super) seen: Observation,
    /// Those of each read of the same file, if they are told.
    pieces: Vec<Pieces>,
}

impl Doubtful {
    pub(super) fn new(path: &[u8], before: Option<FileState>, seen: Observation, pieces: Option<&Pieces>) -> Self {
        Self { path: path.to_vec(), before, seen, pieces: pieces.cloned().into_iter().collect() }
    }

    /// Takes a further read. One that finds other metadata begins anew: somebody writes to the file.
    pub(super) fn is_read_again(&mut self, seen: Observation, pieces: Option<&Pieces>) {
        match (&mut self.seen, seen) {
            (Observation::Read(first), Observation::Read(again)) if first.content.meta == again.content.meta => {
                first.again.push(again.content.digests);
            }
            (first, seen) => {
                *first = seen;
                self.pieces.clear();
            }
        }
        self.pieces.extend(pieces.cloned());
    }

    /// Whether this is damage, of the file or on the way, and not a write.
    pub(super) const fn is_located(kind: EventKind) -> bool {
        matches!(kind, EventKind::SuspectedRot | EventKind::ReadsDisagree)
    }

    /// Where its reads differ from the good content.
    pub(super) fn damaged(&self, good: &Pieces) -> Vec<FileRange> {
        damaged(good, &self.pieces)
    }
}
