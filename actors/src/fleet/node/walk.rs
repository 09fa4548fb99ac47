//! A walk on a node: entries go out in numbered plans, as far as the credit reaches.

use std::cmp::Ordering;
use std::sync::Arc;

use hivesum_core::file::{Devices, Opened};
use hivesum_core::result::walk_order;
use hivesum_core::walk::{Plan, Target, WalkSpec};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};

use super::super::protocol::{
    Entries, EntryRef, Identity, PlanMessage, Refusal, WalkNotice, WalkRequest, WalkTag, encode,
};
use super::super::subjects::FromNode;
use super::context::{Node, RunningWalk};
use crate::walker::{PLANS_AHEAD, Walk, WalkEvent, Walker};

/// A plan is not made longer than this; one entry may come on top.
const MAX_PLAN_BYTES: usize = 64 << 10;

/// The coordinator is taken for gone after so many lives of an announcement without a sign of it.
const SILENT_LIVES: u32 = 3;

/// Begins a walk.
///
/// # Errors
/// Why not.
pub(super) async fn begin(node: &Arc<Node>, request: WalkRequest) -> Result<(), Refusal> {
    let path = request.path().map_err(|_| Refusal::Invalid)?;
    let filters = request.filters().map_err(|_| Refusal::Invalid)?;
    let running = node.begin_walk(request.tag, request.credit)?;
    let target = match node.open(request.root, path).await? {
        Opened::Directory(dir) => Target::Directory { dir, shown: Vec::new() },
        Opened::File { parent, name } => Target::File { parent, name, shown: Vec::new() },
    };
    let timeout = node.engine.shared.config.quantum_deadline;
    let (reach, devices, leave_out) = (request.reach(), Devices::Skip, Vec::new());
    let spec = WalkSpec { targets: vec![target], filters, reach, devices, leave_out, timeout };
    let (events, plans) = mpsc::channel(PLANS_AHEAD);
    Walker::start(node.engine.shared.config.priority).do_send(Walk { spec, events, looks: request.identities });
    let walk =
        SentWalk { node: node.clone(), tag: request.tag, after: request.after().map(<[u8]>::to_vec), sent: 0, running };
    actix_rt::spawn(walk.run(plans));
    Ok(())
}

/// A walk whose plans are sent.
struct SentWalk {
    node: Arc<Node>,
    tag: WalkTag,
    /// Entries up to this path are known to the coordinator.
    after: Option<Vec<u8>>,
    sent: u64,
    running: RunningWalk,
}

/// The walk ends: nobody wants it, or the connection is gone.
struct NotWanted;

impl SentWalk {
    async fn run(mut self, mut plans: mpsc::Receiver<WalkEvent>) {
        if self.send_all(&mut plans).await.is_err() {
            tracing::debug!("a walk ends early: its coordinator is silent, or has cancelled it");
        }
    }

    async fn send_all(&mut self, plans: &mut mpsc::Receiver<WalkEvent>) -> Result<(), NotWanted> {
        let mut signs = interval(self.node.times().announcement / 4);
        loop {
            let event = tokio::select! {
                event = plans.recv() => event,
                _ = signs.tick() => {
                    self.say(WalkNotice::Alive { tag: self.tag, plans: self.sent }).await?;
                    continue;
                }
                // Closed when the scan is cancelled.
                changed = self.running.credit.changed() => {
                    changed.map_err(|_| NotWanted)?;
                    continue;
                }
            };
            match event {
                Some(WalkEvent::Plan(plan)) => self.send_plan(&plan).await?,
                Some(WalkEvent::End { .. }) => {
                    return self.say(WalkNotice::End { tag: self.tag, plans: self.sent }).await;
                }
                Some(WalkEvent::Diverged) | None => return self.say(WalkNotice::BrokenOff { tag: self.tag }).await,
            }
        }
    }

    async fn send_plan(&mut self, plan: &Plan) -> Result<(), NotWanted> {
        let mut entries = Entries::default();
        let mut path = Vec::new();
        for (index, entry) in plan.entries.iter().enumerate() {
            path.clear();
            plan.path_into(entry, &mut path);
            if self.after.as_deref().is_some_and(|after| walk_order(&path, after) != Ordering::Greater) {
                continue;
            }
            let directory = &plan.groups[entry.group as usize].shown;
            let identity = plan.seen(index).map(|meta| Identity::of(&meta));
            entries.push(EntryRef { directory, name: plan.name(entry), fate: entry.fate, identity });
            if entries.encoded_bytes() > MAX_PLAN_BYTES {
                self.send(std::mem::take(&mut entries)).await?;
            }
        }
        if entries.is_empty() { Ok(()) } else { self.send(entries).await }
    }

    async fn send(&mut self, entries: Entries) -> Result<(), NotWanted> {
        self.wait_for_credit().await?;
        let plan = PlanMessage { tag: self.tag, number: self.sent, entries };
        self.sent += 1;
        self.say(WalkNotice::Plan(plan)).await
    }

    async fn wait_for_credit(&mut self) -> Result<(), NotWanted> {
        let life = self.node.times().announcement;
        let mut silent_at = Instant::now() + life * SILENT_LIVES;
        let mut signs = interval(life / 4);
        while self.sent >= *self.running.credit.borrow_and_update() {
            tokio::select! {
                changed = self.running.credit.changed() => {
                    changed.map_err(|_| NotWanted)?;
                    silent_at = Instant::now() + life * SILENT_LIVES;
                }
                _ = signs.tick() => self.say(WalkNotice::Alive { tag: self.tag, plans: self.sent }).await?,
                () = sleep_until(silent_at) => return Err(NotWanted),
                () = self.node.stop.cancelled() => {
                    self.say(WalkNotice::BrokenOff { tag: self.tag }).await?;
                    return Err(NotWanted);
                }
            }
        }
        Ok(())
    }

    async fn say(&self, notice: WalkNotice) -> Result<(), NotWanted> {
        let bytes = encode(&notice).map_err(|why| {
            tracing::error!(%why, "a notice of a walk cannot be sent");
            NotWanted
        })?;
        let subject = self.node.subjects.said_by(&self.node.name, FromNode::Walk);
        self.node.link.client.publish(subject, bytes).await.map_err(|_| NotWanted)
    }
}
