//! The driver of a far scan: turns plans into works for nodes, and their results into rows in walk order.
//!
//! It is to nodes what the driver of a local scan is to hashers: its credit bounds the works in the broker, its window
//! the results it holds, and a reader that does not read stops it. Whatever the broker or a node loses is sent again;
//! whatever comes twice counts once.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hivesum_core::digest::Algorithms;
use hivesum_core::result::ErrorCode;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval};

use super::super::mailbox::WorkNotice;
use super::super::protocol::{Cancel, NodeName, RootId, ScanKey, Work, WorkRules, WorkTag, encode_work};
use super::super::shared::{Published, Shared};
use super::assembly::{Assembly, Files};
use super::parts::PartedFiles;
use super::works::{Holder, NewWork, Sent, Works};
use crate::engine::throttle::until;
use crate::scan::progress::ProgressMeter;
use crate::scan::reorder::ReorderWindow;
use crate::scan::{ScanEnds, ScanOutcome, WalkState};
use crate::walker::WalkEvent;
use hivesum_core::file::RelPath;

/// Works of one scan in the broker, at least and at most; between them, two for each node and two more.
const LEAST_CREDIT: usize = 4;
const MOST_CREDIT: usize = 64;

/// What a driver is given.
#[derive(Debug)]
pub(in crate::fleet) struct FarDriverConfig {
    pub(in crate::fleet) fleet: Arc<Shared>,
    pub(in crate::fleet) root: RootId,
    pub(in crate::fleet) scan: ScanKey,
    pub(in crate::fleet) path: RelPath,
    pub(in crate::fleet) algorithms: Algorithms,
    pub(in crate::fleet) rules: WorkRules,
    pub(in crate::fleet) deadline: Option<Instant>,
    /// The node that walks.
    pub(in crate::fleet) walker: watch::Receiver<Option<NodeName>>,
}

type Publishing = Pin<Box<dyn Future<Output = (u64, Option<Published>)> + Send>>;

/// The driver.
pub(in crate::fleet) struct FarDriver {
    pub(super) config: FarDriverConfig,
    walk: mpsc::Receiver<WalkEvent>,
    walk_state: WalkState,
    notices: mpsc::Receiver<WorkNotice>,
    pub(super) window: ReorderWindow,
    pub(super) assembly: Assembly,
    pub(super) parts: PartedFiles,
    pub(super) works: Works,
    /// Nodes of the pool that see other files under the root's name than the one that walks.
    pub(super) excluded: HashSet<NodeName>,
    /// Processes that see the files that the walk has seen: they have shown it.
    pub(super) admitted: HashSet<Holder>,
    next_work: u64,
    /// Messages on their way into the stream, and looks for those that may be lost. At most two of each work.
    publishing: FuturesUnordered<Publishing>,
    pub(super) meter: ProgressMeter,
    clock: Interval,
    ends: ScanEnds,
}

/// What woke the driver.
enum Event {
    Notice(Box<WorkNotice>),
    Walk(Option<WalkEvent>),
    Published(u64, Option<Published>),
    ReaderHasRoom,
    ReaderLeft,
    Tick,
    Due,
    Cancelled,
    DeadlinePassed,
}

impl FarDriver {
    pub(in crate::fleet) fn new(
        config: FarDriverConfig,
        walk: mpsc::Receiver<WalkEvent>,
        notices: mpsc::Receiver<WorkNotice>,
        ends: ScanEnds,
    ) -> Self {
        let mut clock = tokio::time::interval(config.fleet.ack_wait().min(Duration::from_secs(1)) / 2);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            walk,
            walk_state: WalkState::Walking,
            notices,
            window: ReorderWindow::new(config.algorithms),
            assembly: Assembly::default(),
            parts: PartedFiles::default(),
            works: Works::default(),
            excluded: HashSet::new(),
            admitted: HashSet::new(),
            next_work: 0,
            publishing: FuturesUnordered::new(),
            meter: ProgressMeter::new(None),
            clock,
            ends,
            config,
        }
    }

    /// Runs the scan to its end and reports how it ended.
    pub(in crate::fleet) async fn run(mut self) {
        // What an attempt before a restart has left in the stream costs its nodes a question each.
        let outcome = self.drive().await;
        self.config.fleet.forget_scan(&self.config.scan);
        if outcome != ScanOutcome::Completed {
            let cancel = Cancel { scan: self.config.scan };
            self.config.fleet.say(self.config.fleet.subjects().cancel(), &cancel);
        }
        self.config.fleet.purge(self.config.root, &self.config.scan);
        self.ends.finish(self.meter, outcome);
    }

    async fn drive(&mut self) -> ScanOutcome {
        loop {
            self.ends
                .deliver(&mut self.window, &mut self.meter, || self.works.bytes_under_way() + self.parts.bytes_done());
            self.send_works();
            if self.walk_state != WalkState::Walking && self.window.is_empty() {
                return self.walk_state.outcome();
            }
            match self.next_event().await {
                Event::Notice(notice) => self.take_notice(*notice),
                Event::Walk(event) => self.take_walk_event(event),
                Event::Published(number, published) => self.note_published(number, published),
                Event::ReaderHasRoom | Event::Due => {}
                Event::Tick => self.look_for_lost_works(),
                Event::ReaderLeft | Event::Cancelled => return ScanOutcome::Cancelled,
                Event::DeadlinePassed => return ScanOutcome::DeadlineExceeded,
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let wants_plans = self.walk_state == WalkState::Walking && self.assembly.has_room() && self.window.has_room();
        let waits_for_reader = self.window.front_is_settled();
        let due = self.assembly.due().filter(|_| self.has_credit()).map(Instant::from_std);
        let deadline = self.config.deadline;
        tokio::select! {
            biased;
            () = self.ends.cancel.cancelled() => Event::Cancelled,
            () = until(deadline) => Event::DeadlinePassed,
            Some(notice) = self.notices.recv() => Event::Notice(Box::new(notice)),
            Some((number, published)) = self.publishing.next() => Event::Published(number, published),
            room = self.ends.rows.reserve(), if waits_for_reader => match room {
                Ok(_) => Event::ReaderHasRoom,
                Err(_) => Event::ReaderLeft,
            },
            event = self.walk.recv(), if wants_plans => Event::Walk(event),
            () = until(due) => Event::Due,
            _ = self.clock.tick() => Event::Tick,
        }
    }

    fn has_credit(&self) -> bool {
        let nodes = self.config.fleet.nodes_of(self.config.root).len();
        self.works.len() < (2 * nodes + 2).clamp(LEAST_CREDIT, MOST_CREDIT)
    }

    fn take_walk_event(&mut self, event: Option<WalkEvent>) {
        if let Some(plan) = self.walk_state.take(event, &mut self.meter).map(Arc::new) {
            self.take_plan(&plan);
        }
    }

    fn send_works(&mut self) {
        let is_last = self.walk_state != WalkState::Walking;
        while self.has_credit() {
            // What is large takes longest, so that it begins first.
            if self.send_part() {
                continue;
            }
            let Some(files) = self.assembly.take(is_last) else { return };
            self.send_work(files, Vec::new());
        }
    }

    pub(super) fn send_work(&mut self, files: Files, lost: Vec<Holder>) {
        let number = self.next_work;
        self.next_work += 1;
        let tag = WorkTag { scan: self.config.scan, number };
        let mut work = Work::new(tag, self.config.root, &self.config.path, self.config.rules.clone());
        (work.entries, work.known, work.part) = (files.entries, files.known, files.part);
        match encode_work(work) {
            Ok(message) => {
                let new = NewWork { places: files.places, part: files.part, lost };
                self.works.insert(number, new, message);
                self.publish(number);
            }
            Err(why) => {
                tracing::error!(%why, "files cannot be sent to a node");
                self.settle_as(&files.places, ErrorCode::Internal);
            }
        }
    }

    pub(super) fn publish(&mut self, number: u64) {
        let Some(work) = self.works.get_mut(number) else { return };
        work.sent = Sent::Sending;
        let sending = self.config.fleet.publish_work(self.config.root, &self.config.scan, work.message.clone());
        self.publishing.push(Box::pin(async move { (number, Some(sending.await)) }));
    }

    /// `None` if a message that was looked for is there.
    fn note_published(&mut self, number: u64, published: Option<Published>) {
        let Some(work) = self.works.get_mut(number) else { return };
        match published {
            Some(Published::Stored(sequence)) => work.sent = Sent::Stored(sequence),
            // Sent again at the next tick.
            Some(Published::Lost) => work.sent = Sent::Lost,
            None => {}
        }
    }

    /// Sends again what did not reach the stream, or is no longer there.
    fn look_for_lost_works(&mut self) {
        let lost: Vec<_> =
            self.works.numbers().filter(|(_, work)| work.sent == Sent::Lost).map(|(number, _)| number).collect();
        lost.into_iter().for_each(|number| self.publish(number));
        for (number, sequence) in self.works.silent_for(self.config.fleet.ack_wait()) {
            let Some(work) = self.works.get_mut(number) else { continue };
            let looking = self.config.fleet.is_stored(sequence, work.message.clone());
            self.publishing.push(Box::pin(async move {
                let is_lost = looking.await == Some(false);
                (number, is_lost.then_some(Published::Lost))
            }));
        }
    }
}
