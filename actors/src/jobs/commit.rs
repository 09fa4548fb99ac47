//! Commits the results of a scan to the store in groups, and publishes them once they are committed.
//!
//! One group is committed while the next is collected; if both are full, the scan waits. A group is
//! committed when it is full or its first row has waited long enough, so that a kill loses little and
//! slow trees show progress.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::active::ActiveJob;
use super::outcome::{Finish, JobOutcome};
use super::resume::Unreadable;
use super::retry::with_room;
use super::shared::JobsShared;
use super::verify::{self, RunningAudit};
use crate::engine::throttle::until;
use crate::error::StoreError;
use crate::scan::{Canceller, Scan, ScanOutcome};
use crate::store::{Batcher, NumberedItem, RowCounts, RunState};
use hivesum_core::result::{Progress, Rows};

/// A group with this many rows is committed.
const GROUP_ROWS: usize = 4000;

/// How long the first row of a group waits for more.
const GROUP_WAIT: Duration = Duration::from_millis(20);

/// The shortest interval between progress updates.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// A group that is being committed.
type Committing<'a> = Pin<Box<dyn Future<Output = Result<Committed, StoreError>> + Send + 'a>>;

struct Committed {
    counts: RowCounts,
    errors: Vec<NumberedItem>,
}

pub(super) struct CommitLoop<'a> {
    shared: &'a JobsShared,
    live: &'a ActiveJob,
    scan: Scan,
    canceller: Canceller,
    figures: watch::Receiver<Progress>,
    started: Instant,
    batcher: Batcher,
    /// Set for verify jobs.
    audit: Option<RunningAudit>,
    unreadable: Unreadable,
    /// When the collected group is due.
    due: Option<tokio::time::Instant>,
    committing: Option<Committing<'a>>,
    cancelled: bool,
    /// Whether something was committed since the last progress update.
    moved: bool,
    clock: Interval,
}

/// What woke the loop.
#[expect(clippy::large_enum_variant, reason = "one for a batch of results, moved once")]
enum Event {
    Rows(Option<Rows>),
    Committed(Result<Committed, StoreError>),
    GroupDue,
    TimeToTell,
    Cancelled,
    Stopped,
}

impl<'a> CommitLoop<'a> {
    pub(super) fn new(
        shared: &'a JobsShared,
        live: &'a ActiveJob,
        scan: Scan,
        (run_state, unreadable): (RunState, Unreadable),
    ) -> Self {
        let mut clock = tokio::time::interval(TELL_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            shared,
            live,
            canceller: scan.canceller(),
            figures: scan.progress(),
            scan,
            started: Instant::now(),
            batcher: Batcher::new(live.id, run_state),
            audit: None,
            unreadable,
            due: None,
            committing: None,
            cancelled: false,
            moved: false,
            clock,
        }
    }

    /// Compares the results with a baseline.
    pub(super) fn auditing(self, audit: Option<RunningAudit>) -> Self {
        Self { audit, ..self }
    }

    /// Runs until the scan ends, the service shuts down or the store fails.
    pub(super) async fn carry_out(mut self) -> Result<Finish, StoreError> {
        loop {
            self.commit_if_due();
            match self.next_event().await {
                Event::Rows(Some(rows)) => self.take(rows),
                Event::Rows(None) => return self.finish().await,
                Event::Committed(committed) => self.committed(committed?),
                Event::GroupDue => {}
                Event::TimeToTell => {
                    self.keep_states();
                    self.tell();
                }
                Event::Cancelled => {
                    self.cancelled = true;
                    self.canceller.cancel();
                }
                Event::Stopped => return self.leave().await,
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let has_room = self.batcher.waiting() < GROUP_ROWS;
        let idle = self.committing.is_none();
        tokio::select! {
            biased;
            () = self.live.cancel.cancelled(), if !self.cancelled => Event::Cancelled,
            // A cancelled job ends now, also during a shutdown.
            () = self.shared.stop.cancelled(), if !self.cancelled => Event::Stopped,
            committed = done(&mut self.committing) => Event::Committed(committed),
            _ = self.clock.tick() => Event::TimeToTell,
            rows = self.scan.next(), if has_room => Event::Rows(rows),
            () = until(self.due), if idle => Event::GroupDue,
        }
    }

    fn take(&mut self, mut rows: Rows) {
        if let Some(audit) = &mut self.audit {
            audit.judge(&mut rows);
        }
        self.batcher.add(rows);
        self.due.get_or_insert_with(|| tokio::time::Instant::now() + GROUP_WAIT);
    }

    fn commit_if_due(&mut self) {
        let is_due = self.due.is_some_and(|due| due <= tokio::time::Instant::now());
        if self.committing.is_some() || !(is_due || self.batcher.waiting() >= GROUP_ROWS) {
            return;
        }
        self.due = None;
        if !self.batcher.has_work() {
            return;
        }
        let mut group = self.batcher.take_group(self.started.elapsed());
        let committed = Committed { counts: group.counts, errors: std::mem::take(&mut group.errors) };
        let (shared, live, group) = (self.shared, self.live, Arc::new(group));
        self.committing = Some(Box::pin(async move {
            with_room(shared, live, || shared.store.commit(group.clone(), None)).await.map(|()| committed)
        }));
    }

    /// Adds checkpoints of large files to the next group.
    fn keep_states(&mut self) {
        self.batcher.add_checkpoints(self.scan.checkpoints());
        if self.batcher.has_work() {
            self.due.get_or_insert_with(|| tokio::time::Instant::now() + GROUP_WAIT);
        }
    }

    fn committed(&mut self, committed: Committed) {
        self.moved = true;
        self.live.committed(committed.counts, committed.errors);
    }

    /// Publishes the progress if it has changed.
    fn tell(&mut self) {
        if !self.moved && !self.figures.has_changed().unwrap_or(false) {
            return;
        }
        self.moved = false;
        let figures = *self.figures.borrow_and_update();
        self.live.tell(|view| {
            let bytes = view.bytes + figures.bytes_under_way;
            let progress = &mut view.job.progress;
            progress.bytes_done = progress.bytes_done.max(bytes);
            progress.files_total = figures.files_total;
            progress.bytes_total = figures.bytes_total;
            progress.bytes_per_second = figures.bytes_per_second;
            progress.eta_seconds = figures.eta_seconds;
        });
    }

    /// The scan has delivered everything: commits the rest together with the job's end.
    async fn finish(mut self) -> Result<Finish, StoreError> {
        if let Some(committing) = self.committing.take() {
            let committed = committing.await?;
            self.committed(committed);
        }
        let end = self.scan.finish().await;
        if let Some(error) = self.unreadable.get().filter(|_| end.outcome == ScanOutcome::Diverged) {
            return Err(error.again());
        }
        if end.outcome == ScanOutcome::Diverged && !self.cancelled {
            return Ok(Finish::Diverged);
        }
        if self.shared.stop.is_cancelled() && !end.summary.complete && !self.cancelled {
            return Ok(Finish::Left);
        }
        let is_audit = self.audit.is_some();
        let mut findings = None;
        if let Some(audit) = self.audit.take().filter(|_| end.outcome == ScanOutcome::Completed) {
            let Some(found) = audit.finish().await else { return Ok(Finish::Left) };
            findings = Some(found);
        }
        if let Some(findings) = &findings {
            let mut rows = Rows::new(self.live.job().spec.algorithms);
            verify::absent_rows(&findings.absent, &mut rows);
            self.batcher.add(rows);
        }
        let mut group = self.batcher.take_group(self.started.elapsed());
        let (counts, errors) = (group.counts, std::mem::take(&mut group.errors));
        let files_total = self.figures.borrow().files_total;
        let (shared, live) = (self.shared, self.live);
        let mut ending = JobOutcome::of(end.outcome, self.live).ending(counts, group.elapsed, files_total);
        ending.summary.root_warning = self.shared.roots.warning(&self.live.job().spec.root);
        if let Some(findings) = findings {
            ending.summary.verdicts = Some(findings.counts);
            ending.summary.algorithm = findings.algorithm;
            ending.summary.verdict = live.job().verdict(&ending.summary);
            ending.summary.untraced = findings.untraced;
            group.traced = findings.traced;
        }
        let group = Arc::new(group);
        if is_audit && ending.summary.verdicts.is_none() {
            // It broke off. Its verdict follows from all that it has stored, so that is stored first.
            with_room(shared, live, || shared.store.commit(group.clone(), None)).await?;
            self.live.committed(counts, errors);
            return Ok(Finish::Ended(ending));
        }
        with_room(shared, live, || shared.store.commit(group.clone(), Some(ending.clone()))).await?;
        self.live.committed(counts, errors);
        Ok(Finish::Kept(ending))
    }

    /// The service shuts down: hashed results are kept, the rest is done after the next start.
    async fn leave(mut self) -> Result<Finish, StoreError> {
        self.canceller.cancel();
        if let Some(committing) = self.committing.take() {
            committing.await?;
        }
        self.batcher.add_checkpoints(self.scan.checkpoints());
        let group = self.batcher.take_group(self.started.elapsed());
        self.shared.store.commit(Arc::new(group), None).await?;
        Ok(Finish::Left)
    }
}

/// Waits for the current commit; forever if there is none.
async fn done(committing: &mut Option<Committing<'_>>) -> Result<Committed, StoreError> {
    let Some(under_way) = committing else { return std::future::pending().await };
    let committed = under_way.await;
    *committing = None;
    committed
}
