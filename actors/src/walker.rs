//! The Walker: lists directories on a thread of its own and sends plans of work through a bounded channel.
//!
//! One Walker serves one scan. It is sent one message, by the scan's driver: [`Walk`], or [`Survey`] to count
//! ahead. When the driver is gone the channel is closed, or the survey called off, and the walk ends. A
//! panic closes the channel without a [`WalkEvent::End`], which the driver takes for a failed walk.

mod asking;
mod named;
mod outlet;
mod rules;
mod tree;

use std::os::fd::OwnedFd;

use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::engine::EngineConfig;
use crate::hasher::HasherPriority;
use crate::job::filters::Filters;
use crate::job::plan::Plan;
use crate::job::scan::{Target, WalkSpec};
use crate::result::{FileIdentity, NameList};
use crate::source::Reach;
use crate::sys::sched;

/// Plans that wait between walker and driver.
pub(crate) const PLANS_AHEAD: usize = 16;

pub(crate) struct Walker {
    priority: HasherPriority,
}

impl Walker {
    /// Starts a walker for one message: its thread ends with the last copy of the address.
    pub(crate) fn start(priority: HasherPriority) -> Addr<Self> {
        SyncArbiter::start(1, move || Self { priority })
    }
}

impl Actor for Walker {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        sched::name_current_thread(c"hivesum-walker");
        self.priority.apply();
    }
}

/// Walk these targets in order.
pub(crate) struct Walk {
    pub(crate) spec: WalkSpec,
    pub(crate) events: mpsc::Sender<WalkEvent>,
}

impl Message for Walk {
    type Result = ();
}

/// What a driver hears of its walk.
#[derive(Debug)]
pub(crate) enum WalkEvent {
    Plan(Plan),
    /// The walk has met everything; this many entries are to be hashed.
    End {
        files: u64,
    },
    /// What is known from before does not fit to what was met; see [`crate::job::known`].
    Diverged,
}

impl Handler<Walk> for Walker {
    type Result = ();

    fn handle(&mut self, walk: Walk, _: &mut SyncContext<Self>) {
        tree::walk(walk.spec, &walk.events);
    }
}

/// Count what a walk of these targets meets.
pub(crate) struct Survey {
    pub(crate) spec: WalkSpec,
    pub(crate) called_off: CancellationToken,
    pub(crate) totals: oneshot::Sender<Totals>,
}

impl Message for Survey {
    type Result = ();
}

/// What a tree holds: files with their sizes and identities, in walk order.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Their paths, relative to the tree.
    pub names: NameList,
    /// Bytes of each, and which file it is.
    pub files: Vec<(u64, FileIdentity)>,
    /// Directories that could not be listed.
    pub unreadable: NameList,
}

impl Inventory {
    /// What is below an open directory. Opens no file; blocks the calling thread.
    #[must_use]
    pub fn of(dir: OwnedFd, reach: Reach) -> Self {
        let targets = vec![Target::Directory { dir, shown: Vec::new() }];
        let patience = EngineConfig::default().quantum_deadline;
        tree::inventory(WalkSpec { targets, filters: Filters::default(), reach, leave_out: Vec::new(), patience })
    }

    fn push(&mut self, path: &[u8], size: u64, identity: FileIdentity) {
        self.names.push(path);
        self.files.push((size, identity));
    }
}

/// What a scan has before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Handler<Survey> for Walker {
    type Result = ();

    fn handle(&mut self, survey: Survey, _: &mut SyncContext<Self>) {
        if let Some(totals) = tree::survey(survey.spec, &survey.called_off) {
            let _ = survey.totals.send(totals);
        }
    }
}
