//! Where a walk's entries go: into plans for the driver, or into the totals of a survey.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Inventory, WalkEvent};
use crate::job::openings::Openings;
use crate::job::plan::{Fate, Plan};
use crate::result::{FileIdentity, Status, append_path};
use crate::source::{Dir, meta_of, stat_entry};

/// The driver is gone.
pub(super) struct NobodyListens;

/// What becomes of plans.
#[derive(Clone, Copy)]
pub(super) enum Destination<'a> {
    Driver(&'a mpsc::Sender<WalkEvent>),
    Survey { called_off: &'a CancellationToken, bytes: &'a Cell<u64> },
    Inventory(&'a RefCell<Inventory>),
}

impl Destination<'_> {
    pub(super) fn is_gone(self) -> bool {
        match self {
            Self::Driver(events) => events.is_closed(),
            Self::Survey { called_off, .. } => called_off.is_cancelled(),
            Self::Inventory(_) => false,
        }
    }

    fn take(self, plan: Plan) -> Result<(), NobodyListens> {
        match self {
            Self::Driver(events) => events.blocking_send(WalkEvent::Plan(plan)).map_err(|_| NobodyListens),
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

impl Inventory {
    fn take(&mut self, plan: &Plan) {
        let mut path = Vec::new();
        for entry in &plan.entries {
            let (group, name) = (plan.group(entry), plan.name(entry));
            path.clear();
            append_path(&mut path, &group.shown, name);
            match entry.fate {
                Fate::Settled(Status::Error { .. }) => self.unreadable.push(&path),
                Fate::Settled(_) => {}
                Fate::Hash => match stat_entry(&group.dir, name) {
                    Ok(stat) => self.push(&path, stat.st_size as u64, FileIdentity::of_meta(&meta_of(&stat))),
                    Err(_) => self.unreadable.push(&path),
                },
            }
        }
    }
}

/// Where plans leave.
pub(super) struct Outlet<'a> {
    pub(super) destination: Destination<'a>,
    pub(super) plan: Plan,
    plan_number: u64,
    openings: Arc<Openings>,
    pub(super) files: u64,
}

/// The group of a directory in the plan at hand, where it has one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    in_plan: Option<(u64, u32)>,
}

impl<'a> Outlet<'a> {
    pub(super) fn new(destination: Destination<'a>) -> Self {
        Self { destination, plan: Plan::default(), plan_number: 0, openings: Openings::new(), files: 0 }
    }

    /// The group of this place in the plan at hand, which is sent first where too many directories are open.
    pub(super) fn group(
        &mut self,
        place: &mut Place,
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

    pub(super) fn new_group(&mut self, shown: Arc<[u8]>, dir: Dir) -> Result<u32, NobodyListens> {
        if self.openings.is_full() {
            self.flush()?;
            let destination = self.destination;
            self.openings.wait_for_room(|| destination.is_gone());
        }
        self.plan.share.get_or_insert_with(|| self.openings.share()).grow();
        Ok(self.plan.add_group(shown, dir))
    }

    pub(super) fn push(&mut self, group: u32, name: &[u8], fate: Fate) -> Result<(), NobodyListens> {
        if fate == Fate::Hash {
            self.files += 1;
        }
        self.plan.push(group, name, fate);
        match self.plan.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    pub(super) fn flush(&mut self) -> Result<(), NobodyListens> {
        self.plan_number += 1;
        let plan = std::mem::take(&mut self.plan);
        if plan.entries.is_empty() {
            return Ok(());
        }
        self.destination.take(plan)
    }
}
