//! The reorder window: results leave in walk order, in whatever order they arrive.
//!
//! Its length bounds the memory of a scan: [`WINDOW_PLANS`] plans of some hundred entries.

use std::collections::VecDeque;
use std::sync::Arc;

use hivesum_core::digest::Algorithms;
use hivesum_core::digest::pieces::Pieces;
use hivesum_core::hash::{BatchDone, Outcome};
use hivesum_core::result::{FileMeta, Origin, Row, Rows, Status};
use hivesum_core::walk::{Fate, Plan, PlanEntry};

/// Plans between the first one not yet delivered and the newest one: some 65,000 files.
const WINDOW_PLANS: usize = 256;

#[derive(Debug)]
pub(crate) struct ReorderWindow {
    algorithms: Algorithms,
    slots: VecDeque<Slot>,
    /// The number of the first slot's plan.
    first: u64,
}

#[derive(Debug)]
struct Slot {
    plan: Arc<Plan>,
    rows: Vec<Row>,
    digests: Vec<u8>,
    pieces: Vec<(usize, Pieces)>,
    unsettled: usize,
}

/// The result of one entry that was not part of a batch.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) index: usize,
    pub(crate) meta: FileMeta,
    pub(crate) status: Status,
    pub(crate) origin: Origin,
    /// Empty unless hashed.
    pub(crate) digests: Vec<u8>,
    /// Of a hashed file, if they are told.
    pub(crate) pieces: Option<Pieces>,
}

impl ReorderWindow {
    pub(crate) fn new(algorithms: Algorithms) -> Self {
        Self { algorithms, slots: VecDeque::new(), first: 0 }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.slots.len() < WINDOW_PLANS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Adds a plan and returns its number.
    pub(crate) fn admit(&mut self, plan: Arc<Plan>) -> u64 {
        let rows: Vec<Row> = plan.entries.iter().map(PlanEntry::unsettled_row).collect();
        let unsettled = plan.entries.iter().filter(|entry| entry.fate == Fate::Hash).count();
        self.slots.push_back(Slot { plan, rows, digests: Vec::new(), pieces: Vec::new(), unsettled });
        self.first + self.slots.len() as u64 - 1
    }

    pub(crate) fn plan(&self, number: u64) -> Option<Arc<Plan>> {
        let slot = self.slots.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
        Some(slot.plan.clone())
    }

    fn slot(&mut self, number: u64) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Records the results of a batch.
    pub(crate) fn settle_batch(&mut self, number: u64, done: &BatchDone) {
        self.settle_outcomes(number, &done.outcomes, &done.digests);
    }

    /// Records the results of some entries of a plan, with the digests of those that were hashed, end to end.
    pub(crate) fn settle_outcomes(&mut self, number: u64, outcomes: &[Outcome], digests: &[u8]) {
        let stride = self.algorithms.digest_bytes();
        let Some(slot) = self.slot(number) else { return };
        let mut digests_at = slot.digests.len() as u32;
        if slot.digests.is_empty() {
            slot.digests.reserve_exact(slot.unsettled * stride);
        }
        slot.digests.extend_from_slice(digests);
        for outcome in outcomes {
            let row = &mut slot.rows[outcome.index];
            row.meta = outcome.meta;
            row.status = outcome.status;
            row.origin = outcome.origin;
            row.digests_at = digests_at;
            if let Status::Hashed(_) = outcome.status {
                digests_at += stride as u32;
            }
        }
        slot.unsettled -= outcomes.len();
    }

    /// Records the result of one entry.
    pub(crate) fn settle_one(&mut self, number: u64, settled: Settled) {
        let Some(slot) = self.slot(number) else { return };
        let row = &mut slot.rows[settled.index];
        row.meta = settled.meta;
        row.status = settled.status;
        row.origin = settled.origin;
        row.digests_at = slot.digests.len() as u32;
        slot.digests.extend_from_slice(&settled.digests);
        slot.pieces.extend(settled.pieces.map(|pieces| (settled.index, pieces)));
        slot.unsettled -= 1;
    }

    pub(crate) fn front_is_settled(&self) -> bool {
        self.slots.front().is_some_and(|slot| slot.unsettled == 0)
    }

    /// The results of the first plan, once they are complete.
    pub(crate) fn pop_settled(&mut self) -> Option<Rows> {
        if !self.front_is_settled() {
            return None;
        }
        let Slot { plan, rows, digests, mut pieces, .. } = self.slots.pop_front()?;
        pieces.sort_unstable_by_key(|(row, _)| *row);
        self.first += 1;
        let directories = plan.groups.iter().map(|group| group.shown.clone()).collect();
        Some(Rows {
            algorithms: self.algorithms,
            directories,
            names: plan.names().to_vec(),
            digests,
            rows,
            judged: Vec::new(),
            pieces,
        })
    }
}
