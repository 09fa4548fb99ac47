//! The walk of a far scan: asks a node for it, takes its plans in order, and begins again elsewhere when it breaks off.
//!
//! A plan that is missing, a node that falls silent and a tree that comes in the wrong order end this walk, not the
//! scan: another one goes on after the last path that was taken. The node may send plans only as far as its credit
//! reaches, so a scan that waits for its hashers makes the walk wait, too.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use hivesum_core::result::walk_order;
use hivesum_core::walk::{Fate, Plan};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::super::protocol::{
    Call, CallAnswer, Credit, NodeName, PlanMessage, Refusal, RootId, ScanKey, WalkNotice, WalkRequest, WalkTag, Wanted,
};
use super::super::shared::Shared;
use crate::walker::WalkEvent;

/// Plans that a node may send before the first of them is taken.
const PLANS_AHEAD: u64 = 32;

/// Walks that may break off one after the other without a new plan, while nodes are there, before the scan fails.
pub(super) const VAIN_WALKS: u32 = 10;

/// The wait before a node is asked again that refused.
pub(super) const WAIT_AFTER_REFUSAL: Duration = Duration::from_millis(200);

/// A walk on a node.
#[derive(Debug)]
pub(in crate::fleet) struct FarWalk {
    fleet: Arc<Shared>,
    root: RootId,
    scan: ScanKey,
    wanted: Wanted,
    notices: mpsc::Receiver<(NodeName, WalkNotice)>,
    events: mpsc::Sender<WalkEvent>,
    /// The last path that was taken.
    after: Option<Vec<u8>>,
    files: u64,
    /// The node that walks: what it sees under the name of a pool is what counts.
    walker: watch::Sender<Option<NodeName>>,
}

/// How one walk ended.
enum Ended {
    Complete,
    BrokenOff(&'static str),
    /// Nobody takes plans any more.
    NotWanted,
}

/// Whether a node walks.
enum Began {
    Yes,
    /// It refused, or did not answer.
    No(Option<Refusal>),
}

/// A walk that runs.
struct Running {
    node: NodeName,
    tag: WalkTag,
    /// The number of the next plan.
    next: u64,
    credit: u64,
    /// When the node is taken for lost.
    lost_at: Instant,
}

impl FarWalk {
    pub(in crate::fleet) fn new(
        (fleet, root, scan): (Arc<Shared>, RootId, ScanKey),
        wanted: Wanted,
        (notices, events): (mpsc::Receiver<(NodeName, WalkNotice)>, mpsc::Sender<WalkEvent>),
        walker: watch::Sender<Option<NodeName>>,
    ) -> Self {
        Self { fleet, root, scan, wanted, notices, events, after: None, files: 0, walker }
    }

    /// Walks until every entry was passed on, or nobody wants more. Without an end, the walk has failed.
    pub(in crate::fleet) async fn run(mut self) {
        let (mut number, mut vain, mut turn) = (0, 0, 0);
        while vain < VAIN_WALKS && !self.events.is_closed() {
            let Some(node) = self.next_node(vain + turn).await else { return };
            let tag = WalkTag { scan: self.scan, number };
            number += 1;
            let before = self.after.clone();
            let ended = match self.begin(&node, tag).await {
                Began::Yes => {
                    self.walker.send_replace(Some(node.clone()));
                    turn = 0;
                    self.follow(&node, tag).await
                }
                Began::No(refusal) => {
                    tokio::time::sleep(WAIT_AFTER_REFUSAL).await;
                    tracing::debug!(%node, ?refusal, "a node does not walk");
                    // Others may pass: a node that does not see its root offers it no more.
                    match refusal {
                        Some(Refusal::NotFound | Refusal::Invalid) => vain += 1,
                        Some(_) | None => turn += 1,
                    }
                    continue;
                }
            };
            match ended {
                Ended::Complete => {
                    let _ = self.events.send(WalkEvent::End { files: self.files }).await;
                    return;
                }
                Ended::NotWanted => return,
                Ended::BrokenOff(why) => tracing::info!(%node, why, "a walk broke off and begins again where it was"),
            }
            vain = if self.after == before { vain + 1 } else { 0 };
        }
    }

    /// A node that is there: the one that walked before, because what it sees is what counts; after vain attempts
    /// another one. `None` once nobody wants the walk.
    async fn next_node(&self, attempts: u32) -> Option<NodeName> {
        let mut changed = self.fleet.registry_changed();
        loop {
            let nodes = self.fleet.nodes_of(self.root);
            let before = self.walker.borrow().clone();
            let first = nodes.iter().position(|node| Some(node) == before.as_ref()).unwrap_or(0);
            if !nodes.is_empty() {
                return nodes.get((first + attempts as usize) % nodes.len()).cloned();
            }
            tokio::select! {
                () = self.events.closed() => return None,
                changed = changed.changed() => changed.ok()?,
            }
        }
    }

    async fn begin(&self, node: &NodeName, tag: WalkTag) -> Began {
        let request = WalkRequest::new(tag, self.root, &self.wanted, self.after.as_deref(), PLANS_AHEAD);
        match self.fleet.call(node, &Call::Walk(request)).await {
            Some(CallAnswer::Yes) => Began::Yes,
            Some(CallAnswer::No(refusal)) => Began::No(Some(refusal)),
            Some(CallAnswer::Seen(_) | CallAnswer::Listed(_) | CallAnswer::Text(_)) | None => Began::No(None),
        }
    }

    async fn follow(&mut self, node: &NodeName, tag: WalkTag) -> Ended {
        let patience = self.fleet.announcement();
        let mut running =
            Running { node: node.clone(), tag, next: 0, credit: PLANS_AHEAD, lost_at: Instant::now() + patience };
        let mut signs = tokio::time::interval(patience / 4);
        loop {
            tokio::select! {
                () = self.events.closed() => return Ended::NotWanted,
                _ = signs.tick() => self.give_credit(&running),
                () = tokio::time::sleep_until(running.lost_at) => return Ended::BrokenOff("its node is silent"),
                notice = self.notices.recv() => {
                    let Some((from, notice)) = notice else { return Ended::NotWanted };
                    // What earlier walks have sent is not of interest, nor what others say about this one.
                    if notice.tag() != tag || from != running.node {
                        continue;
                    }
                    running.lost_at = Instant::now() + patience;
                    if let Some(ended) = self.take(&mut running, notice).await {
                        return ended;
                    }
                }
            }
        }
    }

    async fn take(&mut self, running: &mut Running, notice: WalkNotice) -> Option<Ended> {
        match notice {
            WalkNotice::Plan(plan) if plan.number != running.next => Some(Ended::BrokenOff("a plan is lost")),
            WalkNotice::Plan(plan) => {
                running.next += 1;
                self.take_plan(running, plan).await
            }
            WalkNotice::Alive { plans, .. } | WalkNotice::End { plans, .. } if plans != running.next => {
                Some(Ended::BrokenOff("a plan is lost"))
            }
            WalkNotice::Alive { .. } => None,
            WalkNotice::End { .. } => Some(Ended::Complete),
            WalkNotice::BrokenOff { .. } => Some(Ended::BrokenOff("the node broke it off")),
        }
    }

    async fn take_plan(&mut self, running: &mut Running, plan: PlanMessage) -> Option<Ended> {
        let plan = plan.entries.to_plan();
        let Some(last) = self.last_in_order(&plan) else { return Some(Ended::BrokenOff("its paths are not in order")) };
        let files = plan.entries.iter().filter(|entry| entry.fate == Fate::Hash).count() as u64;
        let mut signs = tokio::time::interval(self.fleet.announcement() / 4);
        loop {
            tokio::select! {
                // The node hears of us while the scan has no room.
                _ = signs.tick() => self.give_credit(running),
                room = self.events.reserve() => {
                    let Ok(room) = room else { return Some(Ended::NotWanted) };
                    room.send(WalkEvent::Plan(plan));
                    break;
                }
            }
        }
        self.files += files;
        self.after = Some(last).or(self.after.take());
        running.lost_at = Instant::now() + self.fleet.announcement();
        if running.next + PLANS_AHEAD / 2 >= running.credit {
            running.credit = running.next + PLANS_AHEAD;
            self.give_credit(running);
        }
        None
    }

    /// The last path of a plan whose paths all come after each other and after those that were taken.
    fn last_in_order(&self, plan: &Plan) -> Option<Vec<u8>> {
        let mut before = self.after.clone();
        for entry in &plan.entries {
            let mut path = Vec::new();
            plan.path_into(entry, &mut path);
            if before.as_deref().is_some_and(|before| walk_order(before, &path) != Ordering::Less) {
                return None;
            }
            before = Some(path);
        }
        before
    }

    fn give_credit(&self, running: &Running) {
        let subject = self.fleet.subjects().credit(&running.node);
        self.fleet.say(subject, &Credit { tag: running.tag, up_to: running.credit });
    }
}
