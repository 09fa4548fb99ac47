//! Joins the results of earlier runs to a walk, so that unchanged files are not read again.
//!
//! Both come in walk order, so the join holds one batch of old results and one plan. A *resumed* run must meet
//! exactly the entries that it has results of, one by one, because they keep their positions in the store. If an
//! entry was added or removed meanwhile, the run has *diverged*, and the job makes another run that reuses what it
//! can. Results of *other* runs are reused wherever paths are equal. Whether a file is unchanged is
//! checked by the hasher. An entry on which the process died three times is given up here; one on which it
//! died before gets a separate plan, to be run alone.

use std::cmp::Ordering;
use std::collections::HashMap;

use tokio::sync::mpsc;

use crate::walker::{PLANS_AHEAD, WalkEvent};
use hivesum_core::result::{Checkpoint, ErrorCode, FileMeta, Origin, Rows, Stability, Status, walk_order};
use hivesum_core::sys::slots::JobTag;
use hivesum_core::walk::{Fate, Plan};

/// A file is given up after this many deaths of the process on it.
pub(crate) const DEATHS_BOUND: u32 = 3;

/// Batches of old results that may wait for the walk.
pub(crate) const KNOWN_AHEAD: usize = 4;

/// What a scan knows before it begins.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The job, for the notes of what is being read.
    pub(crate) job_tag: JobTag,
    /// Results of earlier runs.
    pub(crate) known: Vec<KnownSource>,
    /// How often the process died on each file, by path.
    pub(crate) deaths: HashMap<Vec<u8>, u32>,
    /// Checkpoints of large files.
    pub(crate) checkpoints: Vec<Checkpoint>,
}

/// How old results relate to the present run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownKind {
    /// Results of this run, from before a restart.
    Resumed,
    /// Results of another run of the same job.
    Former,
    /// Results of an earlier job that the job reuses.
    EarlierJob,
}

/// Old results, in walk order.
#[derive(Debug)]
pub(crate) struct KnownSource {
    kind: KnownKind,
    incoming: mpsc::Receiver<KnownBatch>,
    batch: Option<Rows>,
    at: usize,
    ended: bool,
    path: Vec<u8>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for a batch of results, moved once")]
pub(crate) enum KnownBatch {
    Rows(Rows),
    /// There are no more results. A source that ends without it has failed.
    End,
}

/// The run cannot continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Diverged;

impl KnownSource {
    pub(crate) fn new(kind: KnownKind) -> (mpsc::Sender<KnownBatch>, Self) {
        let (batches, incoming) = mpsc::channel(KNOWN_AHEAD);
        (batches, Self { kind, incoming, batch: None, at: 0, ended: false, path: Vec::new() })
    }

    /// Sets `self.path` to the path of the next old result. Returns whether there is one.
    async fn has_next(&mut self) -> Result<bool, Diverged> {
        loop {
            if let Some(row) = self.batch.as_ref().and_then(|batch| batch.get(self.at)) {
                self.path.clear();
                row.path_into(&mut self.path);
                return Ok(true);
            }
            if self.ended {
                return Ok(false);
            }
            (self.batch, self.at) = (None, 0);
            match self.incoming.recv().await {
                Some(KnownBatch::Rows(rows)) => self.batch = Some(rows),
                Some(KnownBatch::End) => self.ended = true,
                None if self.kind == KnownKind::Resumed => return Err(Diverged),
                None => self.ended = true,
            }
        }
    }

    /// Consumes and returns the old result of this path.
    async fn take(&mut self, path: &[u8]) -> Result<Option<Old<'_>>, Diverged> {
        let resumed = self.kind == KnownKind::Resumed;
        while self.has_next().await? {
            match walk_order(&self.path, path) {
                Ordering::Equal => {
                    self.at += 1;
                    return Ok(self.batch.as_ref().and_then(|batch| Old::of(self.kind, batch, self.at - 1)));
                }
                _ if resumed => return Err(Diverged),
                Ordering::Less => self.at += 1,
                Ordering::Greater => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// One old result.
struct Old<'a> {
    meta: FileMeta,
    status: Status,
    origin: Origin,
    digests: &'a [u8],
}

impl<'a> Old<'a> {
    fn of(kind: KnownKind, batch: &'a Rows, index: usize) -> Option<Self> {
        let row = batch.get(index)?;
        let origin = match kind {
            KnownKind::Resumed => Origin::Kept,
            KnownKind::Former => row.origin,
            KnownKind::EarlierJob => Origin::Reused,
        };
        Some(Self { meta: row.meta, status: row.status, origin, digests: row.digests })
    }

    /// What is known of the file, if it has digests.
    fn hashed(&self) -> Option<(FileMeta, Stability)> {
        match self.status {
            Status::Hashed(stability) => Some((self.meta, stability)),
            Status::Error { .. } | Status::Skipped(_) => None,
        }
    }

    /// Whether it equals what the walk or the number of deaths already says of the entry.
    fn is_settled_as(&self, fate: Fate) -> bool {
        self.origin == Origin::Kept && fate == Fate::Settled(self.status)
    }
}

/// Puts a join between a walk and its driver. Returns the checkpoints of large files.
pub(crate) fn join_past(walk: mpsc::Receiver<WalkEvent>, past: Past) -> (mpsc::Receiver<WalkEvent>, Vec<Checkpoint>) {
    let Past { known, deaths, checkpoints, .. } = past;
    if known.is_empty() && deaths.is_empty() {
        return (walk, checkpoints);
    }
    let (events, joined) = mpsc::channel(PLANS_AHEAD);
    actix_rt::spawn(Join { known, deaths, path: Vec::new() }.run(walk, events));
    (joined, checkpoints)
}

struct Join {
    known: Vec<KnownSource>,
    deaths: HashMap<Vec<u8>, u32>,
    /// The path of the current entry.
    path: Vec<u8>,
}

impl Join {
    async fn run(mut self, mut walk: mpsc::Receiver<WalkEvent>, events: mpsc::Sender<WalkEvent>) {
        while let Some(event) = walk.recv().await {
            let joined = match event {
                WalkEvent::Plan(mut plan) => {
                    self.give_up_on_killers(&mut plan);
                    match self.join(&mut plan).await {
                        Ok(()) => self.apart(plan).into_iter().map(WalkEvent::Plan).collect(),
                        Err(Diverged) => vec![WalkEvent::Diverged],
                    }
                }
                WalkEvent::End { .. } if !self.is_all_met().await => vec![WalkEvent::Diverged],
                other => vec![other],
            };
            for event in joined {
                let last = matches!(event, WalkEvent::Diverged);
                if events.send(event).await.is_err() || last {
                    return;
                }
            }
        }
    }

    fn deaths_on(&self, plan: &Plan, index: usize) -> u32 {
        if self.deaths.is_empty() {
            return 0;
        }
        let mut path = Vec::new();
        plan.path_into(&plan.entries[index], &mut path);
        self.deaths.get(hivesum_core::sys::slots::as_noted(&path)).copied().unwrap_or(0)
    }

    fn give_up_on_killers(&self, plan: &mut Plan) {
        for index in 0..plan.entries.len() {
            if self.deaths_on(plan, index) >= DEATHS_BOUND {
                plan.entries[index].fate = Fate::Settled(Status::error(ErrorCode::CrashLoop));
            }
        }
    }

    async fn join(&mut self, plan: &mut Plan) -> Result<(), Diverged> {
        for index in 0..plan.entries.len() {
            let entry = plan.entries[index];
            self.path.clear();
            plan.path_into(&entry, &mut self.path);
            for source in &mut self.known {
                let Some(old) = source.take(&self.path).await? else { continue };
                if old.is_settled_as(entry.fate) {
                    plan.entries[index].origin = Origin::Kept;
                } else if let (Fate::Hash, Some(hashed)) = (entry.fate, old.hashed()) {
                    plan.note_known(index, hashed, old.origin, old.digests);
                } else {
                    continue;
                }
                break;
            }
        }
        Ok(())
    }

    /// Whether every result that the run began with was met.
    async fn is_all_met(&mut self) -> bool {
        for source in self.known.iter_mut().filter(|source| source.kind == KnownKind::Resumed) {
            if source.has_next().await != Ok(false) {
                return false;
            }
        }
        true
    }

    /// Splits a plan so that entries on which the process died before are alone.
    fn apart(&self, mut plan: Plan) -> Vec<Plan> {
        let suspects: Vec<usize> = (0..plan.entries.len())
            .filter(|&index| plan.entries[index].fate == Fate::Hash && self.deaths_on(&plan, index) > 0)
            .collect();
        if suspects.is_empty() {
            return vec![plan];
        }
        let mut plans = Vec::new();
        let mut from = 0;
        for suspect in suspects {
            plans.push(plan.slice(from..suspect));
            let mut apart = plan.slice(suspect..suspect + 1);
            apart.alone = true;
            plans.push(apart);
            from = suspect + 1;
        }
        plans.push(plan.slice(from..plan.entries.len()));
        plans.retain(|plan| !plan.entries.is_empty());
        if let Some(last) = plans.last_mut() {
            // Its directories stay counted until the last part of it is done.
            last.share = plan.share.take();
        }
        plans
    }
}
