//! Records the outcomes of segments in the tracks of a large file, and saves and resumes their states (checkpoints).

use std::time::Instant;

use hivesum_core::digest::{Algorithm, Algorithms, Chain, MultiHasher};
use hivesum_core::file::{PIECE_BYTES, UnsizedRead};
use hivesum_core::guard_is_out;
use hivesum_core::hash::{Named, ScanRules};
use hivesum_core::result::{CHECKPOINT_INTERVAL, Checkpoint, ErrorCode, FileMeta, ReadFrom, Stability, Status};

use crate::scan::large_file::piece_table::PieceTable;
use crate::scan::large_file::track::Track;
use crate::scan::large_file::{LargeFile, Look, PieceTag, Trouble, error};

impl LargeFile {
    /// Begins an attempt with the present size and times of the file.
    pub(super) fn enter_look(&mut self, meta: FileMeta, stability: Stability, rules: &ScanRules) {
        let still_unsized = (self.meta.size == 0) == (meta.size == 0);
        let is_together = matches!(self.tracks.first(), Some(Track::Together { .. }));
        let is_large = meta.size > PIECE_BYTES as u64 || (is_together && rules.piece_bytes(meta.size).is_some());
        let still_large = meta.size == 0 || is_large;
        self.meta = meta;
        self.stability = stability;
        self.look = Look::Done;
        self.pieces = PieceTable::of(rules, meta.size);
        if !(still_unsized && still_large) || rules.coverage.is_of_another(meta.size) {
            self.note(Trouble::Failed(error(ErrorCode::FileChanged)));
        } else if stability == Stability::Unverified && rules.refuses_unverified() {
            self.note(Trouble::Failed(error(ErrorCode::FileBusy)));
        }
    }

    pub(super) fn enter_together(&mut self, digests: Box<MultiHasher>, read: UnsizedRead, max_bytes: u64) {
        self.read_from = ReadFrom::joined(self.read_from, read.read_from);
        let is_unsized = self.meta.size == 0;
        if let Some(Track::Together { next_offset, state, is_done, .. }) = self.tracks.first_mut() {
            *next_offset += read.bytes;
            *is_done = read.is_end;
            *state = Some(digests);
            if is_unsized && *next_offset > max_bytes && !guard_is_out!(UnsizedBound) {
                self.note(Trouble::Failed(error(ErrorCode::TooLarge)));
            }
        }
    }

    pub(super) fn enter_subtree(&mut self, tag: PieceTag, value: [u8; 32], from: Option<ReadFrom>) {
        self.read_from = ReadFrom::joined(self.read_from, from);
        if let Some(Track::Subtrees { in_flight, order, .. }) = self.track(tag) {
            *in_flight -= 1;
            order.enter(tag.offset / PIECE_BYTES as u64, value);
        }
    }

    pub(super) fn enter_chain(&mut self, tag: PieceTag, chain: Chain, from: Option<ReadFrom>) {
        self.read_from = ReadFrom::joined(self.read_from, from);
        if let Some(Track::Chain { state, .. }) = self.track(tag) {
            *state = Some(chain);
        }
    }

    fn track(&mut self, tag: PieceTag) -> Option<&mut Track> {
        self.tracks.get_mut(tag.track?)
    }
}

impl LargeFile {
    /// Resumes from checkpoints that an earlier process made of the same file.
    pub(super) fn go_on_from(&mut self, before: &[Checkpoint], algorithms: &Algorithms) {
        if before.is_empty() {
            return;
        }
        let path = self.path();
        for kept in before.iter().filter(|kept| kept.path == path && kept.meta.is_same_file(&self.meta)) {
            let Some(place) = algorithms.iter().position(|algorithm| algorithm == kept.algorithm) else { continue };
            if kept.bytes < self.meta.size && self.tracks[place].restore(kept.bytes, &kept.state) {
                self.digested += kept.bytes;
            }
        }
    }

    fn path(&self) -> Vec<u8> {
        let mut path = Vec::new();
        let Named { plan, index, .. } = &self.named;
        plan.path_into(&plan.entries[*index], &mut path);
        path
    }

    /// The checkpoint of a track, if checkpoints are stored and one is due.
    pub(super) fn checkpoint_if_due(&mut self, track: Option<usize>) -> Option<Checkpoint> {
        let track = track?;
        if self.named.job_tag.is_none() || self.trouble.is_some() || self.kept[track].elapsed() < CHECKPOINT_INTERVAL {
            return None;
        }
        // After a restart nothing would tell a write in the time that a coarse stamp covers.
        if self.meta.may_hide_a_write(Status::Hashed(self.stability)) {
            return None;
        }
        self.kept[track] = Instant::now();
        let (bytes, state) = self.tracks[track].save(self.meta.size)?;
        let algorithm = match &self.tracks[track] {
            Track::Subtrees { .. } => Algorithm::Blake3,
            Track::Chain { algorithm, .. } => *algorithm,
            Track::Together { .. } => return None,
        };
        Some(Checkpoint { path: self.path(), algorithm, meta: self.meta, bytes, state })
    }
}
