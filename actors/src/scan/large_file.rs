//! Large files, cut into segments: BLAKE3 as subtrees on all hashers at once, every serial digest as a separate
//! chain, so that different digests of one file run on different hashers.
//!
//! The earliest file with work to do comes first, and within it the track with the most work left,
//! so that the slowest digest never waits for a faster one; under a byte budget, tracks go side by side.

mod enter;
mod piece_table;
mod track;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use self::piece_table::PieceTable;
pub(super) use self::track::TrackOrder;
use self::track::{Track, track_of_all, tracks};
use super::reorder::Settled;
use hivesum_core::file::{OpenFile, PIECE_BYTES, Piece};
use hivesum_core::hash::{LargeFound, Named, READ_ATTEMPTS, ScanRules, SegmentDone, SegmentTask, SegmentWork};
use hivesum_core::result::{Checkpoint, ErrorCode, FileMeta, Origin, ReadFrom, Stability, Status};
use hivesum_core::walk::Plan;

/// The large files of a scan.
#[derive(Debug)]
pub(super) struct LargeFiles {
    files: BTreeMap<u64, LargeFile>,
    next_id: u64,
    rules: Arc<ScanRules>,
    /// Files beyond this number wait with only their descriptor open.
    active: usize,
    order: TrackOrder,
    /// Subtrees of one file that may be in flight.
    subtrees_ahead: usize,
    /// Checkpoints of large files from an earlier process.
    before: Vec<Checkpoint>,
    /// Checkpoints to store for a later process.
    to_keep: Vec<Checkpoint>,
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
    /// Bytes digested in this attempt, summed over the tracks.
    digested: u64,
    passes: usize,
    trouble: Option<Trouble>,
    look: Look,
    /// Where the bytes of this attempt came from, if that is asked for.
    read_from: Option<ReadFrom>,
    /// The values of the pieces of this attempt, if they are told.
    pieces: PieceTable,
    named: Named,
    /// When the state of each track was last saved.
    kept: Vec<Instant>,
}

/// Whether the size and the writers of the file are known: after a change both are checked again
/// before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Done,
    Wanted,
    UnderWay,
}

/// Why an attempt to hash a file is void.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Changed(FileMeta),
    Failed(Status),
    /// A segment was lost with its hasher before it began.
    Restart,
}

/// Identifies a segment when its answer arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceTag {
    pub(super) file: u64,
    /// Zero if nothing is read.
    track: Option<usize>,
    offset: u64,
    pub(super) bytes: u64,
}

impl LargeFiles {
    pub(super) fn new(hashers: usize, rules: Arc<ScanRules>, order: TrackOrder, before: Vec<Checkpoint>) -> Self {
        let (active, subtrees_ahead) = (2 * hashers, 2 * hashers);
        Self { files: BTreeMap::new(), next_id: 0, rules, active, order, subtrees_ahead, before, to_keep: Vec::new() }
    }

    /// Adds a file of this plan.
    pub(super) fn add(&mut self, number: u64, found: LargeFound, plan: Arc<Plan>) {
        let LargeFound { index, file, meta, stability, mapped } = found;
        let algorithms = &self.rules.algorithms;
        // The device is to deliver each byte once, and what one digest has read would be in the cache for the next.
        let is_one_segment = meta.size <= PIECE_BYTES as u64;
        let together = is_one_segment || (self.rules.from_device && algorithms.len() > 1);
        let tracks = match self.rules.coverage.part() {
            Some(part) => vec![Track::subtrees(Some(part))],
            None if together => vec![track_of_all(algorithms)],
            None => tracks(algorithms),
        };
        let mut file = LargeFile {
            plan: number,
            index,
            file: Arc::new(file),
            meta,
            stability,
            mapped,
            kept: vec![Instant::now(); tracks.len()],
            tracks,
            in_flight: 0,
            digested: 0,
            passes: 0,
            trouble: None,
            look: Look::Done,
            read_from: None,
            pieces: PieceTable::of(&self.rules, meta.size),
            named: Named { job_tag: self.rules.job_tag, plan, index },
        };
        file.go_on_from(&self.before, algorithms);
        self.files.insert(self.next_id, file);
        self.next_id += 1;
    }

    /// Files that are open and not done.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Checkpoints made since the last call.
    pub(super) fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        std::mem::take(&mut self.to_keep)
    }

    /// Digested bytes of unfinished files, as the mean of their tracks.
    pub(super) fn bytes_digested(&self) -> u64 {
        self.files.values().map(LargeFile::bytes_digested).sum()
    }

    /// The next segment to hash, if there is one.
    pub(super) fn next_piece(&mut self) -> Option<(PieceTag, SegmentTask)> {
        let (ahead, order) = (self.subtrees_ahead, self.order);
        self.files.iter_mut().take(self.active).find_map(|(&id, file)| match file.look == Look::Wanted {
            true => Some(file.look_again(id)),
            false => file.best_track(ahead, order).map(|track| file.cut(id, track)),
        })
    }

    /// Records the outcome of a segment. Returns the plan and result of the file once it is done.
    pub(super) fn settle(&mut self, tag: PieceTag, done: SegmentDone) -> Option<(u64, Settled)> {
        let file = self.files.get_mut(&tag.file)?;
        file.in_flight -= 1;
        file.digested += done.bytes(tag.bytes);
        match done {
            SegmentDone::Subtree(value, from, pieces) => {
                file.pieces.enter(tag.offset, &pieces);
                file.enter_subtree(tag, value, from);
            }
            SegmentDone::Chain(chain, from) => file.enter_chain(tag, chain, from),
            SegmentDone::Together(digests, read, pieces) => {
                file.pieces.enter(tag.offset, &pieces);
                file.enter_together(digests, read, self.rules.max_unsized_bytes);
            }
            SegmentDone::Looked(meta, stability) => file.enter_look(meta, stability, &self.rules),
            SegmentDone::Changed(meta) => file.note(Trouble::Changed(meta)),
            SegmentDone::Failed(status) => file.note(Trouble::Failed(status)),
        }
        // A checkpoint does not say where its bytes came from.
        if !self.rules.from_device {
            self.to_keep.extend(file.checkpoint_if_due(tag.track));
        }
        self.conclude(tag.file)
    }

    /// A segment was lost with its hasher.
    pub(super) fn lose(&mut self, tag: PieceTag, code: Option<ErrorCode>) -> Option<(u64, Settled)> {
        let file = self.files.get_mut(&tag.file)?;
        file.in_flight -= 1;
        file.note(match code {
            Some(code) => Trouble::Failed(Status::error(code)),
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

    /// The first track in this order that has a segment ready.
    fn best_track(&self, subtrees_ahead: usize, order: TrackOrder) -> Option<usize> {
        if self.trouble.is_some() || self.look != Look::Done {
            return None;
        }
        let size = self.meta.size;
        let ready = self.tracks.iter().enumerate().filter(|(_, track)| track.is_ready(size, subtrees_ahead));
        ready.max_by_key(|(_, track)| track.precedence(size, order)).map(|(index, _)| index)
    }

    fn cut(&mut self, id: u64, track: usize) -> (PieceTag, SegmentTask) {
        let (offset, bytes, work) = self.tracks[track].cut(self.meta.size);
        self.task(PieceTag { file: id, track: Some(track), offset, bytes }, work)
    }

    fn look_again(&mut self, id: u64) -> (PieceTag, SegmentTask) {
        self.look = Look::UnderWay;
        self.task(PieceTag { file: id, track: None, offset: 0, bytes: 0 }, SegmentWork::Look)
    }

    fn task(&mut self, tag: PieceTag, work: SegmentWork) -> (PieceTag, SegmentTask) {
        self.in_flight += 1;
        let piece = Piece { offset: tag.offset, bytes: tag.bytes as usize, mapped: self.mapped };
        let (file, meta, named) = (self.file.clone(), self.meta, self.named.clone());
        (tag, SegmentTask { file, meta, piece, work, piece_bytes: self.pieces.piece_bytes(), named })
    }

    fn is_digested(&self) -> bool {
        self.look == Look::Done && self.tracks.iter().all(|track| track.is_through(self.meta.size))
    }

    fn digests(&mut self) -> Settled {
        let mut digests = Vec::new();
        for track in std::mem::take(&mut self.tracks) {
            if let Some(bytes) = track.finish_into(&mut digests) {
                self.meta.size = bytes;
            }
        }
        let settled = self.settled(Status::Hashed(self.stability), digests);
        Settled { pieces: self.pieces.take(self.meta.size), ..settled }
    }

    fn settled(&self, status: Status, digests: Vec<u8>) -> Settled {
        let origin = match status {
            Status::Hashed(_) => Origin::of_read(self.read_from),
            Status::Error { .. } | Status::Skipped(_) => Origin::Read,
        };
        Settled { index: self.index, meta: self.meta, status, origin, digests, pieces: None }
    }

    /// Begins another attempt and returns `None`. After the last attempt the file has changed too often.
    fn restart_or_give_up(&mut self, trouble: Trouble) -> Option<Settled> {
        self.passes += 1;
        let too_often = self.passes >= READ_ATTEMPTS;
        match trouble {
            Trouble::Failed(status) => return Some(self.settled(status, Vec::new())),
            Trouble::Changed(meta) if too_often => {
                self.meta = meta;
                return Some(self.settled(error(ErrorCode::FileChanged), Vec::new()));
            }
            Trouble::Restart if too_often => return Some(self.settled(error(ErrorCode::Internal), Vec::new())),
            // It was written to after the probe, so the probe is repeated.
            Trouble::Changed(_) => self.look = Look::Wanted,
            Trouble::Restart if self.look == Look::UnderWay => self.look = Look::Wanted,
            Trouble::Restart => {}
        }
        self.tracks.iter_mut().for_each(Track::begin_again);
        self.digested = 0;
        self.read_from = None;
        self.pieces.begin_again();
        None
    }
}

fn error(code: ErrorCode) -> Status {
    Status::error(code)
}
