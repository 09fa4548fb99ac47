//! Checkpoints of large files: saved states of their digests, which outlive the process.

use std::time::Instant;

use crate::scan::large_file::LargeFile;
use crate::scan::large_file::track::Track;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::hash::Named;
use hivesum_core::result::{Checkpoint, KEEP_EVERY};

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
        if self.named.job_tag.is_none() || self.trouble.is_some() || self.kept[track].elapsed() < KEEP_EVERY {
            return None;
        }
        self.kept[track] = Instant::now();
        let (bytes, state) = self.tracks[track].save(self.meta.size)?;
        let algorithm = match &self.tracks[track] {
            Track::Subtrees { .. } => Algorithm::Blake3,
            Track::Chain { algorithm, .. } => *algorithm,
            Track::Unsized { .. } => return None,
        };
        Some(Checkpoint { path: self.path(), algorithm, meta: self.meta, bytes, state })
    }
}
