//! Hashes the files of a work with the node's engine, by the rules of every scan, and sends results as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hivesum_core::digest::Algorithms;
use hivesum_core::file::Opened;
use hivesum_core::hash::Coverage;
use hivesum_core::result::{ErrorCode, FileMeta, NameList, Origin, Progress, RowRef, Rows, Status, append_path};
use hivesum_core::walk::Target;
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::link::wait_before;
use super::super::protocol::{Done, DoneAnswer, EntryRef, Refusal, ResultRows, Work, decode, encode};
use super::super::subjects::FromNode;
use super::context::{Node, RunningWork};
use crate::scan::{KnownBatch, KnownKind, KnownSource, Past, Priority, Scan, ScanSpec};

/// Results that go out together, at most, and for how long the first of them waits.
const ROWS_TOGETHER: usize = 1024;
const BYTES_TOGETHER: usize = 256 << 10;
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// How long results are offered to a coordinator that does not answer, in lives of an announcement.
const OFFERED_LIVES: u32 = 3;

/// How a work ended on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hashed {
    /// Every result is with the coordinator.
    All,
    /// The coordinator does not want the results.
    NotWanted,
    /// The rest is for another node, or for this one after a while.
    GivenBack(Option<Duration>),
}

/// How long a work waits that was given back because its root is not there, or the engine takes no scan.
const WAIT_AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Hashes the files of a work after the first `settled` ones.
pub(super) async fn hash(
    node: &Arc<Node>,
    work: &Work,
    settled: u32,
    bytes_under_way: &AtomicU64,
    running: &RunningWork,
) -> Hashed {
    let settled = settled as usize;
    if settled >= work.entries.len() {
        return Hashed::All;
    }
    running.note_sent(work, settled);
    let (Ok(path), Ok(algorithms)) = (work.path(), work.rules.algorithms()) else { return Hashed::NotWanted };
    let target = match node.open(work.root, path).await {
        Ok(opened) => target_of(work, settled, opened),
        Err(Refusal::NotFound) => None,
        Err(_) => return Hashed::GivenBack(Some(WAIT_AFTER_TROUBLE)),
    };
    let Some(target) = target else { return all_gone(node, work, settled, running).await };
    let spec = spec_of(node, work, (target, algorithms), running);
    let Ok(scan) = node.engine.scan_on(spec, Some(past(work, settled, algorithms))) else {
        return Hashed::GivenBack(Some(WAIT_AFTER_TROUBLE));
    };
    let figures = scan.progress();
    let rows = ResultRows::default();
    let mut sender = Sender { node, work, running, sent: settled, rows, figures, bytes_under_way };
    tokio::select! {
        biased;
        () = node.stop.cancelled() => Hashed::GivenBack(None),
        hashed = sender.send_all(scan) => hashed,
    }
}

/// What is to be hashed. `None` if the job's path was a directory at the walk, and is a file, or another one.
fn target_of(work: &Work, settled: usize, opened: Opened) -> Option<Target> {
    match opened {
        Opened::Directory(dir) => Some(Target::Listed { dir, names: names_of(work, settled) }),
        Opened::File { parent, name } => {
            let is_it = |entry: EntryRef<'_>| entry.directory.is_empty() && entry.name == name;
            let is_file = work.entries.len() == 1 && work.entries.iter().all(is_it);
            is_file.then_some(Target::File { parent, name, shown: Vec::new() })
        }
    }
}

fn spec_of(node: &Node, work: &Work, (target, algorithms): (Target, Algorithms), running: &RunningWork) -> ScanSpec {
    ScanSpec {
        reach: work.rules.reach(),
        from_device: work.rules.from_device,
        coverage: work.part.map_or(Coverage::Whole, Coverage::Part),
        priority: if work.rules.low { Priority::Low } else { Priority::Normal },
        budget: node.budget(&work.tag.scan, work.rules.max_bytes_per_second()),
        cancel: Some(running.canceller.clone()),
        ..ScanSpec::new(vec![target], algorithms)
    }
}

fn names_of(work: &Work, settled: usize) -> NameList {
    let mut names = NameList::new();
    let mut path = Vec::new();
    for entry in work.entries.iter().skip(settled) {
        path.clear();
        append_path(&mut path, entry.directory, entry.name);
        names.push(&path);
    }
    names
}

/// What the coordinator knows of the files. Their digests are with it: here zeros stand for them.
fn past(work: &Work, settled: usize, algorithms: Algorithms) -> Past {
    let mut known = work.known.iter().filter(|file| file.index as usize >= settled).peekable();
    let mut past = Past { job_tag: work.tag.scan.job, ..Past::default() };
    if known.peek().is_none() {
        return past;
    }
    let zeros = vec![0; algorithms.digest_bytes()];
    let mut rows = Rows::new(algorithms);
    for (index, entry) in work.entries.iter().enumerate().skip(settled) {
        let Some(file) = known.next_if(|file| file.index as usize == index) else { continue };
        rows.push(RowRef {
            directory: entry.directory,
            name: entry.name,
            meta: file.meta(),
            status: Status::Hashed(file.stability),
            digests: &zeros,
            origin: Origin::Reused,
        });
    }
    let (batches, source) = KnownSource::new(KnownKind::EarlierJob);
    // There is room for both.
    let _ = batches.try_send(KnownBatch::Rows(rows));
    let _ = batches.try_send(KnownBatch::End);
    past.known.push(source);
    past
}

/// The job's path is gone since the walk: so is every file beneath it.
async fn all_gone(node: &Arc<Node>, work: &Work, settled: usize, running: &RunningWork) -> Hashed {
    let bytes = AtomicU64::new(0);
    let (_, figures) = watch::channel(Progress::default());
    let rows = ResultRows::default();
    let mut sender = Sender { node, work, running, sent: settled, rows, figures, bytes_under_way: &bytes };
    for _ in settled..work.entries.len() {
        sender.rows.push(RowRef {
            directory: b"",
            name: b"",
            meta: FileMeta::default(),
            status: Status::error(ErrorCode::NotFound),
            digests: &[],
            origin: Origin::Read,
        });
    }
    sender.flush().await.err().unwrap_or(Hashed::All)
}

/// Sends the results of a work.
struct Sender<'a> {
    node: &'a Arc<Node>,
    work: &'a Work,
    running: &'a RunningWork,
    /// Results of so many of its first files are with the coordinator.
    sent: usize,
    /// Results that wait to be sent.
    rows: ResultRows,
    figures: watch::Receiver<Progress>,
    bytes_under_way: &'a AtomicU64,
}

impl Sender<'_> {
    async fn send_all(&mut self, mut scan: Scan) -> Hashed {
        let mut due: Option<Instant> = None;
        loop {
            let has_waited = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let rows = tokio::select! {
                biased;
                rows = scan.next() => rows,
                () = has_waited => Some(Rows::new(Algorithms::default())),
                changed = self.figures.changed() => {
                    // Told with the next sign.
                    if changed.is_ok() {
                        self.bytes_under_way.store(self.figures.borrow().bytes_under_way, Ordering::Relaxed);
                        continue;
                    }
                    scan.next().await
                }
            };
            let is_end = rows.is_none();
            let is_due = due.is_some_and(|due| due <= Instant::now());
            for row in rows.iter().flat_map(Rows::iter) {
                self.rows.push(row);
                due.get_or_insert_with(|| Instant::now() + LONGEST_WAIT);
            }
            let is_full = self.rows.len() >= ROWS_TOGETHER || self.rows.encoded_bytes() >= BYTES_TOGETHER;
            if (is_full || is_due || is_end) && !self.rows.is_empty() {
                due = None;
                if let Err(ended) = self.flush().await {
                    return ended;
                }
            }
            if is_end {
                let is_whole = self.sent == self.work.entries.len();
                return if is_whole { Hashed::All } else { Hashed::GivenBack(None) };
            }
        }
    }

    /// Sends the results that wait, again and again until the coordinator has them.
    async fn flush(&mut self) -> Result<(), Hashed> {
        let rows = std::mem::take(&mut self.rows);
        let next = self.sent + rows.len();
        let done = Done { tag: self.work.tag, session: self.node.session, first: self.sent as u32, rows };
        let Ok(bytes) = encode(&done) else { return Err(Hashed::GivenBack(None)) };
        let give_up_at = Instant::now() + self.node.times().announcement * OFFERED_LIVES;
        for attempt in 0.. {
            let answer = self.node.ask(FromNode::Done, bytes.clone()).await;
            match answer.map(|answer| decode::<DoneAnswer>(&answer)) {
                Ok(Ok(DoneAnswer::Taken { settled })) if settled as usize >= next => break,
                Ok(Ok(DoneAnswer::Taken { .. } | DoneAnswer::Stale)) => return Err(Hashed::NotWanted),
                Ok(Err(why)) => tracing::warn!(%why, "the answer to results is none"),
                Err(error) => tracing::debug!(%error, "results are not answered"),
            }
            if Instant::now() >= give_up_at {
                return Err(Hashed::GivenBack(None));
            }
            tokio::time::sleep(wait_before(attempt).min(self.node.times().ack_wait / 4)).await;
        }
        self.sent = next;
        self.running.note_sent(self.work, next);
        self.bytes_under_way.store(0, Ordering::Relaxed);
        Ok(())
    }
}
