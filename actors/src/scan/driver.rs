//! The driver: turns the plans of the walker into results in walk order, quantum by quantum.
//!
//! It owns the scan; the caller may leave. Its credit bounds its quanta at the Supervisor, its window
//! bounds the results it holds, and a reader that does not read stops it through the bounded channel. It decides
//! what a lost quantum costs: only the entry on which it was lost, never its neighbours.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use actix::Addr;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::delivery::WalkState;
use super::handle::{ScanEnds, ScanOutcome};
use super::large_file::{LargeFiles, PieceTag, TrackOrder};
use super::progress::ProgressMeter;
use super::reorder::ReorderWindow;
use super::survey::{SurveyPlan, SurveyState};
use crate::engine::throttle::{Throttle, until};
use crate::messages::{JobKey, Lane, Quantum, Reply, ReplyTo, Submit, Withdraw};
use crate::supervisor::Supervisor;
use crate::walker::WalkEvent;
use hivesum_core::file::PIECE_BYTES;
use hivesum_core::hash::{BatchTask, ScanRules};
use hivesum_core::result::Checkpoint;

/// The estimated bytes of a batch until it is answered: 256 files of a few KiB.
const BATCH_COST: u64 = 2 << 20;

/// How many large files may be open before no further batch is sent.
const LARGE_FILES_OPEN: usize = 32;

/// The configuration of a driver.
pub(crate) struct DriverConfig {
    pub(crate) key: JobKey,
    pub(crate) low: bool,
    pub(crate) hashers: usize,
    pub(crate) rules: Arc<ScanRules>,
    pub(crate) deadline: Option<Instant>,
    /// The byte budgets per second of this scan and of all scans.
    /// The limit of the scan itself, which tells when it can end at the earliest.
    pub(crate) max_bytes_per_second: Option<NonZeroU64>,
    pub(crate) throttles: Vec<Throttle>,
    /// Checkpoints of large files from an earlier process.
    pub(crate) before: Vec<Checkpoint>,
    pub(crate) survey: Option<SurveyPlan>,
    pub(crate) supervisor: Addr<Supervisor>,
}

pub(crate) struct Driver {
    pub(super) config: DriverConfig,
    pub(super) walk: mpsc::Receiver<WalkEvent>,
    pub(super) walk_state: WalkState,
    pub(super) answers: mpsc::UnboundedReceiver<(u64, Reply)>,
    pub(super) answer_to: mpsc::UnboundedSender<(u64, Reply)>,
    pub(super) tickets: HashMap<u64, Ticket>,
    pub(super) next_ticket: u64,
    pub(super) batches_out: usize,
    /// Ranges of plan entries that wait to be sent.
    pub(super) ready: VecDeque<(u64, Range<usize>)>,
    pub(super) window: ReorderWindow,
    pub(super) large: LargeFiles,
    /// The batch of an entry on which the process died before: nothing else is sent with it.
    pub(super) alone: Option<u64>,
    pub(super) throttles: Vec<Throttle>,
    pub(super) survey: SurveyState,
    pub(super) meter: ProgressMeter,
    pub(super) ends: ScanEnds,
}

/// What a quantum in flight is for.
#[derive(Debug)]
pub(super) enum Ticket {
    Batch { plan: u64, range: Range<usize> },
    Piece(PieceTag),
}

impl Ticket {
    /// What the quantum is charged to the byte budgets before it is read. A batch ends soon after so many bytes.
    pub(super) const fn reserved_bytes(&self) -> u64 {
        match self {
            Self::Batch { .. } => PIECE_BYTES as u64,
            Self::Piece(tag) => tag.bytes,
        }
    }
}

/// What woke the driver.
enum Event {
    Answer(u64, Reply),
    Walk(Option<WalkEvent>),
    ReaderHasRoom,
    ReaderLeft,
    MayGoOn,
    Surveyed,
    Cancelled,
    DeadlinePassed,
}

impl Driver {
    pub(crate) fn new(mut config: DriverConfig, walk: mpsc::Receiver<WalkEvent>, ends: ScanEnds) -> Self {
        // Bounded by the driver's credit: each answer belongs to a quantum that it sent.
        let (answer_to, answers) = mpsc::unbounded_channel();
        let order = if config.throttles.is_empty() { TrackOrder::SlowestFirst } else { TrackOrder::SideBySide };
        let before = std::mem::take(&mut config.before);
        Self {
            walk,
            walk_state: WalkState::Walking,
            answers,
            answer_to,
            tickets: HashMap::new(),
            next_ticket: 0,
            batches_out: 0,
            ready: VecDeque::new(),
            window: ReorderWindow::new(config.rules.algorithms),
            large: LargeFiles::new(config.hashers, config.rules.clone(), order, before),
            alone: None,
            survey: SurveyState::new(config.survey.take()),
            throttles: std::mem::take(&mut config.throttles),
            meter: ProgressMeter::new(config.max_bytes_per_second),
            ends,
            config,
        }
    }

    /// Runs the scan to its end and reports how it ended.
    pub(crate) async fn run(mut self) {
        let outcome = self.drive().await;
        self.config.supervisor.do_send(Withdraw(self.config.key));
        self.ends.finish(self.meter, outcome);
    }

    async fn drive(&mut self) -> ScanOutcome {
        loop {
            self.ends.deliver(&mut self.window, &mut self.meter, || self.large.bytes_digested());
            self.send_work();
            if self.is_done() {
                return self.walk_state.outcome();
            }
            match self.next_event().await {
                Event::Answer(ticket, reply) => {
                    self.take_answers(ticket, reply);
                    self.keep_states();
                }
                Event::Walk(event) => self.take_walk_event(event),
                Event::ReaderHasRoom | Event::MayGoOn => {}
                Event::Surveyed => self.take_survey(),
                Event::ReaderLeft | Event::Cancelled => return ScanOutcome::Cancelled,
                Event::DeadlinePassed => return ScanOutcome::DeadlineExceeded,
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let wants_plans = self.wants_plans();
        let waits_for_reader = self.window.front_is_settled();
        let deadline = self.config.deadline;
        let paused_until = self.throttles.iter().filter_map(Throttle::paused_until).max();
        tokio::select! {
            biased;
            () = self.ends.cancel.cancelled() => Event::Cancelled,
            () = until(deadline) => Event::DeadlinePassed,
            Some((ticket, reply)) = self.answers.recv() => Event::Answer(ticket, reply),
            room = self.ends.rows.reserve(), if waits_for_reader => match room {
                Ok(_) => Event::ReaderHasRoom,
                Err(_) => Event::ReaderLeft,
            },
            event = self.walk.recv(), if wants_plans => Event::Walk(event),
            () = until(paused_until) => Event::MayGoOn,
            () = self.survey.next() => Event::Surveyed,
        }
    }

    fn is_done(&self) -> bool {
        self.walk_state != WalkState::Walking && self.window.is_empty()
    }

    /// Batches in flight: two per hasher, and one more to hide the latency of the driver.
    fn batch_credit(&self) -> usize {
        2 * self.config.hashers + 1
    }

    /// A chain's next piece needs its last one's state, so pieces beyond the hashers would only queue up
    /// in front of the slowest chain; subtrees have no such order.
    fn piece_credit(&self) -> usize {
        match self.config.rules.algorithms.iter().all(|algorithm| algorithm.is_subtree_parallel()) {
            true => 2 * self.config.hashers,
            false => self.config.hashers,
        }
    }

    fn pieces_out(&self) -> usize {
        self.tickets.len() - self.batches_out
    }

    fn wants_plans(&self) -> bool {
        self.walk_state == WalkState::Walking && self.ready.len() < self.batch_credit() && self.window.has_room()
    }

    fn send_work(&mut self) {
        if self.alone.is_some() {
            return;
        }
        while self.pieces_out() < self.piece_credit() && self.may_read() {
            let Some((tag, task)) = self.large.next_piece() else { break };
            self.submit(Ticket::Piece(tag), tag.bytes, Quantum::HashSegment(task));
        }
        while self.batches_out < self.batch_credit() && self.large.len() < LARGE_FILES_OPEN && self.may_read() {
            let Some((number, range)) = self.ready.pop_front() else { break };
            let Some(plan) = self.window.plan(number) else { continue };
            if plan.alone && !self.tickets.is_empty() {
                return self.ready.push_front((number, range));
            }
            self.batches_out += 1;
            let alone = plan.alone.then_some(self.next_ticket);
            let most_bytes = (!self.throttles.is_empty()).then_some(PIECE_BYTES as u64);
            let task = BatchTask { plan, range: range.clone(), rules: self.config.rules.clone(), most_bytes };
            self.submit(Ticket::Batch { plan: number, range }, BATCH_COST, Quantum::HashBatch(task));
            if alone.is_some() {
                self.alone = alone;
                return;
            }
        }
    }

    fn may_read(&mut self) -> bool {
        let now = Instant::now();
        self.throttles.iter_mut().all(|throttle| throttle.may_read(now))
    }

    fn submit(&mut self, ticket: Ticket, cost: u64, quantum: Quantum) {
        let number = self.next_ticket;
        self.next_ticket += 1;
        let (reserved, now) = (ticket.reserved_bytes(), Instant::now());
        self.throttles.iter_mut().for_each(|throttle| throttle.reserve(reserved, now));
        self.tickets.insert(number, ticket);
        let lane = Lane::Job { key: self.config.key, low: self.config.low };
        let reply_to = ReplyTo::Driver { ticket: number, answers: self.answer_to.clone() };
        self.config.supervisor.do_send(Submit { lane, cost, quantum, reply_to, since: std::time::Instant::now() });
    }

    fn take_walk_event(&mut self, event: Option<WalkEvent>) {
        if let Some(plan) = self.walk_state.take(event, &mut self.meter) {
            let entries = plan.entries.len();
            let number = self.window.admit(Arc::new(plan));
            self.ready.push_back((number, 0..entries));
        }
    }

    /// Sends checkpoints of large files; those that find no room are sent again later.
    fn keep_states(&mut self) {
        for checkpoint in self.large.take_checkpoints() {
            let _ = self.ends.checkpoints.try_send(checkpoint);
        }
    }

    fn take_survey(&mut self) {
        if let Some(totals) = self.survey.totals() {
            self.meter.set_totals(totals);
            let _ = self.ends.progress.send(self.meter.progress(self.large.bytes_digested()));
        }
    }
}
