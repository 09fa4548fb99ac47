//! How the driver handles the answers to its quanta, and quanta without an answer.

use std::ops::Range;

use tokio::time::Instant;

use super::driver::{Driver, Ticket};
use super::reorder::Settled;
use crate::messages::{Answer, Lost, Reply};
use hivesum_core::hash::BatchDone;
use hivesum_core::result::{ErrorCode, FileMeta, Origin, Status};

impl Driver {
    /// Handles this answer and all others that have arrived.
    pub(super) fn take_answers(&mut self, ticket: u64, reply: Reply) {
        self.take_answer(ticket, reply);
        while let Ok((ticket, reply)) = self.answers.try_recv() {
            self.take_answer(ticket, reply);
        }
    }

    fn take_answer(&mut self, ticket: u64, reply: Reply) {
        self.alone.take_if(|alone| *alone == ticket);
        let Some(ticket) = self.tickets.remove(&ticket) else { return };
        let bytes = bytes_read(&ticket, &reply);
        self.meter.add_read(bytes);
        let now = Instant::now();
        self.throttles.iter_mut().for_each(|throttle| throttle.settle(ticket.reserved_bytes(), bytes, now));
        match (ticket, reply) {
            (Ticket::Batch { plan, range }, Ok(Answer::BatchHashed(done))) => self.take_batch(plan, range, done),
            (Ticket::Batch { plan, range }, Err(lost)) => self.lose_batch(plan, range, lost),
            (Ticket::Piece(tag), Ok(Answer::SegmentHashed(done))) => {
                let settled = self.large.settle(tag, done);
                self.settle_large(settled);
            }
            (Ticket::Piece(tag), Err(lost)) => {
                let settled = self.large.lose(tag, code_of(lost));
                self.settle_large(settled);
            }
            // The Supervisor answers each quantum by its own kind.
            (Ticket::Batch { .. } | Ticket::Piece(_), Ok(_)) => {}
        }
    }

    fn take_batch(&mut self, plan: u64, range: Range<usize>, mut done: BatchDone) {
        self.batches_out -= 1;
        self.window.settle_batch(plan, &done);
        if let Some(entries) = self.window.plan(plan) {
            for found in done.large.drain(..) {
                self.large.add(plan, found, entries.clone());
            }
        }
        self.put_back(plan, done.next..range.end);
    }

    /// Sends the rest of a batch again, in so many parts that no hasher stays idle for want of them.
    fn put_back(&mut self, plan: u64, rest: Range<usize>) {
        let idle = self.config.hashers.saturating_sub(self.batches_out + self.ready.len());
        let part = rest.len().div_ceil(idle.max(1)).max(1);
        for start in rest.clone().step_by(part).rev() {
            self.ready.push_front((plan, start..rest.end.min(start + part)));
        }
    }

    /// Only the entry on which the hasher was lost gets the error; the others are hashed again.
    fn lose_batch(&mut self, plan: u64, range: Range<usize>, lost: Lost) {
        self.batches_out -= 1;
        let culprit = match lost {
            Lost::HasherDied { at } | Lost::HasherStuck { at } if range.contains(&at) => at,
            _ => return self.ready.push_front((plan, range)),
        };
        if culprit + 1 < range.end {
            self.ready.push_front((plan, culprit + 1..range.end));
        }
        if range.start < culprit {
            self.ready.push_front((plan, range.start..culprit));
        }
        let status = Status::error(code_of(lost).unwrap_or(ErrorCode::Internal));
        let (meta, origin) = (FileMeta::default(), Origin::Read);
        let settled = Settled { index: culprit, meta, status, origin, digests: Vec::new(), pieces: None };
        self.window.settle_one(plan, settled);
    }

    fn settle_large(&mut self, settled: Option<(u64, Settled)>) {
        if let Some((plan, settled)) = settled {
            self.window.settle_one(plan, settled);
        }
    }
}

/// The bytes that the quantum of this ticket has read, for each digest that reads alone.
fn bytes_read(ticket: &Ticket, reply: &Reply) -> u64 {
    match (ticket, reply) {
        (_, Ok(Answer::BatchHashed(done))) => done.bytes,
        (Ticket::Piece(tag), Ok(Answer::SegmentHashed(done))) => done.bytes(tag.bytes),
        (Ticket::Batch { .. } | Ticket::Piece(_), Ok(_) | Err(_)) => 0,
    }
}

/// The error code of the entry on which a hasher was lost; `None` if the quantum can simply be sent again.
fn code_of(lost: Lost) -> Option<ErrorCode> {
    match lost {
        Lost::HasherDied { .. } => Some(ErrorCode::Internal),
        Lost::HasherStuck { .. } => Some(ErrorCode::Timeout),
        Lost::NeverBegan | Lost::Refused(_) | Lost::Withdrawn => None,
    }
}
