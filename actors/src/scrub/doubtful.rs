//! A file whose content changed without a trace of a write: its reads, until it is known what they mean.

use hivesum_core::digest::pieces::Pieces;
use hivesum_core::fixity::{Content, EventKind, FileRange, FileState, Observation, Reading, damaged};
use hivesum_core::hash::CopyRead;
use hivesum_core::result::ReadFrom;

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

    /// Takes a read of the same file that was done by hand.
    pub(super) fn is_copied(&mut self, copy: CopyRead) {
        let Observation::Read(Reading { content, .. }) = &self.seen else { return };
        let Some(digests) = copy.digests else { return };
        let content = Content { meta: copy.meta, stability: content.stability, digests };
        let from = copy.read_from.unwrap_or(ReadFrom::Unknown);
        let seen = Observation::Read(Reading { content, from, again: Vec::new() });
        self.is_read_again(seen, copy.pieces.as_ref());
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
