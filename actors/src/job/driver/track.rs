//! One algorithm's way through one large file.

use std::collections::BTreeMap;

use crate::digest::subtree::SubtreeMerger;
use crate::digest::{Algorithm, Algorithms, Chain};

/// One algorithm's way through a file.
#[derive(Debug)]
pub(super) enum Track {
    Subtrees { next_offset: u64, in_flight: usize, order: PieceOrder },
    Chain { algorithm: Algorithm, next_offset: u64, state: Option<Chain> },
}

/// Chaining values, put in order before they are merged.
#[derive(Debug, Default)]
pub(super) struct PieceOrder {
    pub(super) merger: SubtreeMerger,
    next: u64,
    early: BTreeMap<u64, [u8; 32]>,
}

impl Track {
    pub(super) fn next_offset(&self) -> u64 {
        match self {
            Self::Subtrees { next_offset, .. } | Self::Chain { next_offset, .. } => *next_offset,
        }
    }

    pub(super) fn is_ready(&self, size: u64, subtrees_ahead: usize) -> bool {
        let begun = self.next_offset() > 0;
        self.next_offset() < size
            && match self {
                Self::Subtrees { in_flight, .. } => *in_flight < subtrees_ahead,
                Self::Chain { state, .. } => state.is_some() || !begun,
            }
    }

    pub(super) fn work_left(&self, size: u64) -> u64 {
        let cost = match self {
            Self::Subtrees { .. } => relative_cost(Algorithm::Blake3),
            Self::Chain { algorithm, .. } => relative_cost(*algorithm),
        };
        (size - self.next_offset()) / 1024 * cost
    }

    pub(super) fn begin_again(&mut self) {
        *self = match self {
            Self::Subtrees { .. } => Self::Subtrees { next_offset: 0, in_flight: 0, order: PieceOrder::default() },
            Self::Chain { algorithm, .. } => Self::Chain { algorithm: *algorithm, next_offset: 0, state: None },
        };
    }
}

impl PieceOrder {
    pub(super) fn enter(&mut self, piece: u64, value: [u8; 32]) {
        self.early.insert(piece, value);
        while let Some(value) = self.early.remove(&self.next) {
            self.merger.push(value);
            self.next += 1;
        }
    }
}

/// One track an algorithm, in their order.
pub(super) fn tracks(algorithms: &Algorithms) -> Vec<Track> {
    let track = |algorithm: Algorithm| match algorithm.is_subtree_parallel() {
        true => Track::Subtrees { next_offset: 0, in_flight: 0, order: PieceOrder::default() },
        false => Track::Chain { algorithm, next_offset: 0, state: None },
    };
    algorithms.iter().map(track).collect()
}

/// Time for a byte, BLAKE3 being 2: only the order matters, and only roughly.
fn relative_cost(algorithm: Algorithm) -> u64 {
    match algorithm {
        Algorithm::Blake3 | Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Xxh3_64 | Algorithm::Xxh3_128 => 2,
        Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha224 => 5,
        Algorithm::Blake2b | Algorithm::Md5 => 10,
        Algorithm::Sha512 | Algorithm::Sha384 | Algorithm::Sha512_256 => 11,
        Algorithm::Sha3_256 => 15,
        Algorithm::Sha3_512 => 28,
    }
}
