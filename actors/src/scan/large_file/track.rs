//! The progress of one algorithm through a large file.

use std::collections::BTreeMap;

use hivesum_core::digest::subtree::SubtreeMerger;
use hivesum_core::digest::{Algorithm, Algorithms, Chain, MultiHasher};
use hivesum_core::file::PIECE_BYTES;
use hivesum_core::hash::{FilePart, SegmentWork};

/// The progress of one algorithm through a file.
#[derive(Debug)]
pub(super) enum Track {
    Subtrees {
        /// The part of the file that is digested, if it is not the whole file.
        part: Option<FilePart>,
        next_offset: u64,
        in_flight: usize,
        order: PieceOrder,
    },
    Chain {
        algorithm: Algorithm,
        next_offset: u64,
        state: Option<Chain>,
    },
    /// All digests of a file without a known size, together, so that they are of the same bytes.
    Together {
        algorithms: Algorithms,
        next_offset: u64,
        state: Option<Box<MultiHasher>>,
        is_done: bool,
    },
}

/// Which digest of a file goes on first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) enum TrackOrder {
    /// The one with the most work left: the file is done soonest.
    SlowestFirst,
    /// The one with the most bytes left: while a budget holds the scan back, what one digest has read is still in the
    /// page cache for the next one.
    SideBySide,
}

/// Chaining values, sorted before they are merged.
#[derive(Debug, Default)]
pub(super) struct PieceOrder {
    pub(super) merger: SubtreeMerger,
    next: u64,
    early: BTreeMap<u64, [u8; 32]>,
}

impl Track {
    /// BLAKE3 of a whole file, or of a part of it.
    pub(super) fn subtrees(part: Option<FilePart>) -> Self {
        let next_offset = part.map_or(0, |part| part.offset());
        let order = PieceOrder { next: next_offset / PIECE_BYTES as u64, ..PieceOrder::default() };
        Self::Subtrees { part, next_offset, in_flight: 0, order }
    }

    pub(super) fn next_offset(&self) -> u64 {
        match self {
            Self::Subtrees { next_offset, .. }
            | Self::Chain { next_offset, .. }
            | Self::Together { next_offset, .. } => *next_offset,
        }
    }

    /// The state after the bytes so far, if it can be saved and the file has more.
    pub(super) fn save(&self, size: u64) -> Option<(u64, Vec<u8>)> {
        let (bytes, state) = match self {
            Self::Subtrees { part: Some(_), .. } => return None,
            Self::Subtrees { order, .. } => (order.next * PIECE_BYTES as u64, serde_json::to_vec(&order.merger).ok()?),
            Self::Chain { next_offset, state, .. } => (*next_offset, state.as_ref()?.save()?),
            Self::Together { .. } => return None,
        };
        (bytes > 0 && bytes < size).then_some((bytes, state))
    }

    /// Resumes from a state of [`save`](Self::save). Returns whether the state is valid.
    pub(super) fn restore(&mut self, bytes: u64, saved: &[u8]) -> bool {
        let pieces = bytes / PIECE_BYTES as u64;
        if pieces == 0 || !bytes.is_multiple_of(PIECE_BYTES as u64) {
            return false;
        }
        match self {
            Self::Subtrees { next_offset, order, part: None, .. } => {
                match serde_json::from_slice::<SubtreeMerger>(saved) {
                    Ok(merger) if merger.pieces() == pieces => {
                        (*next_offset, *order) = (bytes, PieceOrder { merger, next: pieces, early: BTreeMap::new() });
                        true
                    }
                    _ => false,
                }
            }
            Self::Chain { next_offset, state, algorithm } => match Chain::restore(*algorithm, saved) {
                Some(chain) => {
                    (*next_offset, *state) = (bytes, Some(chain));
                    true
                }
                None => false,
            },
            Self::Subtrees { part: Some(_), .. } | Self::Together { .. } => false,
        }
    }

    /// Where the bytes end that are digested of a file of this size.
    fn end(&self, size: u64) -> u64 {
        match self {
            Self::Subtrees { part: Some(part), .. } => part.end(),
            Self::Subtrees { part: None, .. } | Self::Chain { .. } | Self::Together { .. } => size,
        }
    }

    pub(super) fn is_ready(&self, size: u64, subtrees_ahead: usize) -> bool {
        let (begun, end) = (self.next_offset() > 0, self.end(size));
        match self {
            Self::Subtrees { next_offset, in_flight, .. } => *next_offset < end && *in_flight < subtrees_ahead,
            Self::Chain { next_offset, state, .. } => *next_offset < size && (state.is_some() || !begun),
            Self::Together { state, is_done, .. } => state.is_some() && !is_done,
        }
    }

    /// Whether every byte was assigned to a quantum, or read.
    pub(super) fn is_through(&self, size: u64) -> bool {
        let end = self.end(size);
        match self {
            Self::Subtrees { next_offset, .. } | Self::Chain { next_offset, .. } => *next_offset == end,
            Self::Together { is_done, .. } => *is_done,
        }
    }

    /// The track of which this is the most goes on first.
    pub(super) fn precedence(&self, size: u64, order: TrackOrder) -> u64 {
        match order {
            TrackOrder::SlowestFirst => self.work_left(size),
            TrackOrder::SideBySide => size.saturating_sub(self.next_offset()),
        }
    }

    fn work_left(&self, size: u64) -> u64 {
        let cost = match self {
            Self::Subtrees { .. } | Self::Together { .. } => relative_cost(Algorithm::Blake3),
            Self::Chain { algorithm, .. } => relative_cost(*algorithm),
        };
        size.saturating_sub(self.next_offset()) / 1024 * cost
    }

    /// The next segment of a file of this size: its offset, its length, and the work on it.
    pub(super) fn cut(&mut self, size: u64) -> (u64, u64, SegmentWork) {
        let piece = PIECE_BYTES as u64;
        let end = self.end(size);
        let (next_offset, work) = match self {
            Self::Subtrees { next_offset, in_flight, .. } => {
                *in_flight += 1;
                (next_offset, SegmentWork::Subtree)
            }
            Self::Chain { next_offset, state, algorithm } => {
                let chain = state.take().unwrap_or_else(|| Chain::new(*algorithm));
                (next_offset, SegmentWork::Chain(chain))
            }
            Self::Together { algorithms, next_offset, state, .. } => {
                let digests = state.take().unwrap_or_else(|| Box::new(MultiHasher::new(algorithms)));
                let left = if size == 0 { piece } else { size - *next_offset };
                return (*next_offset, left.min(piece), SegmentWork::Together(digests));
            }
        };
        let start = *next_offset;
        let bytes = (end - start).min(piece);
        *next_offset += bytes;
        (start, bytes, work)
    }

    /// Appends what it has digested. Returns how many bytes that are, where only the end of the file tells.
    pub(super) fn finish_into(self, digests: &mut Vec<u8>) -> Option<u64> {
        match self {
            Self::Subtrees { part: None, order, .. } => {
                let root = order.merger.finish().expect("a large file has two pieces or more");
                digests.extend_from_slice(&root);
                None
            }
            Self::Subtrees { part: Some(_), order, .. } => {
                digests.extend(order.merger.finish_subtree().expect("a part has a piece or more"));
                None
            }
            Self::Chain { state, .. } => {
                state?.finalize_into(digests);
                None
            }
            Self::Together { next_offset, state, .. } => {
                state?.finalize_reset_into(digests);
                Some(next_offset)
            }
        }
    }

    pub(super) fn begin_again(&mut self) {
        *self = match self {
            Self::Subtrees { part, .. } => Self::subtrees(*part),
            Self::Chain { algorithm, .. } => Self::Chain { algorithm: *algorithm, next_offset: 0, state: None },
            Self::Together { algorithms, .. } => track_of_all(algorithms),
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

/// One track per algorithm, in their order.
pub(super) fn tracks(algorithms: &Algorithms) -> Vec<Track> {
    let track = |algorithm: Algorithm| match algorithm.is_subtree_parallel() {
        true => Track::subtrees(None),
        false => Track::Chain { algorithm, next_offset: 0, state: None },
    };
    algorithms.iter().map(track).collect()
}

/// The only track of a file without a known size, and of one that delivers each byte once, for all digests.
pub(super) fn track_of_all(algorithms: &Algorithms) -> Track {
    let state = Some(Box::new(MultiHasher::new(algorithms)));
    Track::Together { algorithms: *algorithms, next_offset: 0, state, is_done: false }
}

/// Time per byte relative to BLAKE3 = 2: only the rough order matters.
fn relative_cost(algorithm: Algorithm) -> u64 {
    match algorithm {
        Algorithm::Blake3 | Algorithm::Blake3Long(_) | Algorithm::QuickXor => 2,
        Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Crc64 | Algorithm::Crc64Nvme => 2,
        Algorithm::Xxh3_64 | Algorithm::Xxh3_128 | Algorithm::Xxh64 | Algorithm::Xxh32 => 2,
        Algorithm::S3Crc32(_) | Algorithm::S3Crc32c(_) => 2,
        Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha224 => 5,
        Algorithm::Mailru | Algorithm::Hidrive | Algorithm::Dropbox => 5,
        Algorithm::S3Sha1(_) | Algorithm::S3Sha256(_) => 5,
        Algorithm::Md4 | Algorithm::Ed2k => 7,
        Algorithm::Blake2b | Algorithm::Blake2bShort(_) | Algorithm::Md5 | Algorithm::S3Etag(_) => 10,
        Algorithm::Sha512 | Algorithm::Sha384 | Algorithm::Sha512_256 | Algorithm::Sha512_224 => 11,
        Algorithm::Tiger | Algorithm::Sha3_224 | Algorithm::Sha3_256 => 15,
        Algorithm::Blake2s => 16,
        Algorithm::Sha3_384 => 20,
        Algorithm::Ripemd160 | Algorithm::Sm3 => 24,
        Algorithm::Sha3_512 => 28,
        Algorithm::Whirlpool => 45,
    }
}
