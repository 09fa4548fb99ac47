//! Where the entries of a walk go: into plans for a receiver, the totals of a survey, or an inventory.

use std::cell::{Cell, RefCell};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::Stat;

use super::descriptors::OpenDirectories;
use super::plan::{Fate, Plan, PlanEntry};
use crate::file::{
    Devices, Dir, ProgressCounter, call_with_timeout, is_device, meta_of, meta_of_open, open_content, stat_entry,
};
use crate::result::{FileMeta, NameList, SkipReason, Status};

/// The receiver of the plans is gone.
#[derive(Debug, Clone, Copy)]
pub struct ReceiverGone;

/// Receives the plans of a walk, on the walking thread.
pub trait PlanReceiver {
    /// Takes the next plan. May block until there is room for it.
    ///
    /// # Errors
    /// If no further plan is wanted.
    fn take(&self, plan: Plan) -> Result<(), ReceiverGone>;

    /// Whether no further plan is wanted.
    fn is_gone(&self) -> bool;
}

/// Takes a part of an inventory. May block until there is room for it.
pub(crate) type TakesInventory<'a> = dyn FnMut(Inventory) -> Result<(), ReceiverGone> + 'a;

/// What happens to the plans.
#[derive(Clone, Copy)]
pub(crate) enum Destination<'a> {
    Receiver(&'a dyn PlanReceiver),
    Survey { called_off: &'a dyn Fn() -> bool, bytes: &'a Cell<u64> },
    Inventory(&'a RefCell<TakesInventory<'a>>),
}

impl Destination<'_> {
    pub(crate) fn is_gone(self) -> bool {
        match self {
            Self::Receiver(receiver) => receiver.is_gone(),
            Self::Survey { called_off, .. } => called_off(),
            Self::Inventory(_) => false,
        }
    }

    fn take(self, plan: Plan, timeout: Option<Duration>) -> Result<(), ReceiverGone> {
        match self {
            Self::Receiver(receiver) => receiver.take(plan),
            Self::Survey { .. } if self.is_gone() => Err(ReceiverGone),
            Self::Survey { bytes, .. } => {
                let stats = stats_of(&Arc::new(plan), timeout, || self.is_gone());
                let sizes = stats.iter().flatten().map(|stat| stat.st_size as u64);
                bytes.set(bytes.get() + sizes.sum::<u64>());
                Ok(())
            }
            Self::Inventory(found) => {
                let plan = Arc::new(plan);
                let stats = stats_of(&plan, timeout, || self.is_gone());
                found.borrow_mut()(Inventory::of_plan(&plan, &stats))
            }
        }
    }
}

/// What `lstat` returns now for each entry of a plan: `None` for an entry that is not a file, or without an answer. With a
/// timeout the file systems may not answer: then an entry without an answer costs the timeout and itself, not its
/// neighbours.
fn stats_of(plan: &Arc<Plan>, timeout: Option<Duration>, is_gone: impl Fn() -> bool) -> Vec<Option<Stat>> {
    match timeout {
        Some(timeout) => stats_within(plan, timeout, is_gone),
        None => plan.entries.iter().map(|entry| stat_if_file(plan, entry)).collect(),
    }
}

fn stats_within(plan: &Arc<Plan>, timeout: Duration, is_gone: impl Fn() -> bool) -> Vec<Option<Stat>> {
    let stats = Arc::new(Mutex::new(Vec::with_capacity(plan.entries.len())));
    let lock = || stats.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let (of_thread, answers, first) = (plan.clone(), stats.clone(), lock().len());
        let look = move |progress: &ProgressCounter| {
            for entry in &of_thread.entries[first..] {
                let stat = stat_if_file(&of_thread, entry);
                // Under the lock nobody can take this thread for stuck and count the entry a second time.
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                if !progress.advance() {
                    break;
                }
                answers.push(stat);
            }
        };
        if call_with_timeout(timeout, &is_gone, look).is_ok() || is_gone() {
            return std::mem::take(&mut *lock());
        }
        let mut answers = lock();
        answers.push(None);
        if answers.len() >= plan.entries.len() {
            return std::mem::take(&mut *answers);
        }
    }
}

fn stat_if_file(plan: &Plan, entry: &PlanEntry) -> Option<Stat> {
    match entry.fate {
        Fate::Hash => stat_with_size(&plan.group(entry).dir, plan.name(entry)),
        Fate::Settled(_) => None,
    }
}

/// What `stat` returns for an entry, with the size of a block device, which has to be opened for that.
fn stat_with_size(dir: &Dir, name: &[u8]) -> Option<Stat> {
    let stat = stat_entry(dir, name).ok()?;
    if !is_device(&stat) {
        return Some(stat);
    }
    let (device, mut stat) = open_content(dir, name, Devices::Read).ok()?;
    stat.st_size = meta_of_open(device.as_fd(), &stat).ok()?.size as _;
    Some(stat)
}

/// Collects entries into plans and passes full plans on.
pub(crate) struct PlanSink<'a> {
    pub(crate) destination: Destination<'a>,
    /// How long a file system may keep the walk waiting.
    timeout: Duration,
    pub(crate) plan: Plan,
    /// Whether the current plan has directories on file systems that may not answer.
    pub(crate) may_stall: bool,
    plan_number: u64,
    open_directories: Arc<OpenDirectories>,
    pub(crate) files: u64,
}

/// Remembers the group of a directory in the current plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroupSlot {
    in_plan: Option<(u64, u32)>,
}

impl<'a> PlanSink<'a> {
    pub(crate) fn new(destination: Destination<'a>, timeout: Duration) -> Self {
        let open_directories = OpenDirectories::new();
        let plan = Plan::default();
        Self { destination, timeout, plan, may_stall: false, plan_number: 0, open_directories, files: 0 }
    }

    /// The group of this directory in the current plan. If too many directories are open, the plan is passed on first.
    pub(crate) fn group(
        &mut self,
        slot: &mut GroupSlot,
        make: impl FnOnce() -> (Arc<[u8]>, Dir),
    ) -> Result<u32, ReceiverGone> {
        if let Some((number, group)) = slot.in_plan
            && number == self.plan_number
        {
            return Ok(group);
        }
        let (shown, dir) = make();
        let group = self.new_group(shown, dir)?;
        slot.in_plan = Some((self.plan_number, group));
        Ok(group)
    }

    pub(crate) fn new_group(&mut self, shown: Arc<[u8]>, dir: Dir) -> Result<u32, ReceiverGone> {
        if self.open_directories.is_full() {
            self.flush()?;
            let destination = self.destination;
            self.open_directories.wait_for_room(|| destination.is_gone());
        }
        self.plan.share.get_or_insert_with(|| self.open_directories.share()).grow();
        Ok(self.plan.add_group(shown, dir))
    }

    pub(crate) fn push(&mut self, group: u32, name: &[u8], fate: Fate) -> Result<(), ReceiverGone> {
        if fate == Fate::Hash {
            self.files += 1;
        }
        self.plan.push(group, name, fate);
        match self.plan.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), ReceiverGone> {
        self.plan_number += 1;
        let plan = std::mem::take(&mut self.plan);
        let timeout = std::mem::take(&mut self.may_stall).then_some(self.timeout);
        if plan.entries.is_empty() {
            return Ok(());
        }
        self.destination.take(plan, timeout)
    }
}

/// The files of a tree with their metadata, in walk order.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Their paths, relative to the tree.
    pub names: NameList,
    /// What `lstat` returned for each; a block device has its size.
    pub files: Vec<FileMeta>,
    /// Directories that could not be listed, and files of which nothing is known.
    pub unreadable: NameList,
    /// Files of [`WalkSpec::leave_out`](super::WalkSpec::leave_out) that the walk met.
    pub left_out: NameList,
}

impl Inventory {
    /// The entries of a plan, with what `lstat` returned for each.
    fn of_plan(plan: &Plan, stats: &[Option<Stat>]) -> Self {
        let (mut part, mut path) = (Self::default(), Vec::new());
        for (index, entry) in plan.entries.iter().enumerate() {
            path.clear();
            plan.path_into(entry, &mut path);
            match entry.fate {
                Fate::Settled(Status::Error { .. }) => part.unreadable.push(&path),
                Fate::Settled(Status::Skipped(SkipReason::Internal)) => part.left_out.push(&path),
                Fate::Settled(_) => {}
                Fate::Hash => match stats.get(index).copied().flatten() {
                    Some(stat) => {
                        part.names.push(&path);
                        part.files.push(meta_of(&stat));
                    }
                    None => part.unreadable.push(&path),
                },
            }
        }
        part
    }

    /// Adds the part that comes next in walk order.
    pub fn append(&mut self, next: Self) {
        let Self { names, mut files, unreadable, left_out } = next;
        self.names.append(&names);
        self.files.append(&mut files);
        self.unreadable.append(&unreadable);
        self.left_out.append(&left_out);
    }
}
