//! The values of the pieces of a large file, put in their order as its segments come in.

use hivesum_core::digest::pieces::Pieces;
use hivesum_core::hash::{PieceValues, ScanRules};

/// The values so far. A file of which none are told has none.
#[derive(Debug, Default)]
pub(super) struct PieceTable {
    piece_bytes: Option<u64>,
    values: PieceValues,
}

impl PieceTable {
    /// The table before the first segment of a file of this size.
    pub(super) fn of(rules: &ScanRules, size: u64) -> Self {
        Self { piece_bytes: rules.piece_bytes(size), values: Vec::new() }
    }

    pub(super) fn piece_bytes(&self) -> Option<u64> {
        self.piece_bytes
    }

    /// Adds those of the segment at this offset.
    pub(super) fn enter(&mut self, offset: u64, values: &PieceValues) {
        let Some(piece_bytes) = self.piece_bytes else { return };
        let first = (offset / piece_bytes) as usize;
        let end = first + values.len();
        self.values.resize(self.values.len().max(end), [0; 32]);
        self.values[first..end].copy_from_slice(values);
    }

    pub(super) fn begin_again(&mut self) {
        self.values.clear();
    }

    /// All of them, once every segment of a file of this size has come in.
    pub(super) fn take(&mut self, size: u64) -> Option<Pieces> {
        self.piece_bytes?;
        Pieces::new(size, std::mem::take(&mut self.values))
    }
}
