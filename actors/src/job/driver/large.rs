//! Large files, cut into pieces: BLAKE3 as subtrees on all hashers at once, every serial digest as a chain
//! of its own, so that different digests of one file run on different hashers.
//!
//! The earliest file with something to do comes first, and within it the track with the most work left,
//! so that the slowest digest never waits for a faster one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::track::{Track, tracks};
use super::window::Settled;
use crate::digest::{Algorithms, Chain};
use crate::error::ErrorCode;
use crate::job::rows::{FileMeta, Stability, Status};
use crate::source::batch::{LargeFound, READ_ATTEMPTS};
use crate::source::segment::{SegmentDone, SegmentTask, SegmentWork};
use crate::source::{OpenFile, PIECE_BYTES, Piece};

/// The large files of a scan.
#[derive(Debug)]
pub(super) struct LargeFiles {
    files: BTreeMap<u64, LargeFile>,
    next_id: u64,
    /// Files beyond these wait with nothing but their descriptor.
    active: usize,
    /// Subtrees of one file that may be under way.
    subtrees_ahead: usize,
}

#[derive(Debug)]
struct LargeFile {
    plan: u64,
    index: usize,
    file: Arc<OpenFile>,
    meta: FileMeta,
    stability: Stability,
    mapped: bool,
    tracks: Vec<Track>,
    in_flight: usize,
    /// Bytes of this pass that were digested, summed over the tracks.
    digested: u64,
    passes: usize,
    trouble: Option<Trouble>,
}

/// Why a pass over a file cannot count.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Changed(FileMeta),
    Failed(Status),
    /// A piece was lost with its hasher before it began.
    Restart,
}

/// Names a piece when its answer comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceTag {
    pub(super) file: u64,
    track: usize,
    offset: u64,
    pub(super) bytes: u64,
}

impl LargeFiles {
    pub(super) fn new(hashers: usize) -> Self {
        Self { files: BTreeMap::new(), next_id: 0, active: 2 * hashers, subtrees_ahead: 2 * hashers }
    }

    pub(super) fn add(&mut self, plan: u64, found: LargeFound, algorithms: &Algorithms) {
        let LargeFound { index, file, meta, stability, mapped } = found;
        let tracks = tracks(algorithms);
        let (file, in_flight, digested, passes, trouble) = (Arc::new(file), 0, 0, 0, None);
        let file =
            LargeFile { plan, index, file, meta, stability, mapped, tracks, in_flight, digested, passes, trouble };
        self.files.insert(self.next_id, file);
        self.next_id += 1;
    }

    /// Files that hold a descriptor and are not done.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Bytes of files under way that are digested, of all tracks the mean.
    pub(super) fn bytes_digested(&self) -> u64 {
        self.files.values().map(LargeFile::bytes_digested).sum()
    }

    /// The next piece to be digested, where one can be.
    pub(super) fn next_piece(&mut self) -> Option<(PieceTag, SegmentTask)> {
        let ahead = self.subtrees_ahead;
        let (id, file, track) = self.files.iter_mut().take(self.active).find_map(|(&id, file)| {
            let track = file.best_track(ahead)?;
            Some((id, file, track))
        })?;
        let (tag, task) = file.cut(id, track);
        Some((tag, task))
    }

    /// Enters what came of a piece. Gives the file's plan and result once it is done.
    pub(super) fn settle(&mut self, tag: PieceTag, done: SegmentDone) -> Option<(u64, Settled)> {
        let file = self.files.get_mut(&tag.file)?;
        file.in_flight -= 1;
        file.digested += tag.bytes;
        match done {
            SegmentDone::Subtree(value) => file.enter_subtree(tag, value),
            SegmentDone::Chain(chain) => file.enter_chain(tag, chain),
            SegmentDone::Changed(meta) => file.note(Trouble::Changed(meta)),
            SegmentDone::Failed(status) => file.note(Trouble::Failed(status)),
        }
        self.conclude(tag.file)
    }

    /// A piece was lost with its hasher.
    pub(super) fn lose(&mut self, tag: PieceTag, code: Option<ErrorCode>) -> Option<(u64, Settled)> {
        let file = self.files.get_mut(&tag.file)?;
        file.in_flight -= 1;
        file.note(match code {
            Some(code) => Trouble::Failed(Status::Error { code, errno: 0 }),
            None => Trouble::Restart,
        });
        self.conclude(tag.file)
    }

    fn conclude(&mut self, id: u64) -> Option<(u64, Settled)> {
        let file = self.files.get_mut(&id)?;
        if file.in_flight > 0 {
            return None;
        }
        let settled = match file.trouble.take() {
            Some(trouble) => file.restart_or_give_up(trouble)?,
            None if file.is_digested() => file.digests(),
            None => return None,
        };
        let plan = file.plan;
        self.files.remove(&id);
        Some((plan, settled))
    }
}

impl LargeFile {
    fn bytes_digested(&self) -> u64 {
        self.digested / self.tracks.len().max(1) as u64
    }

    fn note(&mut self, trouble: Trouble) {
        self.trouble.get_or_insert(trouble);
    }

    /// The track with the most work left among those that have a piece to give.
    fn best_track(&self, subtrees_ahead: usize) -> Option<usize> {
        if self.trouble.is_some() {
            return None;
        }
        let size = self.meta.size;
        let ready = self.tracks.iter().enumerate().filter(|(_, track)| track.is_ready(size, subtrees_ahead));
        ready.max_by_key(|(_, track)| track.work_left(size)).map(|(index, _)| index)
    }

    fn cut(&mut self, id: u64, track_index: usize) -> (PieceTag, SegmentTask) {
        let track = &mut self.tracks[track_index];
        let (offset, work) = match track {
            Track::Subtrees { next_offset, in_flight, .. } => {
                *in_flight += 1;
                (next_offset, SegmentWork::Subtree)
            }
            Track::Chain { next_offset, state, algorithm } => {
                let chain = state.take().unwrap_or_else(|| Chain::new(*algorithm));
                (next_offset, SegmentWork::Chain(chain))
            }
        };
        let start = *offset;
        let bytes = (self.meta.size - start).min(PIECE_BYTES as u64);
        *offset += bytes;
        self.in_flight += 1;
        let piece = Piece { offset: start, bytes: bytes as usize, mapped: self.mapped };
        let tag = PieceTag { file: id, track: track_index, offset: start, bytes };
        (tag, SegmentTask { file: self.file.clone(), meta: self.meta, piece, work })
    }

    fn enter_subtree(&mut self, tag: PieceTag, value: [u8; 32]) {
        if let Some(Track::Subtrees { in_flight, order, .. }) = self.tracks.get_mut(tag.track) {
            *in_flight -= 1;
            order.enter(tag.offset / PIECE_BYTES as u64, value);
        }
    }

    fn enter_chain(&mut self, tag: PieceTag, chain: Chain) {
        if let Some(Track::Chain { state, .. }) = self.tracks.get_mut(tag.track) {
            *state = Some(chain);
        }
    }

    fn is_digested(&self) -> bool {
        self.tracks.iter().all(|track| track.next_offset() == self.meta.size)
    }

    fn digests(&mut self) -> Settled {
        let mut digests = Vec::new();
        for track in std::mem::take(&mut self.tracks) {
            match track {
                Track::Subtrees { order, .. } => {
                    let root = order.merger.finish().expect("a large file has two pieces or more");
                    digests.extend_from_slice(&root);
                }
                Track::Chain { state, .. } => {
                    if let Some(chain) = state {
                        chain.finalize_into(&mut digests);
                    }
                }
            }
        }
        self.settled(Status::Hashed(self.stability), digests)
    }

    fn settled(&self, status: Status, digests: Vec<u8>) -> Settled {
        Settled { index: self.index, meta: self.meta, status, digests }
    }

    /// Begins another pass; nothing then. After the last one the file has changed too often.
    fn restart_or_give_up(&mut self, trouble: Trouble) -> Option<Settled> {
        self.passes += 1;
        let too_often = self.passes >= READ_ATTEMPTS;
        match trouble {
            Trouble::Failed(status) => return Some(self.settled(status, Vec::new())),
            Trouble::Changed(meta) if meta.size <= PIECE_BYTES as u64 || too_often => {
                let status = Status::Error { code: ErrorCode::FileChanged, errno: 0 };
                return Some(self.settled(status, Vec::new()));
            }
            Trouble::Restart if too_often => {
                let status = Status::Error { code: ErrorCode::Internal, errno: 0 };
                return Some(self.settled(status, Vec::new()));
            }
            // It was written to since the probe: nobody vouches for the next pass.
            Trouble::Changed(meta) => {
                self.meta = meta;
                self.stability = Stability::Unverified;
            }
            Trouble::Restart => {}
        }
        self.tracks.iter_mut().for_each(Track::begin_again);
        self.digested = 0;
        None
    }
}
