//! What the tasks of a node share: its roots, the works and walks that run, and the times that the coordinator has set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Request, RequestError};
use bytes::Bytes;
use hivesum_core::file::{EnterFailure, OpenFailure, Opened, RelPath, Root};
use jiff::Timestamp;
use rustix::io::Errno;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::super::error::FleetError;
use super::super::link::{ANSWER_WITHIN, Link};
use super::super::protocol::{NodeName, Reading, Refusal, RootId, ScanKey, WalkTag, Work, WorkTag, root_id};
use super::super::subjects::{FromNode, Subjects};
use super::config::NodeConfig;
use super::hours::Hours;
use crate::Engine;
use crate::engine::throttle::ByteBudget;
use crate::listing::ask::ask;
use crate::scan::Canceller;
use std::num::NonZeroU64;

/// Works that are hashed at a time: while one waits for its last file, the next one keeps the hashers busy.
const WORKS_AT_ONCE: usize = 3;

/// Walks at a time.
const WALKS_AT_ONCE: usize = 64;

/// Times that the coordinator has set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// How long an announcement lasts.
    pub(super) announcement: Duration,
    /// How long a work may be without a sign.
    pub(super) ack_wait: Duration,
}

/// Shared by the tasks of a node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) engine: Engine,
    pub(super) config: NodeConfig,
    pub(super) name: NodeName,
    pub(super) session: u64,
    pub(super) subjects: Subjects,
    pub(super) link: Link,
    pub(super) roots: HashMap<RootId, Root>,
    pub(super) stop: CancellationToken,
    pub(super) works_at_once: Arc<Semaphore>,
    pub(super) hours: watch::Sender<Hours>,
    times: Mutex<Times>,
    works: Mutex<HashMap<WorkTag, OwnWork>>,
    /// Changes whenever a work ends.
    ended: watch::Sender<()>,
    walks: Mutex<HashMap<WalkTag, watch::Sender<u64>>>,
    budgets: Mutex<HashMap<ScanKey, ByteBudget>>,
}

/// What the node knows of a work that runs.
#[derive(Debug)]
struct OwnWork {
    canceller: Canceller,
    /// Where it is, once the coordinator has given it to this node.
    reading: Option<Reading>,
}

/// A work that runs; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct RunningWork {
    node: Arc<Node>,
    tag: WorkTag,
    pub(super) canceller: Canceller,
}

/// A walk that runs; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct RunningWalk {
    node: Arc<Node>,
    tag: WalkTag,
    /// The number up to which plans may be sent. Sent anew as a sign that the coordinator is there.
    pub(super) credit: watch::Receiver<u64>,
}

impl Node {
    pub(super) fn new(
        engine: Engine,
        config: NodeConfig,
        name: NodeName,
        link: Link,
        stop: CancellationToken,
    ) -> Result<Self, FleetError> {
        let session = getrandom::u64().map_err(|error| FleetError::NoAnswer(error.to_string()))?;
        let times = Times { announcement: config.fleet.announcement, ack_wait: config.fleet.ack_wait };
        let of = |root: &Root| root_id(root.name(), (!config.pool).then_some(&name));
        let roots = config.roots.iter().map(|root| (of(root), root.clone())).collect();
        let hours = watch::Sender::new(Hours::at(&config.windows, Timestamp::now()));
        Ok(Self {
            engine,
            subjects: Subjects::new(&config.fleet.name),
            config,
            name,
            session,
            link,
            roots,
            stop,
            works_at_once: Arc::new(Semaphore::new(WORKS_AT_ONCE)),
            hours,
            times: Mutex::new(times),
            works: Mutex::default(),
            ended: watch::channel(()).0,
            walks: Mutex::default(),
            budgets: Mutex::default(),
        })
    }

    /// Whether it takes work.
    pub(super) fn takes_work(&self) -> bool {
        self.hours.borrow().takes_work() && !self.stop.is_cancelled()
    }

    pub(super) fn times(&self) -> Times {
        *lock(&self.times)
    }

    pub(super) fn set_times(&self, times: Times) {
        *lock(&self.times) = times;
    }

    /// Notes that a work runs. `None` if it does already, as the broker may deliver it again.
    pub(super) fn begin_work(self: &Arc<Self>, tag: WorkTag) -> Option<RunningWork> {
        let canceller = Canceller::default();
        let mut works = lock(&self.works);
        if works.contains_key(&tag) {
            return None;
        }
        works.insert(tag, OwnWork { canceller: canceller.clone(), reading: None });
        Some(RunningWork { node: self.clone(), tag, canceller })
    }

    /// Stops what is done for a scan.
    pub(super) fn cancel(&self, scan: &ScanKey) {
        let works = lock(&self.works);
        works.iter().filter(|(tag, _)| tag.scan == *scan).for_each(|(_, work)| work.canceller.cancel());
        drop(works);
        lock(&self.walks).retain(|tag, _| tag.scan != *scan);
    }

    /// The works that the node is at, in the order of their jobs and directories.
    pub(super) fn reading(&self) -> Vec<Reading> {
        let mut all: Vec<_> = lock(&self.works).values().filter_map(|work| work.reading.clone()).collect();
        all.sort_unstable_by(|one, other| (one.job, &one.directory).cmp(&(other.job, &other.directory)));
        all
    }

    /// Waits until no work runs.
    pub(super) async fn idle(&self) {
        let mut ended = self.ended.subscribe();
        while !lock(&self.works).is_empty() {
            if ended.changed().await.is_err() {
                return;
            }
        }
    }

    /// Notes that a walk runs.
    ///
    /// # Errors
    /// If there are as many as there may be, or this one runs already.
    pub(super) fn begin_walk(self: &Arc<Self>, tag: WalkTag, credit: u64) -> Result<RunningWalk, Refusal> {
        let mut walks = lock(&self.walks);
        if walks.len() >= WALKS_AT_ONCE || walks.contains_key(&tag) || !self.takes_work() {
            return Err(Refusal::Busy);
        }
        let (sender, credit) = watch::channel(credit);
        walks.insert(tag, sender);
        Ok(RunningWalk { node: self.clone(), tag, credit })
    }

    /// Gives a walk credit.
    pub(super) fn give_credit(&self, tag: &WalkTag, up_to: u64) {
        if let Some(credit) = lock(&self.walks).get(tag) {
            credit.send_modify(|credit| *credit = up_to.max(*credit));
        }
    }

    /// The rate that the works of a scan keep together on this node.
    pub(super) fn budget(&self, scan: &ScanKey, rate: Option<NonZeroU64>) -> Option<ByteBudget> {
        let rate = rate?;
        Some(lock(&self.budgets).entry(*scan).or_insert_with(|| ByteBudget::new(rate)).clone())
    }

    /// Asks the coordinator. An answer that was lost is waited for no longer than a work may be without a sign.
    pub(super) async fn ask(&self, what: FromNode, question: Bytes) -> Result<Bytes, RequestError> {
        let within = self.times().ack_wait.min(ANSWER_WITHIN);
        let request = Request::new().payload(question).timeout(Some(within));
        let answer = self.link.client.send_request(self.subjects.said_by(&self.name, what), request).await?;
        Ok(answer.payload)
    }

    /// Opens what a message names beneath a root.
    pub(super) async fn open(&self, root: RootId, path: RelPath) -> Result<Opened, Refusal> {
        let root = self.roots.get(&root).ok_or(Refusal::NoSuchRoot)?;
        let opened = ask(root, move |root, _| root.enter(&path)).await;
        let (opened, _) = opened.map_err(|_| Refusal::RootUnavailable)?.map_err(refusal_of)?;
        Ok(opened)
    }
}

pub(super) const fn refusal_of(failure: EnterFailure) -> Refusal {
    match failure {
        EnterFailure::Changed => Refusal::RootChanged,
        EnterFailure::Open(OpenFailure::System(errno)) => match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::ACCESS | Errno::PERM => Refusal::NotFound,
            _ => Refusal::RootUnavailable,
        },
        EnterFailure::Open(_) => Refusal::NotFound,
    }
}

impl RunningWork {
    /// Notes that the results of the first `sent` files of the work are with the coordinator.
    pub(super) fn note_sent(&self, work: &Work, sent: usize) {
        let Some(next) = work.entries.iter().nth(sent) else { return };
        let mut directory = work.path().map(|path| path.as_bytes().to_vec()).unwrap_or_default();
        if !(directory.is_empty() || next.directory.is_empty()) {
            directory.push(b'/');
        }
        directory.extend_from_slice(next.directory);
        let reading = Reading::new(self.tag.scan.job, work.root, directory);
        if let Some(own) = lock(&self.node.works).get_mut(&self.tag) {
            own.reading = Some(reading);
        }
    }
}

impl Drop for RunningWork {
    fn drop(&mut self) {
        let mut works = lock(&self.node.works);
        works.remove(&self.tag);
        if !works.keys().any(|tag| tag.scan == self.tag.scan) {
            lock(&self.node.budgets).remove(&self.tag.scan);
        }
        drop(works);
        self.node.ended.send_replace(());
    }
}

impl Drop for RunningWalk {
    fn drop(&mut self) {
        lock(&self.node.walks).remove(&self.tag);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
