//! How the driver of a far scan takes what nodes say: claims, results, and works that are given back.
//!
//! Results of a message are entered as a whole or not at all. What cannot be what a node was asked for is not taken,
//! and its work goes to the queue again.

use hivesum_core::hash::Outcome;
use hivesum_core::result::{ErrorCode, FileMeta, Origin, Status};

use super::super::mailbox::{Says, WorkNotice};
use super::super::protocol::{Claim, ClaimAnswer, Done, DoneAnswer, Message, NodeName, WorkTag};
use super::assembly::{Files, Place};
use super::driver::FarDriver;
use super::works::{Claimed, Counted, Holder, Rest};
use crate::scan::reorder::Settled;

impl FarDriver {
    pub(super) fn take_notice(&mut self, notice: WorkNotice) {
        let WorkNotice { node, says, reply } = notice;
        match says {
            Says::Claim(claim) => {
                let answer = self.take_claim(node, &claim);
                self.answer(reply, &answer);
            }
            Says::Show(shown) => {
                let answer = self.take_shown(node, &shown);
                self.answer(reply, &answer);
            }
            Says::Done(done) => {
                let answer = self.take_done(node, &done);
                self.answer(reply, &answer);
            }
            Says::GiveBack(claim) => {
                self.works.give_back(node, &claim);
                self.answer(reply, &ClaimAnswer::Stale);
            }
            Says::Progress(progress) => {
                let by = Holder { node, session: progress.session };
                self.works.note_progress(&by, progress.tag.number, progress.bytes_under_way);
            }
        }
    }

    fn answer(&self, reply: Option<async_nats::Subject>, answer: &impl Message) {
        if let Some(reply) = reply {
            self.config.fleet.say(reply.to_string(), answer);
        }
    }

    pub(super) fn take_claim(&mut self, node: NodeName, claim: &Claim) -> ClaimAnswer {
        if self.excluded.contains(&node) {
            return ClaimAnswer::Elsewhere;
        }
        if self.must_show(&node, claim) {
            return ClaimAnswer::Show;
        }
        let shown = node.to_string();
        let fleet = self.config.fleet.clone();
        let is_alive = |holder: &Holder| fleet.registry().is_alive(&holder.node, holder.session, fleet.now());
        match self.works.claim(node, claim, is_alive) {
            Claimed::Answer(answer) => answer,
            Claimed::Cut { rest, files } => {
                tracing::info!(node = shown, files, "a work has lost its node and is cut");
                self.cut(&rest, files);
                ClaimAnswer::Stale
            }
            Claimed::GiveUp(rest) => {
                tracing::warn!(lost = rest.lost.len(), "a file is given up: each node that was to hash it was lost");
                self.settle_as(&rest.places, ErrorCode::CrashLoop);
                ClaimAnswer::Stale
            }
        }
    }

    /// Sends what is left of a work as smaller ones.
    fn cut(&mut self, rest: &Rest, files: usize) {
        let digest_bytes = self.config.algorithms.digest_bytes();
        for places in rest.places.chunks(files) {
            let mut part = Files::default();
            for place in places {
                if let Some(plan) = self.window.plan(place.plan) {
                    part.push(&plan, *place, digest_bytes);
                }
            }
            self.send_work(part, rest.lost.clone());
        }
    }

    pub(super) fn settle_as(&mut self, places: &[Place], code: ErrorCode) {
        for place in places {
            self.parts.forget(*place);
            self.works.drop_parts_of(*place);
            let settled = Settled {
                index: place.index as usize,
                meta: FileMeta::default(),
                status: Status::error(code),
                origin: Origin::Read,
                digests: Vec::new(),
                pieces: None,
            };
            self.window.settle_one(place.plan, settled);
        }
    }

    fn take_done(&mut self, node: NodeName, done: &Done) -> DoneAnswer {
        let by = Holder { node, session: done.session };
        let number = done.tag.number;
        let skip = match self.works.counts(&by, number, done.first, done.rows.len()) {
            Counted::New { skip } => skip,
            Counted::Nothing { settled } => return DoneAnswer::Taken { settled },
            Counted::Refused => return DoneAnswer::Stale,
        };
        let is_walker = self.config.walker.borrow().as_ref() == Some(&by.node);
        let part = self.works.get(number).and_then(|work| Some((work.places[0], work.part?)));
        let taken = match part {
            Some((place, part)) => self.take_part(place, part, done, is_walker),
            None => self.settle_rows(number, done, skip, is_walker),
        };
        match taken {
            Taken::Yes => DoneAnswer::Taken { settled: self.works.settle(number, done.rows.len() - skip) },
            Taken::Impossible => {
                tracing::warn!(node = %by.node, "results that cannot be are not taken");
                self.send_again(number, by);
                DoneAnswer::Stale
            }
            Taken::OfOtherFiles => {
                tracing::warn!(node = %by.node, "a node of a pool sees other files under its name, and gets no more work of a job");
                self.excluded.insert(by.node.clone());
                self.send_again(number, by);
                DoneAnswer::Stale
            }
        }
    }

    /// The node takes the message of its work out of the queue.
    fn send_again(&mut self, number: u64, by: Holder) {
        let claim = Claim { tag: WorkTag { scan: self.config.scan, number }, session: by.session };
        self.works.give_back(by.node, &claim);
        self.publish(number);
    }

    /// Enters results into the window, or none of them.
    fn settle_rows(&mut self, number: u64, done: &Done, skip: usize, is_walker: bool) -> Taken {
        let digest_bytes = self.config.algorithms.digest_bytes();
        let Some(work) = self.works.get_mut(number) else { return Taken::Impossible };
        let places = work.places[done.first as usize..][..done.rows.len()].to_vec();
        let Some(rows) = done.rows.with_digests(digest_bytes) else { return Taken::Impossible };
        let mut settled: Vec<PartOfPlan> = Vec::new();
        let (mut bytes, mut other_files) = (0, 0);
        for (place, (row, digests)) in places.iter().zip(rows).skip(skip) {
            let Some(plan) = self.window.plan(place.plan) else { return Taken::Impossible };
            let index = place.index as usize;
            let (origin, digests) = match (row.origin(), plan.known_result(index, digest_bytes)) {
                (Some(origin), _) => (origin, digests),
                (None, Some(known)) if known.meta.is_same_file(&row.meta()) => (known.origin, known.digests),
                (None, _) => return Taken::Impossible,
            };
            if settled.last().is_none_or(|part| part.plan != place.plan) {
                settled.push(PartOfPlan { plan: place.plan, ..PartOfPlan::default() });
            }
            let Some(part) = settled.last_mut() else { return Taken::Impossible };
            bytes += if row.has_digests() { row.meta().size } else { 0 };
            let (meta, mut status) = (row.meta(), row.status());
            match plan.seen(index) {
                Some(seen) if matches!(status, Status::Hashed(_)) && !is_as_seen(&seen, &meta) => {
                    other_files += 1;
                    status = Status::error(ErrorCode::FileChanged);
                }
                Some(_) | None => part.digests.extend_from_slice(digests),
            }
            part.outcomes.push(Outcome { index, meta, status, origin });
        }
        if !is_walker && 2 * other_files > done.rows.len() - skip {
            return Taken::OfOtherFiles;
        }
        for part in settled {
            self.window.settle_outcomes(part.plan, &part.outcomes, &part.digests);
        }
        self.meter.add_read(bytes);
        Taken::Yes
    }
}

/// Whether results were entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// They cannot be what the node was asked for.
    Impossible,
    /// Most of them are of other files than those that the walk has seen.
    OfOtherFiles,
}

/// Whether a file is the one that the walk has seen, perhaps on another machine: device numbers differ there.
pub(super) fn is_as_seen(seen: &FileMeta, meta: &FileMeta) -> bool {
    (seen.size, seen.mtime_ns, seen.inode) == (meta.size, meta.mtime_ns, meta.inode)
}

/// Results of entries of one plan.
#[derive(Debug, Default)]
struct PartOfPlan {
    plan: u64,
    outcomes: Vec<Outcome>,
    digests: Vec<u8>,
}
