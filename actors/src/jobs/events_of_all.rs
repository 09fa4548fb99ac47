//! Events of all jobs in one stream, as `GET /events` sends them.
//!
//! The events of every job are sent as they come, except its end: ends are read from the store, in the order of
//! their numbers, so that none is sent before it is stored. A reader's cursor is the number of the last end that it
//! received, and for other jobs the last error. A reader that reconnects with its cursor misses nothing and gets
//! nothing twice, also after a restart of the service. If a job is deleted before a reader received its end,
//! the reader receives nothing more of it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt::{self, Display, Formatter};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::stream::{self, SelectAll, Stream, StreamExt as _};
use tokio::sync::watch;

use super::active::ActiveJob;
use super::events::{EventStream, JobEvent, JobEventKind, StreamPermit, apart};
use super::queue::JobQueue;
use crate::error::StoreError;
use crate::job::{JobId, JobState};
use crate::store::{NextEnded, Store};

/// The most jobs that an [`EventCursor`] names. Errors of other jobs are sent again after a reconnect.
const STANDING_JOBS: usize = 64;

/// The position of a reader in the events of all jobs: the value for `Last-Event-ID`. As text a number, and
/// for each unfinished job with errors its id and the row of the last one: `17` or `17,ID:500,ID:2`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCursor {
    /// The number of the last job whose end was sent.
    ended: u64,
    /// The last error sent of each job whose end was not sent.
    errors: BTreeMap<JobId, u64>,
}

/// A text that is not an [`EventCursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this stream")]
pub struct EventCursorInvalid;

impl EventCursor {
    /// Records that every error of the job up to this row was sent.
    pub(crate) fn note(&mut self, job: JobId, row: u64) {
        self.errors.insert(job, row);
    }
}

impl Display for EventCursor {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.ended)?;
        self.errors.iter().take(STANDING_JOBS).try_for_each(|(job, row)| write!(out, ",{job}:{row}"))
    }
}

impl FromStr for EventCursor {
    type Err = EventCursorInvalid;

    fn from_str(text: &str) -> Result<Self, EventCursorInvalid> {
        let mut parts = text.split(',');
        let number = |text: &str| text.parse::<u64>().map_err(|_| EventCursorInvalid);
        let ended = number(parts.next().unwrap_or_default())?;
        let of_job = |part: &str| {
            let (job, row) = part.split_once(':').ok_or(EventCursorInvalid)?;
            Ok((job.parse().map_err(|_| EventCursorInvalid)?, number(row)?))
        };
        let errors: BTreeMap<_, _> = parts.map(of_job).collect::<Result<_, _>>()?;
        if errors.len() > STANDING_JOBS { Err(EventCursorInvalid) } else { Ok(Self { ended, errors }) }
    }
}

/// One event of a job in the stream of all jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceEvent {
    /// The cursor after this event.
    pub standing: EventCursor,
    /// The job of the event.
    pub job: JobId,
    /// What happened.
    pub kind: JobEventKind,
}

/// Where the events come from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) store: Store,
    pub(crate) queue: Arc<JobQueue>,
    /// The owner whose jobs are read; `None` for all.
    pub(crate) owner: Option<String>,
    pub(crate) permit: StreamPermit,
}

/// The events of one job as they come.
type Told = Pin<Box<dyn Stream<Item = (JobId, JobEvent)> + Send>>;

/// The events of all jobs until the service shuts down.
pub struct ServiceEvents {
    sources: Sources,
    changes: watch::Receiver<u64>,
    /// Whether jobs were admitted, began to run or were removed since the last look.
    is_behind: bool,
    /// Jobs of the queue that the reader knows of.
    followed: HashSet<JobId>,
    /// Those of them whose events are read: jobs that wait have none.
    started: HashSet<JobId>,
    /// States of jobs to be sent.
    states: VecDeque<(JobId, JobState)>,
    /// Jobs whose end was sent or is being sent, as long as the queue has them.
    over: HashSet<JobId>,
    live: SelectAll<Told>,
    /// The remaining events of an ended job, and its number.
    ending: Option<(u64, EventStream)>,
    ready: VecDeque<ServiceEvent>,
    standing: EventCursor,
}

impl fmt::Debug for ServiceEvents {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServiceEvents").field("standing", &self.standing).finish_non_exhaustive()
    }
}

impl ServiceEvents {
    pub(crate) async fn open(sources: Sources, from: Option<EventCursor>) -> Result<Self, StoreError> {
        let changes = sources.queue.watch_changes();
        let under_way = sources.queue.all().iter().map(|live| live.id).collect();
        let count = sources.store.count_ended(under_way).await?;
        // A job whose end is stored but that is still in the queue is reported to readers without its end.
        let first = count.numbers.iter().map(|(_, number)| number - 1).min().unwrap_or(count.last);
        // A number that was never assigned belongs to another store.
        let from = from.filter(|from| from.ended <= count.last);
        let standing = from.unwrap_or(EventCursor { ended: first, ..EventCursor::default() });
        let over = count.numbers.iter().filter(|(_, number)| *number <= standing.ended).map(|(id, _)| *id).collect();
        Ok(Self {
            sources,
            changes,
            is_behind: true,
            followed: HashSet::new(),
            started: HashSet::new(),
            states: VecDeque::new(),
            over,
            live: SelectAll::new(),
            ending: None,
            ready: VecDeque::new(),
            standing,
        })
    }

    /// The cursor of a reader that has received everything so far.
    #[must_use]
    pub fn standing(&self) -> &EventCursor {
        &self.standing
    }

    /// The next event; `None` once the service shuts down or its store fails. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ServiceEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if let Some((job, state)) = self.states.pop_front() {
                self.push(job, JobEventKind::State(state));
            } else if let Some((number, events)) = &mut self.ending {
                let (number, event) = (*number, events.next().await);
                self.tell_of_ended(number, event);
            } else if self.is_behind {
                self.look().await?;
            } else {
                tokio::select! {
                    changed = self.changes.changed() => {
                        changed.ok()?;
                        self.is_behind = true;
                    }
                    Some((job, event)) = self.live.next() => self.tell_of_live(job, event),
                }
            }
        }
    }

    /// Looks for ended jobs, then for new ones.
    async fn look(&mut self) -> Option<()> {
        let Sources { store, queue, owner, permit } = &self.sources;
        if queue.is_closed() {
            return None;
        }
        // Before the store is queried: a job that is not among them has its end in the store, or none.
        let all = queue.all();
        let (asked, after, of) = (store.clone(), self.standing.ended, owner.clone());
        match apart(async move { asked.next_ended(after, of).await }).await.ok()? {
            NextEnded::Job { number, stored } => {
                let id = stored.job.id;
                self.over.insert(id);
                let seen = self.standing.errors.get(&id).copied();
                self.ending = Some((number, EventStream::of_ended(store.clone(), *stored, seen, permit.clone())));
            }
            NextEnded::NoneUpTo(number) => {
                self.standing.ended = number;
                self.is_behind = false;
                self.follow(all);
            }
        }
        Some(())
    }

    /// Follows new jobs and those that have begun to run, and drops those that the queue has removed.
    fn follow(&mut self, all: Vec<Arc<ActiveJob>>) {
        let ids: HashSet<_> = all.iter().map(|live| live.id).collect();
        for known in [&mut self.followed, &mut self.started, &mut self.over] {
            known.retain(|id| ids.contains(id));
        }
        self.standing.errors.retain(|id, _| ids.contains(id));
        let Sources { store, owner, permit, .. } = &self.sources;
        for live in all.iter().filter(|live| live.is_of(owner.as_deref()) && !self.over.contains(&live.id)) {
            let (is_new, state) = (self.followed.insert(live.id), live.state());
            if state != JobState::Queued && self.started.insert(live.id) {
                let seen = self.standing.errors.get(&live.id).copied();
                let events = EventStream::of_live(store.clone(), live, seen, permit.clone());
                self.states.push_back((live.id, events.told_state()));
                self.live.push(told(live.id, events));
            } else if is_new {
                self.states.push_back((live.id, state));
            }
        }
    }

    fn tell_of_live(&mut self, job: JobId, event: JobEvent) {
        let is_end = match &event.kind {
            JobEventKind::End(_) => true,
            JobEventKind::State(state) => state.is_final(),
            JobEventKind::Progress(_) | JobEventKind::ItemError(_) | JobEventKind::Snapshot(_) => false,
        };
        // The remaining events of an ended job come from the store.
        if !is_end && self.followed.contains(&job) && !self.over.contains(&job) {
            self.tell(job, event);
        }
    }

    fn tell_of_ended(&mut self, number: u64, event: Option<JobEvent>) {
        let Some(event) = event else {
            self.ending = None;
            return;
        };
        let JobEventKind::End(job) = event.kind else {
            let Some((_, events)) = &self.ending else { return };
            return self.tell(events.job(), event);
        };
        let id = job.id;
        self.push(id, JobEventKind::State(job.state));
        self.standing.ended = number;
        self.standing.errors.remove(&id);
        self.push(id, JobEventKind::End(job));
    }

    fn tell(&mut self, job: JobId, event: JobEvent) {
        if let JobEventKind::ItemError(_) | JobEventKind::Snapshot(_) = event.kind {
            self.standing.note(job, event.id);
        }
        self.push(job, event.kind);
    }

    fn push(&mut self, job: JobId, kind: JobEventKind) {
        self.ready.push_back(ServiceEvent { standing: self.standing.clone(), job, kind });
    }
}

fn told(job: JobId, events: EventStream) -> Told {
    let next = move |mut events: EventStream| async move { events.next().await.map(|event| ((job, event), events)) };
    Box::pin(stream::unfold(events, next))
}

#[cfg(test)]
mod tests;
