//! Events of one job, as `GET /jobs/{id}/events` sends them.
//!
//! The id of an error is the number of rows up to and including it, so a client that reconnects with the last id
//! it saw misses no error and gets none twice. Earlier errors are read from the store; progress is
//! never stored. A reader that lags gets the rest from the store, too, and one that lags too far gets
//! one snapshot instead of the events it missed. A stream holds one page of errors at most.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::task::JoinSet;

use super::active::{ActiveJob, Notice, View};
use super::unsent::Unsent;
use crate::error::StoreError;
use crate::job::{Job, JobId, JobState};
use crate::store::{Store, StoredJob};
use hivesum_core::result::{Item, Progress};

/// How many errors are replayed before a snapshot replaces the rest.
const REPLAY_BOUND: usize = 10_000;

/// A permit for an open stream, shared by the streams of one reader and returned with the last of them.
pub(crate) type StreamPermit = Arc<OwnedSemaphorePermit>;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// The value for `Last-Event-ID`: the number of committed rows.
    pub id: u64,
    /// What happened.
    pub kind: JobEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEventKind {
    /// The job made progress.
    Progress(Progress),
    /// The job changed its state.
    State(JobState),
    /// A file could not be hashed.
    ItemError(Item),
    /// The whole job, instead of the events that the reader was too slow for.
    Snapshot(Job),
    /// The job has ended; nothing follows.
    End(Job),
}

/// Why a subscription failed.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many streams are open.
    #[error("too many event streams")]
    TooMany,
}

/// The events of one job until its end.
#[derive(Debug)]
pub struct EventStream {
    store: Store,
    view: watch::Receiver<View>,
    errors: Option<broadcast::Receiver<Notice>>,
    ready: VecDeque<JobEvent>,
    unsent: Option<Unsent>,
    stage: Stage,
    /// The reader has received every error up to this row.
    seen: u64,
    told_state: JobState,
    ended_before: bool,
    _seat: StreamPermit,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Beginning,
    Replaying { errors: usize },
    Live,
    Ended,
}

impl EventStream {
    /// The events of an unfinished job.
    pub(crate) fn of_live(store: Store, live: &ActiveJob, last_event_id: Option<u64>, permit: StreamPermit) -> Self {
        // Errors first: everything committed from here on arrives through one of the two.
        let errors = live.watch_errors();
        Self::new(store, live.watch(), Some(errors), last_event_id, permit)
    }

    /// The events of an ended job.
    pub(crate) fn of_ended(store: Store, ended: StoredJob, last_event_id: Option<u64>, permit: StreamPermit) -> Self {
        let (_, view) = watch::channel(View::of(ended.job, ended.rows));
        Self::new(store, view, None, last_event_id, permit)
    }

    fn new(
        store: Store,
        view: watch::Receiver<View>,
        errors: Option<broadcast::Receiver<Notice>>,
        last_event_id: Option<u64>,
        permit: StreamPermit,
    ) -> Self {
        let told_state = view.borrow().job.state;
        Self {
            store,
            view,
            errors,
            ready: VecDeque::new(),
            unsent: None,
            stage: Stage::Beginning,
            seen: last_event_id.unwrap_or(0),
            told_state,
            ended_before: told_state.is_final(),
            _seat: permit,
        }
    }

    /// The state of the job that the reader knows once it has received the events so far.
    pub(super) fn told_state(&self) -> JobState {
        self.told_state
    }

    /// The job of these events.
    pub(crate) fn job(&self) -> JobId {
        self.view.borrow().job.id
    }

    /// The next event; nothing after [`JobEventKind::End`].
    pub async fn next(&mut self) -> Option<JobEvent> {
        loop {
            if let Some(event) = self.ready.pop_front().or_else(|| self.next_error()) {
                return Some(event);
            }
            match self.stage {
                Stage::Beginning => self.begin(),
                Stage::Replaying { errors } => self.replay(errors).await,
                Stage::Live => self.follow().await,
                Stage::Ended => return None,
            }
        }
    }

    fn begin(&mut self) {
        let (progress, rows) = {
            let view = self.view.borrow_and_update();
            (view.job.progress, view.rows)
        };
        // A job that was restarted has fewer rows than the reader has seen.
        self.seen = self.seen.min(rows);
        // Not the present count: errors up to there are still to come.
        self.ready.push_back(JobEvent { id: self.seen, kind: JobEventKind::Progress(progress) });
        self.stage = Stage::Replaying { errors: 0 };
    }

    async fn replay(&mut self, errors_so_far: usize) {
        if errors_so_far >= REPLAY_BOUND {
            return self.snapshot();
        }
        let (store, id, seen) = (self.store.clone(), self.job(), self.seen);
        // If the store fails, only the current figures are available.
        let read = Unsent::read(store, id, seen, REPLAY_BOUND - errors_so_far);
        let Ok(unsent) = apart(read).await else { return self.snapshot() };
        self.stage = match unsent.last_up_to() {
            None => Stage::Replaying { errors: errors_so_far + unsent.errors.len() },
            Some(_) => Stage::Live,
        };
        self.unsent = Some(unsent);
    }

    /// The next error that the reader has not received.
    fn next_error(&mut self) -> Option<JobEvent> {
        let unsent = self.unsent.as_mut()?;
        if let Some((id, item)) = unsent.next_after(self.seen) {
            self.seen = *id;
            return Some(JobEvent { id: *id, kind: JobEventKind::ItemError(item.clone()) });
        }
        self.seen = self.seen.max(unsent.last_up_to().unwrap_or(0));
        self.unsent = None;
        None
    }

    /// The reader lags behind the errors that are kept in memory: the rest is read from the store.
    fn catch_up(&mut self) {
        if let Some(errors) = &mut self.errors {
            *errors = errors.resubscribe();
        }
        self.stage = Stage::Replaying { errors: 0 };
    }

    /// A snapshot instead of the missed events; the stream continues from there.
    fn snapshot(&mut self) {
        if let Some(errors) = &mut self.errors {
            *errors = errors.resubscribe();
        }
        let view = self.view.borrow_and_update().clone();
        self.seen = self.seen.max(view.rows);
        self.told_state = view.job.state;
        self.ready.push_back(JobEvent { id: self.seen, kind: JobEventKind::Snapshot(view.job) });
        self.stage = Stage::Live;
    }

    async fn follow(&mut self) {
        if self.view.borrow().is_final() {
            return self.finish();
        }
        let Some(errors) = &mut self.errors else {
            // The service shuts down: the client reconnects after the restart.
            self.stage = Stage::Ended;
            return;
        };
        // Errors first: they are sent before the counts that include them.
        tokio::select! {
            biased;
            notice = errors.recv() => match notice {
                Ok(notice) => self.unsent = Some(Unsent::of(notice)),
                Err(RecvError::Lagged(_)) => self.catch_up(),
                Err(RecvError::Closed) => self.errors = None,
            },
            changed = self.view.changed() => match changed {
                Ok(()) if self.view.borrow().is_final() => {}
                Ok(()) => self.push_view(),
                Err(_) => self.errors = None,
            },
        }
    }

    fn push_view(&mut self) {
        let (state, progress, rows) = {
            let view = self.view.borrow_and_update();
            (view.job.state, view.job.progress, view.rows)
        };
        let id = rows.max(self.seen);
        if state != self.told_state {
            self.told_state = state;
            self.ready.push_back(JobEvent { id, kind: JobEventKind::State(state) });
        }
        self.ready.push_back(JobEvent { id, kind: JobEventKind::Progress(progress) });
    }

    /// The remaining events of an ended job, and its end.
    fn finish(&mut self) {
        match self.errors.as_mut().map(broadcast::Receiver::try_recv) {
            Some(Ok(notice)) => {
                self.unsent = Some(Unsent::of(notice));
                return;
            }
            Some(Err(TryRecvError::Lagged(_))) => return self.catch_up(),
            Some(Err(TryRecvError::Empty | TryRecvError::Closed)) | None => {}
        }
        let view = self.view.borrow().clone();
        let id = view.rows.max(self.seen);
        if !self.ended_before {
            self.ready.push_back(JobEvent { id, kind: JobEventKind::Progress(view.job.progress) });
        }
        if self.told_state != view.job.state {
            self.ready.push_back(JobEvent { id, kind: JobEventKind::State(view.job.state) });
        }
        self.ready.push_back(JobEvent { id, kind: JobEventKind::End(view.job) });
        self.stage = Stage::Ended;
    }
}

/// Queries the store in a separate task, which is cancelled when the caller stops waiting. Streams are not polled while
/// their readers are stuck, or while the reader waits for another stream: a query that already had a permit for
/// the store's threads would keep it from all others for that long.
pub(super) async fn apart<T: Send + 'static>(
    question: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let mut asked = JoinSet::new();
    asked.spawn(question);
    asked.join_next().await.and_then(Result::ok).unwrap_or(Err(StoreError::Closed))
}

#[cfg(test)]
mod tests;
