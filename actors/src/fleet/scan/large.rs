//! How the driver of a far scan gives the parts of a large file to nodes, and takes what they have found.

use std::sync::Arc;

use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::hash::FilePart;
use hivesum_core::result::{ErrorCode, Status};
use hivesum_core::walk::Plan;

use super::super::protocol::{Done, PARTS_SINCE};
use super::answers::{Taken, is_as_seen};
use super::assembly::{Files, Place};
use super::driver::FarDriver;
use super::parts::{PartRow, Parted, PartedFiles, PartedResult};
use crate::scan::reorder::Settled;

impl FarDriver {
    /// Takes a plan: large files go in parts, if there are nodes to share them and what the walk has seen tells one
    /// state of a file from another; the others go whole.
    pub(super) fn take_plan(&mut self, plan: &Arc<Plan>) {
        let number = self.window.admit(plan.clone());
        let (root, algorithms) = (self.config.root, self.config.algorithms);
        let digest_bytes = algorithms.digest_bytes();
        let is_shared =
            algorithms == Algorithms::single(Algorithm::Blake3) && self.config.fleet.shares(root, PARTS_SINCE);
        let parts = &mut self.parts;
        self.assembly.add(number, plan, digest_bytes, |place| {
            let index = place.index as usize;
            let large = plan.seen(index).filter(|seen| is_shared && PartedFiles::is_for(seen.size));
            let large = large.filter(|_| plan.known_result(index, digest_bytes).is_none());
            large.inspect(|seen| parts.add(place, seen.size)).is_some()
        });
    }

    /// Sends the next part of a file, if there is one.
    pub(super) fn send_part(&mut self) -> bool {
        let Some((place, part)) = self.parts.take() else { return false };
        let Some(plan) = self.window.plan(place.plan) else { return false };
        let mut files = Files::default();
        files.part = Some(part);
        files.push(&plan, place, self.config.algorithms.digest_bytes());
        self.send_work(files, Vec::new());
        true
    }

    /// Takes what a node has found of a part.
    pub(super) fn take_part(&mut self, place: Place, part: FilePart, done: &Done, is_walker: bool) -> Taken {
        let rows = done.rows.with_digests(self.config.algorithms.digest_bytes());
        let Some((row, digest)) = rows.and_then(|mut rows| rows.next()) else { return Taken::Impossible };
        let Some(origin) = row.origin() else { return Taken::Impossible };
        let seen = self.window.plan(place.plan).and_then(|plan| plan.seen(place.index as usize));
        let (meta, mut status) = (row.meta(), row.status());
        if matches!(status, Status::Hashed(_)) && seen.is_some_and(|seen| !is_as_seen(&seen, &meta)) {
            if !is_walker {
                return Taken::OfOtherFiles;
            }
            status = Status::error(ErrorCode::FileChanged);
        }
        match self.parts.enter(place, part, PartRow { meta, status, origin, digest }) {
            Parted::More => {}
            Parted::Again => self.works.drop_parts_of(place),
            Parted::Done(result) => {
                self.works.drop_parts_of(place);
                self.settle_parted(place, part.file_bytes(), result);
            }
        }
        Taken::Yes
    }

    fn settle_parted(&mut self, place: Place, bytes: u64, result: PartedResult) {
        let PartedResult { meta, status, origin, digest } = result;
        if let Status::Hashed(_) = status {
            self.meter.add_read(bytes);
        }
        let settled = Settled { index: place.index as usize, meta, status, origin, digests: digest, pieces: None };
        self.window.settle_one(place.plan, settled);
    }
}
