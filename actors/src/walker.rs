//! The Walker: lists directories on a separate thread and sends plans of work through a bounded channel.
//!
//! One Walker serves one scan. The scan's driver sends it one message: [`Walk`], or [`Survey`] to count
//! ahead. When the driver is gone, the channel is closed or the survey cancelled, and the walk ends. A
//! panic closes the channel without a [`WalkEvent::End`], which the driver takes for a failed walk.

use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use hivesum_core::sys::sched;
use hivesum_core::sys::sched::HasherPriority;
use hivesum_core::walk;
use hivesum_core::walk::{Plan, PlanReceiver, ReceiverGone, Totals, WalkSpec};

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
        crate::hasher::take_priority(self.priority);
    }
}

/// Walk these targets in order.
pub(crate) struct Walk {
    pub(crate) spec: WalkSpec,
    pub(crate) events: mpsc::Sender<WalkEvent>,
    /// Whether each file is looked at, so that another machine recognises it.
    pub(crate) looks: bool,
}

impl Message for Walk {
    type Result = ();
}

/// What a walk sends to its driver.
#[derive(Debug)]
pub(crate) enum WalkEvent {
    Plan(Plan),
    /// The walk is complete; this many entries are to be hashed.
    End {
        files: u64,
    },
    /// The tree does not match the earlier results; see [`crate::scan::resume`].
    Diverged,
}

impl Handler<Walk> for Walker {
    type Result = ();

    fn handle(&mut self, walk: Walk, _: &mut SyncContext<Self>) {
        if let Some(files) = walk::walk(walk.spec, &ToDriver { events: &walk.events, looks: walk.looks }) {
            let _ = walk.events.blocking_send(WalkEvent::End { files });
        }
    }
}

/// Plans leave through the driver's bounded channel.
struct ToDriver<'a> {
    events: &'a mpsc::Sender<WalkEvent>,
    looks: bool,
}

impl PlanReceiver for ToDriver<'_> {
    fn take(&self, mut plan: Plan) -> Result<(), ReceiverGone> {
        if self.looks {
            plan.look();
        }
        self.events.blocking_send(WalkEvent::Plan(plan)).map_err(|_| ReceiverGone)
    }

    fn is_gone(&self) -> bool {
        self.events.is_closed()
    }
}

/// Count the files of these targets.
pub(crate) struct Survey {
    pub(crate) spec: WalkSpec,
    pub(crate) called_off: CancellationToken,
    pub(crate) totals: oneshot::Sender<Totals>,
}

impl Message for Survey {
    type Result = ();
}

impl Handler<Survey> for Walker {
    type Result = ();

    fn handle(&mut self, survey: Survey, _: &mut SyncContext<Self>) {
        if let Some(totals) = walk::survey(survey.spec, &|| survey.called_off.is_cancelled()) {
            let _ = survey.totals.send(totals);
        }
    }
}
