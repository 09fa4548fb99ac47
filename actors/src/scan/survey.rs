//! A second walk that counts ahead, once a scan has run for a while, so that short scans do not pay for it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::throttle::until;
use crate::walker::{Survey, Walker};
use hivesum_core::sys::sched::HasherPriority;
use hivesum_core::walk::{Totals, WalkSpec};

/// What to count, and when.
#[derive(Debug)]
pub(crate) struct SurveyPlan {
    at: Instant,
    priority: HasherPriority,
    spec: WalkSpec,
}

impl SurveyPlan {
    pub(crate) fn new(after: Duration, priority: HasherPriority, spec: WalkSpec) -> Self {
        Self { at: Instant::now() + after, priority, spec }
    }
}

#[derive(Debug)]
pub(super) enum SurveyState {
    Planned(Box<SurveyPlan>),
    /// The guard cancels the survey when the driver is gone.
    Counting {
        totals: oneshot::Receiver<Totals>,
        _guard: DropGuard,
    },
    Counted(Totals),
    /// Not requested, failed, or reported already.
    Nothing,
}

impl SurveyState {
    pub(super) fn new(plan: Option<SurveyPlan>) -> Self {
        plan.map_or(Self::Nothing, |plan| Self::Planned(Box::new(plan)))
    }

    /// Waits for the next step and takes it. Cancel-safe.
    pub(super) async fn next(&mut self) {
        match self {
            Self::Planned(plan) => {
                until(Some(plan.at)).await;
                self.begin();
            }
            Self::Counting { totals, .. } => {
                let totals = totals.await;
                *self = totals.map_or(Self::Nothing, Self::Counted);
            }
            Self::Counted(_) | Self::Nothing => std::future::pending().await,
        }
    }

    fn begin(&mut self) {
        let Self::Planned(plan) = std::mem::replace(self, Self::Nothing) else { return };
        let called_off = CancellationToken::new();
        let guard = called_off.clone().drop_guard();
        let (totals_in, totals) = oneshot::channel();
        Walker::start(plan.priority).do_send(Survey { spec: plan.spec, called_off, totals: totals_in });
        *self = Self::Counting { totals, _guard: guard };
    }

    /// The totals, once.
    pub(super) fn totals(&mut self) -> Option<Totals> {
        match std::mem::replace(self, Self::Nothing) {
            Self::Counted(totals) => Some(totals),
            other => {
                *self = other;
                None
            }
        }
    }
}
