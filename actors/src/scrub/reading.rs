//! Reads the chosen files from their devices and records what that means, chunk by chunk.
//!
//! A content that changed without a trace of a write is read twice again before anything is said of it. What is said of
//! a file is committed before it is told.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use hivesum_core::fixity::{
    CONFIRMING_READS, Condition, EventKind, FileRange, FileState, Lying, Observation, Occasion, Outcome, PassKind,
    ReadFailure, observe,
};
use hivesum_core::result::{ErrorCode, NameList};
use jiff::Timestamp;

use super::absent::Absent;
use super::again::Again;
use super::choice::{Choice, Chunk};
use super::doubtful::Doubtful;
use super::error::ScrubError;
use super::observer::{Notice, ReadTally, ScrubObserver};
use super::request::Limits;
use super::steps::{record_patiently, step, with_pieces};
use crate::Engine;
use crate::engine::throttle::ByteBudget;
use crate::scan::{Canceller, Priority, Scan};
use crate::store::collections::{Collections, MAX_ROWS, Step, StoredCollection};

/// How many chunks are being read at once: with one, readers stand still while its steps are decided.
const CHUNKS_AHEAD: usize = 2;

/// The reading of one directory.
pub(super) struct Reader<'a> {
    pub(super) engine: &'a Engine,
    pub(super) priority: Priority,
    pub(super) budget: Option<ByteBudget>,
    pub(super) cancel: &'a Canceller,
    pub(super) collections: &'a mut Collections,
    pub(super) collection: &'a StoredCollection,
    pub(super) dir: OwnedFd,
    pub(super) pass: PassKind,
    pub(super) lying: Lying,
    pub(super) tally: ReadTally,
    pub(super) observer: &'a mut dyn ScrubObserver,
}

impl Reader<'_> {
    /// Reads what was chosen. Returns whether files are left for the next run.
    pub(super) fn read_all(&mut self, choice: Choice, limits: &Limits) -> Result<bool, ScrubError> {
        let Choice { changed, due, absent, mut unread_sizes, mut is_limited, unreadable, .. } = choice;
        if unreadable.iter().any(|path| path.is_empty()) {
            return Err(ScrubError::NotListed);
        }
        for path in unreadable.iter() {
            self.observer.noticed(Notice::Unreachable { path: path.to_vec() });
        }
        for path in choice.unmounted {
            self.observer.noticed(Notice::Unmounted { path });
        }
        if choice.unreachable > 0 {
            self.observer.noticed(Notice::KnownUnreachable { files: choice.unreachable });
        }
        let mut absent = Absent::of(absent);
        let late = self.read_each(changed, &mut absent, limits)?;
        is_limited |= !late.is_empty();
        for chunk in &late {
            unread_sizes.extend(self.sizes_of(&chunk.names));
        }
        self.record_gone(absent.left(&unread_sizes))?;
        let late = self.read_each(due, &mut Absent::of(Vec::new()), limits)?;
        Ok(is_limited || !late.is_empty())
    }

    /// Reads chunk by chunk: while the steps of one are decided and recorded, the next ones are being read. Returns those
    /// that were not begun in time.
    fn read_each(
        &mut self,
        chunks: Vec<Chunk>,
        absent: &mut Absent,
        limits: &Limits,
    ) -> Result<VecDeque<Chunk>, ScrubError> {
        // What has been begun is read to its end, so a run that has to end in time, or is slow on purpose, begins less.
        let ahead = if limits.until.is_some() || self.budget.is_some() { 1 } else { CHUNKS_AHEAD };
        let (mut left, mut begun) = (VecDeque::from(chunks), VecDeque::new());
        self.begin_some(&mut begun, ahead, &mut left, limits)?;
        while let Some((chunk, scan)) = begun.pop_front() {
            let steps = self.read(&chunk, scan, absent)?;
            self.begin_some(&mut begun, ahead, &mut left, limits)?;
            self.record(steps)?;
        }
        Ok(left)
    }

    /// Begins the next chunks until so many are being read.
    fn begin_some(
        &self,
        begun: &mut VecDeque<(Chunk, Scan)>,
        ahead: usize,
        left: &mut VecDeque<Chunk>,
        limits: &Limits,
    ) -> Result<(), ScrubError> {
        let is_in_time = |_: &mut Chunk| !limits.until.is_some_and(|until| until.has_come());
        while begun.len() < ahead
            && let Some(chunk) = left.pop_front_if(is_in_time)
        {
            let scan = self.begin(&chunk.names)?;
            begun.push_back((chunk, scan));
        }
        Ok(())
    }

    /// Records that files are gone which were not found again.
    fn record_gone(&mut self, gone: Vec<FileState>) -> Result<(), ScrubError> {
        for states in gone.chunks(MAX_ROWS) {
            let at = Timestamp::now();
            let steps = states.iter().filter_map(|state| {
                let on = self.occasion(&state.path, at);
                step(&state.path, Some(state.clone()), observe(Some(state), &Observation::Absent, &on))
            });
            let steps = steps.collect();
            self.record(steps)?;
        }
        Ok(())
    }

    fn sizes_of(&self, names: &NameList) -> Vec<u64> {
        let size = |name| rustix::fs::statat(&self.dir, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
        names.iter().filter_map(|name| Some(size(name).ok()?.st_size as u64)).collect()
    }

    fn occasion<'p>(&self, path: &'p [u8], at: Timestamp) -> Occasion<'p> {
        Occasion { path, collection: self.collection.settings.kind, pass: self.pass, at, lying: self.lying }
    }

    /// Takes what a scan of a chunk reads. Returns what that means.
    fn read(&mut self, chunk: &Chunk, scan: Scan, absent: &mut Absent) -> Result<Vec<Step>, ScrubError> {
        let Chunk { names, known } = chunk;
        let states = self.collections.held(self.collection, names)?;
        if states.iter().flatten().count() < *known {
            // Somebody has accepted that a file is gone, or the table does not find what is in it.
            self.collections.verify()?;
        }
        let (mut steps, mut doubtful, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        let (mut states, mut paths) = (states.into_iter(), names.iter());
        self.take(scan, |reader, rows| {
            let at = Timestamp::now();
            for (index, (held, path)) in (0..rows.len()).zip(states.by_ref().zip(paths.by_ref())) {
                let (before, seal) = held.map(|held| (held.state, held.seal)).unzip();
                let on = reader.occasion(path, at);
                let (seen, pieces) = reader.seen(path, rows, index);
                if let (None, Observation::Read(reading), PassKind::Comparison) = (&before, &seen, reader.pass)
                    && let Some(moved) = absent.moved_to(reading, &on)
                {
                    steps.push(moved.with_pieces(pieces, &reading.content));
                    continue;
                }
                if is_newly_broken(before.as_ref(), &seen) {
                    broken.push(Doubtful::new(path, before, seen, None));
                    continue;
                }
                match observe(before.as_ref(), &seen, &on) {
                    Outcome::ReadAgain => doubtful.push(Doubtful::new(path, before, seen, pieces)),
                    outcome => {
                        let step = step(path, before, outcome).map(|step| Step { seal, ..step });
                        steps.extend(step.map(|step| with_pieces(step, pieces, &seen)));
                    }
                }
            }
        })?;
        if !doubtful.is_empty() {
            steps.extend(self.confirm(doubtful)?);
        }
        for one in broken {
            steps.extend(self.broken(one)?);
        }
        Ok(steps)
    }

    /// Reads files again before anything is said of them.
    fn confirm(&mut self, mut doubtful: Vec<Doubtful>) -> Result<Vec<Step>, ScrubError> {
        let names: NameList = doubtful.iter().map(|one| &one.path).collect();
        for _ in 0..CONFIRMING_READS {
            let mut all = doubtful.iter_mut();
            let scan = self.begin(&names)?;
            self.take(scan, |reader, rows| {
                for (index, one) in (0..rows.len()).zip(all.by_ref()) {
                    let (seen, pieces) = reader.seen(&one.path, rows, index);
                    one.is_read_again(seen, pieces);
                }
            })?;
        }
        let (at, mut steps) = (Timestamp::now(), Vec::new());
        for one in &mut doubtful {
            let mut outcome = self.outcome(one, at);
            if outcome.is_of_kind(EventKind::SuspectedRot) {
                for copy in self.again()?.by_both_parities(&one.path) {
                    self.tally.count(&copy.meta, copy.read_from);
                    one.is_copied(copy);
                }
                outcome = self.outcome(one, at);
            }
            match outcome {
                // Its metadata changed in between.
                Outcome::ReadAgain => self.is_written_to(&one.path, ErrorCode::FileChanged),
                outcome => {
                    let mut step = step(&one.path, one.before.clone(), outcome);
                    if let Some(event) = step.as_mut().and_then(|step| step.event.as_mut()) {
                        event.cause.damaged = self.damaged(one, event.kind)?;
                    }
                    steps.extend(step);
                }
            }
        }
        Ok(steps)
    }

    fn outcome(&self, one: &Doubtful, at: Timestamp) -> Outcome {
        observe(one.before.as_ref(), &one.seen, &self.occasion(&one.path, at))
    }

    /// What to say of a file that could be read before, and cannot any more: where that is, too.
    fn broken(&self, mut one: Doubtful) -> Result<Option<Step>, ScrubError> {
        let ranges = self.again()?.unreadable(&one.path);
        if let Observation::Unreadable(failure) = &mut one.seen {
            failure.range = ranges.first().copied();
        }
        let outcome = self.outcome(&one, Timestamp::now());
        let mut step = step(&one.path, one.before.clone(), outcome);
        if let Some(event) = step.as_mut().and_then(|step| step.event.as_mut()) {
            event.cause.damaged = ranges;
        }
        Ok(step)
    }

    /// For reads beside the engine, at the same rate.
    fn again(&self) -> Result<Again, ScrubError> {
        let dir = self.dir.try_clone().map_err(ScrubError::Open)?;
        let budgets = self.budget.clone().into_iter().chain(self.engine.shared.budget.clone()).collect();
        let (algorithms, cancel) = (self.collection.settings.algorithms, self.cancel.clone());
        Ok(Again { dir, algorithms, budgets, cancel })
    }

    /// Where a file is damaged, as far as that is known.
    fn damaged(&mut self, one: &Doubtful, kind: EventKind) -> Result<Vec<FileRange>, ScrubError> {
        let (Some(before), true) = (&one.before, Doubtful::is_located(kind)) else { return Ok(Vec::new()) };
        let good = self.collections.pieces(self.collection, before)?;
        Ok(good.map_or_else(Vec::new, |good| one.damaged(&good)))
    }

    /// Commits what was found, and then tells it.
    fn record(&mut self, steps: Vec<Step>) -> Result<(), ScrubError> {
        let steps: Arc<[Step]> = steps.into();
        let refused =
            record_patiently((self.collections, self.collection), &steps, self.cancel)?.ok_or(ScrubError::Forgotten)?;
        for path in &refused {
            self.observer.noticed(Notice::ChangedMeanwhile { path: path.clone() });
        }
        let taken = steps.iter().filter(|step| !refused.contains(&step.path));
        taken.filter_map(|step| step.event.as_ref()).for_each(|event| self.observer.happened(event));
        Ok(())
    }
}

/// Whether a file could be read before, and now the device fails.
fn is_newly_broken(before: Option<&FileState>, seen: &Observation) -> bool {
    let is_known = before.is_some_and(|before| before.condition == Condition::Unreadable);
    let Observation::Unreadable(ReadFailure { errno, .. }) = seen else { return false };
    !is_known && ErrorCode::of_number(*errno) == ErrorCode::IoError
}
