//! Where a walk's entries go: into plans for a receiver, or into the totals of a survey.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::descriptors::OpenDirectories;
use super::inventory::Inventory;
use super::plan::{Fate, Plan};
use crate::file::{Dir, stat_entry};

/// Whoever received the plans is gone.
#[derive(Debug, Clone, Copy)]
pub struct NobodyListens;

/// Receives the plans of a walk, on the walking thread.
pub trait PlanReceiver {
    /// Takes the next plan; may block until there is room for it.
    fn take(&self, plan: Plan) -> Result<(), NobodyListens>;

    /// Whether no further plan is wanted.
    fn is_gone(&self) -> bool;
}

/// What becomes of plans.
#[derive(Clone, Copy)]
pub(crate) enum Destination<'a> {
    Receiver(&'a dyn PlanReceiver),
    Survey { called_off: &'a dyn Fn() -> bool, bytes: &'a Cell<u64> },
    Inventory(&'a RefCell<Inventory>),
}

impl Destination<'_> {
    pub(crate) fn is_gone(self) -> bool {
        match self {
            Self::Receiver(receiver) => receiver.is_gone(),
            Self::Survey { called_off, .. } => called_off(),
            Self::Inventory(_) => false,
        }
    }

    fn take(self, plan: Plan) -> Result<(), NobodyListens> {
        match self {
            Self::Receiver(receiver) => receiver.take(plan),
            Self::Survey { .. } if self.is_gone() => Err(NobodyListens),
            Self::Survey { bytes, .. } => {
                bytes.set(bytes.get() + bytes_of(&plan));
                Ok(())
            }
            Self::Inventory(found) => {
                found.borrow_mut().take(&plan);
                Ok(())
            }
        }
    }
}

/// Sizes of a plan's files as their directories tell them now.
fn bytes_of(plan: &Plan) -> u64 {
    let to_hash = plan.entries.iter().filter(|entry| entry.fate == Fate::Hash);
    to_hash.map(|entry| size_of(&plan.group(entry).dir, plan.name(entry))).sum()
}

fn size_of(dir: &Dir, name: &[u8]) -> u64 {
    stat_entry(dir, name).map_or(0, |stat| stat.st_size as u64)
}

/// Where plans leave.
pub(crate) struct PlanSink<'a> {
    pub(crate) destination: Destination<'a>,
    pub(crate) plan: Plan,
    plan_number: u64,
    openings: Arc<OpenDirectories>,
    pub(crate) files: u64,
}

/// The group of a directory in the plan at hand, where it has one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroupSlot {
    in_plan: Option<(u64, u32)>,
}

impl<'a> PlanSink<'a> {
    pub(crate) fn new(destination: Destination<'a>) -> Self {
        Self { destination, plan: Plan::default(), plan_number: 0, openings: OpenDirectories::new(), files: 0 }
    }

    /// The group of this place in the plan at hand, which is sent first where too many directories are open.
    pub(crate) fn group(
        &mut self,
        place: &mut GroupSlot,
        make: impl FnOnce() -> (Arc<[u8]>, Dir),
    ) -> Result<u32, NobodyListens> {
        if let Some((number, group)) = place.in_plan
            && number == self.plan_number
        {
            return Ok(group);
        }
        let (shown, dir) = make();
        let group = self.new_group(shown, dir)?;
        place.in_plan = Some((self.plan_number, group));
        Ok(group)
    }

    pub(crate) fn new_group(&mut self, shown: Arc<[u8]>, dir: Dir) -> Result<u32, NobodyListens> {
        if self.openings.is_full() {
            self.flush()?;
            let destination = self.destination;
            self.openings.wait_for_room(|| destination.is_gone());
        }
        self.plan.share.get_or_insert_with(|| self.openings.share()).grow();
        Ok(self.plan.add_group(shown, dir))
    }

    pub(crate) fn push(&mut self, group: u32, name: &[u8], fate: Fate) -> Result<(), NobodyListens> {
        if fate == Fate::Hash {
            self.files += 1;
        }
        self.plan.push(group, name, fate);
        match self.plan.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), NobodyListens> {
        self.plan_number += 1;
        let plan = std::mem::take(&mut self.plan);
        if plan.entries.is_empty() {
            return Ok(());
        }
        self.destination.take(plan)
    }
}
